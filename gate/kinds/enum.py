"""Enum types of the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import pydantic

from gate.catalog.model import Catalog, labelled
from gate.contract.item import Item
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    ABSENT,
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    always,
    asks_nothing,
    no_references,
    shown,
)
from gate.kinds.pasted import psql
from gate.kinds.scene import Scene
from gate.kinds.stands_on import brought_by
from gate.sources.fact import Absent, CannotTell, Seen, require


class Enum(Item):
    """An enum type with its labels in order.

    Attributes:
        labels: Every label, in the type's order.
    """

    labels: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]


def enum(promise: Promise, scene: Scene) -> Finding:
    """Compare an enum type: its labels in their order."""
    item = scene.item(promise, Enum)
    name = promise.name
    labels = require(scene.catalog(name), "catalog").enums.get(name)
    promised = "absent" if item.absent else labelled(item.labels)
    is_ = "absent" if labels is None else labelled(labels)
    broken = () if labels == (None if item.absent else item.labels) else (f"type {name}: {is_}",)
    return Finding(promised=promised, seen=is_, broken=broken, look=psql(f"\\dT+ {name}", scene))


def _labels(promise: Promise, scene: Scene) -> Seen[tuple[str, ...]] | Absent | CannotTell:
    catalog = scene.catalog(promise.name)
    if not isinstance(catalog, Seen):
        return catalog
    labels = catalog.value.enums.get(promise.name)
    return Absent("not in the catalog") if labels is None else Seen(labels)


def _find(promise: Promise, scene: Scene) -> Found:
    return _labels(promise, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = _labels(promise, scene)
    if isinstance(fact, CannotTell):
        return fact
    return State(labelled(fact.value)) if isinstance(fact, Seen) else ABSENT


def _row(promise: Promise, scene: Scene) -> Cells:
    labels = shown(_labels(promise, scene), "absent", labelled)
    return {"Type": promise.name, "Labels": labels}


def _record(scene: Scene) -> Iterable[Recorded]:
    """Every type with its labels."""
    return recorded(scene.database.catalog)


def recorded(catalog: Catalog) -> Iterable[Recorded]:
    """The items of a catalog's enum types."""
    for name, labels in catalog.enums.items():
        yield Recorded(name, {"title": f"The type {name} has its labels", "labels": list(labels)})


KIND = Kind(
    name="enum",
    chapter="database",
    rank=52,
    model=Enum,
    severity="normal",
    moments=always,
    asks=asks_nothing,
    find=_find,
    compare=enum,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    stands_on=brought_by,
)
