"""Rows: their fingerprint, the positions of sequences, and what a downgrade gives up."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.catalog.model import Catalog
from gate.catalog.names import plain, told
from gate.sources.rehearsal.facts import Loss

Print = tuple[int, int]
"""Number of rows, and the sum of their hashes: the order of the rows does not matter."""

LARGE = "large objects"
"""What they are called among tables: those of no table, in pages that PostgreSQL keeps itself."""
OBJECTS = """
    SELECT count(*), has_table_privilege('pg_catalog.pg_largeobject', 'SELECT'),
           coalesce(sum(hashtextextended(oid || ' ' || lomowner::regrole, 0)), 0)
      FROM pg_largeobject_metadata
"""
"""Whose they are is told here: the catalog has those of them that rights were granted on."""
OTHER, OTHERS = " (other content)", " (other content, or another owner)"
PAGES = """
    SELECT coalesce(sum(hashtextextended(loid || ' ' || pageno || ' ' || md5(data), 0)), 0)
      FROM pg_largeobject
"""

ELSEWHERE = """
    WITH RECURSIVE above(oid) AS (
        SELECT ftrelid FROM pg_foreign_table
        UNION SELECT i.inhparent FROM pg_inherits AS i JOIN above ON i.inhrelid = above.oid)
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
      FROM above JOIN pg_class AS c USING (oid) JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind <> 'f'
"""
"""Tables of which a part is a foreign table: what it leads to is none of the clone's rows."""


def fingerprints(
    connection: psycopg.Connection[Any], tables: Mapping[str, tuple[str, ...]]
) -> dict[str, Print]:
    """Fingerprint the named columns of tables: what is equal before and after is equal here.

    Large objects are among them as LARGE; whoever may not read their pages knows their number. Of a
    table with a part on another server its own rows are read; parts that are here are tables, too.
    """
    found: dict[str, Print] = {LARGE: _large(connection)}
    own = _own(connection, tables)
    for table, columns in tables.items():
        names = sql.SQL(", ").join(sql.Identifier(one) for one in sorted(columns))
        query = sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)), 0) FROM {}"
        ).format(names, own(table))
        row = connection.execute(query).fetchone() or (0, 0)
        found[table] = (int(row[0]), int(row[1]))
    return found


def _own(
    connection: psycopg.Connection[Any], tables: Container[str]
) -> Callable[[str], sql.Composable]:
    """How a table is named in FROM, so that nobody else is asked for rows."""
    led = connection.execute(ELSEWHERE, prepare=True).fetchall() if tables else ()
    only = {told(name) for (name,) in led}

    def named(table: str) -> sql.Composable:
        return sql.SQL("ONLY {}").format(identifier(table)) if table in only else identifier(table)

    return named


def _large(connection: psycopg.Connection[Any]) -> Print:
    row = connection.execute(OBJECTS, prepare=True).fetchone() or (0, False, 0)
    number, readable, owners = row
    pages = connection.execute(PAGES).fetchone() if number and readable else None
    return int(number), int((pages or [0])[0]) + int(owners)


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
        + ((OTHER if table != LARGE else OTHERS) if was[0] == after[table][0] else "")
        for table, was in before.items()
        if table in after and after[table] != was
    )


def positions(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The last value of every sequence that gave one."""
    return {
        told(name): int(last)
        for name, last in connection.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value "
            "FROM pg_sequences WHERE last_value IS NOT NULL",
            prepare=True,
        )
    }


def restarted(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[str, ...]:
    """One sentence per sequence that would give a value that it gave already.

    A sequence that is gone is told by the catalog.
    """
    return tuple(
        f"sequence {name}: at {was}, then at {after.get(name, 'its start')}"
        for name, was in before.items()
        if after.get(name, min(was, 0)) < was
    )


def losses(
    connection: psycopg.Connection[Any], above: Catalog, below: Catalog, without: str
) -> tuple[Loss, ...]:
    """Count what the way from the one schema down to the other gives up, but for Alembic's own."""
    found: list[Loss] = []
    own = _own(connection, above.tables)
    for name, table in above.tables.items():
        if name == without:
            continue
        if name not in below.tables:
            query = sql.SQL("SELECT count(*) FROM {}").format(own(name))
            found.append(Loss(object=f"table {name}", rows=_number(connection, query)))
            continue
        for column in table.columns:
            if column not in below.tables[name].columns:
                query = sql.SQL("SELECT count({}) FROM {}").format(
                    sql.Identifier(column), own(name)
                )
                found.append(
                    Loss(object=f"column {name}.{plain(column)}", rows=_number(connection, query))
                )
    return tuple(found)


def _number(connection: psycopg.Connection[Any], query: sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
