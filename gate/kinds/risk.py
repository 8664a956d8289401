"""Risks: what it means for them that other items break."""

from __future__ import annotations

from typing import Literal

from gate.contract.item import Item, Name
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.judge import broken_among
from gate.kinds.kind import (
    Cells,
    Kind,
    always,
    asks_nothing,
    no_fact,
    no_references,
    no_state,
    records_nothing,
    shows_nothing,
)
from gate.kinds.scene import Scene
from gate.rule import never_absent


class Risk(Item):
    """A row of the risk table: it materialises when an item that names it breaks.

    Attributes:
        area: What is at risk.
        level: How likely, by whoever names it.
    """

    RULES = (never_absent("a risk"),)

    area: Name
    level: Literal["LOW", "MEDIUM", "HIGH"]


def risk(promise: Promise, scene: Scene) -> Finding:
    """A risk materialises when an item that names it breaks."""
    guards = [
        one for one in scene.contract.at(scene.moment) if promise.id in one.at(scene.moment).risk
    ]
    broken, unknown = broken_among(guards, scene)
    if unknown and not broken:
        raise ObservationError(unknown[0])
    alone = ("no item guards it at this moment: nothing shows that it has not materialised",)
    return Finding(
        warnings=() if guards else alone,
        promised=f"{len(guards)} items guard it, and all hold",
        seen=f"{len(guards) - len(broken)} of {len(guards)} hold",
        broken=tuple(f"the risk materialised: {one}" for one in broken),
    )


def _row(promise: Promise, scene: Scene) -> Cells:
    item = scene.item(promise, Risk)
    return {"Area": item.area, "Risk Level": item.level, "Notes": item.note}


KIND = Kind(
    name="risk",
    chapter="risks",
    rank=110,
    model=Risk,
    severity="normal",
    moments=always,
    asks=asks_nothing,
    find=no_fact,
    compare=risk,
    state=no_state,
    row=_row,
    references=no_references,
    record=records_nothing,
    shows=shows_nothing,
)
