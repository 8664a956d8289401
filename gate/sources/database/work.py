"""Read the proofs that workers leave in the database: queues, cycles, their own sessions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors, sql

from gate.catalog.identifiers import identifier
from gate.connection.obstacle import first_line
from gate.sources.database.facts import WorkFacts
from gate.sources.database.proofs import Cycle, Poll, Proofs
from gate.sources.database.queue import read_queue
from gate.sources.database.refusal import cannot_tell
from gate.sources.database.shape import shape_of
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen

T = TypeVar("T")

# A time of the future proves nothing, an infinite one neither; differences of seconds, since
# PostgreSQL subtracts no infinite times.
CYCLE = sql.SQL(
    """
    SELECT (extract(epoch FROM now()) - extract(epoch FROM max({column}::timestamptz) FILTER (
                WHERE {column}::timestamptz <= now() + interval '1 minute')))::float8,
           count({column})
      FROM (SELECT {column} FROM {table} {newest}) AS traces
    """
)
NEWEST = 100
"""Traces of a large table that are read, from its newest: as many may be of the future."""
POLL = """
    SELECT count(*), count(state_change),
           min(extract(epoch FROM clock_timestamp() - greatest(state_change, query_start)))::float8
      FROM pg_catalog.pg_stat_activity
     WHERE application_name = %s AND datname = current_database()
"""


def read_work(connection: psycopg.Connection[Any], work: Proofs) -> WorkFacts:
    """Read every proof that an item asks for; what goes wrong with one is that one's alone."""
    return WorkFacts(
        queue=_asked(work.queue, lambda queue: read_queue(connection, queue)),
        cycle_s=_asked(work.cycle, lambda cycle: _cycle(connection, cycle)),
        poll_s=_asked(work.poll, lambda poll: _poll(connection, poll)),
    )


def _asked(item: Any, read: Callable[[Any], Fact[T]]) -> Fact[T] | None:
    if item is None:
        return None
    try:
        return read(item)
    except (errors.UndefinedTable, errors.UndefinedColumn) as error:
        return Absent(first_line(error))
    except Exception as error:  # noqa: BLE001 - whatever an answer leads to
        return cannot_tell(error)


def _cycle(connection: psycopg.Connection[Any], cycle: Cycle) -> Fact[float]:
    shape = shape_of(connection, cycle.table)
    newest: sql.Composable = sql.SQL("")
    if not shape.small:
        if not shape.leads(cycle.column):
            return CannotTell(
                f"{cycle.table} has {shape.size >> 20} MiB and no index that begins with "
                f"{cycle.column}: its newest time cannot be had without reading all of it",
                Cause.UPSTREAM,
            )
        newest = sql.SQL("WHERE {} IS NOT NULL {} LIMIT {}").format(
            sql.Identifier(cycle.column), shape.newest_first(cycle.column), sql.Literal(NEWEST)
        )
    row = connection.execute(
        CYCLE.format(
            column=sql.Identifier(cycle.column), table=identifier(cycle.table), newest=newest
        )
    ).fetchone()
    age, times = row or (None, 0)
    if not times:
        return Absent(f"{cycle.table} has no row with a time in {cycle.column}")
    if age is None or not math.isfinite(age):
        return CannotTell(f"{cycle.table}: no time in {cycle.column} has come yet", Cause.UPSTREAM)
    return Seen(max(0.0, age))


def _poll(connection: psycopg.Connection[Any], poll: Poll) -> Fact[float]:
    row = connection.execute(POLL, [poll.application]).fetchone()
    sessions, visible, age = row or (0, 0, None)
    if not sessions:
        return Absent(f"no session with application_name {poll.application} in pg_stat_activity")
    if not visible or age is None:
        return CannotTell(
            f"the role may not see the sessions of {poll.application}: grant it pg_monitor",
            Cause.PERMISSION,
        )
    return Seen(max(0.0, age))
