"""Bystanders: sessions that read and write the hot tables while a migration is on its way."""

from __future__ import annotations

import datetime as dt
import heapq
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier, quoted
from gate.connection.obstacle import CarrierError, first_line
from gate.sources.rehearsal import remote
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.company import Bystander, Wait
from gate.sources.rehearsal.sessions import APPLICATION

STOP_S = 10.0
"""How long the statements of all bystanders are waited for at the end, in seconds."""
PAUSE_S = 0.01
"""Between two statements of a bystander, in seconds."""
LONG_S = 0.05
"""From here on a statement's time is kept; of those the longest `KEPT`."""
KEPT = 20
# What an UPDATE of a row waits for and holds, without a new version of the row: an index would keep
# that of every one that was rolled back, and a search by vectors would find little else.
DOES = {
    "reads": "SELECT 1 FROM {0} LIMIT 1",
    "writes": "LOCK TABLE {0} IN ROW EXCLUSIVE MODE; SELECT 1 FROM {0} LIMIT 1 FOR NO KEY UPDATE",
}

COLUMN = """
    SELECT attname FROM pg_attribute
     WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
       AND attgenerated = '' AND attidentity = ''
     ORDER BY attnum LIMIT 1
"""


class Canary:
    """One session that does the same small thing again and again, and times it."""

    def __init__(self, clone: Clone, table: str, does: Literal["reads", "writes"]) -> None:
        """Be ready to read or write one table."""
        self.table, self.does = table, does
        self.during: Callable[[], str] = lambda: ""
        self._clone = clone
        self._asked, self._longest, self._when, self._error = 0, 0.0, "", ""
        self._waits: list[tuple[float, dt.datetime]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"canary {table}", daemon=True)

    def start(self, during: Callable[[], str]) -> None:
        """Begin; ``during`` says what is on its way."""
        self.during = during
        self._thread.start()

    def leave(self) -> None:
        """Begin no other statement."""
        self._stop.set()

    def stop(self, until: float) -> Bystander:
        """Wait for the statement that is under way, and say what it was like.

        Args:
            until: How long to wait, by `time.monotonic`.
        """
        self.leave()
        self._thread.join(max(0.0, until - time.monotonic()))
        return Bystander(
            table=self.table,
            does=self.does,
            asked=self._asked,
            longest_s=round(self._longest, 4),
            during=self._when,
            error=self._error,
            waits=tuple(
                Wait(at=at, seconds=round(took, 4))
                for took, at in sorted(self._waits, key=lambda one: one[1])
            ),
        )

    def _run(self) -> None:
        try:
            with self._clone.connect("bystander") as session:
                remote.keep(session)
                session.execute("SET lock_timeout = 0")  # how long it waits is what is measured
                statement = self._statement()
                while not self._stop.is_set():
                    moment, began = self.during(), time.monotonic()
                    with session.transaction(force_rollback=True):
                        session.execute(statement, prepare=False)
                    took = time.monotonic() - began
                    self._asked += 1
                    if took >= LONG_S:
                        self._note(took)
                    if took > self._longest and moment:
                        self._longest, self._when = took, moment
                    self._stop.wait(PAUSE_S)
        except (psycopg.Error, CarrierError) as error:
            self._error = first_line(error)

    def _note(self, took: float) -> None:
        ended = dt.datetime.now(dt.timezone.utc)
        heapq.heappush(self._waits, (took, ended - dt.timedelta(seconds=took)))
        if len(self._waits) > KEPT:
            heapq.heappop(self._waits)

    def _statement(self) -> sql.Composed:
        return sql.SQL(DOES[self.does]).format(identifier(self.table))


def refusals(clone: Clone, tables: Collection[str]) -> dict[str, str]:
    """Why a row of them cannot be updated as it is, by table: a trigger, a check, a policy.

    Each is tried in a transaction that is taken back; a table that is not there any more, or has
    no rows, refuses nothing. It is not counted, where that can be had: no row is another one.
    """
    if not tables:
        return {}
    try:
        with clone.connect("bystander") as session:
            remote.keep(session)
            if clone.superuser:
                session.execute("SET track_counts = off")
            found = {table: _refusal(session, table) for table in tables}
    except (psycopg.Error, CarrierError) as error:
        return dict.fromkeys(tables, first_line(error))
    return {table: why for table, why in found.items() if why}


def _refusal(session: psycopg.Connection[Any], table: str) -> str:
    update = sql.SQL("UPDATE {0} SET {1} = {1} WHERE ctid = (SELECT ctid FROM {0} LIMIT 1)")
    try:
        with session.transaction(force_rollback=True):
            row = session.execute(COLUMN, [quoted(table)]).fetchone()
            if row is not None:
                named = identifier(table), sql.Identifier(str(row[0]))
                session.execute(update.format(*named), prepare=False)
                session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return first_line(error)
    return ""


WAITERS = """
    SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
     WHERE NOT l.granted AND %s = ANY(pg_blocking_pids(l.pid))
       AND NOT starts_with(a.application_name, %s)
"""


@contextmanager
def idle_reader(clone: Clone, tables: tuple[str, ...], seconds: float) -> Iterator[None]:
    """Have a neighbour that read the tables and sits idle in its transaction.

    It leaves so many seconds after the migration began to wait for it; or at the end.
    """
    if not seconds or not tables:
        yield
        return
    stop = threading.Event()
    with clone.connect("neighbour") as session, clone.connect("neighbour's clock") as clock:
        session.execute("BEGIN")
        for table in tables:
            session.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(identifier(table)))
        own = session.info.backend_pid

        def sit() -> None:
            waited_since: float | None = None
            while not stop.wait(PAUSE_S):
                row = clock.execute(WAITERS, [own, APPLICATION]).fetchone()
                if waited_since is None and row and row[0]:
                    waited_since = time.monotonic()
                if waited_since is not None and time.monotonic() - waited_since >= seconds:
                    break
            with suppress(psycopg.Error):
                session.execute("ROLLBACK")

        thread = threading.Thread(target=sit, name="neighbour", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(10)
