"""Read the sessions of a database: who is connected from where, and what each does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Model, Seen

if TYPE_CHECKING:
    import psycopg  # a contract without a database waits for no driver

MOST = 2000
HIDDEN = "<insufficient privilege>"
# `waitstart` came with PostgreSQL 14: read through JSON, it is simply not there before.
SESSIONS = """
    SELECT a.pid, a.usename::text AS role, a.application_name AS application,
           host(a.client_addr) AS address, a.client_port AS port, a.state,
           (a.query = %s AND a.state IS NULL) AS hidden,
           extract(epoch FROM clock_timestamp() - greatest(a.state_change, a.query_start))::float8
               AS statement_s,
           extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_s,
           CASE WHEN a.wait_event_type = 'Lock' THEN extract(epoch FROM clock_timestamp() -
               coalesce((SELECT min((to_jsonb(l)->>'waitstart')::timestamptz)
                           FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND NOT l.granted),
                        a.query_start))::float8 END AS waits_s,
           CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END
               AS blockers
      FROM pg_catalog.pg_stat_activity a
     WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
       AND coalesce(a.backend_type, 'client backend') = 'client backend'
     ORDER BY a.pid
     LIMIT %s
"""
SERVER = "SELECT host(inet_server_addr()), inet_server_port(), current_setting('port')::int"


class SessionFacts(Model):
    """A session.

    Attributes:
        pid: The server's process.
        address, port: Where the client is; no address and port -1 through a Unix socket.
        state: ``active``, ``idle``, ``idle in transaction``, ``idle in transaction (aborted)``, ...
        hidden: Whether the role may not see what it does, nor from where it came.
        statement_s: Seconds since its last statement began or ended.
        state_s: Seconds since it came into its state.
        waits_s: For how long it waits for a lock, in seconds.
        blockers: Processes that hold that lock.
    """

    pid: int
    role: str | None
    application: str
    address: str | None
    port: int | None
    state: str | None
    hidden: bool
    statement_s: float | None
    state_s: float | None
    waits_s: float | None
    blockers: tuple[int, ...] = ()


class Sessions(Model):
    """Sessions of the database, but for the gate's own.

    Attributes:
        ports: Where the server listens, by what the gate is connected to and by its configuration.
        found: At most 2,000.
    """

    ports: tuple[int, ...]
    found: tuple[SessionFacts, ...]


def read_sessions(connection: psycopg.Connection[Any]) -> Fact[Sessions]:
    """Read every client's session.

    Raises:
        psycopg.Error: They cannot be read.
    """
    from psycopg.rows import dict_row  # noqa: PLC0415 - as above

    server = connection.execute(SERVER).fetchone() or (None, None, 5432)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(SESSIONS, [HIDDEN, MOST + 1]).fetchall()
    if len(rows) > MOST:
        return CannotTell(f"more than {MOST} sessions are open", Cause.UPSTREAM)
    found = tuple(_session(row) for row in rows)
    ports = tuple(sorted({int(one) for one in server[1:] if one}))
    return Seen(Sessions(ports=ports, found=found))


def _session(row: dict[str, Any]) -> SessionFacts:
    row["application"] = known.first(row["application"] or "", 64)
    return SessionFacts(**row)
