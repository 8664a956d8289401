"""A branch of the live database that somebody's command makes, such as a copy-on-write clone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from gate.connection import libpq
from gate.connection.obstacle import CarrierError, first_line
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Cause
from gate.sources.rehearsal import reach
from gate.sources.rehearsal.environment import surrounded
from gate.sources.rehearsal.place import Host, Place
from gate.sources.rehearsal.reach import Way
from gate.sources.rehearsal.tether import Work, tethered

NAME = "GATE_CLONE"
FORM = "the last line that make prints leads to the branch, as libpq takes it"
WHO = """
    SELECT pg_is_in_recovery(), current_database(),
           (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),
           CASE WHEN has_function_privilege('pg_control_system()', 'execute')
                THEN (SELECT system_identifier::text FROM pg_control_system()) END
"""
HOLD = "SELECT pg_advisory_xact_lock(%s, %s)"
HELD = """
    SELECT database::bigint FROM pg_locks
     WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2 AND granted
"""


@contextmanager
def made(at: Host, live: Way) -> Iterator[Place]:
    """Have the command make a branch; it is removed when the block is left, whatever happens.

    Raises:
        ObservationError: It makes none, what it prints leads nowhere, or to the live database.
    """
    source, target = at.source, at.target
    own = {NAME: f"gate_branch_{secrets.token_hex(6)}"}
    work = Work(
        what="make",
        begin=surrounded(source.environment, target, own, _lines(source.make or "")),
        end=surrounded(source.environment, target, own, _lines(source.remove or "")),
        base=target.placed(source.folder),
        begin_s=min(source.make_s, source.deadline_s),
        end_s=source.make_s,
    )
    with tethered(work, target, at.carrier, at.left, at.sessions.check) as told:
        way = _way(address(told.out), at)
        prove(way, live)
        yield Place(way, branch=way.there["dbname"])


def _lines(command: str) -> list[str]:
    return ["{", command, "} </dev/null"]


def address(printed: str) -> dict[str, str]:
    """Read what ``make`` printed; its password is a secret from now on.

    Returns:
        libpq's keywords.

    Raises:
        ObservationError: It printed nothing, or something else; which is not repeated here.
    """
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    if not lines:
        raise ObservationError(f"make printed nothing: {FORM}")
    try:
        found = {key: str(value) for key, value in conninfo_to_dict(lines[-1]).items() if value}
    except (psycopg.ProgrammingError, UnicodeError):
        raise ObservationError(
            f"make printed something else than an address in its last line: {FORM}"
        ) from None
    known.learn(*(value for key, value in found.items() if "password" in key))
    known.learn(*([lines[-1]] if "password" in found else []))
    missing = [one for one in ("host", "dbname") if not found.get(one)]
    if missing and not (missing == ["host"] and "hostaddr" in found) and "service" not in found:
        raise ObservationError(
            f"make printed an address without {' and '.join(missing)}: what is left out would "
            f"lead to wherever this process's own settings do"
        )
    return found


def _way(keywords: dict[str, str], at: Host) -> Way:
    """How the branch is reached; as the host sees it, or through the connection to the host."""
    more: dict[str, str] = {}
    if at.target.database.forward and "service" not in keywords:
        named = {"host": libpq.LOOPBACK, "port": libpq.PORT, **keywords}
        forward = at.carrier.forward(libpq.leads_to(named), f"{libpq.SOCKET}{named['port']}")
        more = {"host": str(forward.socket.parent), "hostaddr": "", "port": named["port"]}
    here = reach.found({**keywords, **more}, "the branch that make made", at.target)
    there = {**here, "host": keywords["host"]} if more else here
    return Way(here, there, at.sessions, live=False)


def prove(way: Way, live: Way) -> None:
    """Prove that a branch is not the live database, by a lock that changes nothing.

    It is taken on the branch, for a moment, and looked for on the live server: whatever leads
    there, and however alike the two are, it is seen if they are one. A copy on the level of files
    has the system identifier and the oid of the database that it is a copy of.

    Raises:
        ObservationError: It is, or that cannot be told; nothing was changed.
    """
    keys = [secrets.randbits(31), secrets.randbits(31)]
    try:
        with (
            way.connect("proof") as branch,
            live.connect("proof") as original,
            branch.transaction(),
        ):
            branch.execute(HOLD, keys)
            held = [database for (database,) in original.execute(HELD, keys)]
            is_, was = _who(branch), _who(original)
    except psycopg.Error as error:
        raise ObservationError(f"the branch that make made: {first_line(error)}") from error
    if held and was[2] in held:
        raise ObservationError(
            f"make led to the live database itself ({was[1]}, oid {was[2]}): nothing was done there"
        )
    if is_[0]:
        raise ObservationError("make led to a standby, which nobody can write to")
    if not held and was[0] and (is_[3] is None or is_[3] == was[3]):
        raise CarrierError(
            f"the live database is looked at on a standby, and the branch has the same system "
            f"identifier ({is_[3] or 'unknown'}): it may be the live database itself",
            Cause.UPSTREAM,
        )


def _who(session: psycopg.Connection[Any]) -> tuple[Any, ...]:
    return session.execute(WHO).fetchone() or (True, "", 0, None)
