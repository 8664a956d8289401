"""What is pending in one command, as a deployment applies it, beside each step of it alone.

Steps of one command share a session: a setting, a role or a lock that one of them leaves is there
for the next. Unless ``env.py`` says ``transaction_per_migration``, they share a transaction, too: a
value that one adds to an enum cannot be used by the next, a table with deferred checks cannot be
altered, and others wait for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from gate.catalog.diff import diff
from gate.errors import ObservationError
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.rehearsal.base import Base
from gate.sources.rehearsal.company import Bystander, Together
from gate.sources.rehearsal.leg import KILLED
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.step import Step
from gate.sources.rehearsal.watched import watched

SMALL = 256 * 2**20
"""Bytes of a clone of which one more copy is kept for this."""
SIZE = "SELECT pg_database_size(current_database())"
NOT_KEPT = "the state before {} was not kept"
SHARED = "{} may have changed what all databases of the server share"
ENDED = "its process was ended by signal 9"


def wanted(stage: Stage, order: Sequence[str]) -> bool:
    """Whether a copy of the clone as it is now is kept for this, whatever comes.

    Args:
        stage: The clone, to which nothing was applied yet.
        order: What is pending, oldest first.
    """
    if len(order) <= 1:
        return False
    row = stage.connection.execute(SIZE).fetchone()
    return row is not None and int(row[0]) <= SMALL


def go(
    stage: Stage, steps: Sequence[Step], base: Base
) -> tuple[Fact[Together], tuple[Bystander, ...]]:
    """Apply all of it in one command; the clone is as it was afterwards, and no copy is kept.

    Args:
        stage: The clone, to which each step was applied.
        steps: What was pending, oldest first, each applied alone; two at least.
        base: What they were applied from.

    Returns:
        What came of it, and how others got on meanwhile; or why it was not tried.
    """
    order = [one.revision for one in steps]
    start, end = steps[0].begins, steps[-1].ends
    shared = base.shared if stage.clone.superuser else ""
    copy = base.given(order)
    if shared or not copy or start is None:
        if copy:
            stage.clone.states.forget(copy)
        why = SHARED.format(shared) if shared else NOT_KEPT.format(order[0])
        return CannotTell(why, Cause.UPSTREAM), ()
    aside = stage.set_aside(copy)
    try:
        stage.together = tuple(order)
        leg, others = watched(stage, order[-1], start)
        if leg.exit_status == KILLED:  # none of the steps does so by itself
            return CannotTell(ENDED, Cause.UPSTREAM), ()
        lines: list[str] = []
        if leg.exit_status == 0 and end is not None:
            lines = diff(end, stage.whole()).lines()
        gone = Together(
            steps=tuple(order), seconds=leg.seconds, exit_status=leg.exit_status,
            output=leg.output, other=tuple(lines),
        )  # fmt: skip
        return Seen(gone), others
    except ObservationError as error:
        stage.clone.way.sessions.check()
        return CannotTell(str(error), Cause.UPSTREAM), ()
    finally:
        stage.together = ()
        stage.restore(aside)
