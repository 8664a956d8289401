"""The database as a whole: who may come, how many tables, nothing that nobody promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import pydantic

from gate.catalog.diff import diff
from gate.catalog.model import Catalog
from gate.contract.item import Item, Moment, Yes
from gate.contract.model import MOMENTS, Promise
from gate.errors import ObservationError
from gate.kinds.enum import Enum
from gate.kinds.finding import Finding
from gate.kinds.index import Index
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    asks_nothing,
    no_references,
    shown,
)
from gate.kinds.pasted import psql, schema
from gate.kinds.scene import Scene, unknown
from gate.kinds.stands_on import count_stands_on
from gate.kinds.table import Table
from gate.rule import exactly_one
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Seen, require


class Database(Item):
    """Something about the database as a whole: exactly one of the keys.

    Attributes:
        connects_as: Role that the gate must reach it as; ``*`` for any that is no superuser.
        tables: How many tables there are.
        nothing_else: Tables, indexes and enums that the contract does not name must not be there.
        restored: After a rollback the catalog is the very one that was seen before.
    """

    connects_as: str | None = None
    tables: Annotated[int, pydantic.Field(gt=0)] | None = None
    nothing_else: Yes | None = None
    restored: Yes | None = None

    RULES = (exactly_one("connects_as", "tables", "nothing_else", "restored"),)


def database(promise: Promise, scene: Scene) -> Finding:
    """Compare what is promised of the database as a whole."""
    item = scene.item(promise, Database)
    facts = scene.database
    if item.connects_as is not None:
        broken = []
        if facts.superuser:
            broken.append(
                f"the gate came as superuser {facts.user}: give it a role that can only read"
            )
        if item.connects_as not in ("*", facts.user):
            broken.append(f"the gate came as {facts.user}")
        if not facts.read_only:
            broken.append("the session could have written")
        who = "a role without superuser rights" if item.connects_as == "*" else item.connects_as
        return Finding(
            promised=f"reachable as {who}, read-only",
            seen=f"{facts.database} as {facts.user}, PostgreSQL {facts.server_version}",
            broken=tuple(broken),
            look=psql("\\du", scene),
        )
    if item.tables is not None:
        count = _count(facts.catalog)
        return Finding(
            promised=f"{item.tables} tables",
            seen=f"{count} tables",
            broken=() if count == item.tables else (f"{count} tables", *_strangers(scene)),
            look=psql("\\dt", scene),
        )
    if item.restored:
        return _restored(scene)
    strangers = _strangers(scene)
    return Finding(
        promised="nothing that the contract does not name",
        seen=", ".join(strangers) or "nothing else",
        broken=tuple(strangers),
        look=psql("\\d", scene),
    )


def _restored(scene: Scene) -> Finding:
    """Compare the whole catalog with the one that was seen before the deployment."""
    before = require(
        scene.before("whether the catalog is as before").database, "look at the database before"
    )
    after = scene.database.catalog
    for when, one in (("before", before.catalog), ("now", after)):
        if one.locked:
            raise ObservationError(f"cannot tell (timeout): locked {when}: {', '.join(one.locked)}")
        if not one.whole:
            raise ObservationError(
                f"cannot tell: the look {when} read no functions, triggers, grants and the like; "
                f"look again with this contract"
            )
    if before.catalog.closed != after.closed:
        raise ObservationError(
            "cannot tell (permission): the role may not use the same schemas as before"
        )
    found = diff(before.catalog, after).lines()
    others = f"{len(after.tables)} tables, {len(after.objects)} objects of other kinds"
    return Finding(
        promised="the catalog of before",
        seen=f"{others}, {len(found)} differences",
        broken=tuple(found),
        look=schema(scene),
    )


def _count(catalog: Catalog) -> int:
    return len(catalog.tables) + len(catalog.locked)


def _strangers(scene: Scene) -> list[str]:
    """What the contract does not name at this moment, sorted by kind and name."""
    catalog = scene.database.catalog
    own = {name for name, one in catalog.indexes.items() if not one.constraint}
    pairs: list[tuple[str, Iterable[str], Mapping[str, object]]] = [
        ("table", {*catalog.tables, *catalog.locked}, scene.contract.of(Table, scene.moment)),
        ("index", own, scene.contract.of(Index, scene.moment)),
        ("enum", catalog.enums, scene.contract.of(Enum, scene.moment)),
    ]
    return [
        f"{kind} {name} is not in the contract"
        for kind, names, promised in pairs
        for name in sorted(set(names) - {id_.split(".", 1)[1] for id_ in promised})
    ]


def _moments(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    """What has to be restored is compared after a rollback alone."""
    del carries_out
    return ("rollback",) if isinstance(item, Database) and item.restored else MOMENTS


def _find(promise: Promise, scene: Scene) -> Found:
    del promise
    database = scene.observed.database
    if not isinstance(database, Seen):
        return database
    return Seen(
        {
            **database.value.model_dump(exclude={"catalog", "work"}),
            "tables": sorted(database.value.catalog.tables),
        }
    )


def _state(promise: Promise, scene: Scene) -> Told:
    item, database = scene.item(promise, Database), scene.observed.database
    if not isinstance(database, Seen):
        return unknown(database)
    if item.tables is not None:
        return State(f"{_count(database.value.catalog)} tables")
    if item.connects_as is not None:
        return State(f"{database.value.database} as {database.value.user}")
    return None


def _row(promise: Promise, scene: Scene) -> Cells:
    item = scene.item(promise, Database)

    def say(facts: DatabaseFacts) -> str:
        if item.tables is not None:
            return str(_count(facts.catalog))
        return f"{facts.database} as {facts.user}"

    return {"Database": promise.name, "Seen": shown(scene.observed.database, "absent", say)}


def _shows(promise: Promise, moment: Moment) -> bool:
    """An empty database has nothing else, and has stayed what it was."""
    item = promise.at(moment)
    return isinstance(item, Database) and not (item.nothing_else or item.restored)


def _record(scene: Scene) -> Iterable[Recorded]:
    """That it is reached, how many tables it has, and that there is nothing else."""
    yield from recorded(len(scene.database.catalog.tables))


def recorded(tables: int) -> Iterable[Recorded]:
    """The items of a database as a whole.

    Args:
        tables: How many tables it has.
    """
    title = "The database answers, and the gate can only read it"
    yield Recorded("connection", {"title": title, "connects_as": "*"})
    yield Recorded("tables", {"title": "There are as many tables as promised", "tables": tables})
    title = "There is no table, index or enum that nobody promised"
    yield Recorded("nothing_else", {"title": title, "nothing_else": True})


KIND = Kind(
    name="database",
    chapter="database",
    rank=50,
    model=Database,
    severity="blocker",
    moments=_moments,
    asks=asks_nothing,
    find=_find,
    compare=database,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    shows=_shows,
    stands_on=count_stands_on,
)
