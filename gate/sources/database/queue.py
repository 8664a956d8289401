"""Read a queue in a table at a bounded cost: by its indexes and limits, never by counting it.

A small table is read whole. Of a large one each state is read by an index that begins with the
status, no more than `MOST` rows of it; where there is no such index nothing is read, and that is
said. When a job was last done is read by an index on the time of the last change, else it is left
open. ``pg_class`` and ``pg_index`` tell which is the case.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.duration import AHEAD_S
from gate.secrets import known
from gate.sources.database.proofs import Queue
from gate.sources.database.shape import Shape, shape_of
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.queues.facts import QueueFacts

MOST, NEWEST, STATES = 5_000, 100, 64
NAMES = sql.SQL(
    """
    WITH RECURSIVE found(state) AS (
        (SELECT {status} FROM {table} WHERE {status} IS NOT NULL ORDER BY {status} LIMIT 1)
        UNION ALL
        SELECT (SELECT {status} FROM {table} WHERE {status} > found.state
                 ORDER BY {status} LIMIT 1)
          FROM found WHERE found.state IS NOT NULL
    )
    SELECT state::text FROM found WHERE state IS NOT NULL LIMIT {states}
    """
)
FEW = sql.SQL("SELECT DISTINCT {status}::text FROM {table} LIMIT {states}")
WAITING = sql.SQL(
    """
    SELECT count(*), count(*) FILTER (WHERE since <= now()),
           (extract(epoch FROM now())
            - extract(epoch FROM min(since) FILTER (WHERE since <= now())))::float8,
           coalesce(max(attempts), 0),
           (array_agg(error ORDER BY attempts DESC NULLS LAST))[1],
           (extract(epoch FROM now()) - extract(epoch FROM max(tried) FILTER (
                WHERE attempts > 0 AND tried <= now() + interval '1 minute')))::float8
      FROM (SELECT ({since})::timestamptz AS since, {attempts} AS attempts,
                   left({error}::text, 500) AS error, {finished}::timestamptz AS tried
              FROM {table} WHERE {status} = {state} {order} LIMIT {most}) AS jobs
    """
)
ROWS = sql.SQL(
    """
    SELECT (extract(epoch FROM now()) - extract(epoch FROM {time}::timestamptz))::float8 AS age,
           {attempts}, {session}, left({error}::text, 500)
      FROM {table} WHERE {status} = {state} LIMIT {most}
    """
)
LAST = sql.SQL(
    """
    SELECT (extract(epoch FROM now()) - extract(epoch FROM max(time)))::float8
      FROM (SELECT {time}::timestamptz AS time, {status}::text AS state
              FROM {table} {where} {order} LIMIT {most}) AS jobs
     WHERE time <= now() + interval '1 minute' AND state = ANY({states})
    """
)
HERE = """
    SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid = ANY(%s)
"""


@dataclasses.dataclass(frozen=True)
class _Waiting:
    """What waits.

    Attributes:
        looked: Rows that were looked at.
        due: Those among them that are due.
        oldest_s: For how long the oldest of them.
        attempts: The most attempts.
        error: What the last of these said.
        tried_s: Since one of them was last tried.
    """

    looked: int
    due: int
    oldest_s: float | None
    attempts: int
    error: str
    tried_s: float | None


def read_queue(connection: psycopg.Connection[Any], queue: Queue) -> Fact[QueueFacts]:
    """Read a queue's states.

    Raises:
        psycopg.Error: There is no such table or column, or it cannot be read.
    """
    shape = shape_of(connection, queue.table)
    if not shape.small and not shape.leads(queue.status):
        return CannotTell(
            f"{queue.table} has {shape.size >> 20} MiB and no index that begins with "
            f"{queue.status}: what is in it cannot be had without reading all of it",
            Cause.UPSTREAM,
        )
    reading = _Reading(connection, queue, shape)
    names = reading.names()
    waiting = reading.waiting()
    running = reading.rows(queue.running, queue.taken or queue.finished)
    ahead_s = -min((age for age, *_ in running), default=0.0)
    if 0.0 < ahead_s < math.inf:
        return CannotTell(
            f"{queue.table}: a job at work was taken at a time that is yet to come (in "
            f"{ahead_s:.0f} s): it is of another clock or zone, and for how long it is at work "
            f"cannot be told",
            Cause.UPSTREAM,
        )
    failed = reading.rows(queue.failed, queue.finished)
    discarded = reading.rows(queue.discarded, queue.finished)
    taken = [one for one in (reading.last(), *(age for age, *_ in running)) if one is not None]
    facts = QueueFacts(
        name=queue.table,
        waiting=waiting.due,
        oldest_due_s=waiting.oldest_s,
        running=tuple(sorted((age for age, *_ in running), reverse=True)[:NEWEST]),
        gone=reading.gone(running),
        taken_s=min(taken, default=None),
        tried_s=waiting.tried_s,
        attempts=max([waiting.attempts, *(int(one[1] or 0) for one in running)]),
        failed=len(failed),
        failures=tuple(sorted(max(0.0, age) for age, *_ in failed)[:NEWEST]),
        error=known.first(min(failed, key=_age)[3] or "" if failed else waiting.error, 300),
        discarded=len(discarded),
        unnamed=tuple(sorted(set(names) - set(queue.named()))),
        at_least=max(waiting.looked, len(failed), len(running)) >= MOST,
        unread=tuple(reading.unread),
    )
    spans = (facts.oldest_due_s, *facts.running, facts.taken_s, *facts.failures)
    if not all(math.isfinite(one) for one in spans if one is not None):
        return CannotTell(f"{queue.table}: a row's time is infinite", Cause.UPSTREAM)
    return Seen(facts)


def _age(row: Any) -> float:
    return float(row[0])


class _Reading:
    """The questions to one table."""

    def __init__(self, connection: psycopg.Connection[Any], queue: Queue, shape: Shape) -> None:
        self._connection, self._queue, self._shape = connection, queue, shape
        self.unread: list[str] = []
        created = sql.Identifier(queue.created)
        due = sql.Identifier(queue.due) if queue.due else None
        nothing = sql.SQL("NULL")
        self._parts: dict[str, sql.Composable] = {
            "table": identifier(queue.table),
            "status": sql.Identifier(queue.status),
            "finished": sql.Identifier(queue.finished),
            "since": sql.SQL("greatest({}, {})").format(created, due) if due else created,
            "attempts": sql.Identifier(queue.attempts) if queue.attempts else sql.SQL("0"),
            "session": sql.Identifier(queue.session) if queue.session else nothing,
            "error": sql.Identifier(queue.error) if queue.error else nothing,
            "most": sql.Literal(MOST),
        }

    def names(self) -> list[str]:
        """Every state that is found, at most so many."""
        query = FEW if self._shape.small else NAMES
        query_ = query.format(**self._parts, states=sql.Literal(STATES))
        found = [row[0] for row in self._connection.execute(query_)]
        return ["NULL" if one is None else known.first(one, 60) for one in found]

    def waiting(self) -> _Waiting:
        """What waits, of all states that are called so."""
        queue, found = self._queue, []
        column = queue.due or queue.created
        order: sql.Composable = sql.SQL("")
        if self._shape.small:
            order = sql.SQL("ORDER BY {since}").format(**self._parts)
        elif self._shape.leads(queue.status, column):
            order = self._shape.oldest_first(queue.status, column)
        for state in queue.pending:
            query = WAITING.format(**self._parts, state=sql.Literal(state), order=order)
            found.append(self._connection.execute(query).fetchone() or (0, 0, None, 0, None, None))
        worst = max(found, key=lambda one: int(one[3]))
        return _Waiting(
            looked=sum(one[0] for one in found),
            due=sum(one[1] for one in found),
            oldest_s=max((one[2] for one in found if one[2] is not None), default=None),
            attempts=int(worst[3]),
            error=worst[4] or "",
            tried_s=min((one[5] for one in found if one[5] is not None), default=None),
        )

    def rows(self, states: tuple[str, ...], time: str) -> list[Any]:
        """Age, attempts, session and error of the rows in some states; below 0 what is to come."""
        found: list[Any] = []
        for state in states:
            query = ROWS.format(**self._parts, state=sql.Literal(state), time=sql.Identifier(time))
            found += self._connection.execute(query).fetchall()
        return [
            (math.inf if age is None else age if age < -AHEAD_S else max(0.0, age), *rest)
            for age, *rest in found
        ]

    def last(self) -> float | None:
        """Since when a job was last done or failed."""
        queue, shape = self._queue, self._shape
        states = list(queue.done + queue.failed)
        finished = sql.Identifier(queue.finished)
        where: sql.Composable = sql.SQL("")
        order: sql.Composable = where
        most: sql.Composable = sql.SQL("ALL")
        if shape.small:
            pass
        elif shape.leads(queue.finished):
            most, order, where = sql.Literal(NEWEST), *_newest(shape, queue.finished)
        elif shape.leads(queue.status, queue.finished):
            return self._by_state(states)
        elif shape.leads(queue.created):
            # The newest rows alone: what they say is true, what they do not is left open.
            most, order, where = sql.Literal(MOST), *_newest(shape, queue.created)
        else:
            self.unread.append(
                f"when a job was last done (no index of {queue.table} leads to {queue.finished})"
            )
            return None
        parts = {**self._parts, "most": most, "time": finished, "where": where, "order": order}
        row = self._connection.execute(LAST.format(**parts, states=sql.Literal(states))).fetchone()
        return None if row is None or row[0] is None else max(0.0, row[0])

    def _by_state(self, states: list[str]) -> float | None:
        finished = sql.Identifier(self._queue.finished)
        found = []
        for state in states:
            where = sql.SQL("WHERE {} = {} AND {} IS NOT NULL").format(
                self._parts["status"], sql.Literal(state), finished
            )
            order = self._shape.newest_first(self._queue.status, self._queue.finished)
            parts = {**self._parts, "most": sql.Literal(1), "where": where, "order": order}
            query = LAST.format(**parts, time=finished, states=sql.Literal(states))
            row = self._connection.execute(query).fetchone()
            found += [row[0]] if row and row[0] is not None else []
        return max(0.0, min(found)) if found else None

    def gone(self, running: list[Any]) -> tuple[str, ...]:
        """Jobs that a database session has taken which is there no more."""
        if self._queue.session is None or not running:
            return ()
        taken = {int(one[2]) for one in running if one[2] is not None}
        rows = self._connection.execute(HERE, [list(taken)]).fetchall()
        lost = sorted(taken - {row[0] for row in rows})
        return tuple(f"the session {one} that took a job is gone" for one in lost[:NEWEST])


def _newest(shape: Shape, column: str) -> tuple[sql.Composable, sql.Composable]:
    """The newest rows by an index: their order, and that they bear a time."""
    where = sql.SQL("WHERE {} IS NOT NULL").format(sql.Identifier(column))
    return shape.newest_first(column), where
