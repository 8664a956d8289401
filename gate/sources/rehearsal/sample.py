"""A clone of the schema with some rows of each table, and all the rows that those refer to."""

from __future__ import annotations

import functools
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.names import plain
from gate.errors import ObservationError
from gate.sources.rehearsal import copying, references
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.place import Host
from gate.sources.rehearsal.tables import Table, find_tables

SAMPLE_S = 300
"""How long one statement may take on the live database, in seconds: it reads a part of a table."""
MORE = 1.5
"""How much more of a table is looked at than is taken: its pages are not equally full."""
LEAST = 30
"""Pages of a table that are looked at in any case: of few of few, none may be drawn."""
SEQUENCES = """
    SELECT schemaname, sequencename, last_value FROM pg_catalog.pg_sequences
     WHERE last_value IS NOT NULL
"""
SET = "SELECT setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s)"
LARGE = "SELECT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)"


def fill(at: Host, clone: Clone) -> None:
    """Carry the schema and a sample; all of it is of one moment of the live database.

    Raises:
        ObservationError: The schema cannot be carried, or a table may not be read.
    """
    limit = at.source.rows or 1
    origin = clone.live
    if clone.beside_live:
        origin = clone.way.to(clone.live.there["dbname"], live=True)
    with origin.connect("sample") as live:
        live.execute(f"SET statement_timeout = '{SAMPLE_S}s'")
        live.execute("SET idle_in_transaction_session_timeout = 0; SET search_path = pg_catalog")
        live.execute("SET row_security = off")  # a sample that a policy thins out says nothing
        with live.transaction():
            live.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot = (live.execute("SELECT pg_export_snapshot()").fetchone() or [""])[0]
            _schema(at, clone, str(snapshot), "pre-data")
            with clone.connect("sample") as here:
                here.execute("SET search_path = pg_catalog")
                _rows(live, here, limit, at)
            _schema(at, clone, str(snapshot), "post-data")


def cut(clone: Clone) -> list[str]:
    """What has fewer rows in the clone than in the live database, as the catalog tells names."""
    with clone.live.connect() as live, clone.connect() as here:
        was = {(one.schema, one.name): one for one in find_tables(live)}
        found = []
        for one in find_tables(here):
            original = was.get((one.schema, one.name))
            if original is None or original.rows == 0:
                continue
            if original.rows > one.rows or (original.rows < 0 and original.pages != one.pages):
                found.append(f"{_told(one)}: {max(one.rows, 0):.0f} of about {original.rows:.0f}")
        large = [(one.execute(LARGE).fetchone() or [False])[0] for one in (live, here)]
    return [*found, *(["large objects"] if large[0] and not large[1] else [])]


def _told(one: Table) -> str:
    """A table as the catalog tells names."""
    return plain(one.name) if one.schema == "public" else f"{plain(one.schema)}.{plain(one.name)}"


def _schema(at: Host, clone: Clone, snapshot: str, section: str) -> None:
    """Carry a section of the schema, as the snapshot has it."""
    dump = [
        *("pg_dump", "-Fc", "-Z0", f"--section={section}", f"--snapshot={snapshot}"),
        *(f"--lock-wait-timeout={copying.LOCK_WAIT_S}s", "-d"),
        copying.conninfo(copying.original(clone)),
    ]
    restore = ["pg_restore", *copying.keeping(clone), "-d", copying.conninfo(clone.way.there)]
    copying.run(at, clone, copying.piped(dump, restore))


def _rows(
    live: psycopg.Connection[Any], here: psycopg.Connection[Any], limit: int, at: Host
) -> None:
    """Copy rows of each table, then what they refer to until nothing is missing."""
    tables = find_tables(live)
    for one in tables:
        at.sessions.check()
        _copy(live, here, one, _some(one, limit))
    copy = functools.partial(_copy, live, here)
    references.satisfy(live, here, tables, copy, at.sessions.check)
    for schema, name, last in live.execute(SEQUENCES).fetchall():
        here.execute(SET, [schema, name, last])


def _some(one: Table, limit: int) -> sql.Composed:
    """A statement that reads some rows of a table, and not much more of it than those."""
    part = sql.Composed([])
    share = 100.0 * max(limit * MORE / max(one.rows, 1), LEAST / max(one.pages, 1))
    if share < 100:  # noqa: PLR2004 - all of it
        part = sql.SQL(" TABLESAMPLE SYSTEM ({}) REPEATABLE (1)").format(sql.Literal(share))
    return sql.SQL("SELECT {} FROM ONLY {}{} LIMIT {}").format(
        one.written, one.itself, part, sql.Literal(limit)
    )


def _copy(
    live: psycopg.Connection[Any], here: psycopg.Connection[Any], one: Table, query: sql.Composed
) -> None:
    """Copy what a statement reads into the same table of the clone.

    Raises:
        ObservationError: The table may not be read.
    """
    if not one.columns:
        return
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(one.itself, one.written)
    out = sql.SQL("COPY ({}) TO STDOUT").format(query)
    try:
        with (
            live.cursor() as reader,
            here.cursor() as writer,
            reader.copy(out) as rows,
            writer.copy(into) as to,
        ):
            for chunk in rows:
                to.write(chunk)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ObservationError(f"a sample of {one.schema}.{one.name}: {error}") from error
