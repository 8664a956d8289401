"""Waivers: in date; whether one is still needed is known only when all is accounted for."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping

from gate.contract.item import Day, Item, Moment, Name
from gate.contract.model import MOMENTS, Promise
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Kind,
    Promises,
    asks_nothing,
    no_fact,
    no_state,
    records_nothing,
    shows_nothing,
)
from gate.kinds.scene import Scene
from gate.rule import never_absent


class Waiver(Item):
    """A broken promise that is tolerated until a day; unused or expired, it fails itself.

    Attributes:
        item: Id of the waived item.
        owner: Who answers for it.
        reason: Why, with the number of an issue.
        expires: The last day on which it holds (UTC).
        moments: When it applies; everywhere if empty.
    """

    RULES = (never_absent("a waiver"),)

    item: Name
    owner: Name
    reason: Name
    expires: Day
    moments: tuple[Moment, ...] = ()


def in_force(waivers: Mapping[str, Waiver], today: dt.date) -> dict[str, str]:
    """Which items are waived on a day, by their ids: the ids of their waivers."""
    return {one.item: id_ for id_, one in waivers.items() if today <= one.expires}


def at_moments_of_their_items(promises: Promises) -> dict[str, Promise]:
    """The promises, each waiver only at moments at which what it waives is accounted for.

    At any other one nothing could tell whether it is needed.
    """
    found = dict(promises)
    for id_, one in promises.items():
        if isinstance(one.before, Waiver) and one.before.item in promises:
            there = promises[one.before.item].moments
            moments = tuple(moment for moment in one.moments if moment in there)
            found[id_] = dataclasses.replace(one, moments=moments)
    return found


def waiver(promise: Promise, scene: Scene) -> Finding:
    """Compare a waiver's last day with the day of the look (UTC)."""
    item = scene.item(promise, Waiver)
    today = scene.observed.started.date()
    return Finding(
        promised=f"{item.item} is waived until {item.expires} by {item.owner}: {item.reason}",
        seen=f"looked at on {today}",
        broken=(f"expired on {item.expires}; {item.owner} answers for it",)
        if today > item.expires
        else (),
    )


def _moments(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    del carries_out
    return (item.moments if isinstance(item, Waiver) else ()) or MOMENTS


def _row(promise: Promise, scene: Scene) -> Cells:
    item = scene.item(promise, Waiver)
    return {"Item": item.item, "Until": item.expires.isoformat(), "Owner": item.owner}


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if not isinstance(item, Waiver):
        return
    if item.item not in promises:
        yield f"item: there is no item {item.item!r}"
    elif item.item.startswith("waiver."):
        yield "item: a waiver cannot be waived"


KIND = Kind(
    name="waiver",
    chapter="waivers",
    rank=140,
    model=Waiver,
    severity="minor",
    moments=_moments,
    asks=asks_nothing,
    find=no_fact,
    compare=waiver,
    state=no_state,
    row=_row,
    references=_references,
    record=records_nothing,
    shows=shows_nothing,
)
