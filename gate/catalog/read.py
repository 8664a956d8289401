"""Read a database's catalog in a few set-returning queries, read-only."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from gate.catalog import queries
from gate.catalog.model import Catalog, Column, Constraint, Index, Table
from gate.catalog.whole import read_others

IDLE = TransactionStatus.IDLE
IDENTITY = {"": "", "a": "always", "d": "by default"}
GENERATED = {"": "", "s": "stored", "v": "virtual"}
PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}

Row = dict[str, Any]


def read_catalog(
    connection: psycopg.Connection[Any],
    *,
    whole: bool = False,
    itself: bool = False,
    roles: str = "",
    prepared: bool = False,
) -> Catalog:
    """Read everything in the schemas that are not PostgreSQL's own.

    What belongs to an extension is left out: the extension and its version stand for it. What
    PostgreSQL prints of types and expressions depends on settings such as the search path: they
    are set for the reading, and undone. A table that somebody else locks is named and not read, and
    the catalog is not whole then. A transaction that is open is neither ended nor changed.

    Args:
        connection: Any role's; what it may not see of the rows does not matter here.
        whole: Also sequences, views, functions, triggers, policies, types, grants, settings and
            the like, as `Catalog.objects`; without it what a contract can promise.
        itself: With ``whole``, also whose the database itself is, how many may come in and where it
            is kept: a clone does not have it.
        roles: With ``whole``, also the roles that this query of `gate.catalog.roles` tells: they
            are the server's, and a copy does not bring them back.
        prepared: Whether the server is to keep its plans for a next time, which cost it more than
            the reading: for a session that nobody shares.

    Raises:
        psycopg.Error: The server refused, went away, or an object went while it was read.
    """
    with (
        # It only reads. At a ROLLBACK of its own, psycopg forgets what it prepared.
        connection.transaction(
            force_rollback=not prepared or connection.info.transaction_status != IDLE
        ),
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        ask = functools.partial(cursor.execute, prepare=prepared or None)
        ask(queries.SESSION)
        obstacles = ask(queries.OBSTACLES).fetchall()
        locked = {one["name"]: one["oid"] for one in obstacles if one["kind"] == "table"}
        whole = whole and not locked
        tables = ask(queries.TABLES, [list(locked.values())]).fetchall()
        oids = [one["oid"] for one in tables]
        version = connection.info.server_version // 10000
        known = ask(queries.suited(queries.COLUMNS, version), [oids]).fetchall()
        columns = _grouped(known, "attrelid")
        constraints = _grouped(ask(queries.CONSTRAINTS, [oids]).fetchall(), "conrelid")
        if whole:
            oids += [one["oid"] for one in ask(queries.MATERIALIZED).fetchall()]
        indexes = ask(queries.INDEXES, [oids]).fetchall()
        enums = ask(queries.ENUMS).fetchall()
        extensions = ask(queries.EXTENSIONS).fetchall()
        others = read_others(ask, version, itself=itself, roles=roles) if whole else []
    keyed = _keyed(others)
    return Catalog(
        tables={
            one["name"]: _table(one, columns[one["oid"]], constraints[one["oid"]]) for one in tables
        },
        indexes={one["name"]: _index(one) for one in indexes},
        enums={one["name"]: tuple(one["labels"] or ()) for one in enums},
        extensions={one["name"]: one["version"] for one in extensions},
        extension_schemas={one["name"]: one["schema"] for one in extensions},
        objects={key: one["definition"] or "" for key, one in keyed.items()},
        owners={key: one["owner"] for key, one in keyed.items() if one["owner"]}
        | {f"enum {one['name']}": one["owner"] for one in enums if whole},
        whole=whole,
        closed=tuple(one["name"] for one in obstacles if one["kind"] == "schema"),
        locked=tuple(locked),
    )


def _keyed(rows: list[Row]) -> dict[str, Row]:
    """Rows by ``kind name``; where two have the same, none takes the other's place."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=lambda one: one["definition"] or ""):
        key, number = f"{row['kind']} {row['name']}", 1
        while key in found:
            number += 1
            key = f"{row['kind']} {row['name']} ({number})"
        found[key] = row
    return found


def _grouped(rows: list[Row], key: str) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.pop(key)].append(row)
    return found


def _table(row: Row, columns: list[Row], constraints: list[Row]) -> Table:
    return Table(
        name=row["name"],
        columns={one["name"]: _column(one) for one in columns},
        constraints={one["name"]: Constraint(**one) for one in constraints},
        owner=row["owner"],
        persistence=PERSISTENCE[row["persistence"]],
        row_security=row["row_security"],
        force_row_security=row["force_row_security"],
        rows=row["rows"],
        bytes=row["bytes"],
        partition=row["partition"],
        options=_options(row["options"]),
        placed=row["placed"],
    )


def _column(row: Row) -> Column:
    identity, generated = IDENTITY[row["identity"]], GENERATED[row["generated"]]
    return Column(**{**row, "identity": identity, "generated": generated})


def _index(row: Row) -> Index:
    keys = row.pop("keys")
    columns = row["columns"]
    return Index(
        **{
            **row,
            "columns": tuple(columns[:keys]),
            "include": tuple(columns[keys:]),
            "options": _options(row["options"]),
        }
    )


def _options(reloptions: Iterable[str] | None) -> dict[str, str]:
    return dict(one.split("=", 1) for one in reloptions or ())
