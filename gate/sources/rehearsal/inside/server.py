"""What a transaction has changed of the whole server, by whatever function or trigger it was.

A statement tells nothing of what a function does that it calls. The server counts what the present
transaction wrote, catalogs that all databases share among them; before it is committed, it can be
taken back. What is done without a transaction is found afterwards.
"""

from __future__ import annotations

from typing import Any

from gate.sources.rehearsal.inside.cursors import literal

COUNTED = "SELECT " + " + ".join(
    "pg_stat_get_xact_tuples_%s(%d)" % (done, catalog)
    for catalog in (1260, 1261, 6243, 1262, 2964, 2396, 3592)
    for done in ("inserted", "updated", "deleted")
)
"""How many rows of such catalogs were written lately, by their OIDs, which never change: pg_authid,
pg_auth_members, pg_parameter_acl, pg_database, pg_db_role_setting, pg_shdescription, pg_shseclabel.
What was taken back is counted.
"""
WROTE = """
    SELECT string_agg(s.what, ' and ')
      FROM (VALUES (1260, 'roles'), (1261, 'members of roles'), (6243, 'rights on settings'))
           AS s (catalog, what)
      JOIN pg_catalog.pg_locks AS l ON l.relation = s.catalog
     WHERE l.pid = pg_backend_pid() AND l.mode = 'RowExclusiveLock'
       AND pg_stat_get_xact_tuples_inserted(l.relation) + pg_stat_get_xact_tuples_updated(
           l.relation) + pg_stat_get_xact_tuples_deleted(l.relation) > 0
"""
"""Of what a transaction changed something, by the catalog: ``roles and members of roles``. Who
changes a row of these keeps a lock up to the end; what was taken back has none.
"""
LIVE = """
    SELECT EXISTS (
        SELECT FROM (
            SELECT d.xmin::text::bigint FROM pg_catalog.pg_database AS d WHERE d.datname = {0}
             UNION ALL
            SELECT s.xmin::text::bigint FROM pg_catalog.pg_db_role_setting AS s
              JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase WHERE d.datname = {0}
        ) AS r (wrote), LATERAL (SELECT pg_current_xact_id()::text::bigint) AS c (now)
         WHERE r.wrote > 2
           AND pg_xact_status((c.now + ((r.wrote - c.now + 2147483648) & 4294967295) - 2147483648
                              )::text::xid8) = 'in progress')
        OR EXISTS (
        SELECT FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_database AS d ON d.oid = l.objid
         WHERE d.datname = {0} AND l.locktype = 'object' AND l.classid = 1262
           AND l.pid = pg_backend_pid())
"""
"""Whether the live database has another owner, limit, right or setting by this very transaction: a
row that is seen while who wrote it is still at it is one's own. Who wrote it is told by 32 bits
around the present number, or by 2 where it is frozen. What changes a comment, or a role's setting
there, keeps a lock on the database. A clone may change what it is itself."""
SETTINGS = """
    SELECT count(*) FROM pg_catalog.pg_db_role_setting AS s
      JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase WHERE d.datname = {0}
"""
FEWER = "SELECT pg_stat_get_xact_tuples_deleted(2964) > 0 AND ({0}) < {1}"
"""Whether its last setting went, of which neither a row nor a lock is left."""


def settings(ask: Any, live: str) -> int:
    """How many rows hold settings of the live database, for ``changed`` to compare with."""
    return int(ask(SETTINGS.replace("{0}", literal(live))))


def changed(ask: Any, live: str, before: int = 0) -> str:
    """Of what the present transaction changed something that is not the clone's; empty if not.

    Args:
        ask: Answers a query with its one value.
        live: The live database's name.
        before: What ``settings`` told.
    """
    if not ask(COUNTED):
        return ""
    rows = SETTINGS.replace("{0}", literal(live))
    fewer = FEWER.replace("{1}", str(before)).replace("{0}", rows)
    found = [str(ask(WROTE) or "")]
    if ask(LIVE.replace("{0}", literal(live))) or ask(fewer):
        found.append("databases")
    return " and ".join(one for one in found if one)
