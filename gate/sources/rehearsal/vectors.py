"""Vector indexes: whether the application's query uses them, and how well they answer it."""

from __future__ import annotations

import math
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.connection.obstacle import first_line
from gate.contract.rehearsal import Vector
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.rehearsal.search import VectorFacts

TIE = 1e-6
"""Distances that differ by so little are equal: pgvector reckons in single precision."""
SETTINGS = ("hnsw.ef_search", "hnsw.iterative_scan", "ivfflat.probes")


def ask(connection: psycopg.Connection[Any], item: Vector) -> Fact[VectorFacts]:
    """Ask the application's query of the clone, by the index and exactly."""
    try:
        with connection.transaction(force_rollback=True):
            return _ask(connection, item)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        return Absent(first_line(error))
    except psycopg.Error as error:
        return CannotTell(first_line(error), Cause.UPSTREAM)


def _ask(connection: psycopg.Connection[Any], item: Vector) -> Fact[VectorFacts]:
    table = identifier(item.table)
    column = sql.Identifier(item.column)
    probes = [
        row[0]
        for row in connection.execute(
            sql.SQL(
                "SELECT {0}::text FROM {1} WHERE {0} IS NOT NULL ORDER BY ctid LIMIT %s"
            ).format(column, table),
            [item.probes],
        )
    ]
    if not probes:
        return CannotTell(f"{item.table}.{item.column} holds no vector to ask for", Cause.UPSTREAM)
    condition = sql.SQL(f"({_escaped(item.where)})") if item.where else sql.SQL("true")
    distance = sql.SQL("{} {} %(probe)s::vector").format(column, sql.SQL(_escaped(item.operator)))
    query = sql.SQL("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} LIMIT {3}").format(
        distance, table, condition, sql.Literal(item.limit)
    )
    connection.execute(sql.SQL("SET LOCAL plan_cache_mode = force_custom_plan"))
    plan = _plan(connection, query, probes[0])
    used, forced = _names(plan, item.index), False
    if not used:
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute("SET LOCAL enable_sort = off")
        forced_plan = _plan(connection, query, probes[0])
        if _names(forced_plan, item.index):
            plan, used, forced = forced_plan, True, True
    by_index = [_rows(connection, query, one) for one in probes]
    settings = {name: _setting(connection, name) for name in SETTINGS}
    connection.execute("SET LOCAL enable_seqscan = on")
    connection.execute("SET LOCAL enable_sort = on")
    connection.execute("SET LOCAL enable_indexscan = off")
    exact = [_rows(connection, query, one) for one in probes]
    shares = [share(found, right) for found, right in zip(by_index, exact, strict=True) if right]
    return Seen(
        VectorFacts(
            plan=tuple(plan),
            used=used,
            forced=forced,
            rows=min(map(len, by_index)),
            expected=min(map(len, exact)),
            recall=sum(shares) / len(shares) if shares else None,
            settings={name: value for name, value in settings.items() if value},
        )
    )


def share(found: list[float], right: list[float]) -> float:
    """How much of the exact answer an index found, by distance.

    A row counts that is as near as the farthest one of the exact answer: of rows that are equally
    far one is as good as the other. Distances that are no numbers (of a vector of zeros, by
    cosine) come last, and are equal.

    Args:
        found: Distances of the rows that the index gave.
        right: Distances of the exact answer; at least one.
    """
    most = max(map(_rank, right))
    near = sum(1 for one in found if _rank(one) <= most + TIE * max(1.0, abs(most)))
    return min(near, len(right)) / len(right)


def _rank(distance: float) -> float:
    return float("inf") if math.isnan(distance) else distance


def _plan(connection: psycopg.Connection[Any], query: sql.Composed, probe: str) -> list[str]:
    explain = sql.SQL("EXPLAIN (COSTS OFF) ") + query
    rows = connection.execute(explain, {"probe": probe}).fetchall()
    # The probe itself, of hundreds of numbers, is no news.
    return [known.tell(str(row[0]))[:200] for row in rows]


def _names(plan: list[str], index: str) -> bool:
    return any(f"using {index} on" in line or f"on {index}" in line for line in plan)


def _rows(connection: psycopg.Connection[Any], query: sql.Composed, probe: str) -> list[float]:
    """The distances of the answer; what has no vector is no answer."""
    rows = connection.execute(query, {"probe": probe})
    return [float(row[0]) for row in rows if row[0] is not None]


def _escaped(text: str) -> str:
    """A part of a statement that has placeholders."""
    return text.replace("%", "%%")


def _setting(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s, true)", [name]).fetchone()
    return str(row[0]) if row and row[0] is not None else ""
