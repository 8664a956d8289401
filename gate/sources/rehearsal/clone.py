"""Make a clone of a live database without disturbing it, and never leave one behind."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.names import told
from gate.connection import libpq
from gate.connection.carrier import Carrier
from gate.connection.forward import to_database
from gate.connection.obstacle import CarrierError, first_line
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Cause
from gate.sources.rehearsal import copying, faithful, mark, room
from gate.sources.rehearsal.environment import capped
from gate.sources.rehearsal.facts import CloneFacts, Lack
from gate.sources.rehearsal.sessions import APPLICATION, LIVE_S, Sessions
from gate.sources.rehearsal.state import SETTINGS, States, setting
from gate.target import Source, Target

COPY_S, COPY_PER_S = 600.0, 5_000_000
"""How long copying may take in seconds, and how many bytes more take a second more."""

SHOWN = 5
DIFFERENCES = """
    SELECT 'extension ' || extname || ' is version ' || extversion FROM pg_extension
     UNION ALL
    SELECT 'setting ' || unnest(setconfig) FROM pg_db_role_setting
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND setrole = 0
     UNION ALL
    SELECT 'collation ' || datcollate || ', encoding ' || pg_encoding_to_char(encoding)
      FROM pg_database WHERE datname = current_database()
     UNION ALL
    SELECT 'server version ' || current_setting('server_version')
     UNION ALL
    SELECT 'collation version ' || (to_jsonb(d) ->> 'datcollversion')
      FROM pg_database AS d WHERE datname = current_database()
"""


@dataclasses.dataclass(frozen=True)
class Way:
    """How a database is reached, from here and on the host.

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

    def to(self, database: str) -> Way:
        """The same server, another database."""
        here, there = {**self.here, "dbname": database}, {**self.there, "dbname": database}
        return dataclasses.replace(self, here=here, there=there, live=False)

    def connect(self, purpose: str = "") -> AbstractContextManager[psycopg.Connection[Any]]:
        """Open a session, with limits; it ends when the run is interrupted."""
        return self.sessions.connect(self.here, purpose, live=self.live)


@dataclasses.dataclass(frozen=True)
class Clone:
    """A clone that exists.

    Attributes:
        name: Its database's name.
        way: How it is reached.
        live: How the live database is reached.
        superuser: Whether it is connected to as a superuser.
        major: Major version of its server.
        states: Copies of it that are kept.
    """

    name: str
    way: Way
    live: Way
    superuser: bool
    major: int
    states: States

    @property
    def beside_live(self) -> bool:
        """Whether the live database is on the same server."""
        way, live = self.way.there, self.live.there
        return all(way.get(key) == live.get(key) for key in ("host", "port"))

    def connect(self, purpose: str = "") -> AbstractContextManager[psycopg.Connection[Any]]:
        """Open a session on the clone."""
        return self.way.connect(purpose)


def find_way(
    service: str, target: Target, carrier: Carrier, sessions: Sessions, *, live: bool
) -> Way:
    """Find out how a service is reached, with one connection.

    Raises:
        ObservationError: It is not.
    """
    overrides = to_database(target, carrier, service)
    try:
        with psycopg.connect(
            service=service,
            application_name=APPLICATION,
            connect_timeout=max(2, int(target.deadlines.connect_s)),
            options=f"-c statement_timeout={LIVE_S * 1000}",
            **overrides,  # type: ignore[arg-type]
        ) as connection:
            info = connection.info
            here = {"host": info.host, "port": str(info.port), "user": info.user}
            here |= {"dbname": info.dbname, "password": info.password}
    except psycopg.Error as error:
        raise CarrierError(
            f"database service {service!r}: {first_line(error)}", Cause.UNREACHABLE
        ) from error
    here = {key: value for key, value in here.items() if value}
    if not overrides:
        return Way(here, here, sessions, live)
    named = libpq.service(service)
    there = {**here, "host": named["host"], "port": named["port"]}
    return Way(here, there, sessions, live)


@contextmanager
def cloned(target: Target, source: Source, carrier: Carrier) -> Iterator[tuple[Clone, CloneFacts]]:
    """Have a clone; it is dropped at the end, whatever happens.

    Its name is held by an advisory lock as long as this process lives, so that the next run tells
    a clone in use from one that a killed run left. What bears no mark of the gate's is left alone.

    Raises:
        ObservationError: It cannot be made, the run was interrupted or is too late; the text says
            why, and nothing is left of it.
    """
    began = time.monotonic()
    with Sessions(carrier.interrupted, source.deadline_s, target.deadlines.connect_s) as sessions:
        way = find_way(source.service, target, carrier, sessions, live=False)
        live = find_way(target.database.service, target, carrier, sessions, live=True)
        with way.to("postgres").connect("clones") as admin:
            name = mark.new_name()
            states: States | None = None
            try:
                with sessions.explained():
                    mark.drop_leftovers(admin)
                    mark.hold(admin, name)
                    states = States(admin, name, live.there["dbname"])
                    clone = Clone(name, way.to(name), live, *_rank(admin), states)
                    room.check(admin, way.there, live.there["dbname"], carrier)
                    _make(admin, clone, source)
                    _fill(clone, target, source, carrier)
                    yield clone, _describe(clone, source, time.monotonic() - began)
            except psycopg.Error as error:
                raise ObservationError(f"clone: {first_line(error)}") from error
            finally:
                _drop(way, admin, [*(states.names if states else ()), name])


def _drop(way: Way, admin: psycopg.Connection[Any], names: list[str]) -> None:
    """Drop the clone and its copies; over a new session where this one was hung up on."""
    sessions = way.sessions
    try:
        with sessions.spared(admin):
            for name in names:
                mark.drop(admin, name)
    except psycopg.Error:
        with suppress(psycopg.Error):  # the next run finds it by its mark
            postgres = way.to("postgres").here
            with (
                sessions.connect(postgres, "clones", late=True) as another,
                sessions.spared(another),
            ):
                for name in names:
                    mark.drop(another, name)


def _rank(admin: psycopg.Connection[Any]) -> tuple[bool, int]:
    """Whether we are a superuser, and the server's major version."""
    row = admin.execute("SELECT current_setting('is_superuser')::bool").fetchone()
    return bool(row and row[0]), admin.info.server_version // 10000


def _make(admin: psycopg.Connection[Any], clone: Clone, source: Source) -> None:
    template = clone.live.there["dbname"] if source.kind == "template" else "template0"
    try:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(clone.name), sql.Identifier(template)
            )
        )
        mark.write(admin, clone.name, clone.live.there["dbname"])
    except psycopg.errors.InsufficientPrivilege as error:
        raise CarrierError(
            f"{first_line(error)}: the role of {source.service!r} needs CREATEDB", Cause.PERMISSION
        ) from error


def _fill(clone: Clone, target: Target, source: Source, carrier: Carrier) -> None:
    """Restore a backup, or dump and restore, on the host: the rows do not travel."""
    if source.kind != "template":
        with clone.live.connect() as live, clone.way.to("postgres").connect() as admin:
            size = live.execute("SELECT pg_database_size(current_database())").fetchone() or [0]
            whole = clone.superuser and not faithful.missing_roles(live, admin)
        output = carrier.run(
            capped(copying.script(clone, target, source, whole=whole)),
            deadline_s=min(COPY_S + size[0] / COPY_PER_S, source.deadline_s),
        )
        said = output.stdout.decode("utf-8", "replace")
        if output.rc != 0 or re.search(r"pg_(dump|restore) exited with", said):
            raise ObservationError(f"cloning: {known.first(said, 500)}")
    _carry_settings(clone)
    with clone.connect() as connection:
        connection.execute("ANALYZE")


def _carry_settings(clone: Clone) -> None:
    """A dump of one database leaves its ``ALTER DATABASE SET`` behind."""
    with clone.live.connect() as live:
        rows = live.execute(SETTINGS, [live.info.dbname]).fetchall()
    with clone.connect() as connection:
        for role, pair in rows:
            # What cannot be set here is named by the receipt.
            with suppress(psycopg.errors.UndefinedObject, psycopg.errors.InsufficientPrivilege):
                connection.execute(setting(clone.name, pair, role))


def _describe(clone: Clone, source: Source, seconds: float) -> CloneFacts:
    name = clone.live.there["dbname"]
    with clone.live.connect() as live:
        there = {row[0] for row in live.execute(DIFFERENCES)}
    with clone.live.connect() as live, clone.connect() as connection:
        lacks = faithful.receipt(live, connection)
        here = {row[0] for row in connection.execute(DIFFERENCES)}
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        tables = connection.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(relname), n_live_tup "
            "FROM pg_stat_user_tables ORDER BY 1"
        ).fetchall()
    words = {"dump": f"pg_dump of {name}", "template": f"template {name}", "backup": source.backup}
    return CloneFacts(
        name=clone.name,
        source=words[source.kind],
        seconds=seconds,
        bytes=(size or [0])[0],
        rows={told(table): rows for table, rows in tables},
        differences=(
            *(f"only live: {one}" for one in sorted(there - here)),
            *(f"only here: {one}" for one in sorted(here - there)),
            *(_lack(one) for one in lacks),
        ),
        lacks=lacks,
    )


def _lack(one: Lack) -> str:
    """One sentence about what was not carried."""
    more = f" and {len(one.objects) - SHOWN} more" if len(one.objects) > SHOWN else ""
    return f"{one.kind} are not as live: {', '.join(one.objects[:SHOWN])}{more}"
