"""The chapter of a database, as it is before and after a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gate.catalog.model import Catalog
from gate.errors import ObservationError
from gate.kinds import database, enum, extension, index, table
from gate.kinds.kind import Recorded
from gate.recorder.chapters import chapter_text

Items = dict[str, dict[str, Any]]


def record_both(before: Catalog, after: Catalog, *, source: str, risk: str = "") -> str:
    """Return the chapter ``database.toml`` of a database before and after a deployment.

    Args:
        before: Its catalog before.
        after: Its catalog after; the same one where nothing is to change.
        source: What the items name as their source.
        risk: Id of the risk that everything new or changed guards.

    Raises:
        ObservationError: Something goes or changes in a way that the contract cannot say.
    """
    _only_grows(before, after)
    new = {"before": "absent", **({"risk": risk} if risk else {})}

    def items(found: Iterable[Recorded], old: Iterable[str]) -> Items:
        return {
            one.name: {
                "title": one.keys["title"],
                "source": source,
                **({} if one.name in old else new),
                **{key: value for key, value in one.keys.items() if key != "title"},
            }
            for one in found
        }

    # What was there before is promised as it was: a column that comes has an item of its own.
    tables = {**after.tables, **before.tables}
    both = after.model_copy(update={"tables": {name: tables[name] for name in after.tables}})
    return chapter_text(
        "database",
        {
            "database": _whole(before, after, source),
            "extension": items(extension.recorded(after), after.extensions),
            "enum": items(enum.recorded(after), after.enums),
            "table": items(table.recorded(both), before.tables),
            "column": _columns(before, after, {"source": source, **new}),
            "index": items(index.recorded(after), before.indexes),
        },
    )


def _only_grows(before: Catalog, after: Catalog) -> None:
    pairs: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = [
        ("table", before.tables, after.tables),
        ("index", before.indexes, after.indexes),
        ("enum", before.enums, after.enums),
    ]
    for kind, old, new in pairs:
        gone = sorted(set(old) - set(new))
        if gone:
            raise ObservationError(
                f"{kind} {gone[0]} is there before and not after: write its item by hand"
            )


def _whole(before: Catalog, after: Catalog, source: str) -> Items:
    count = [len(one.tables) for one in (before, after)]
    found: Items = {}
    old = {one.name: one.keys for one in database.recorded(before)}
    for one in database.recorded(after):
        keys = dict(one.keys)
        listing = keys.pop("listing", None)
        if listing is not None and old[one.name].get("listing") == listing:
            keys["listing"] = listing
        elif listing is not None:
            sides = {"before": old[one.name].get("listing"), "after": listing}
            keys |= {side: {"listing": held} for side, held in sides.items() if held}
        if "tables" in keys and count[0] != count[1]:
            del keys["tables"]
            keys |= {"before": {"tables": count[0]}, "after": {"tables": count[1]}}
        found[one.name] = {"title": keys.pop("title"), "source": source, **keys}
    return found


def _columns(before: Catalog, after: Catalog, common: Mapping[str, Any]) -> Items:
    """Columns that a table gets."""
    return {
        f"{name}.{column}": {
            "title": f"{name} gets the column {column}",
            **common,
            "table": name,
            "column": column,
            "definition": one.definition,
        }
        for name, table in after.tables.items()
        if name in before.tables
        for column, one in table.columns.items()
        if column not in before.tables[name].columns
    }
