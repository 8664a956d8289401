"""Indexes: access method, columns with opclass, options, predicate, validity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import pydantic

from gate.catalog.expression import normal
from gate.catalog.model import Catalog, written
from gate.catalog.model import Index as SeenIndex
from gate.contract.item import Item, Name
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
from gate.kinds.relations import described
from gate.kinds.scene import Scene
from gate.kinds.stands_on import brought_by
from gate.sources.fact import Absent, CannotTell, Seen, require


class Index(Item):
    """An index that backs no constraint; it must also be valid and ready.

    Attributes:
        table: Its table.
        method: Access method, such as ``btree`` or ``hnsw``.
        columns: Columns or expressions in their order, each with its operator class where that is
            not the default one.
        unique: Whether it is unique.
        options: Storage parameters, such as ``m`` of ``hnsw``.
        predicate: The condition of a partial index.
        include: Columns that it holds beside those that it sorts by.
        nulls_distinct: Whether a unique one lets any number of nulls in; ``false`` for one that was
            made with ``NULLS NOT DISTINCT`` (PostgreSQL 15).
    """

    table: Name
    method: Name = "btree"
    columns: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    unique: bool = False
    options: dict[str, str] = {}
    predicate: str = ""
    include: tuple[str, ...] = ()
    nulls_distinct: bool = True


def index(promise: Promise, scene: Scene) -> Finding:
    """Compare an index: access method, columns with opclass, options, predicate, validity."""
    item = scene.item(promise, Index)
    name = promise.name
    found = require(scene.catalog(name, item.table), "catalog").indexes.get(name)
    look = described(name, scene)
    promised = "absent" if item.absent else _promised(item, name)
    if found is None or item.absent:
        there = found is not None
        broken = (
            ()
            if there != item.absent
            else (f"index {name} is {'there' if there else 'not there'}",)
        )
        seen = found.definition if found else "absent (not in pg_index)"
        return Finding(promised=promised, seen=seen, broken=broken, look=look)
    differences = [
        f"{word} is {is_ or 'none'}, not {must or 'none'}"
        for word, must, is_ in (
            ("table", item.table, found.table),
            ("access method", item.method, found.method),
            ("columns", ", ".join(item.columns), ", ".join(found.columns)),
            ("uniqueness", _word(item.unique), _word(found.unique)),
            ("options", written(item.options), written(found.options)),
            ("predicate", item.predicate, found.predicate),
            ("nulls not distinct", _word(not item.nulls_distinct), _word(not found.nulls_distinct)),
            ("included columns", ", ".join(item.include), ", ".join(found.include)),
        )
        if normal(must) != normal(is_)
    ]
    differences += [] if found.valid else ["it is invalid: the planner does not use it"]
    differences += [] if found.ready else ["it is not ready: writes do not maintain it"]
    return Finding(
        promised=promised,
        seen=found.definition,
        broken=tuple(f"index {name}: {one}" for one in differences),
        look=look,
    )


def _word(is_so: bool) -> str:  # noqa: FBT001 - it is what is put into words
    return str(is_so).lower()


def _promised(item: Index, name: str) -> str:
    """The promise in the words in which the catalog's own index is told."""
    keys = item.model_dump(include=set(SeenIndex.model_fields))
    return SeenIndex(name=name, **keys).definition


def _index(promise: Promise, scene: Scene) -> Seen[SeenIndex] | Absent | CannotTell:
    catalog = scene.catalog(promise.name, scene.item(promise, Index).table)
    if not isinstance(catalog, Seen):
        return catalog
    found = catalog.value.indexes.get(promise.name)
    return Absent("not in the catalog") if found is None else Seen(found)


def _find(promise: Promise, scene: Scene) -> Found:
    return _index(promise, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = _index(promise, scene)
    if isinstance(fact, CannotTell):
        return fact
    return State(fact.value.definition) if isinstance(fact, Seen) else ABSENT


def _row(promise: Promise, scene: Scene) -> Cells:
    definition = shown(_index(promise, scene), "absent", lambda one: one.definition)
    return {"Index": promise.name, "Definition": definition}


def _record(scene: Scene) -> Iterable[Recorded]:
    """Every index that backs no constraint."""
    return recorded(scene.database.catalog)


def recorded(catalog: Catalog) -> Iterable[Recorded]:
    """The items of a catalog's indexes."""
    for name, one in catalog.indexes.items():
        if one.constraint:
            continue
        keys: dict[str, object] = {"title": f"The index {name} serves {one.table}"}
        keys |= {"table": one.table}
        keys |= {"method": one.method} if one.method != "btree" else {}
        keys |= {"columns": list(one.columns)}
        keys |= {"unique": True} if one.unique else {}
        keys |= {"options": one.options} if one.options else {}
        keys |= {"predicate": one.predicate} if one.predicate else {}
        keys |= {"include": list(one.include)} if one.include else {}
        keys |= {} if one.nulls_distinct else {"nulls_distinct": False}
        yield Recorded(name, keys)


KIND = Kind(
    name="index",
    chapter="database",
    rank=55,
    model=Index,
    severity="normal",
    moments=always,
    asks=asks_nothing,
    find=_find,
    compare=index,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    stands_on=brought_by,
)
