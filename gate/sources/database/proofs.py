"""What can be promised of a worker: the proofs that it works."""

from __future__ import annotations

from gate.contract.item import Name, Seconds
from gate.rule import Filled, Rule
from gate.sources.queues.promised import QueuePromise
from gate.toml import Strict


class Queue(QueuePromise):
    """Where a worker's queue is, how it spells its states, and what is promised of it.

    A state is never guessed: a status that is found and stands in none of these lists is told.

    Attributes:
        table: Its table.
        status: Column of a row's status.
        pending: Values of the status column: it waits. A due row is one of these.
        running: It was taken.
        done: It was finished.
        failed: It failed for good.
        discarded: It was given up on purpose.
        created: Column of the time at which a row came.
        finished: Column of the time of the last change.
        taken: Column of the time at which a row was taken; ``finished`` where there is none.
        due: Column of the time before which a row need not be taken, if there is one.
        attempts: Column of how often it was tried, if there is one.
        error: Column of what the last attempt said, if there is one.
        session: Column of the database session (``pg_backend_pid()``) that took it, if there is
            one; without it a job is orphaned that was taken before the worker was started.
    """

    RULES = (
        Rule(Filled("pending"), "pending needs a state"),
        Rule(Filled("done"), "done needs a state"),
    )

    table: Name
    status: Name = "status"
    pending: tuple[Name, ...]
    running: tuple[Name, ...] = ()
    done: tuple[Name, ...]
    failed: tuple[Name, ...] = ()
    discarded: tuple[Name, ...] = ()
    created: Name = "created_at"
    finished: Name = "updated_at"
    taken: Name | None = None
    due: Name | None = None
    attempts: Name | None = None
    error: Name | None = None
    session: Name | None = None

    def named(self) -> tuple[str, ...]:
        """Every state that the contract knows."""
        return self.pending + self.running + self.done + self.failed + self.discarded


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
