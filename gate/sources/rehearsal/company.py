"""Facts about those who are there while a step is on its way, and what each costs the other."""

from __future__ import annotations

from typing import Literal

import pydantic

from gate.sources.fact import Model


class Wait(Model):
    """A statement that took long: when it began, by the gate's clock (UTC), and how long."""

    at: pydantic.AwareDatetime
    seconds: float


class Bystander(Model):
    """Somebody who reads or writes a hot table all the while.

    Attributes:
        asked: How many statements it got through.
        longest_s: How long the slowest of them took.
        during: The revision that was on its way then.
        error: What went wrong for it at last, if anything.
        waits: Its slowest statements, in the order of time.
    """

    table: str
    does: Literal["reads", "writes"]
    asked: int
    longest_s: float
    during: str
    error: str = ""
    waits: tuple[Wait, ...] = ()


class Neighbour(Model):
    """Who was at work when a step came, and what each cost the other.

    Attributes:
        who: ``pg_dump`` or ``VACUUM``.
        absent: Why it was not there, if it was not.
        waited_s: How long the step waited for it; it left then.
        statement: What of the step waited.
        suffered: What went wrong for the neighbour.
        gave_up: Why the step ended without being done, if it did.
        after_s: How long the step took.
    """

    who: str
    absent: str = ""
    waited_s: float = 0.0
    statement: str = ""
    suffered: str = ""
    gave_up: str = ""
    after_s: float = 0.0


class Undone(Model):
    """A downgrade from the tree in which the plan will run it.

    Attributes:
        environment: With whose environment.
        exit_status: Of Alembic; ``None`` where it was not run, or did not end in time.
        seconds: How long it took.
        wrong: What is not as the release's own way down leaves it, or why there is nothing.
        rows: The same of rows, by table.
    """

    environment: str
    exit_status: int | None
    seconds: float = 0.0
    wrong: tuple[str, ...] = ()
    rows: dict[str, str] = {}


class Together(Model):
    """What is pending, applied in one command, as a deployment does it.

    Attributes:
        steps: What was applied, oldest first.
        seconds: How long that took.
        exit_status: Of Alembic; ``None`` where it did not end in time and was killed.
        output: The last of what it said.
        other: What of the catalog is otherwise than where each step was applied alone.
    """

    steps: tuple[str, ...]
    seconds: float
    exit_status: int | None
    output: str = ""
    other: tuple[str, ...] = ()
