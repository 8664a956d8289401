"""Who else is at work when a migration comes: a dump, and a VACUUM; real ones, on the clone."""

from __future__ import annotations

import dataclasses
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.connection.obstacle import CarrierError, first_line
from gate.secrets import known
from gate.sources.rehearsal import programs
from gate.sources.rehearsal.copying import conninfo
from gate.sources.rehearsal.reason import reason
from gate.sources.rehearsal.sessions import APPLICATION
from gate.sources.rehearsal.stage import Stage

START_S, END_S = 20.0, 60.0
"""How long a neighbour may take to be there, and to be done when nobody holds it any more."""
BEAT_S = 0.01
LEFT = (
    *(psycopg.errors.QueryCanceled, psycopg.errors.UndefinedTable),
    psycopg.errors.InvalidSchemaName,
)
"""How a VACUUM ends that is told to leave, or whose table the step took away."""
HOLD = """
CREATE SCHEMA gate_neighbour;
CREATE TABLE gate_neighbour.held ();
"""
LET_GO = "DROP SCHEMA IF EXISTS gate_neighbour CASCADE"
LOCK = "LOCK TABLE gate_neighbour.held IN ACCESS EXCLUSIVE MODE"
DUMPER = f"{APPLICATION} running pg_dump"
VACUUMER = f"{APPLICATION} running VACUUM"
THERE = """
    SELECT EXISTS (
           SELECT FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE a.datname = current_database() AND a.application_name = %s
              AND (NOT l.granted OR l.mode = 'ShareUpdateExclusiveLock'))
"""
# What runs a migration, and waits for the neighbour; virtual transactions are what CREATE INDEX
# CONCURRENTLY waits for.
WAITING = """
    SELECT left(w.query, 120)
      FROM pg_stat_activity AS w
     WHERE w.datname = current_database() AND w.wait_event_type = 'Lock'
       AND NOT starts_with(w.application_name, %s)
       AND EXISTS (SELECT FROM pg_stat_activity AS n
                    WHERE n.datname = w.datname AND n.application_name = %s
                      AND n.pid = ANY (pg_blocking_pids(w.pid)))
     LIMIT 1
"""


@dataclasses.dataclass
class Met:
    """How a neighbour and a step got on.

    Attributes:
        absent: Why the neighbour was not there, if it was not.
        waited_s: How long the step waited for it.
        statement: What of the step waited.
        suffered: What went wrong for the neighbour.
    """

    absent: str = ""
    waited_s: float = 0.0
    statement: str = ""
    suffered: str = ""


@contextmanager
def dump(stage: Stage, tables: tuple[str, ...], met: Met) -> Iterator[None]:
    """Have a ``pg_dump`` that has locked every table, and goes on once it was waited for.

    What it waits for is a table of the gate's own, the last that it locks; of what it locks before
    it writes the definitions alone, so that it ends soon.
    """
    del tables
    ended = threading.Event()

    def run() -> None:
        words = ["pg_dump", "--schema-only", "-d", conninfo(stage.clone.way.there)]
        script = "\n".join(
            [
                programs.found(stage.target, stage.clone.major),
                f"PGPASSWORD={shlex.quote(stage.clone.way.there.get('password', ''))}",
                f"PGAPPNAME={shlex.quote(DUMPER)}; export PGPASSWORD PGAPPNAME",
                f"exec {shlex.join(words)} 2>&1 >/dev/null",
            ]
        )
        try:
            output = stage.carrier.run(script, deadline_s=stage.how.deadline_s + END_S)
            said = output.stdout.decode("utf-8", "replace")
            met.suffered = reason(known.tell(said)) if output.rc else ""
        except CarrierError as error:
            met.suffered = str(error)
        finally:
            ended.set()

    with stage.clone.connect("neighbour") as holder:
        holder.execute(HOLD)
        holder.execute("BEGIN")
        holder.execute(LOCK)
        thread = threading.Thread(target=run, name="pg_dump", daemon=True)
        thread.start()
        try:
            with _watching(stage, DUMPER, met, ended, lambda: holder.execute("ROLLBACK")):
                yield
        finally:
            with suppress(psycopg.Error):
                holder.execute("ROLLBACK")
            thread.join(END_S)
            holder.execute(LET_GO)


@contextmanager
def vacuum(stage: Stage, tables: tuple[str, ...], met: Met) -> Iterator[None]:
    """Have somebody who vacuums tables again and again, slowly, until it was waited for."""
    ended, stop = threading.Event(), threading.Event()
    if not tables:
        met.absent = "the step locks no table that was there before"
        yield
        return
    with stage.clone.way.sessions.connect(stage.clone.way.here, "running VACUUM") as session:

        def run() -> None:
            try:
                with suppress(*LEFT):
                    _vacuum(session, tables, stop)
            except psycopg.Error as error:
                met.suffered = first_line(error)
            finally:
                ended.set()

        def leave() -> None:
            stop.set()
            session.cancel_safe()

        thread = threading.Thread(target=run, name="VACUUM", daemon=True)
        thread.start()
        try:
            with _watching(stage, VACUUMER, met, ended, leave):
                yield
        finally:
            stop.set()
            with suppress(psycopg.Error):
                session.cancel_safe()
            thread.join(END_S)


def _vacuum(
    session: psycopg.Connection[Any], tables: tuple[str, ...], stop: threading.Event
) -> None:
    """Vacuum, a page in a tenth of a second, until told to stop."""
    for setting in ("vacuum_cost_delay = 100", "vacuum_cost_limit = 1", "lock_timeout = 0"):
        session.execute(f"SET {setting}".encode())
    clean = sql.SQL("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) {}")
    while not stop.is_set():
        for table in tables:
            if not stop.is_set():
                session.execute(clean.format(identifier(table)))


NEIGHBOURS: dict[str, Callable[[Stage, tuple[str, ...], Met], AbstractContextManager[None]]] = {
    "pg_dump": dump,
    "VACUUM": vacuum,
}
"""How each of them is had, by name."""


@contextmanager
def _watching(
    stage: Stage, who: str, met: Met, ended: threading.Event, leave: Callable[[], Any]
) -> Iterator[None]:
    """Wait until the neighbour is there; let it leave when it was waited for long enough."""
    stop = threading.Event()
    with stage.clone.connect("neighbour's clock") as clock:
        until = time.monotonic() + START_S
        while not _is_there(clock, who):
            stage.clone.way.sessions.check()
            if ended.is_set() or time.monotonic() > until:
                met.absent = met.suffered or f"it was not there within {START_S:g} s"
                met.suffered = ""
                break
            time.sleep(BEAT_S)

        def watch() -> None:
            since = 0.0
            with suppress(psycopg.Error):
                while not stop.wait(BEAT_S):
                    row = clock.execute(WAITING, [APPLICATION, who]).fetchone()
                    now = time.monotonic()
                    if row is None:
                        met.waited_s += now - since if since else 0.0
                        since = 0.0
                        continue
                    since, met.statement = since or now, met.statement or str(row[0])
                    if met.waited_s + now - since >= stage.how.neighbours_s:
                        met.waited_s += now - since
                        leave()
                        return

        thread = threading.Thread(target=watch, name="neighbour's clock", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(END_S)


def _is_there(clock: psycopg.Connection[Any], who: str) -> bool:
    row = clock.execute(THERE, [who]).fetchone()
    return bool(row and row[0])
