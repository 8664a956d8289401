"""The database as a whole: who may come, how many tables, nothing that nobody promised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

import pydantic

from gate.catalog.diff import diff
from gate.catalog.model import Catalog
from gate.contract.item import Item, Moment, Name, Yes
from gate.contract.model import MOMENTS, Promise
from gate.errors import ObservationError
from gate.kinds.connection import connection
from gate.kinds.enum import Enum
from gate.kinds.finding import Finding
from gate.kinds.host_kind import Differences, judged
from gate.kinds.index import Index
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    no_references,
    shown,
)
from gate.kinds.pasted import psql, schema
from gate.kinds.scene import Scene, unknown
from gate.kinds.stands_on import count_stands_on
from gate.kinds.table import Table
from gate.kinds.unpromised import unpromised, unrecorded
from gate.kinds.unspoken import Change, compared, listed, not_whole, other_view, sayable, undeclared
from gate.rule import Filled, Has, Not, Rule, Some, exactly_one, never_absent
from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.questions import AskReadOnly, AskRights, AskWhole
from gate.sources.fact import CannotTell, Cause, Seen, require
from gate.target import Target


class Database(Item):
    """Something about the database as a whole: exactly one of the keys.

    Attributes:
        connects_as: Role that the gate must reach it as; ``*`` for any that is no superuser.
        only_reads: With ``connects_as``: that role holds no right to write, whatever its session
            is: none on tables, sequences, schemas and the database, and none of a role that it
            may become.
        standby: With ``connects_as``: the server is one, which takes no writing; without it the
            database must take some, so it is no standby, and transactions do not only read unless
            they say otherwise.
        tables: How many tables there are.
        nothing_else: Tables, indexes and enums that the contract does not name must not be there;
            and after a deployment whatever it does not speak of is as before: owners, grants, row
            security, triggers, views, functions, persistence, settings, extensions.
        changes: With ``nothing_else``: what the deployment does to objects that the contract has no
            item for, ``added``, ``removed`` or ``changed`` by an object's key, such as ``grant on
            table orders to reader``; ``*`` in a key stands for any characters.
        listing: With ``nothing_else``: every such object that there is, by its key, as ``gate
            record`` writes it.
        restored: After a rollback the catalog is the very one that was seen before.
    """

    connects_as: str | None = None
    only_reads: Yes | None = None
    standby: Yes | None = None
    tables: Annotated[int, pydantic.Field(gt=0)] | None = None
    nothing_else: Yes | None = None
    restored: Yes | None = None
    changes: dict[Name, Change] = {}
    listing: Annotated[dict[Name, str], pydantic.Field(min_length=1)] | None = None

    RULES = (
        exactly_one("connects_as", "tables", "nothing_else", "restored"),
        Rule(Some(Not(Has("only_reads")), Has("connects_as")), "only_reads goes with connects_as"),
        Rule(Some(Not(Has("standby")), Has("connects_as")), "standby goes with connects_as"),
        Rule(Some(Not(Filled("changes")), Has("nothing_else")), "changes goes with nothing_else"),
        Rule(Some(Not(Has("listing")), Has("nothing_else")), "listing goes with nothing_else"),
        never_absent("the database"),
    )


def database(promise: Promise, scene: Scene) -> Finding:
    """Compare what is promised of the database as a whole."""
    item = scene.item(promise, Database)
    facts = scene.database
    if item.connects_as is not None:
        return connection(
            item.connects_as, facts, scene,
            only_reads=bool(item.only_reads), standby=bool(item.standby),
        )  # fmt: skip
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
    return _nothing_else(item, scene)


def _nothing_else(item: Database, scene: Scene) -> Finding:
    """Name what nobody promised, and what has changed though nobody speaks of it."""
    strangers = _strangers(scene)
    count = len(scene.database.catalog.objects)
    return Finding(
        promised="nothing that the contract does not name; what it does not speak of is as before, "
        "or declared as its changes",
        seen=", ".join(strangers) or f"nothing else; {count} objects of other kinds",
        broken=judged([*strangers, *_unlisted(item, scene), *_changed(item, scene)]),
        look=schema(scene),
    )


def _unlisted(item: Database, scene: Scene) -> Differences:
    """What the promised listing does not hold."""
    if item.listing is None or scene.on_clone:
        return ()
    catalog = scene.database.catalog
    obstacle = not_whole("now", catalog)
    found = unpromised(catalog, scene.contract, scene.moment)
    return [obstacle] if obstacle else listed(item.listing, found)


def _changed(item: Database, scene: Scene) -> Differences:
    """What is not as it was before the deployment, and is not declared.

    After a rollback that is told by the item that promises it, where there is one. A rehearsal's
    clone has neither owners nor rights of the live database.
    """
    rolled_back = scene.moment == "rollback"
    if scene.moment == "predeploy" or scene.on_clone or (rolled_back and scene.contract.restores):
        return ()
    try:
        look = scene.before("whether what the contract does not speak of is as before")
        before = require(look.database, "look at the database before").catalog
    except ObservationError as error:
        why = re.sub(r"^cannot tell (?:\([^)]*\): )?", "", str(error))
        return [CannotTell(why, getattr(error, "cause", Cause.UPSTREAM))]
    after = scene.database.catalog
    obstacle = not_whole("before", before) or not_whole("now", after) or other_view(before, after)
    if obstacle:
        return [obstacle]
    changes = compared(before, after, scene.contract, ("predeploy", scene.moment))
    return undeclared(changes, {} if rolled_back else item.changes)


def _restored(scene: Scene) -> Finding:
    """Compare the whole catalog with the one that was seen before the deployment."""
    before = require(
        scene.before("whether the catalog is as before").database, "look at the database before"
    )
    after = scene.database.catalog
    obstacle = (
        not_whole("before", before.catalog)
        or not_whole("now", after)
        or other_view(before.catalog, after)
    )
    if obstacle:
        raise ObservationError(f"cannot tell ({obstacle.cause.value}): {obstacle.reason}")
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


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    if isinstance(item, Database) and item.nothing_else:
        yield AskWhole()
    if isinstance(item, Database) and item.only_reads:
        yield AskRights()
    if isinstance(item, Database) and item.connects_as is not None and not item.standby:
        yield AskReadOnly()


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
    for one in recorded(scene.database.catalog):
        standby = one.name == "connection" and scene.database.in_recovery
        yield Recorded(one.name, {**one.keys, "standby": True}) if standby else one


def recorded(catalog: Catalog) -> Iterable[Recorded]:
    """The items of a database as a whole; with the listing of other objects where it was read."""
    title = "The database answers, and the gate can only read it"
    yield Recorded("connection", {"title": title, "connects_as": "*"})
    title = "There are as many tables as promised"
    yield Recorded("tables", {"title": title, "tables": len(catalog.tables)})
    title = "There is nothing in the database that nobody promised"
    yield Recorded("nothing_else", {"title": title, "nothing_else": True, **_listing(catalog)})


def _listing(catalog: Catalog) -> dict[str, dict[str, str]]:
    found = {key: sayable(text) for key, text in unrecorded(catalog).items() if text}
    return {"listing": found} if found and catalog.whole else {}


KIND = Kind(
    name="database",
    chapter="database",
    rank=50,
    model=Database,
    severity="blocker",
    moments=_moments,
    asks=_asks,
    find=_find,
    compare=database,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    shows=_shows,
    stands_on=count_stands_on,
)
