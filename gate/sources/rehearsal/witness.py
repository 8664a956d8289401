"""The outside witness: locks, waits and index builds as another session sees them."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterable
from typing import Any

import psycopg
from typing_extensions import Self

from gate.catalog.names import told as name_of
from gate.connection.obstacle import first_line
from gate.errors import ObservationError
from gate.sources.rehearsal.facts import TableLock
from gate.sources.rehearsal.sessions import APPLICATION

INTERVAL_S = 0.004
"""Between two samples: a lock that is held for less may not be seen."""

STRENGTH = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""PostgreSQL's table locks, the weakest first."""

SAMPLE = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), l.mode, l.granted,
           CASE WHEN NOT l.granted THEN extract(
               epoch FROM clock_timestamp() - (to_jsonb(l)->>'waitstart')::timestamptz)::float8 END,
           l.pid,
           CASE WHEN l.granted THEN NULL ELSE (
               SELECT string_agg(b.state || ': ' || left(b.query, 80), '; ')
                 FROM pg_stat_activity AS b WHERE b.pid = ANY(pg_blocking_pids(l.pid))) END
      FROM pg_locks AS l
      JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm')
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_stat_activity AS a ON a.pid = l.pid
     WHERE l.locktype = 'relation' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND NOT starts_with(a.application_name, %s) AND a.backend_type = 'client backend'
"""
BUILDING = """
    SELECT index_relid::regclass::text || ': ' || phase, command FROM pg_stat_progress_create_index
     WHERE datname = current_database()
"""
QUEUED = """
    SELECT EXISTS (
           SELECT FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
              AND NOT starts_with(a.application_name, %s) AND a.backend_type = 'client backend')
"""
SELDOM = 4
"""Samples from one look for advisory locks to the next: who queues holds one all the while."""


@dataclasses.dataclass
class _Seen:
    """One lock as it was sampled."""

    waited_s: float = 0.0
    first: float | None = None
    since: float | None = None
    until: float = 0.0
    blocked_by: set[str] = dataclasses.field(default_factory=set)


class Witness:
    """Samples from its own session and thread until it is told to stop."""

    def __init__(self, session: psycopg.Connection[Any], existing: set[str]) -> None:
        """Watch a clone over a session on it.

        Locks on tables that are not among ``existing`` disturb nobody.
        """
        self._session, self._existing = session, existing
        self._locks: dict[tuple[str, str, int], _Seen] = {}
        self._building: dict[str, None] = {}
        self._samples = 0
        self.queued = self.concurrently = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="witness", daemon=True)
        self._ready = threading.Event()
        self._error = ""

    def __enter__(self) -> Self:
        """Begin; returns when the first sample was taken."""
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        """Stop.

        Raises:
            ObservationError: It did not see everything; nothing is concluded from what it saw.
        """
        self._stop.set()
        self._thread.join(10)
        if self._error and failed is None:
            raise ObservationError(f"the witness lost the clone: {self._error}")

    def locks(
        self, told: Iterable[tuple[str, str]] = (), *, began: float = 0.0
    ) -> tuple[TableLock, ...]:
        """The strongest lock per table, with its wait and its hold.

        Args:
            told: Tables and modes that the migration's own session is known to have held; what was
                too short to be sampled is among them, with no duration.
            began: When the revision began, by `time.monotonic`.
        """
        for table, mode in told:
            if table in self._existing and (table, mode) not in {key[:2] for key in self._locks}:
                self._locks[table, mode, 0] = _Seen()
        strongest: dict[str, tuple[int, _Seen]] = {}
        for (table, mode, _), seen in self._locks.items():
            rank = STRENGTH.index(mode) if mode in STRENGTH else 0
            if table not in strongest or rank > strongest[table][0]:
                strongest[table] = (rank, seen)
        return tuple(
            TableLock(
                table=name_of(table),
                mode=STRENGTH[rank],
                waited_s=round(seen.waited_s, 3),
                held_s=round(seen.until - seen.since, 3) if seen.since is not None else 0.0,
                blocked_by=tuple(sorted(seen.blocked_by)),
                at_s=None if seen.first is None else round(max(0.0, seen.first - began), 3),
            )
            for table, (rank, seen) in sorted(strongest.items())
        )

    @property
    def building(self) -> tuple[str, ...]:
        """Indexes seen being built, with phases."""
        return tuple(self._building)

    def _watch(self) -> None:
        try:
            while not self._stop.is_set():
                self._sample(self._session)
                self._ready.set()
                self._stop.wait(INTERVAL_S)
        except psycopg.Error as error:
            self._error = first_line(error)
        finally:
            self._ready.set()

    def _sample(self, session: psycopg.Connection[Any]) -> None:
        now = time.monotonic()
        for table, mode, granted, waited, pid, blockers in session.execute(SAMPLE, [APPLICATION]):
            if table not in self._existing:
                continue
            seen = self._locks.setdefault((table, mode, pid), _Seen())
            seen.first = now - (waited or 0.0) if seen.first is None else seen.first
            if granted:
                seen.since = now if seen.since is None else seen.since
                seen.until = now + INTERVAL_S
            else:
                seen.waited_s = max(seen.waited_s, waited or 0.0)
                seen.blocked_by |= {blockers} if blockers else set()
        for text, command in session.execute(BUILDING):
            self._building[text] = None
            self.concurrently |= "CONCURRENTLY" in command
        if not self.queued and self._samples % SELDOM == 0:
            row = session.execute(QUEUED, [APPLICATION]).fetchone()
            self.queued = bool(row and row[0])
        self._samples += 1
