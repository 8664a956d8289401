"""Tables of the database: columns with type, nullability and default, and keys; by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import pydantic

from gate.catalog.expression import normal
from gate.catalog.model import Catalog
from gate.catalog.names import parts
from gate.contract.item import Item, Moment, Yes
from gate.contract.model import Promise
from gate.kinds.bounds import outside
from gate.kinds.column import Column, Definition
from gate.kinds.finding import Finding
from gate.kinds.host_kind import Differences, judged
from gate.kinds.kind import (
    ABSENT,
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    always,
    no_references,
    shown,
)
from gate.kinds.one_value import number
from gate.kinds.query import answer, fewer
from gate.kinds.relations import described, table_of
from gate.kinds.scene import Scene, unknown
from gate.kinds.stands_on import table_stands_on
from gate.sources.fact import Absent, CannotTell, Seen, require
from gate.sources.queries.facts import AskQuery
from gate.target import Target


class Table(Item):
    """A table: columns as ``type [not null] [default …]`` by name, keys as definitions by name.

    Attributes:
        columns: Every column's ``type [not null] [default …]``, by its name, as ``gate record``
            writes it; of a type any of PostgreSQL's own names, such as ``timestamptz``.
        keys: Every primary, foreign and unique key and every check that it has: each one's
            definition, by its name. One that is not named here must not be there.
        at_least_rows: How many rows it must have; no more of them are counted.
        not_fewer_than_before: It must have no fewer rows than before the deployment; all of them
            are counted.
    """

    columns: Annotated[dict[str, Definition], pydantic.Field(min_length=1)]
    keys: dict[str, str] = {}
    at_least_rows: Annotated[int, pydantic.Field(ge=1)] | None = None
    not_fewer_than_before: Yes | None = None


def table(promise: Promise, scene: Scene) -> Finding:
    """Compare a table: columns with type, nullability and default, and keys, all by name."""
    item = scene.item(promise, Table)
    name = promise.name
    found = require(scene.catalog(name), "catalog").tables.get(name)
    columns = dict(item.columns)
    for one in columns_of(name, scene):
        if not one.absent:
            columns[one.column] = one.definition
    promised = "absent" if item.absent else f"{len(columns)} columns, {len(item.keys)} keys"
    look = described(name, scene)
    if found is None or item.absent:
        there = found is not None
        broken = (
            ()
            if there != item.absent
            else (f"table {name} is {'there' if there else 'not there'}",)
        )
        seen = f"{len(found.columns)} columns" if found else "absent (not in pg_class)"
        return Finding(promised=promised, seen=seen, broken=broken, look=look)
    is_ = {one.name: one.definition for one in found.columns.values()}
    keys = {one.name: one.definition for one in found.constraints.values()}
    invalid = [
        f"key {one.name} is not validated"
        for one in found.constraints.values()
        if not one.validated
    ]
    differences = (
        *_differences("column", columns, is_),
        *_differences("key", item.keys, keys),
        *invalid,
    )
    seen = f"{len(is_)} columns, {len(keys)} keys"
    wrong = judged((*differences, *_rows(promise, item, scene)))
    return Finding(promised=promised, seen=seen, broken=wrong, look=look)


def _rows(promise: Promise, item: Table, scene: Scene) -> Differences:
    """What is wrong with how many rows there are."""
    if item.at_least_rows is None and not item.not_fewer_than_before:
        return
    fact = answer(promise.id, scene)
    if not isinstance(fact, Seen):
        yield unknown(fact)
        return
    for one in number(fact.value, lambda is_: outside(is_, item.at_least_rows, None)):
        yield one.replace("it is only", "its rows are only") if isinstance(one, str) else one
    if item.not_fewer_than_before and scene.moment != "predeploy":
        yield from fewer(promise.id, fact.value, scene)


def columns_of(table: str, scene: Scene) -> Iterable[Column]:
    """The columns of a table that have an item of their own, as promised at this moment."""
    items = scene.contract.of(Column, scene.moment).values()
    return (one for one in items if one.table == table)


def _differences(kind: str, must: Mapping[str, str], is_: Mapping[str, str]) -> list[str]:
    missing = [f"{kind} {name} is missing ({must[name]})" for name in must if name not in is_]
    extra = [f"{kind} {name} is not promised ({is_[name]})" for name in is_ if name not in must]
    other = [
        f"{kind} {name} is {is_[name]}, not {must[name]}"
        for name in must
        if name in is_ and normal(must[name]) != normal(is_[name])
    ]
    return missing + extra + other


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    if isinstance(item, Table) and (item.at_least_rows or item.not_fewer_than_before):
        name = ".".join('"' + one.replace('"', '""') + '"' for one in parts(promise.name))
        rows = name
        if item.at_least_rows and not item.not_fewer_than_before:
            rows = f"(SELECT FROM {name} LIMIT {item.at_least_rows}) AS enough"
        yield AskQuery(promise.id, f"SELECT count(*) FROM {rows}", sees_all=True)  # noqa: S608


def _find(promise: Promise, scene: Scene) -> Found:
    return table_of(promise.name, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = table_of(promise.name, scene)
    if isinstance(fact, CannotTell):
        return fact
    if isinstance(fact, Absent):
        return ABSENT
    apart = {
        one.before.column
        for one in scene.contract.promises.values()
        if isinstance(one.before, Column) and one.before.table == promise.name
    }
    found = fact.value
    columns = {
        f"column {one.name}": one.definition
        for one in found.columns.values()
        if one.name not in apart
    }
    keys = {f"key {one.name}": one.definition for one in found.constraints.values()}
    count = [
        f"{len(parts)} {noun}{'s' * (len(parts) != 1)}"
        for parts, noun in ((columns, "column"), (keys, "key"))
    ]
    return State(", ".join(count), columns | keys)


def _row(promise: Promise, scene: Scene) -> Cells:
    fact = table_of(promise.name, scene)
    return {
        "Table": promise.name,
        "Columns": shown(fact, "absent", lambda found: str(len(found.columns))),
        "Keys": str(len(fact.value.constraints)) if isinstance(fact, Seen) else "-",
    }


def _record(scene: Scene) -> Iterable[Recorded]:
    """Every table with its columns and keys."""
    return recorded(scene.database.catalog)


def recorded(catalog: Catalog) -> Iterable[Recorded]:
    """The items of a catalog's tables."""
    for name, one in catalog.tables.items():
        keys = {
            "title": f"The table {name} has its columns and keys",
            "columns": {column: found.definition for column, found in one.columns.items()},
            "keys": {key: found.definition for key, found in sorted(one.constraints.items())},
        }
        yield Recorded(name, keys)


KIND = Kind(
    name="table",
    chapter="database",
    rank=53,
    model=Table,
    severity="normal",
    moments=always,
    asks=_asks,
    find=_find,
    compare=table,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    stands_on=table_stands_on,
)
