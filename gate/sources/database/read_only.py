"""Whether a database takes no writing by itself, as a server whose disk is full is often set."""

from __future__ import annotations

from typing import Any

import psycopg

from gate.sources.fact import Absent, Fact, Seen

SETTING = "default_transaction_read_only"
# What the gate's own role is given says nothing of others; a role that is set to write does so,
# whatever is set for all.
DEFAULT = """
    WITH given(role, database, reads) AS (
        SELECT s.setrole, s.setdatabase, split_part(c.pair, '=', 2)::boolean
          FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS c(pair)
         WHERE lower(split_part(c.pair, '=', 1)) = %(setting)s
           AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database
                                      WHERE datname = current_database()))
    )
    SELECT p.setting::boolean, p.source,
           (SELECT g.reads FROM given AS g WHERE g.role = 0 AND g.database <> 0),
           EXISTS (SELECT FROM given AS g WHERE g.role <> 0 AND NOT g.reads)
      FROM pg_catalog.pg_settings AS p WHERE p.name = %(setting)s
"""
FOR_ALL = ("default", "configuration file", "command line", "environment variable", "global")
"""Where a value comes from that holds for every database and role."""


def ask(session: psycopg.Connection[Any]) -> Fact[str]:
    """Where it is set that transactions only read unless they say otherwise.

    Args:
        session: One that has no such setting of its own.

    Returns:
        The place, such as ``configuration file``; empty where it is not set. Absent where roles
        have settings of their own, so that nothing is known of all.
    """
    row = session.execute(DEFAULT, {"setting": SETTING}).fetchone() or (False, "", None, False)
    reads, source, database, written = row
    if written:
        return Absent("some roles are set to write")
    if database is not None:
        return Seen("database" if database else "")
    if source not in FOR_ALL:
        return Absent(f"the gate's own session has {SETTING} from {source}")
    return Seen(str(source) if reads else "")
