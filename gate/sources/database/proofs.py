"""What can be promised of a worker: the proofs that it works."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.contract.item import Name, Seconds
from gate.toml import Strict


class Queue(Strict):
    """Where a worker's queue is and when it counts as drained.

    Attributes:
        table: Its table.
        status: Column of a row's status.
        created: Column of the time at which a row came.
        pending, done, failed: Values of the status column.
        due: Column of the time before which a row need not be taken, if there is one.
        finished: Column of the time of the last change.
        oldest_within_s: How long a due row may wait.
        failed_at_most: How many failed rows are tolerated.
    """

    table: Name
    status: Name = "status"
    pending: tuple[str, ...] = ("PENDING",)
    done: tuple[str, ...] = ("DONE",)
    failed: tuple[str, ...] = ("FAILED",)
    created: Name = "created_at"
    finished: Name = "updated_at"
    due: str | None = None
    oldest_within_s: Seconds = 120.0
    failed_at_most: Annotated[int, pydantic.Field(ge=0)] = 0


class Cycle(Strict):
    """The trace that a worker's cycle leaves: a column of times in a table.

    Attributes:
        table: The table that it writes to.
        column: The column of times.
        within_s: How old the newest of them may be.
    """

    table: Name
    column: Name = "updated_at"
    within_s: Seconds


class Poll(Strict):
    """The worker's own database session: by ``application_name``, how recent its statement is.

    Attributes:
        application: The session's ``application_name``.
        within_s: How long ago its last statement may have begun.
    """

    application: Name
    within_s: Seconds


class Proofs(Strict):
    """What a worker's work is proven by in the database.

    Attributes:
        queue: Its queue.
        cycle: The trace that its cycle leaves.
        poll: Its own session.
    """

    queue: Queue | None = None
    cycle: Cycle | None = None
    poll: Poll | None = None
