"""One gate at a time per target: who carries out a plan holds a lock that dies with them."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from gate.connection.carrier import Carrier
from gate.connection.forward import to_database
from gate.errors import GateError, ObservationError
from gate.target import Target

KEY = 0x6174756D
"""Of the advisory lock in the target's own database: "atum" in ASCII."""
HOLDER = """
    SELECT coalesce(a.application_name, 'somebody'), a.usename, a.client_addr::text,
           to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
      FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def alone(target: Target, carrier: Carrier, tell: Callable[[str], None]) -> Iterator[None]:
    """Be the only gate that moves a target.

    The lock is a session's advisory lock, so a gate that is killed leaves none behind. Where the
    database cannot be reached nobody is kept from rolling back; that is told.

    Raises:
        GateError: Another gate is at it; the text says who, from where, and since when.
    """
    who = f"gate plan: {getpass.getuser()}@{platform.node()} pid {os.getpid()}"
    try:
        session = psycopg.connect(
            service=target.database.service,
            application_name=who[:63],
            connect_timeout=max(2, int(target.deadlines.connect_s)),
            autocommit=True,
            **to_database(target, carrier),  # type: ignore[arg-type]
        )
    except (psycopg.Error, ObservationError) as error:
        tell(f"cannot make sure that no other gate moves {target.name}: {str(error).strip()}")
        yield
        return
    with session:
        row = session.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone()
        if not row or not row[0]:
            raise GateError(f"another gate is moving {target.name}: {_holder(session)}")
        yield


def _holder(session: psycopg.Connection[tuple[object, ...]]) -> str:
    row = session.execute(HOLDER, [KEY]).fetchone()
    if row is None:
        return "it ended just now; try again"
    name, user, address, since = row
    return f"{name} (role {user}, from {address or 'the host itself'}, since {since} UTC)"
