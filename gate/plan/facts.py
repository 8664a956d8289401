"""What was done: the record of the steps of a plan."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from gate.sources.fact import Fact, Model

State = Literal["done", "done already", "not needed", "failed"]


class StepRecord(Model):
    """One step, and what became of it.

    Attributes:
        step: Id of the step in the contract.
        state: ``done``; ``done already`` and ``not needed``, where nothing was run; or ``failed``.
        command: The command as it was run.
        exit_status: Its exit status; ``None`` where nothing was run.
        seconds: How long it took.
        output: Last 4,000 characters of output and error output, redacted; where nothing was run,
            of the question that was asked instead.
        unmet: What should have been true afterwards and did not become so in time.
    """

    step: str
    command: str
    started: dt.datetime
    seconds: float
    exit_status: int | None
    output: str
    state: State = "done"
    unmet: str = ""


class PlanFacts(Model):
    """Records by step id: absent where the step was left undone, and why."""

    steps: dict[str, Fact[StepRecord]]
