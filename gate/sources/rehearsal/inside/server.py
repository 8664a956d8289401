"""What a transaction has changed of the whole server, by whatever function or trigger it was.

A statement tells nothing of what a function does that it calls. The server counts what the present
transaction wrote, catalogs that all databases share among them; before it is committed, it can be
taken back. What is done without a transaction is found afterwards.
"""

from __future__ import annotations

from typing import Any

WROTE = """
    SELECT string_agg(s.what, ' and ')
      FROM (VALUES ('pg_authid', 'roles'), ('pg_auth_members', 'members of roles'),
                   ('pg_parameter_acl', 'rights on settings')) AS s (name, what)
      JOIN pg_catalog.pg_locks AS l ON l.relation = to_regclass('pg_catalog.' || s.name)
     WHERE l.pid = pg_backend_pid() AND l.mode = 'RowExclusiveLock'
       AND pg_stat_get_xact_tuples_inserted(l.relation) + pg_stat_get_xact_tuples_updated(
           l.relation) + pg_stat_get_xact_tuples_deleted(l.relation) > 0
"""
"""Of what a transaction changed something, by the catalog: ``roles and members of roles``. Who
changes a row of these keeps a lock up to the end; what was taken back is counted, without a lock.
"""
LIVE = """
    SELECT md5(string_agg(one, ' ' ORDER BY one))
      FROM (SELECT concat(d.oid, d.datdba, ' ', d.datconnlimit, d.datistemplate, d.datallowconn,
                          d.datacl, d.dattablespace) AS one
              FROM pg_catalog.pg_database AS d WHERE d.datname = {0}
             UNION ALL
            SELECT concat(s.setrole, s.setconfig) FROM pg_catalog.pg_db_role_setting AS s
              JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase WHERE d.datname = {0}) AS x
"""
"""What the live database is; a clone may change what it is itself."""


def changed(ask: Any, before: Any, live: str) -> str:
    """Of what the present transaction changed something that is not the clone's; empty if not.

    Args:
        ask: Answers a query with its one value.
        before: What the live database was before.
        live: Its name.
    """
    found = [str(ask(WROTE) or ""), "databases" if ask(now(live)) != before else ""]
    return " and ".join(one for one in found if one)


def now(live: str) -> str:
    """A query for what the live database is, by its name."""
    return LIVE.replace("{0}", "'%s'" % live.replace("'", "''"))
