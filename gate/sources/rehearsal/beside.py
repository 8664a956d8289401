"""A step beside those who are at work when it comes: what each costs the other."""

from __future__ import annotations

from gate.catalog.diff import diff
from gate.catalog.model import Catalog
from gate.sources.rehearsal.company import Bystander, Neighbour
from gate.sources.rehearsal.facts import Leg
from gate.sources.rehearsal.leg import walk
from gate.sources.rehearsal.neighbours import NEIGHBOURS, Met
from gate.sources.rehearsal.reason import reason
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.watched import among, hot
from gate.sources.rehearsal.witness import STRENGTH

IN_THE_WAY = STRENGTH[STRENGTH.index("ShareUpdateExclusiveLock") :]
"""Locks that a VACUUM has to wait for, or the other way round."""


def beside(
    stage: Stage, up: Leg, below: str, above: Catalog
) -> tuple[tuple[Neighbour, ...], tuple[Bystander, ...], tuple[str, ...]]:
    """Apply a step beside each neighbour that is asked for.

    Args:
        stage: The clone has the step, and has it in the end unless something is found.
        up: The first way up, which says what tables are locked.
        below: Where a way down that is asked by name ends.
        above: The catalog that the step leads to.

    Returns:
        How they got on; who else read and wrote meanwhile; and one sentence per thing that is
        wrong with beginning the step again after it gave up.
    """
    tables = tuple(one.table for one in up.locks if one.mode in IN_THE_WAY)
    found: list[Neighbour] = []
    seen: list[Bystander] = []
    for who in stage.how.neighbours:
        down = walk(stage, up.revision, "down", back_to=below)
        if down.exit_status != 0:
            found.append(Neighbour(who=who, absent=f"the way down failed: {reason(down.output)}"))
            break
        stage.tell(f"rehearsal: {up.revision} beside a running {who}")
        met = Met()
        there = hot(stage, stage.whole())
        leg, others = among(
            stage, up.revision, there, f" beside a running {who}",
            NEIGHBOURS[who](stage, tables, met),
        )  # fmt: skip
        seen += others
        gave_up = "" if leg.exit_status == 0 else reason(leg.output)
        found.append(
            Neighbour(
                who=who,
                absent=met.absent,
                waited_s=round(met.waited_s, 3),
                statement=met.statement,
                suffered=met.suffered,
                gave_up=gave_up,
                after_s=leg.seconds,
            )
        )
        wrong = _again(stage, up.revision, above, who) if gave_up else ()
        if wrong:
            return tuple(found), tuple(seen), wrong
    return tuple(found), tuple(seen), ()


def _again(stage: Stage, revision: str, above: Catalog, who: str) -> tuple[str, ...]:
    """Begin it again, alone: the same catalog must come of it."""
    where = f"after it gave up beside a running {who}, begun again"
    leg = walk(stage, revision, "up")
    if leg.exit_status != 0:
        return (f"{where}: {reason(leg.output)}",)
    return tuple(f"{where}: {line}" for line in diff(above, stage.whole()).lines())
