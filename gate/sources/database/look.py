"""Look at the database: one read-only connection, the catalog, the revision, the proofs of work."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

import psycopg
from psycopg import errors, sql

from gate.catalog.read import read_catalog
from gate.connection.obstacle import first_line
from gate.contract.work import Work
from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.work import read_work
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target

SESSION = """
    SELECT current_setting('server_version') AS server_version, current_database() AS database,
           current_user AS user, current_setting('is_superuser')::bool AS superuser,
           current_setting('transaction_read_only')::bool AS read_only,
           now() AS clock, pg_postmaster_start_time() AS started,
           pg_is_in_recovery() AS in_recovery
"""


def look(
    target: Target,
    work: Mapping[str, Work],
    overrides: Mapping[str, str] | None = None,
    version_table: str = "alembic_version",
) -> Fact[DatabaseFacts]:
    """Look at a target's database once.

    Args:
        target: Names the libpq service; its deadlines hold, whatever the server does.
        work: Workers whose proofs stand in the database, by item id.
        overrides: Connection parameters put over the service's, such as a forward's address.
        version_table: Where Alembic keeps the revision.
    """
    found: Future[Fact[DatabaseFacts]] = Future()

    def run() -> None:
        try:
            found.set_result(_look(target, work, overrides or {}, version_table))
        except BaseException as error:  # noqa: BLE001 - the waiting side raises it
            found.set_exception(error)

    # libpq waits for a server that accepts and never answers: the thread may be left behind.
    threading.Thread(target=run, name="database", daemon=True).start()
    try:
        return found.result(target.deadlines.database_s)
    except FutureTimeoutError:
        limit = target.deadlines.database_s
        reason = f"{_where(target)}: no answer within {limit:g} s"
        return CannotTell(reason, Cause.TIMEOUT)


def _where(target: Target) -> str:
    return f"database service {target.database.service!r}"


def _look(
    target: Target, work: Mapping[str, Work], overrides: Mapping[str, str], version_table: str
) -> Fact[DatabaseFacts]:
    statement_ms = int(target.deadlines.database_s * 1000)
    try:
        with psycopg.connect(
            service=target.database.service,
            application_name="atum-desk-gate",
            connect_timeout=max(2, int(target.deadlines.connect_s)),
            options=(
                f"-c default_transaction_read_only=on -c statement_timeout={statement_ms} "
                f"-c lock_timeout=2000 -c timezone=UTC"
            ),
            autocommit=True,
            **overrides,  # type: ignore[arg-type]
        ) as connection:
            return Seen(facts(connection, work, version_table))
    except (errors.QueryCanceled, errors.LockNotAvailable) as error:
        return CannotTell(f"{_where(target)}: {first_line(error)}", Cause.TIMEOUT)
    except errors.InsufficientPrivilege as error:
        return CannotTell(f"{_where(target)}: {first_line(error)}", Cause.PERMISSION)
    except psycopg.errors.ConnectionTimeout as error:
        return CannotTell(f"{_where(target)}: {first_line(error)}", Cause.TIMEOUT)
    except psycopg.OperationalError as error:
        return CannotTell(f"{_where(target)}: {first_line(error)}", _cause(error))
    except psycopg.Error as error:
        return CannotTell(f"{_where(target)}: {first_line(error)}", Cause.UPSTREAM)


def facts(
    connection: psycopg.Connection[Any], work: Mapping[str, Work], version_table: str
) -> DatabaseFacts:
    """Read everything through one session."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        session = cursor.execute(SESSION).fetchone() or {}
    return DatabaseFacts(
        **session,
        catalog=read_catalog(connection),
        alembic=alembic(connection, version_table),
        work={id_: read_work(connection, one) for id_, one in work.items()},
    )


def alembic(connection: psycopg.Connection[Any], table: str) -> Fact[tuple[str, ...]]:
    """Read the revisions that the database is at, sorted, from Alembic's version table."""
    query = sql.SQL("SELECT version_num FROM {} ORDER BY 1").format(
        sql.Identifier(*table.split("."))
    )
    try:
        rows = connection.execute(query).fetchall()
    except errors.UndefinedTable:
        return Absent(f"there is no table {table}")
    except errors.InsufficientPrivilege as error:
        return CannotTell(f"{table}: {first_line(error)}", Cause.PERMISSION)
    return Seen(tuple(one[0] for one in rows))


def _cause(error: psycopg.OperationalError) -> Cause:
    if error.sqlstate and error.sqlstate.startswith("28"):
        return Cause.PERMISSION
    text = str(error)
    if "password" in text or "no pg_hba.conf" in text:
        return Cause.PERMISSION
    return Cause.TIMEOUT if "timeout" in text else Cause.UNREACHABLE
