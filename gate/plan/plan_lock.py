"""One gate at a time per target: who carries out a plan holds two locks that die with them."""

from __future__ import annotations

import getpass
import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from gate.connection.carrier import Carrier
from gate.connection.forward import to_database
from gate.connection.obstacle import first_line
from gate.connection.postgres import Guard, connect
from gate.errors import GateError, ObservationError
from gate.plan.host_lock import HostLock, host_lock
from gate.target import Target

KEY = 0x6174756D
"""Of the advisory lock in the target's own database: no other program's."""
HOLDER = """
    SELECT coalesce(a.application_name, 'somebody'), a.usename, a.client_addr::text,
           to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
      FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

NO_DATABASE = "the target names no database"


def who() -> str:
    """Whose steps these are, from where: what the next gate is told."""
    return f"{getpass.getuser()}@{platform.node()} pid {os.getpid()}"


@contextmanager
def alone(
    target: Target, carrier: Carrier, tell: Callable[[str], None]
) -> Iterator[HostLock | None]:
    """Be the only gate that moves a target: hold a lock on its host and one in its database.

    Each ends with its gate, so one that is killed leaves none behind. Where one of them cannot be
    had, the other one does, and that is told.

    Returns:
        The lock on the host; ``None`` where the host has no `flock`.

    Raises:
        GateError: Another gate is at it; the text says who, from where, and since when. Or the
            host was not reached.
    """
    with host_lock(target, carrier, who()) as lock, _database_lock(target, carrier) as obstacle:
        if lock is None and obstacle:
            raise GateError(
                f"cannot make sure that no other gate moves {target.name}: {obstacle}; and the "
                f"host has no `flock`"
            )
        if obstacle not in ("", NO_DATABASE):
            tell(f"no lock in the database, only the one on the host: {obstacle}")
        if lock is None:
            tell("no lock on the host, which has no `flock`: only the one in the database")
        yield lock


@contextmanager
def _database_lock(target: Target, carrier: Carrier) -> Iterator[str]:
    """Hold a session's advisory lock; the text says why there is none to be had."""
    if not target.database.service:
        yield NO_DATABASE
        return
    guard = Guard(target.deadlines.connect_s + target.deadlines.database_s, threading.Event())
    try:
        session = connect(
            guard,
            target.deadlines.connect_s,
            service=target.database.service,
            application_name=f"gate plan: {who()}"[:63],
            options=f"-c statement_timeout={int(target.deadlines.database_s * 1000)}",
            **to_database(target, carrier),
        )
    except (psycopg.Error, ObservationError) as error:
        yield first_line(error)
        return
    with session:
        try:
            row = session.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone()
            held = bool(row and row[0])
            other = "" if held else _holder(session)
        except psycopg.Error as error:
            held, other = False, ""
            obstacle = first_line(error)
        else:
            obstacle = ""
        if other:
            raise GateError(f"another gate is moving {target.name}: {other}")
        yield obstacle


def _holder(session: psycopg.Connection[tuple[object, ...]]) -> str:
    row = session.execute(HOLDER, [KEY]).fetchone()
    if row is None:
        return "it ended just now; try again"
    name, user, address, since = row
    return f"{name} (role {user}, from {address or 'the host itself'}, since {since} UTC)"
