"""A step while others read and write the hot tables, and what the worst of it was for them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager

from gate.catalog.model import Catalog
from gate.sources.rehearsal.bystanders import KEPT, STOP_S, Canary, idle_reader, refusals
from gate.sources.rehearsal.company import Bystander
from gate.sources.rehearsal.facts import Leg
from gate.sources.rehearsal.leg import walk
from gate.sources.rehearsal.stage import Stage


def hot(stage: Stage, before: Catalog) -> tuple[str, ...]:
    """The hot tables that are there."""
    return tuple(one for one in stage.how.hot if one in before.tables)


def watched(stage: Stage, revision: str, before: Catalog) -> tuple[Leg, tuple[Bystander, ...]]:
    """Go up while others read and write the hot tables, and one of them idles."""
    tables = hot(stage, before)
    return among(
        stage, revision, tables, "", idle_reader(stage.clone, tables, stage.how.idle_reader_s)
    )


def among(
    stage: Stage,
    revision: str,
    tables: Collection[str],
    beside: str,
    neighbour: AbstractContextManager[object],
) -> tuple[Leg, tuple[Bystander, ...]]:
    """Go up while others read and write tables, beside a neighbour.

    Args:
        stage: The clone without the step.
        revision: Which one.
        tables: Those that are there.
        beside: Who else is at work, for what is told of the worst moment.
        neighbour: Is there all the while.
    """
    before = refusals(stage.clone, tables)
    canaries = [
        Canary(stage.clone, table, does) for table in tables for does in ("reads", "writes")
    ]
    for one in canaries:
        one.start(lambda: f"{stage.now}{beside}" if stage.now else "")
    try:
        with neighbour:
            leg = walk(stage, revision, "up")
    finally:
        for one in canaries:
            one.leave()
        until = time.monotonic() + STOP_S
        seen = tuple(one.stop(until) for one in canaries)
    if leg.exit_status == 0:
        # The step ended well: what was written as ever before must be written as ever now.
        seen = _refused(seen, refusals(stage.clone, {*tables} - {*before}), leg.revision)
    return leg, seen


def _refused(
    seen: Collection[Bystander], why: Mapping[str, str], revision: str
) -> tuple[Bystander, ...]:
    return tuple(
        one.model_copy(update={"error": f"since {revision} an UPDATE fails: {why[one.table]}"})
        if one.does == "writes" and one.table in why and not one.error
        else one
        for one in seen
    )


def merged(found: Collection[Bystander]) -> tuple[Bystander, ...]:
    """One per table and deed: everything that it asked, and the worst that it met."""
    worst: dict[tuple[str, str], Bystander] = {}
    for one in found:
        key = one.table, one.does
        if key not in worst:
            worst[key] = one
            continue
        other = worst[key]
        longer = max(other, one, key=lambda two: two.longest_s)
        waits = sorted((*other.waits, *one.waits), key=lambda two: two.seconds)[-KEPT:]
        worst[key] = longer.model_copy(
            update={
                "asked": other.asked + one.asked,
                "error": other.error or one.error,
                "waits": tuple(sorted(waits, key=lambda two: two.at)),
            }
        )
    return tuple(worst.values())
