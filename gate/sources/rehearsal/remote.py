"""Ways from a clone to other servers, which are closed: what is tried on it is not done there.

A foreign server leads from the clone to the very place to which it leads from the live database,
whatever source the clone was made from; its user mappings hold the same passwords.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.names import plain, told
from gate.connection.obstacle import CarrierError
from gate.sources.fact import Cause
from gate.sources.rehearsal import calls
from gate.sources.rehearsal.inside.foreign import KEEP, OPEN, SETTING
from gate.sources.rehearsal.reason import reason

POSTGRES = "postgres_fdw"
OPTIONS = {"updatable": 9, "truncatable": 14}
"""Options of postgres_fdw that let others write, by the version that has them first."""
WRAPPERS = """
    SELECT w.fdwname, coalesce(e.extname, w.fdwname) AS kind
      FROM pg_catalog.pg_foreign_data_wrapper AS w
      LEFT JOIN pg_catalog.pg_depend AS d ON d.objid = w.oid AND d.deptype = 'e'
            AND d.classid = 'pg_catalog.pg_foreign_data_wrapper'::regclass
      LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
     WHERE w.fdwhandler <> 0
       AND EXISTS (SELECT FROM pg_catalog.pg_foreign_server AS s WHERE s.srvfdw = w.oid)
       AND (e.extname IS DISTINCT FROM 'file_fdw' OR EXISTS (
            SELECT FROM pg_catalog.pg_foreign_table AS f, pg_catalog.pg_foreign_server AS s
             WHERE s.oid = f.ftserver AND s.srvfdw = w.oid AND EXISTS (
                   SELECT FROM pg_catalog.unnest(f.ftoptions) AS o(pair)
                    WHERE pg_catalog.starts_with(o.pair, 'program='))))
     ORDER BY 1
"""
"""Those that can be used, and are; one without a handler leads nowhere. file_fdw only reads what
lies on the server itself, if it does not run programs there."""
SERVERS = """
    SELECT s.srvname, coalesce(s.srvoptions, '{}')
      FROM pg_catalog.pg_foreign_server AS s
      JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
     WHERE w.fdwname = %s ORDER BY 1
"""
TABLES = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), n.nspname, c.relname,
           coalesce(f.ftoptions, '{}')
      FROM pg_catalog.pg_foreign_table AS f
      JOIN pg_catalog.pg_class AS c ON c.oid = f.ftrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
      JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
     WHERE w.fdwname = %s ORDER BY 1
"""


def close(session: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Let nothing that is written on the clone reach another server.

    What postgres_fdw leads to can still be read; of other wrappers nobody knows how they are kept
    from writing, and they lead nowhere any more.

    Args:
        session: On the clone.

    Returns:
        What was closed: each foreign table, and each wrapper and function that leads nowhere.

    Raises:
        CarrierError: It cannot be done, and so nothing may be tried.
    """
    closed: list[str] = []
    name = ""
    try:
        for name, kind in session.execute(WRAPPERS).fetchall():
            closed += _only_read(session, name) if kind == POSTGRES else [_nowhere(session, name)]
        name = "functions"
        closed += calls.close(session)
        calls.guard(session)
    except psycopg.Error as error:
        raise CarrierError(
            f"the clone leads to other servers by {name}, as the live database does, and that "
            f"could not be closed: {reason(str(error))}: let its role own them, or be a "
            f"superuser on the clone's server",
            Cause.PERMISSION,
        ) from error
    return tuple(closed)


def keep(session: psycopg.Connection[Any]) -> None:
    """Keep a session that writes from what a step made that leads to other servers."""
    calls.close(session)
    if session.execute(OPEN, prepare=True).fetchone() == ("open",):
        session.execute(KEEP)


def keep_all(session: psycopg.Connection[Any]) -> None:
    """Keep every session that begins from here on from them, whoever's it is.

    Raises:
        CarrierError: There are some, and this server keeps nobody from them.
    """
    found = session.execute(OPEN).fetchone()
    if found == ("unkept",):
        raise CarrierError(
            f"a foreign server that a step made leads to where something could be done, and "
            f"PostgreSQL knows {SETTING} since 13.16, 14.13, 15.8, 16.4 and 17",
            Cause.UPSTREAM,
        )
    if found:
        name = sql.Identifier(session.info.dbname)
        alter = sql.SQL("ALTER DATABASE {} SET {} = 'foreign-table'")
        session.execute(alter.format(name, sql.Identifier(SETTING)))


def _only_read(session: psycopg.Connection[Any], wrapper: str) -> list[str]:
    """Let every server of postgres_fdw, and every table that says it for itself, only be read."""
    major = session.info.server_version // 10000
    known = [one for one, since in OPTIONS.items() if major >= since]
    for server, options in session.execute(SERVERS, [wrapper]).fetchall():
        change = _options(known, options, add=True)
        session.execute(sql.SQL("ALTER SERVER {} {}").format(sql.Identifier(server), change))
    closed = []
    for shown, schema, table, options in session.execute(TABLES, [wrapper]).fetchall():
        closed.append(f"foreign table {told(shown)}")
        if any(one.partition("=")[0] in known for one in options):
            of = sql.Identifier(schema, table)
            change = _options(known, options, add=False)
            session.execute(sql.SQL("ALTER FOREIGN TABLE {} {}").format(of, change))
    return closed


def _options(known: list[str], there: list[str], *, add: bool) -> sql.Composed:
    given = {one.partition("=")[0] for one in there}
    changes = [
        sql.SQL("{} {} 'false'").format(sql.SQL("SET" if one in given else "ADD"), sql.SQL(one))
        for one in known
        if add or one in given
    ]
    return sql.SQL("OPTIONS ({})").format(sql.SQL(", ").join(changes))


def _nowhere(session: psycopg.Connection[Any], wrapper: str) -> str:
    name = sql.Identifier(wrapper)
    session.execute(sql.SQL("ALTER FOREIGN DATA WRAPPER {} NO HANDLER").format(name))
    return f"foreign-data wrapper {plain(wrapper)}"
