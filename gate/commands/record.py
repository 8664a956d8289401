"""``gate record``: write the listing of a live database as a chapter, to be reviewed by a person.

What was recorded is what *is*; it becomes a promise only when somebody has read it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import psycopg
import tomli_w

from gate.catalog.model import Catalog, Index, Table
from gate.catalog.read import read_catalog
from gate.connection.obstacle import first_line
from gate.errors import ObservationError

HELP = "write the listing of a live database as a chapter"
WIDTH = 80
Items = dict[str, dict[str, Any]]


def record(before: Catalog, after: Catalog, *, source: str, risk: str = "") -> str:
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
    new = {"risk": risk} if risk else {}

    def sides(name: str, old: Iterable[str]) -> dict[str, Any]:
        return {} if name in old else {"before": "absent", **new}

    chapter: dict[str, Items] = {
        "database": _whole(before, after, source),
        "extension": {
            name: {"title": f"The extension {name} is installed", "source": source}
            for name in after.extensions
            if name != "plpgsql"
        },
        "enum": {
            name: {
                "title": f"The type {name} has its labels",
                "source": source,
                "labels": list(labels),
            }
            for name, labels in after.enums.items()
        },
        "table": {
            name: {
                "title": f"The table {name} has its columns and keys",
                "source": source,
                **sides(name, before.tables),
                **_table(before.tables.get(name, table)),
            }
            for name, table in after.tables.items()
        },
        "column": _columns(before, after, {"source": source, "before": "absent", **new}),
        "index": {
            name: {
                "title": f"The index {name} serves {index.table}",
                "source": source,
                **sides(name, before.indexes),
                **_index(index),
            }
            for name, index in after.indexes.items()
            if not index.constraint
        },
    }
    return _toml(chapter)


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
    tables: dict[str, Any] = {"title": "There are as many tables as promised", "source": source}
    if count[0] == count[1]:
        tables["tables"] = count[0]
    else:
        tables |= {"before": {"tables": count[0]}, "after": {"tables": count[1]}}
    return {
        "connection": {
            "title": "The database answers, and the gate can only read it",
            "source": source,
            "connects_as": "*",
        },
        "tables": tables,
        "nothing_else": {
            "title": "There is no table, index or enum that nobody promised",
            "source": source,
            "nothing_else": True,
        },
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "columns": {name: one.definition for name, one in table.columns.items()},
        "keys": {name: one.definition for name, one in sorted(table.constraints.items())},
    }


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


def _index(index: Index) -> dict[str, Any]:
    found: dict[str, Any] = {"table": index.table}
    found |= {"method": index.method} if index.method != "btree" else {}
    found["columns"] = list(index.columns)
    found |= {"unique": True} if index.unique else {}
    found |= {"options": index.options} if index.options else {}
    found |= {"predicate": index.predicate} if index.predicate else {}
    found |= {"include": list(index.include)} if index.include else {}
    return found


def _toml(chapter: Mapping[str, Items]) -> str:
    parts = []
    for kind, items in chapter.items():
        for name, item in items.items():
            parts.append(tomli_w.dumps({kind: {name: item}}).replace(f"[{kind}]\n", "", 1))
    return re.sub(r"\[\n((?:    .*,\n)+)\]", _on_one_line, "\n".join(parts))


def _on_one_line(array: re.Match[str]) -> str:
    """Write an array on one line where it is short enough to be read there."""
    line = "[" + ", ".join(one.strip(" ,") for one in array[1].splitlines()) + "]"
    return line if len(line) <= WIDTH else array[0]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument("what", choices=["database"], help="which chapter to write")
    parser.add_argument(
        "--service", required=True, help="libpq service of the database as it is before"
    )
    parser.add_argument("--after", metavar="SERVICE", help="and as it is after, where that differs")
    parser.add_argument("--source", default="recorded", help="what the items name as their source")
    parser.add_argument("--risk", default="", help="risk that everything new guards")


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Record, and tell the chapter."""
    before = _read(options.service)
    after = _read(options.after) if options.after else before
    tell(record(before, after, source=options.source, risk=options.risk))
    return 0


def _read(service: str) -> Catalog:
    try:
        with psycopg.connect(
            service=service,
            application_name="atum-desk-gate",
            options="-c default_transaction_read_only=on -c statement_timeout=30000",
            connect_timeout=5,
            autocommit=True,
        ) as connection:
            return read_catalog(connection)
    except psycopg.Error as error:
        raise ObservationError(f"database service {service!r}: {first_line(error)}") from error
