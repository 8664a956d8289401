"""One revision in one direction, under witness."""

from __future__ import annotations

import datetime as dt
import time
from typing import Literal

from gate.connection.obstacle import CarrierError
from gate.errors import ObservationError
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.rehearsal import alembic, beyond, storage, trace
from gate.sources.rehearsal.ended import GoneError
from gate.sources.rehearsal.facts import Leg
from gate.sources.rehearsal.hung import overseen
from gate.sources.rehearsal.reason import reason
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.witness import Witness

EXISTING = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
END = """
    SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname =
    current_database() AND NOT starts_with(application_name, 'atum-desk-gate')
    AND backend_type = 'client backend'
"""
WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)::bigint"
Direction = Literal["up", "down"]
KILLED = 137
"""What an exit status is where a process was ended by signal 9."""


class KilledError(ObservationError):
    """Who went a leg was ended by signal 9: by itself, or from outside."""


def walk(
    stage: Stage, revision: str, direction: Direction, *, back_to: str = "", alone: bool = False
) -> Leg:
    """Go one revision up or down.

    Args:
        stage: What is at hand.
        revision: Which one is applied, or taken back.
        direction: Which way.
        back_to: Where the way down ends, for a command that is asked by name.
        alone: Whether nobody looks on: it was gone before.

    Raises:
        ObservationError: The witness lost the clone.
        KilledError: Its process was killed, where that is doubted.
    """
    verb = "upgrade" if direction == "up" else "downgrade"
    stage.now = f"{verb} {revision}"
    if stage.together:
        stage.now = f"{verb} to {revision} in one command"
    stage.tell(f"rehearsal: {stage.now}")
    try:
        return (_alone if alone else _watched)(stage, revision, direction, back_to)
    finally:
        stage.now = ""


def _alone(stage: Stage, revision: str, direction: Direction, back_to: str) -> Leg:
    connection = stage.connection
    began, started = time.monotonic(), dt.datetime.now(dt.timezone.utc)
    first = connection.execute("SELECT pg_current_wal_lsn()").fetchone() or ("0/0",)
    status, said, notices = _gone(stage, revision, direction, back_to)
    seconds = time.monotonic() - began
    wal = connection.execute(WAL, [first[0]], prepare=True).fetchone()
    return Leg(
        revision=revision,
        direction=direction,
        seconds=round(seconds, 3),
        exit_status=status,
        output=said[-alembic.KEPT :],
        commands=CannotTell("it was gone before, and traced then", Cause.UPSTREAM),
        wal_bytes=int((wal or [0])[0]),
        notices=notices,
        started=started,
    )


def _watched(stage: Stage, revision: str, direction: Direction, back_to: str) -> Leg:
    connection = stage.connection
    existing = {name for (name,) in connection.execute(EXISTING, prepare=True)}
    trace.install(connection, superuser=stage.clone.superuser)
    live = beyond.theirs(connection, stage.clone)
    before = storage.read(connection)
    first = connection.execute(
        "SELECT extract(epoch FROM clock_timestamp())::float8, pg_current_wal_lsn()"
    ).fetchone() or (0.0, "0/0")
    began, started = time.monotonic(), dt.datetime.now(dt.timezone.utc)
    try:
        with Witness(stage.witness(), existing) as witness:
            status, said, notices = _gone(stage, revision, direction, back_to)
    except ObservationError:
        stage.clone.way.sessions.check()
        raise
    seconds = time.monotonic() - began
    wal = connection.execute(WAL, [first[1]], prepare=True).fetchone()
    traced = trace.collect(connection, first[0], superuser=stage.clone.superuser)
    known = isinstance(traced.commands, Seen)
    moved = storage.moved(connection, before, traced.rewritten if known else None)
    return Leg(
        revision=revision,
        direction=direction,
        seconds=round(seconds, 3),
        exit_status=status,
        output=said[-alembic.KEPT :],
        locks=witness.locks(traced.locks, began=began),
        rewritten=tuple(moved),
        remade={one: how for one, how in moved.items() if how != storage.REWRITTEN},
        dropped=traced.dropped,
        commands=traced.commands,
        wal_bytes=int((wal or [0])[0]),
        building=witness.building,
        notices=notices,
        started=started,
        queued=witness.queued,
        concurrently=witness.concurrently or traced.concurrently,
        beyond=beyond.changed(live, beyond.theirs(connection, stage.clone)),
    )


def _gone(
    stage: Stage, revision: str, direction: Direction, back_to: str
) -> tuple[int | None, str, tuple[str, ...]]:
    """Have it done; the exit status, if there is one, what was said, and the server's notices."""
    status: int | None = None
    notices: tuple[str, ...] = ()
    waits: list[str] = []
    try:
        with overseen(stage.clone, stage.how.deadline_s) as waits:
            status, said, notices = _go(stage, revision, direction, back_to)
        if status is None:
            stage.connection.execute(END)
        if status == KILLED:
            _doubt(stage)
        if status == 0:
            status, said = _checked(stage, revision, direction, said)
    except CarrierError as error:
        stage.clone.way.sessions.check()
        said = str(error)
        stage.connection.execute(END)  # what was killed on the host may live on in the server
        if isinstance(error, GoneError):
            _doubt(stage)
    if status is None and waits:
        said = f"{said}\nFAILED: {waits[0]}"
    return status, said, notices


def _doubt(stage: Stage) -> None:
    if stage.doubts:
        raise KilledError(f"{stage.now}: its process was ended by signal 9")


def _checked(stage: Stage, revision: str, direction: Direction, said: str) -> tuple[int, str]:
    """A command that ended well, and did nothing, did not end well."""
    at = stage.at()
    if (revision in at) == (direction == "up"):
        return 0, said
    there = ", ".join(at) or "nothing"
    return 1, f"{said}\nFAILED: it ended with 0, and the database is at {there}"


def _go(
    stage: Stage, revision: str, direction: Direction, back_to: str
) -> tuple[int | None, str, tuple[str, ...]]:
    """Have it done by the process that stays, or else by the command line."""
    if stage.runner is not None:
        answer = stage.step(direction, revision)
        return answer.status, answer.said, answer.notices
    why = stage.unheard(revision)
    if why:
        return 255, f"FAILED: {why}", ()
    words = ("upgrade", revision) if direction == "up" else ("downgrade", back_to)
    output = alembic.run(stage.how, stage.target, stage.clone, stage.carrier, *words)
    return output.rc, output.stdout.decode("utf-8", "replace"), ()


def said(leg: Leg) -> str:
    """What a leg that did not end well said at last."""
    verb = "upgrade" if leg.direction == "up" else "downgrade"
    if leg.exit_status is None:
        return f"{verb} was ended after {leg.seconds:.1f} s: {reason(leg.output)}"
    return f"{verb} exited with {leg.exit_status}: {reason(leg.output)}"
