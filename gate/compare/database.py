"""The database: connection, tables, columns, keys, indexes, enums, extensions; by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gate.catalog.diff import diff
from gate.catalog.model import Index as SeenIndex
from gate.contract.kinds import Column, Database, Enum, Extension, Index, Table
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.sources.fact import seen

PSQL = "psql -c '\\d {}'"


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
        )
    if item.tables is not None:
        count = len(facts.catalog.tables)
        return Finding(
            promised=f"{item.tables} tables",
            seen=f"{count} tables",
            broken=() if count == item.tables else (f"{count} tables", *_strangers(scene)),
            look="psql -c '\\dt'",
        )
    if item.restored:
        return _restored(scene)
    strangers = _strangers(scene)
    return Finding(
        promised="nothing that the contract does not name",
        seen=", ".join(strangers) or "nothing else",
        broken=tuple(strangers),
    )


def _restored(scene: Scene) -> Finding:
    """Compare the whole catalog with the one that was seen before the deployment."""
    before = seen(
        scene.before("whether the catalog is as before").database, "look at the database before"
    )
    found = diff(before.catalog, scene.database.catalog).lines()
    return Finding(
        promised="the catalog of before",
        seen=f"{len(scene.database.catalog.tables)} tables, {len(found)} differences",
        broken=tuple(found),
        look="pg_dump --schema-only",
    )


def _strangers(scene: Scene) -> list[str]:
    """What the contract does not name at this moment, sorted by kind and name."""
    catalog = scene.database.catalog
    own = {name for name, one in catalog.indexes.items() if not one.constraint}
    pairs: list[tuple[str, Iterable[str], Mapping[str, object]]] = [
        ("table", catalog.tables, scene.contract.of(Table, scene.moment)),
        ("index", own, scene.contract.of(Index, scene.moment)),
        ("enum", catalog.enums, scene.contract.of(Enum, scene.moment)),
    ]
    return [
        f"{kind} {name} is not in the contract"
        for kind, names, promised in pairs
        for name in sorted(set(names) - {id_.split(".", 1)[1] for id_ in promised})
    ]


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
    return Finding(
        promised="absent" if item.absent else "installed",
        seen=f"version {version}" if there else "absent (no row in pg_extension)",
        broken=broken,
        look="psql -c '\\dx'",
    )


def enum(promise: Promise, scene: Scene) -> Finding:
    """Compare an enum type: its labels in their order."""
    item = scene.item(promise, Enum)
    name = promise.name
    labels = scene.database.catalog.enums.get(name)
    promised = "absent" if item.absent else ", ".join(item.labels)
    seen = "absent" if labels is None else ", ".join(labels)
    broken = () if promised == seen else (f"type {name}: {seen}",)
    return Finding(promised=promised, seen=seen, broken=broken, look=f"psql -c '\\dT+ {name}'")


def table(promise: Promise, scene: Scene) -> Finding:
    """Compare a table: columns with type, nullability and default, and keys, all by name."""
    item = scene.item(promise, Table)
    name = promise.name
    found = scene.database.catalog.tables.get(name)
    columns = dict(item.columns)
    for one in scene.contract.of(Column, scene.moment).values():
        if one.table == name and not one.absent:
            columns[one.column] = one.definition
    promised = "absent" if item.absent else f"{len(columns)} columns, {len(item.keys)} keys"
    look = PSQL.format(name)
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
    return Finding(promised=promised, seen=seen, broken=differences, look=look)


def column(promise: Promise, scene: Scene) -> Finding:
    """Compare a column that comes or goes."""
    item = scene.item(promise, Column)
    found = scene.database.catalog.tables.get(item.table)
    definition = (
        found.columns[item.column].definition if found and item.column in found.columns else None
    )
    promised = "absent" if item.absent else item.definition
    seen = definition or "absent"
    broken = () if promised == seen else (f"column {item.table}.{item.column}: {seen}",)
    return Finding(promised=promised, seen=seen, broken=broken, look=PSQL.format(item.table))


def index(promise: Promise, scene: Scene) -> Finding:
    """Compare an index: access method, columns with opclass, options, predicate, validity."""
    item = scene.item(promise, Index)
    name = promise.name
    found = scene.database.catalog.indexes.get(name)
    look = PSQL.format(name)
    promised = "absent" if item.absent else _definition(item)
    if found is None or item.absent:
        there = found is not None
        broken = (
            ()
            if there != item.absent
            else (f"index {name} is {'there' if there else 'not there'}",)
        )
        seen = _definition(found) if found else "absent (not in pg_index)"
        return Finding(promised=promised, seen=seen, broken=broken, look=look)
    differences = [
        f"{word} is {is_ or 'none'}, not {must or 'none'}"
        for word, must, is_ in (
            ("table", item.table, found.table),
            ("access method", item.method, found.method),
            ("columns", ", ".join(item.columns), ", ".join(found.columns)),
            ("uniqueness", str(item.unique).lower(), str(found.unique).lower()),
            ("options", _options(item.options), _options(found.options)),
            ("predicate", item.predicate, found.predicate),
            ("included columns", ", ".join(item.include), ", ".join(found.include)),
        )
        if must != is_
    ]
    differences += [] if found.valid else ["it is invalid: the planner does not use it"]
    differences += [] if found.ready else ["it is not ready: writes do not maintain it"]
    return Finding(
        promised=promised,
        seen=_definition(found),
        broken=tuple(f"index {name}: {one}" for one in differences),
        look=look,
    )


def _options(options: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(options.items()))


def _definition(one: Index | SeenIndex) -> str:
    words = ["unique"] if one.unique else []
    words += [one.method, f"on {one.table} ({', '.join(one.columns)})"]
    words += [f"include ({', '.join(one.include)})"] if one.include else []
    words += [f"with ({_options(one.options)})"] if one.options else []
    words += [f"where {one.predicate}"] if one.predicate else []
    if isinstance(one, SeenIndex) and not (one.valid and one.ready):
        words.append("INVALID")
    return " ".join(words)


def _differences(kind: str, must: Mapping[str, str], is_: Mapping[str, str]) -> list[str]:
    missing = [f"{kind} {name} is missing ({must[name]})" for name in must if name not in is_]
    extra = [f"{kind} {name} is not promised ({is_[name]})" for name in is_ if name not in must]
    other = [
        f"{kind} {name} is {is_[name]}, not {must[name]}"
        for name in must
        if name in is_ and must[name] != is_[name]
    ]
    return missing + extra + other
