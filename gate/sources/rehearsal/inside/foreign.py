"""Foreign servers that a step makes itself: nothing goes there, and nothing is asked of them.

Those that the live database has were closed when the clone was made. One that is made later leads
where it says; to close it as well would change what is compared. So the sessions are kept from it.
"""

from __future__ import annotations

import re
from typing import Any

from gate.sources.rehearsal.inside.cursors import ASKING, ask

LEADS = "%s reaches another server by a foreign server that a step made, and is kept from it"
"""What is said of a revision that cannot be tried on a clone."""
SETTING = "restrict_nonsystem_relation_kind"
"""PostgreSQL 17, and the minor versions of August 2024: no foreign table is touched."""
KEEP = f"SET {SETTING} = 'foreign-table'"
OPEN = """
    SELECT CASE WHEN pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NULL
           THEN 'unkept' ELSE 'open' END
      FROM pg_catalog.pg_foreign_server AS s
      JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw AND w.fdwhandler <> 0
      LEFT JOIN pg_catalog.pg_depend AS d ON d.objid = w.oid AND d.deptype = 'e'
            AND d.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
      LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
      LEFT JOIN pg_catalog.pg_foreign_table AS f ON f.ftserver = s.oid
      LEFT JOIN LATERAL pg_catalog.unnest(f.ftoptions) AS o(pair) ON true
     WHERE CASE coalesce(e.extname, w.fdwname)
           WHEN 'file_fdw' THEN pg_catalog.starts_with(o.pair, 'program=')
           WHEN 'postgres_fdw' THEN pg_catalog.split_part(o.pair, '=', 1) IN ('updatable',
                'truncatable') AND pg_catalog.split_part(o.pair, '=', 2) <> 'false'
             OR NOT coalesce('updatable=false' = ANY (s.srvoptions), false)
             OR NOT coalesce('truncatable=false' = ANY (s.srvoptions), false)
                AND pg_catalog.current_setting('server_version_num')::int >= 140000
           ELSE true END
     LIMIT 1
"""
"""``open`` where a foreign server leads to where something could be done, ``unkept`` where this
server does not keep a session from it; no row where there is none."""
MAKES_FOREIGN = re.compile(r"\b(?:SERVER|FOREIGN(?!\s+KEY\b))\b", re.IGNORECASE)
"""In every statement after which there may be one, wherever in it."""
FAILED_TOO = re.compile(r"\s*(?:ROLLBACK|ABORT|COMMIT|END|RELEASE)\b", re.IGNORECASE)
"""What is to be done in a transaction that has failed, too."""
NOT_READY = "55000"
"""SQLSTATE of what is said when a foreign table is touched all the same."""


def keep(revision: str, connection: Any, refused: list[str]) -> None:
    """Keep every session from foreign servers that are open, from here on.

    Args:
        revision: What is asked for.
        connection: To the clone, before anything is done.
        refused: Is told what was not done.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if connection.dialect.name != "postgresql":
        return
    state = [ask(connection, OPEN)]
    why = LEADS % revision

    def before(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if state[0] and not ASKING and not FAILED_TOO.match(statement):
            _check(state[0], why, refused)
            ask(connection, KEEP)  # again: it goes with a transaction that is taken back

    def after(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if not ASKING and MAKES_FOREIGN.search(statement):
            state[0] = ask(connection, OPEN) or state[0]
            _check(state[0], why, refused)

    def failed(context: Any) -> None:
        if state[0] and NOT_READY in _codes(context.original_exception):
            refused.append(why)

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    event.listen(Engine, "handle_error", failed)


def _check(found: Any, why: str, refused: list[str]) -> None:
    from alembic import util

    if found == "unkept":
        refused.append(why)
        raise util.CommandError(why)


def _codes(error: Any) -> list[Any]:
    """What psycopg, psycopg2 and asyncpg call an error's SQLSTATE, and pg8000 in what it tells."""
    first = error.args[0] if getattr(error, "args", ()) else None
    told = list(first.values()) if isinstance(first, dict) else []
    return [getattr(error, "sqlstate", ""), getattr(error, "pgcode", ""), *told]
