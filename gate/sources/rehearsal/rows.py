"""Rows: their fingerprint, what is written to the new schema, and what a downgrade gives up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.model import Catalog, Column
from gate.connection.obstacle import first_line
from gate.sources.rehearsal.facts import Loss

Print = tuple[int, int]
"""Number of rows, and the sum of their hashes: the order of the rows does not matter."""


def fingerprints(
    connection: psycopg.Connection[Any], tables: Mapping[str, tuple[str, ...]]
) -> dict[str, Print]:
    """Fingerprint the named columns of tables: what is equal before and after is equal here."""
    found: dict[str, Print] = {}
    for table, columns in tables.items():
        names = sql.SQL(", ").join(sql.Identifier(one) for one in sorted(columns))
        query = sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)), 0) FROM {}"
        ).format(names, _identifier(table))
        row = connection.execute(query).fetchone() or (0, 0)
        found[table] = (int(row[0]), int(row[1]))
    return found


def columns_of(catalog: Catalog, without: str) -> dict[str, tuple[str, ...]]:
    """Every table with its columns, but for Alembic's own."""
    return {
        name: tuple(table.columns)
        for name, table in catalog.tables.items()
        if name != without and table.columns
    }


def shared(kept: Mapping[str, tuple[str, ...]], catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """The tables and columns of before that a later schema still has.

    What came since is left out: the witnesses write there.
    """
    return {
        table: left
        for table, columns in kept.items()
        if table in catalog.tables
        and (left := tuple(one for one in columns if one in catalog.tables[table].columns))
    }


def changed(before: Mapping[str, Print], after: Mapping[str, Print]) -> tuple[str, ...]:
    """One sentence per table whose rows are not what they were."""
    return tuple(
        f"{table}: {was[0]} rows, then {after[table][0]}"
        + (" (other content)" if was[0] == after[table][0] else "")
        for table, was in before.items()
        if table in after and after[table] != was
    )


def leave_witnesses(
    connection: psycopg.Connection[Any], before: Catalog, after: Catalog
) -> tuple[str, ...]:
    """Write a row into every new table and a value into every new column of one row.

    Foreign keys and triggers are left out of it (``session_replication_role``, a superuser's).

    Returns:
        What could not be written, and why.
    """
    unwritten: list[str] = []
    with connection.transaction():
        try:
            with connection.transaction():
                connection.execute("SET LOCAL session_replication_role = replica")
        except psycopg.errors.InsufficientPrivilege:
            unwritten.append("foreign keys are in force: the role is no superuser")
        for name, table in after.tables.items():
            statement = (
                _new_row(name, table.columns)
                if name not in before.tables
                else _new_values(name, table.columns, before.tables[name].columns)
            )
            if statement is None:
                continue
            try:
                with connection.transaction():
                    connection.execute(statement)
            except psycopg.Error as error:
                unwritten.append(f"{name}: {first_line(error)}")
    return tuple(unwritten)


def _new_row(table: str, columns: Mapping[str, Column]) -> sql.Composed | None:
    filled = [one for one in columns.values() if not one.generated and one.identity != "always"]
    if not filled:
        return None
    return sql.SQL("INSERT INTO {} ({}) SELECT {}").format(
        _identifier(table),
        sql.SQL(", ").join(sql.Identifier(one.name) for one in filled),
        sql.SQL(", ").join(_value(one.type) for one in filled),
    )


def _new_values(
    table: str, columns: Mapping[str, Column], before: Mapping[str, Column]
) -> sql.Composed | None:
    new = [one for name, one in columns.items() if name not in before and not one.generated]
    if not new:
        return None
    return sql.SQL("UPDATE {0} SET {1} WHERE ctid = (SELECT ctid FROM {0} LIMIT 1)").format(
        _identifier(table),
        sql.SQL(", ").join(
            sql.SQL("{} = coalesce({}, {})").format(
                sql.Identifier(one.name), sql.Identifier(one.name), _value(one.type)
            )
            for one in new
        ),
    )


VALUES = {
    "uuid": "gen_random_uuid()",
    "boolean": "true",
    "json": "'{}'::json",
    "jsonb": "'{}'::jsonb",
    "date": "current_date",
    "inet": "'127.0.0.1'::inet",
    "bytea": "'x'::bytea",
    "tsvector": "''::tsvector",
    "interval": "'1 s'::interval",
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision"), "1"),
}


def _value(type_: str) -> sql.Composable:
    """A value of a type, as far as one can be made up; the type's name is the catalog's own."""
    base, _, size = type_.partition("(")
    size = size.rstrip(")")
    if type_.endswith("[]"):
        text = f"'{{}}'::{type_}"
    elif base == "vector":
        text = f"array_fill(0.5::real, ARRAY[{size or 3}])::{type_}"
    elif base.startswith(("timestamp", "time")):
        text = "now()"
    elif base in ("text", "character varying", "character", "name", "citext"):
        text = f"left('gate witness', {size or 100})"
    else:
        text = VALUES.get(base, f"(enum_range(NULL::{type_}))[1]")  # an enum: its first label
    return sql.SQL(text)


def losses(connection: psycopg.Connection[Any], above: Catalog, below: Catalog) -> tuple[Loss, ...]:
    """Count what the way from the one schema down to the other gives up."""
    found: list[Loss] = []
    for name, table in above.tables.items():
        if name not in below.tables:
            query = sql.SQL("SELECT count(*) FROM {}").format(_identifier(name))
            found.append(Loss(object=f"table {name}", rows=_number(connection, query)))
            continue
        for column in table.columns:
            if column not in below.tables[name].columns:
                query = sql.SQL("SELECT count({}) FROM {}").format(
                    sql.Identifier(column), _identifier(name)
                )
                found.append(
                    Loss(object=f"column {name}.{column}", rows=_number(connection, query))
                )
    return tuple(found)


def _number(connection: psycopg.Connection[Any], query: sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _identifier(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split(".")) if "." in table else sql.Identifier("public", table)
