"""Look at the database: one read-only connection, the catalog, the revision, the proofs of work."""

from __future__ import annotations

import datetime as dt
import functools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.types.string import TextLoader

from gate.catalog.identifiers import identifier
from gate.catalog.read import read_catalog
from gate.catalog.roles import THEIRS
from gate.connection.obstacle import INTERRUPTED
from gate.connection.postgres import Guard, Session, connect
from gate.sources.database.facts import UNASKED, DatabaseFacts
from gate.sources.database.proofs import Proofs
from gate.sources.database.read_only import SETTING, ask
from gate.sources.database.refusal import cannot_tell
from gate.sources.database.rights import read_rights
from gate.sources.database.sessions import read_sessions
from gate.sources.database.work import read_work
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.printed import PRINTED
from gate.target import Target

T = TypeVar("T")

GRACE_S = 0.5
"""How much longer than its deadline a look is waited for, which then says itself what was late."""
POLL_S = 0.05
WAIT_SHARE = 0.5
"""Of the time that is left, so much may go by until it is time to ask who is connected."""
LOCK_S = 2
IN_UTC = "SELECT set_config('timezone', 'UTC', false)"
"""Times are told in it, once the time zone that there would be is known."""
ONLY_READS = f"-c {SETTING}=on "
LEAVES_S = 1.0
"""For so long, in seconds, a session that was closed may still count."""
LONGEST = 256
"""Characters of a revision that are read."""
SESSION = """
    SELECT current_setting('server_version') AS server_version, current_database() AS database,
           current_user AS user, current_setting('is_superuser')::bool AS superuser,
           current_setting('transaction_read_only')::bool AS read_only,
           now() AT TIME ZONE 'UTC' AS clock,
           pg_postmaster_start_time() AT TIME ZONE 'UTC' AS started,
           pg_is_in_recovery() AS in_recovery
"""
ZONE = """
    SELECT (SELECT split_part(c.pair, '=', 2)
              FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS c(pair)
             WHERE s.setrole = 0 AND lower(split_part(c.pair, '=', 1)) = 'timezone'
               AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database
                                     WHERE datname = current_database())),
           setting, source FROM pg_catalog.pg_settings WHERE name = 'TimeZone'
"""
OWN = (
    "default",
    "configuration file",
    "command line",
    "environment variable",
    "global",
    "database",
)
"""Where a time zone comes from that is not the gate's role's, nor the gate's own."""
BYTES = ("text", "name", "varchar", "bpchar", '"char"')
"""Types that a database without an encoding sends as bytes."""


def look(
    target: Target,
    work: Mapping[str, Proofs],
    overrides: Mapping[str, str] | None = None,
    version_table: str = "alembic_version",
    *,
    whole: bool = False,
    sessions: Callable[[float], object] | None = None,
    rights: bool = False,
    read_only: bool = False,
    interrupted: threading.Event | None = None,
) -> Fact[DatabaseFacts]:
    """Look at a target's database once.

    Args:
        target: Names the libpq service; its deadlines hold, whatever the server does.
        work: Workers whose proofs stand in the database, by item id.
        overrides: Connection parameters put over the service's, such as a forward's address.
        version_table: Where Alembic keeps the revision.
        whole: Whether functions, triggers, grants and the like are promised, too.
        sessions: Where it is asked who is connected: returns when it is time to ask, within so many
            seconds.
        rights: Whether it is asked what the gate's role might write.
        read_only: Whether it is asked if others only read by default.
        interrupted: Set, by another thread, when there is no need to go on.
    """
    found: Future[Fact[DatabaseFacts]] = Future()
    stop = threading.Event()
    limit, where = target.deadlines.database_s, f"database service {target.database.service!r}"

    def run() -> None:
        try:
            parameters = session_parameters(target, overrides or {}, own_zone=True)
            guard = Guard(limit, stop)
            with connect(guard, target.deadlines.connect_s, **parameters) as session:
                read = facts(
                    session, work, version_table, whole=whole, sessions=sessions, rights=rights
                )
            if read_only:
                by = told(functools.partial(_read_only, guard, target, parameters), SETTING)
                read = read.model_copy(update={"read_only_by": by})
            found.set_result(Seen(read))
        except Exception as error:  # noqa: BLE001 - whatever an answer leads to
            found.set_result(cannot_tell(error, where))

    # libpq resolves names without a deadline: the thread may be left behind, with nothing open.
    threading.Thread(target=run, name="database", daemon=True).start()
    ends = time.monotonic() + limit + GRACE_S
    try:
        while time.monotonic() < ends:
            if interrupted is not None and interrupted.is_set():
                return CannotTell(f"{where}: {INTERRUPTED}", Cause.TIMEOUT)
            try:
                return found.result(POLL_S)
            except FutureTimeoutError:
                continue
        return CannotTell(f"{where}: no answer within {limit:g} s", Cause.TIMEOUT)
    finally:
        stop.set()


def session_parameters(
    target: Target, overrides: Mapping[str, str], *, own_zone: bool = False
) -> dict[str, str]:
    """Libpq's parameters of a session that can only read and ends by itself.

    The search path is pinned: what PostgreSQL prints depends on it, and a role's own need not be
    the contract's; so is how it prints values.

    Args:
        target: Names the service.
        overrides: Parameters put over these.
        own_zone: Leave the time zone as it is for others, which is UTC otherwise.
    """
    prints = PRINTED.replace("-c timezone=UTC ", "") if own_zone else PRINTED
    return {
        "service": target.database.service,
        "application_name": "atum-desk-gate",
        "client_encoding": "UTF8",
        "options": (
            f"{ONLY_READS}-c search_path=public {prints} "
            f"-c statement_timeout={int(target.deadlines.database_s * 1000)} "
            f"-c lock_timeout={LOCK_S * 1000}"
        ),
        **overrides,
    }


def _read_only(guard: Guard, target: Target, parameters: Mapping[str, str]) -> Fact[str]:
    """Ask in a session of its own, whose one transaction only reads since it says so itself.

    A role may have room for one session alone, and the one before is over when the server says so.
    """
    mine = {**parameters, "options": parameters["options"].replace(ONLY_READS, "")}
    until = time.monotonic() + LEAVES_S
    while (session := _let_in(guard, target, mine, until)) is None:
        time.sleep(POLL_S)
    with session:
        session.execute("BEGIN READ ONLY")
        return ask(session)


def _let_in(
    guard: Guard, target: Target, parameters: Mapping[str, str], until: float
) -> Session | None:
    guard.check()
    try:
        return connect(guard, target.deadlines.connect_s, **parameters)
    except psycopg.OperationalError:
        if time.monotonic() > until:
            raise
    return None


def facts(
    session: psycopg.Connection[Any],
    work: Mapping[str, Proofs],
    version_table: str,
    *,
    whole: bool = False,
    sessions: Callable[[float], object] | None = None,
    rights: bool = False,
) -> DatabaseFacts:
    """Read everything through one session.

    Raises:
        psycopg.Error: The server, or the catalog as a whole, could not be read.
    """
    _without_encoding(session)
    with session.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        server = cursor.execute(SESSION).fetchone() or {}
    for name, value in server.items():
        if isinstance(value, dt.datetime):  # SESSION asks for them as UTC has them
            server[name] = value.replace(tzinfo=dt.timezone.utc)
    zone = told(lambda: _zone(session), "the time zone")
    session.execute(IN_UTC)
    catalog = read_catalog(session, whole=whole, itself=True, roles=THEIRS)
    _share(session, 1 + bool(sessions) + rights + sum(_questions(one) for one in work.values()))
    read = DatabaseFacts(
        **server,
        zone=zone,
        catalog=catalog,
        alembic=told(lambda: alembic(session, version_table), version_table),
        work={id_: read_work(session, one) for id_, one in work.items()},
        rights=told(lambda: read_rights(session), "the role's rights") if rights else UNASKED,
    )
    if sessions is None:
        return read
    sessions(session.guard.left_s * WAIT_SHARE if isinstance(session, Session) else 0.0)
    found = told(lambda: read_sessions(session), "pg_stat_activity")
    return read.model_copy(update={"sessions": found})


def _zone(session: psycopg.Connection[Any]) -> Fact[str]:
    own, setting, source = session.execute(ZONE).fetchone() or (None, "", "")
    if own or source in OWN:
        return Seen(str(own or setting))
    why = f"the gate's own session has {setting} ({source}): take that from its role, or from PGTZ"
    return CannotTell(why, Cause.UPSTREAM)


def _questions(work: Proofs) -> int:
    return sum(one is not None for one in (work.queue, work.cycle, work.poll))


def _share(session: psycopg.Connection[Any], questions: int) -> None:
    """Leave to each question its share of the time: a slow one is not to spoil the others."""
    if not isinstance(session, Session):
        return
    share_ms = max(1, int(session.guard.left_s * 900 / questions))
    session.execute("SELECT set_config('statement_timeout', %s, false)", [str(share_ms)])


def _without_encoding(session: psycopg.Connection[Any]) -> None:
    """Take names of a SQL_ASCII database as they come: they are any bytes."""
    if session.info.parameter_status("server_encoding") != "SQL_ASCII":
        return

    class Lenient(TextLoader):
        def load(self, data: Any) -> str:
            return bytes(data).decode("utf-8", "backslashreplace")

    session.execute("SELECT set_config('client_encoding', 'SQL_ASCII', false)")
    for name in BYTES:
        session.adapters.register_loader(name, Lenient)


def told(read: Callable[[], Fact[T]], what: str) -> Fact[T]:
    """Read one fact; what goes wrong there is that fact's alone."""
    try:
        return read()
    except errors.UndefinedTable:
        return Absent(f"there is no table {what}")
    except Exception as error:  # noqa: BLE001 - whatever an answer leads to
        return cannot_tell(error, what)


def alembic(connection: psycopg.Connection[Any], table: str) -> Fact[tuple[str, ...]]:
    """Read the revisions that the database is at, sorted, from Alembic's version table."""
    query = sql.SQL("SELECT left(version_num::text, {}) FROM {} ORDER BY 1 LIMIT 100").format(
        LONGEST, identifier(table)
    )
    rows = connection.execute(query).fetchall()
    if any(one is None for (one,) in rows):
        return CannotTell(f"{table}: a row holds no revision", Cause.UPSTREAM)
    return Seen(tuple(str(one) for (one,) in rows))
