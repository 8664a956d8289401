"""From an empty database: the whole history up to what is to be judged, and those steps judged.

Going back from a state and up again cannot tell what a way down leaves behind that the way up then
finds and is content with: only who saw the state before the way up can.
"""

from __future__ import annotations

from collections.abc import Collection

from gate.sources.rehearsal.base import Base
from gate.sources.rehearsal.facts import Receipt
from gate.sources.rehearsal.leg import said, walk
from gate.sources.rehearsal.seen import State
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.step import Step, forward
from gate.sources.rehearsal.way import Way


def from_nothing(stage: Stage, way: Way, wanted: Collection[str]) -> tuple[list[Step], str]:
    """Judge revisions on an empty database, which takes the clone's place.

    Args:
        stage: The clone; what it holds is gone afterwards.
        way: The history in its order.
        wanted: Revisions that are judged; the others are applied only.

    Returns:
        What was judged; and why the history cannot be applied from there, if it cannot.
    """
    stage.tell("rehearsal: from an empty database")
    stage.empty()
    steps: list[Step] = []
    left = set(wanted)
    base = Base(stage, copied=stage.clone.superuser)
    came: State | None = None
    for revision in way.history:
        if not left:
            break
        if revision not in left:
            was = stage.digests.take(stage.connection)
            leg = walk(stage, revision, "up", alone=True)
            if leg.exit_status != 0:
                return steps, f"{revision}: {said(leg)}"
            now = stage.digests.take(stage.connection)
            base.went(revision, was, now, stays=False)
            came = None
            continue
        left.discard(revision)
        step = forward(
            stage, revision, way.below(revision),
            base=base, stays=bool(left), alone=True, came=came,
        )  # fmt: skip
        came = step.above
        if step.unknown:
            steps.append(step)
            continue
        if step.receipt is None:
            why = said(step.up) if step.up else "it was not applied"
            return steps, f"{revision}: {why}"
        step.receipt = step.receipt.model_copy(update={"rows_of": "empty"})
        steps.append(step)
    return steps, ""


def together(back: Receipt, empty: Receipt) -> Receipt:
    """One verdict out of two on the same revision: what either found, stands."""
    newly = tuple(dict.fromkeys((*back.newly, *empty.newly)))
    if empty.clean:
        told = {"witnesses": empty.witnesses, "unwritten": empty.unwritten, "newly": newly}
        return back.model_copy(update=told)
    if back.clean:
        return empty.model_copy(update={"losses": back.losses, "newly": newly})
    first = back.model_copy(update={"witnesses": empty.witnesses, "newly": newly})
    return first.model_copy(
        update={
            "diff": tuple(dict.fromkeys((*back.diff, *empty.diff))),
            "with_rows": (*back.with_rows, *empty.with_rows),
        }
    )
