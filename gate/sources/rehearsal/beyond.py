"""What a step changes of the live database and its server, where the clone is on the same one."""

from __future__ import annotations

from typing import Any

import psycopg

from gate.catalog.roles import EVERY
from gate.secrets import known
from gate.sources.rehearsal.clone import Clone

LIVE = """
    SELECT concat('it is ', r.rolname, '''s') AS told
      FROM pg_database AS d JOIN pg_roles AS r ON r.oid = d.datdba WHERE d.datname = %(live)s
     UNION ALL
    SELECT concat('connection limit ', d.datconnlimit) FROM pg_database AS d
     WHERE d.datname = %(live)s
     UNION ALL
    SELECT concat('template ', d.datistemplate, ', open ', d.datallowconn) FROM pg_database AS d
     WHERE d.datname = %(live)s
     UNION ALL
    SELECT concat('grant ', x) FROM pg_database AS d, unnest(d.datacl) AS x
     WHERE d.datname = %(live)s
     UNION ALL
    SELECT concat('setting ', split_part(x, '=', 1), ' (md5 ', left(md5(x), 8), ')',
                  ' of role ' || r.rolname)
      FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
      LEFT JOIN pg_roles AS r ON r.oid = s.setrole, unnest(s.setconfig) AS x
     WHERE d.datname = %(live)s
"""


def theirs(connection: psycopg.Connection[Any], clone: Clone) -> frozenset[str]:
    """Whose the live database is, who gets in, its settings, and roles; nothing on another server.

    No event trigger sees what changes this: a step that alters a database by its name does it.
    """
    if not clone.beside_live:
        return frozenset()
    live = {"live": clone.live.there["dbname"]}
    rows = connection.execute(LIVE, live, prepare=True).fetchall()
    roles = connection.execute(EVERY, prepare=True).fetchall()
    told = [str(one) for (one,) in rows]
    told += [f"{kind} {name}: {definition}" for kind, name, _, definition in roles]
    return frozenset(known.first(one, 200) for one in told)


def changed(before: frozenset[str], now: frozenset[str]) -> tuple[str, ...]:
    """What is other than before: ``- connection limit -1``, ``+ connection limit 5``."""
    gone, new = sorted(before - now), sorted(now - before)
    return (*(f"- {one}" for one in gone), *(f"+ {one}" for one in new))
