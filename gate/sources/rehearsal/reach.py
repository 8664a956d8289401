"""How a database of a rehearsal is reached, from here and on the host."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from gate.connection import libpq
from gate.connection.carrier import Carrier
from gate.connection.forward import to_database
from gate.connection.obstacle import CarrierError, first_line
from gate.sources.fact import Cause
from gate.sources.rehearsal.sessions import APPLICATION, LIVE_S, Sessions
from gate.target import Target

KEPT = {
    "sslmode": "prefer",
    "sslrootcert": "",
    "sslcert": "",
    "sslkey": "",
    "sslcrl": "",
    "channel_binding": "prefer",
}
"""libpq's keywords that every session needs as the service has them, and their defaults: those are
not told, since an older libpq on the host may not know the keyword."""


@dataclasses.dataclass(frozen=True)
class Way:
    """How a database is reached.

    Attributes:
        here: libpq's keywords for this side, password included.
        there: The same as the host sees it.
        sessions: Where sessions are opened and ended.
        live: Whether this is the live database, where sessions can only read.
    """

    here: dict[str, str]
    there: dict[str, str]
    sessions: Sessions
    live: bool

    def to(self, database: str, *, live: bool = False) -> Way:
        """The same server, another database."""
        here, there = {**self.here, "dbname": database}, {**self.there, "dbname": database}
        return dataclasses.replace(self, here=here, there=there, live=live)

    def connect(self, purpose: str = "") -> AbstractContextManager[psycopg.Connection[Any]]:
        """Open a session, with limits; it ends when the run is interrupted."""
        return self.sessions.connect(self.here, purpose, live=self.live)

    def same_server(self, other: Way) -> bool:
        """Whether both are led to the same address."""
        return all(self.there.get(key) == other.there.get(key) for key in ("host", "port"))


def find_way(
    service: str, target: Target, carrier: Carrier, sessions: Sessions, *, live: bool
) -> Way:
    """Find out how a service is reached, with one connection.

    Raises:
        CarrierError: It is not.
    """
    overrides = to_database(target, carrier, service)
    here = found({"service": service, **overrides}, f"database service {service!r}", target)
    if not overrides:
        return Way(here, here, sessions, live)
    named = libpq.service(service)
    there = {**here, "host": named["host"], "port": named["port"]}
    return Way(here, there, sessions, live)


def found(keywords: dict[str, str], what: str, target: Target) -> dict[str, str]:
    """Connect once; return where that led, password included.

    Raises:
        CarrierError: It led nowhere.
    """
    try:
        with psycopg.connect(
            **keywords,  # type: ignore[arg-type]
            application_name=APPLICATION,
            connect_timeout=max(2, int(target.deadlines.connect_s)),
            options=f"-c statement_timeout={LIVE_S * 1000}",
        ) as connection:
            info = connection.info
            given = info.get_parameters()
            here = {key: value for key, value in given.items() if KEPT.get(key, value) != value}
            here |= {"host": info.host, "port": str(info.port), "user": info.user}
            here |= {"dbname": info.dbname, "password": info.password}
    except (psycopg.Error, UnicodeError) as error:
        raise CarrierError(f"{what}: {first_line(error)}", Cause.UNREACHABLE) from error
    return {key: value for key, value in here.items() if value}
