"""What a rollback would lose: the rows that it gives up, counted live, against what it may."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier, quoted
from gate.catalog.names import plain, split
from gate.connection.carrier import Carrier
from gate.connection.forward import to_database
from gate.connection.obstacle import first_line
from gate.connection.postgres import Guard, connect
from gate.errors import ObservationError
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.target import Target

COLUMN = """
    SELECT 1 FROM pg_attribute
     WHERE attrelid = to_regclass(%s) AND attname = %s AND attnum > 0 AND NOT attisdropped
"""


def count_losses(objects: Iterable[str], target: Target, carrier: Carrier) -> Fact[dict[str, int]]:
    """Count the rows of tables, and the values of columns, that are there.

    Args:
        objects: ``table`` or ``table.column``, as the contract's `loses` names them.
        target: Its database is asked, read-only and with its deadline.
        carrier: The way there, where the database is reached through the host.

    Returns:
        Numbers by object (0 where there is no such object), or why they cannot be told.
    """
    limit = int(target.deadlines.database_s * 1000)
    try:
        with connect(
            Guard(target.deadlines.connect_s + target.deadlines.database_s, threading.Event()),
            target.deadlines.connect_s,
            service=target.database.service,
            application_name="gate: what a rollback would lose",
            options=f"-c default_transaction_read_only=on -c statement_timeout={limit}",
            **to_database(target, carrier),
        ) as session:
            return Seen({one: _count(session, one) for one in objects})
    except (psycopg.Error, ObservationError) as error:
        return CannotTell(first_line(error), Cause.UPSTREAM)


def excess(counted: Mapping[str, int], allowed: Mapping[str, int]) -> dict[str, str]:
    """Return what is more than the contract allows, in words, by object."""
    return {
        one: f"{rows} in {one} (the contract allows {allowed.get(one, 0)})"
        for one, rows in counted.items()
        if rows > allowed.get(one, 0)
    }


def _count(session: psycopg.Connection[tuple[object, ...]], name: str) -> int:
    if _has(session, "SELECT 1 WHERE to_regclass(%s) IS NOT NULL", [quoted(name)]):
        return _number(session, sql.SQL("SELECT count(*) FROM {}").format(identifier(name)))
    *of, column = split(name)
    table = ".".join(map(plain, of))
    if not table or not _has(session, COLUMN, [quoted(table), column]):
        return 0
    query = sql.SQL("SELECT count({}) FROM {}").format(sql.Identifier(column), identifier(table))
    return _number(session, query)


def _has(session: psycopg.Connection[tuple[object, ...]], query: str, values: list[str]) -> bool:
    return session.execute(query, values).fetchone() is not None


def _number(session: psycopg.Connection[tuple[object, ...]], query: sql.Composed) -> int:
    row = session.execute(query).fetchone()
    return int(str(row[0])) if row else 0
