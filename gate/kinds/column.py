"""Columns that come or go, apart from their table's item."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.catalog.expression import normal
from gate.catalog.model import Column as SeenColumn
from gate.catalog.spelled import spelled
from gate.contract.item import Item, Name
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    ABSENT,
    Cells,
    Found,
    Kind,
    State,
    Told,
    always,
    asks_nothing,
    no_references,
    records_nothing,
    shown,
)
from gate.kinds.relations import described, table_of
from gate.kinds.scene import Scene
from gate.kinds.stands_on import brought_by
from gate.sources.fact import Absent, CannotTell, Seen, require

Definition = Annotated[Name, pydantic.AfterValidator(spelled)]
"""Of a column, in PostgreSQL's own words; its aliases, such as ``timestamptz``, may be written."""


class Column(Item):
    """A column that comes or goes, apart from its table's item.

    Attributes:
        table: Its table.
        column: Its name.
        definition: ``type [not null] [default …]``.
    """

    table: Name
    column: Name
    definition: Definition


def column(promise: Promise, scene: Scene) -> Finding:
    """Compare a column that comes or goes."""
    item = scene.item(promise, Column)
    catalog = require(scene.catalog(promise.name, item.table), "catalog")
    found = catalog.tables.get(item.table)
    definition = (
        found.columns[item.column].definition if found and item.column in found.columns else None
    )
    promised = "absent" if item.absent else item.definition
    seen = definition or "absent"
    broken = (
        () if normal(promised) == normal(seen) else (f"column {item.table}.{item.column}: {seen}",)
    )
    return Finding(promised=promised, seen=seen, broken=broken, look=described(item.table, scene))


def _column(promise: Promise, scene: Scene) -> Seen[SeenColumn] | Absent | CannotTell:
    item = scene.item(promise, Column)
    fact = table_of(item.table, scene)
    if not isinstance(fact, Seen):
        return fact
    found = fact.value.columns.get(item.column)
    return Absent("not in the catalog") if found is None else Seen(found)


def _find(promise: Promise, scene: Scene) -> Found:
    return _column(promise, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = _column(promise, scene)
    if isinstance(fact, CannotTell):
        return fact
    return State(fact.value.definition) if isinstance(fact, Seen) else ABSENT


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Column), _column(promise, scene)
    definition = shown(fact, "absent", lambda one: one.definition)
    return {"Column": f"{item.table}.{item.column}", "Definition": definition}


KIND = Kind(
    name="column",
    chapter="database",
    rank=54,
    model=Column,
    severity="normal",
    moments=always,
    asks=asks_nothing,
    find=_find,
    compare=column,
    state=_state,
    row=_row,
    references=no_references,
    record=records_nothing,
    stands_on=brought_by,
)
