"""Extensions of the database."""

from __future__ import annotations

from collections.abc import Iterable

import pydantic

from gate.catalog.model import Catalog
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
from gate.kinds.scene import Scene, unknown
from gate.kinds.stands_on import brought_by
from gate.sources.fact import Absent, CannotTell, Seen


class Extension(Item):
    """An extension of the database; its version is a runtime's promise.

    Attributes:
        schema_: The schema that its objects are in, where that is promised.
    """

    schema_: str | None = pydantic.Field(default=None, alias="schema")


def extension(promise: Promise, scene: Scene) -> Finding:
    """Compare an extension."""
    item = scene.item(promise, Extension)
    name = promise.name
    version = scene.database.catalog.extensions.get(name)
    there = version is not None
    broken = (
        ()
        if there != item.absent
        else (f"extension {name} is {'there' if there else 'not there'}",)
    )
    schema = scene.database.catalog.extension_schemas.get(name, "no known schema")
    promised = f"installed in the schema {item.schema_}" if item.schema_ else "installed"
    if there and not item.absent and item.schema_ not in (None, schema):
        broken = (f"extension {name} is in the schema {schema}, not in {item.schema_}",)
    return Finding(
        promised="absent" if item.absent else promised,
        seen=f"version {version}, in the schema {schema}"
        if there
        else "absent (no row in pg_extension)",
        broken=broken,
        look=psql("\\dx", scene),
    )


def _version(promise: Promise, scene: Scene) -> Seen[str] | Absent | CannotTell:
    database = scene.observed.database
    if not isinstance(database, Seen):
        return unknown(database)
    version = database.value.catalog.extensions.get(promise.name)
    return Absent("not in the catalog") if version is None else Seen(version)


def _find(promise: Promise, scene: Scene) -> Found:
    return _version(promise, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = _version(promise, scene)
    if isinstance(fact, CannotTell):
        return fact
    return State(f"version {fact.value}") if isinstance(fact, Seen) else ABSENT


def _row(promise: Promise, scene: Scene) -> Cells:
    return {"Extension": promise.name, "Version": shown(_version(promise, scene), "absent", str)}


def _record(scene: Scene) -> Iterable[Recorded]:
    """Every extension but the one that every database has."""
    return recorded(scene.database.catalog)


def recorded(catalog: Catalog) -> Iterable[Recorded]:
    """The items of a catalog's extensions."""
    for name in catalog.extensions:
        if name != "plpgsql":
            schema = catalog.extension_schemas.get(name)
            where = {"schema": schema} if schema else {}
            yield Recorded(name, {"title": f"The extension {name} is installed", **where})


KIND = Kind(
    name="extension",
    chapter="database",
    rank=51,
    model=Extension,
    severity="normal",
    moments=always,
    asks=asks_nothing,
    find=_find,
    compare=extension,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    stands_on=brought_by,
)
