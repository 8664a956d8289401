"""Several migrators at once, as replicas that start together are: none fails, none hangs."""

from __future__ import annotations

import threading
import time

import psycopg

from gate.catalog.diff import diff
from gate.catalog.model import Catalog
from gate.errors import ObservationError
from gate.sources.rehearsal import alembic
from gate.sources.rehearsal.facts import Leg
from gate.sources.rehearsal.leg import END, walk
from gate.sources.rehearsal.reason import reason
from gate.sources.rehearsal.runner import running
from gate.sources.rehearsal.sessions import APPLICATION
from gate.sources.rehearsal.stage import Stage

STILL_S = 15
"""How long nothing may move until that is called a hang, in seconds."""
BEAT_S = 0.5
# The server's own search for deadlocks does not see that a session waits for another one of the
# same program: nobody works, somebody waits, and nothing has changed for so long.
STILL = """
    WITH s AS (
         SELECT * FROM pg_stat_activity
          WHERE datname = current_database() AND backend_type = 'client backend'
            AND NOT starts_with(application_name, %(own)s))
    SELECT string_agg(DISTINCT s.wait_event, ' '),
           string_agg(DISTINCT format('"%%s" waits for the %%s of %%s', left(s.query, 80),
                             s.wait_event, (
               SELECT string_agg(DISTINCT format('"%%s" (%%s)', left(b.query, 80),
                                 CASE b.wait_event_type WHEN 'Lock' THEN 'waits itself'
                                      ELSE b.state END), ', ')
                 FROM s AS b WHERE b.pid = ANY (pg_blocking_pids(s.pid)))), '; ')
      FROM s WHERE s.wait_event_type = 'Lock'
    HAVING (SELECT bool_and(state_change < clock_timestamp() - %(still)s * interval '1 s')
                   AND NOT bool_or(state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock')
              FROM s)
"""
DEADLOCK = "deadlock"
LOCKED = (
    "what runs CONCURRENTLY waits for whoever waits for the advisory lock that its own side holds"
)
WHY = (
    "what runs CONCURRENTLY waits until every transaction that was open has ended, and one of them "
    "waits for the advisory lock that the first one holds: neither ends, and the server's own "
    "search for deadlocks does not see it: "
)


def races(stage: Stage, up: Leg) -> bool:
    """Whether several are to apply a step at once."""
    return stage.how.migrators > 1 or (up.queued and up.concurrently)


def race(stage: Stage, up: Leg, below: str, above: Catalog) -> tuple[str, ...]:
    """Apply a step by several commands at once, and compare with what one of them makes.

    Who holds an advisory lock while something runs ``CONCURRENTLY`` expects another one that waits
    for that lock: whether the two hang is tried in any case.

    Args:
        stage: The clone has the step; what it has in the end is nobody's matter.
        up: The first way up.
        below: Where a way down that is asked by name ends.
        above: The catalog that the step leads to.

    Returns:
        One sentence per thing that is wrong.
    """
    asked, number = stage.how.migrators > 1, max(stage.how.migrators, 2)
    if walk(stage, up.revision, "down", back_to=below).exit_status != 0:
        return ("the way down failed",)
    stage.tell(f"rehearsal: {number} migrators at once apply {up.revision}")
    ended: list[tuple[int | None, str]] = []
    threads = [
        threading.Thread(
            target=_migrate, args=(stage, up.revision, ended), name=f"migrator {one}", daemon=True
        )
        for one in range(number)
    ]
    for one in threads:
        one.start()
    hung = _watched(stage, threads)
    if hung:
        return (f"{number} migrators at once hang: {hung}",)
    found = failed(ended, number, asked=asked)
    if not asked:
        return tuple(f"{one}: {LOCKED}" for one in dict.fromkeys(found))
    lines = diff(above, stage.whole()).lines()
    return (
        *dict.fromkeys(found),
        *(f"{number} migrators at once make another catalog: {one}" for one in lines),
    )


def failed(ended: list[tuple[int | None, str]], number: int, *, asked: bool) -> list[str]:
    """One sentence per migrator that failed, and per one of whose end nothing is known.

    Args:
        ended: Exit status and last words of those that are through.
        number: How many there were.
        asked: Whether so many are promised: else one that finds the lock taken may well give up.
    """
    silent = [(None, "nothing is known of its end")] * (number - len(ended))
    return [
        f"of {number} migrators at once one "
        f"{'was ended' if status is None else f'exited with {status}'}: {reason(said)}"
        for status, said in (*ended, *silent)
        if status != 0 and (asked or DEADLOCK in said.lower())
    ]


def _migrate(stage: Stage, revision: str, ended: list[tuple[int | None, str]]) -> None:
    """One of them: the command line, or a process of its own where the address is no variable."""
    try:
        if alembic.by_name(stage.how):
            output = alembic.run(
                stage.how, stage.target, stage.clone, stage.carrier, "upgrade", revision
            )
            ended.append((output.rc, output.stdout.decode("utf-8", "replace")))
            return
        with running(stage.how, stage.target, stage.clone, stage.carrier) as runner:
            if runner is None:
                ended.append((None, "Alembic cannot be begun"))
                return
            answer = runner.ask("up", revisions=[revision])
            ended.append((answer.status, answer.said))
    except ObservationError as error:
        ended.append((None, str(error)))


def _watched(stage: Stage, threads: list[threading.Thread]) -> str:
    """Wait until all are through; where nothing moves any more, end them and say who waits."""
    still = ""
    while any(one.is_alive() for one in threads):
        stage.clone.way.sessions.check()
        row = stage.connection.execute(STILL, {"own": APPLICATION, "still": STILL_S}).fetchone()
        if row and row[1]:
            still = f"{_cause(str(row[0]))}{row[1]}"
            stage.connection.execute(END)
            break
        time.sleep(BEAT_S)
    until = time.monotonic() + stage.how.deadline_s
    for one in threads:
        one.join(max(0.0, until - time.monotonic()))
    try:
        stage.connection.execute(END)
    except psycopg.Error:
        stage.clone.way.sessions.check()
        raise
    return still


def _cause(events: str) -> str:
    """Why nobody goes on, where that is known."""
    return WHY if {"virtualxid", "advisory"} <= set(events.split()) else ""
