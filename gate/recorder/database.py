"""The chapter of a database, as it is before and after a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gate.catalog.model import Catalog
from gate.kinds import database, enum, extension, index, table
from gate.kinds.kind import Recorded
from gate.recorder.chapters import chapter_text
from gate.recorder.secrecy import holds_secret
from gate.recorder.sides import both, by_name, differ, pairs
from gate.recorder.unsaid import unsaid
from gate.secrets import known
from gate.text import line

Items = dict[str, dict[str, Any]]
Two = tuple[Iterable[Recorded], Iterable[Recorded]]


def record_both(before: Catalog, after: Catalog, *, source: str, risk: str = "") -> str:
    """Return the chapter ``database.toml`` of a database before and after a deployment.

    What no item of a contract can say of a difference stands in comments at its head.

    Args:
        before: Its catalog before.
        after: Its catalog after; the same one where nothing is to change.
        source: What the items name as their source.
        risk: Id of the risk that everything new or changed guards.
    """
    found: dict[str, Items] = {}
    lost: list[str] = []
    for name, two in recorded_of(before, after).items():
        whole = [both(*one, risk) for one in pairs(*two)]
        secret = [one for one in whole if holds_secret({"name": one.name, **one.keys})]
        lost += [f"{name} {known.tell(one.name)} holds a secret" for one in secret]
        found[name] = items(one for one in whole if one not in secret)
    whole = [both(*one) for one in pairs(database.recorded(before), database.recorded(after))]
    kept = [one for one in whole if not holds_secret(one.keys)]
    lost += [f"database {one.name} holds a secret" for one in whole if one not in kept]
    found["database"] = items(kept)
    lost += map(known.tell, unsaid(before, after, listing=True))
    head = "".join(f"# cannot be written: {line(one)}\n" for one in lost)
    order = ("database", "extension", "enum", "table", "column", "index")
    return chapter_text(
        "database",
        {kind: _from(found[kind], source) for kind in order},
        head,
    )


def items(found: Iterable[Recorded]) -> Items:
    """Items by name."""
    return {one.name: dict(one.keys) for one in found}


def _from(found: Items, source: str) -> Items:
    return {
        name: {"title": keys["title"], "source": source}
        | {key: one for key, one in keys.items() if key != "title"}
        for name, keys in found.items()
    }


def recorded_of(before: Catalog, after: Catalog) -> Mapping[str, Two]:
    """What each kind records of two catalogs; a column that differs has an item of its own."""
    old, new = (list(table.recorded(one)) for one in (before, after))
    tables, columns = _apart(old, new)
    return {
        "extension": (extension.recorded(before), extension.recorded(after)),
        "enum": (enum.recorded(before), enum.recorded(after)),
        "table": tables,
        "column": columns,
        "index": (index.recorded(before), index.recorded(after)),
    }


def _apart(old: list[Recorded], new: list[Recorded]) -> tuple[Two, Two]:
    """Tables without the columns that differ, and those columns.

    Where no column of a table stays as it is, the table's own item says so.
    """
    columns: tuple[list[Recorded], list[Recorded]] = ([], [])
    was = by_name(old)
    changed: dict[str, set[str]] = {}
    for one in new:
        before = was.get(one.name)
        if before is None:
            continue
        sides = before.keys["columns"], one.keys["columns"]
        names = {*sides[0], *sides[1]}
        differing = {name for name in names if sides[0].get(name) != sides[1].get(name)}
        if differing and differing != names:
            changed[one.name] = differing
            for side, found in zip(sides, columns, strict=True):
                gone = sorted(differing & side.keys())
                found.extend(_column(one.name, name, side[name]) for name in gone)
    left = tuple(
        [_without(one, changed.get(one.name, set())) for one in ones] for ones in (old, new)
    )
    return (left[0], left[1]), columns


def _without(one: Recorded, columns: set[str]) -> Recorded:
    kept = {name: what for name, what in one.keys["columns"].items() if name not in columns}
    return Recorded(one.name, {**one.keys, "columns": kept})


def _column(table: str, name: str, definition: str) -> Recorded:
    keys = {"title": f"{table} has the column {name}", "table": table, "column": name}
    return Recorded(f"{table}.{name}", {**keys, "definition": definition})


def differing(before: Catalog, after: Catalog) -> Mapping[str, list[Recorded]]:
    """The items of what differs between two catalogs, by kind."""
    return {
        name: [one for one in (both(*pair) for pair in pairs(*two)) if differ(one)]
        for name, two in recorded_of(before, after).items()
    }
