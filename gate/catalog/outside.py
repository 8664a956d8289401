"""What is fed to others and fetched from them, as ``kind, name, owner, definition``.

Options that may hold a password are told by the beginning of their MD5: enough to see a change.
Where a subscription leads to is not read, since only a superuser may.
"""

from __future__ import annotations

from gate.catalog.others import FROM_CLASS, OWN_CLASS, owner
from gate.catalog.queries import NAME, listed, own

FOREIGN_TABLES = f"""
    SELECT 'foreign table', {NAME}, {owner("c.relowner")},
           concat_ws(', ', s.srvname, {listed("f.ftoptions")}, (
               SELECT CASE WHEN c.relispartition THEN 'partition of ' ELSE 'inherits ' END
                      || string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno)
                 FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = c.oid),
               pg_catalog.pg_get_expr(c.relpartbound, c.oid))
      {FROM_CLASS} JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = c.oid
      JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
     WHERE {OWN_CLASS}
     UNION ALL
    SELECT 'constraint', {NAME} || '.' || k.conname, NULL,
           pg_catalog.pg_get_constraintdef(k.oid)
      {FROM_CLASS} JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid
     WHERE c.relkind = 'f' AND k.contype <> 'n' AND {OWN_CLASS}
"""  # noqa: S608 - constants
SERVERS = f"""
    SELECT 'foreign server', s.srvname, {owner("s.srvowner")},
           concat_ws(' ', w.fdwname, s.srvtype, s.srvversion, {listed("s.srvoptions")})
      FROM pg_catalog.pg_foreign_server AS s
      JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
     WHERE {own("pg_foreign_server", "s.oid")}
     UNION ALL
    SELECT 'foreign data wrapper', w.fdwname, {owner("w.fdwowner")},
           concat_ws(' ', NULLIF(w.fdwhandler, 0)::regproc, NULLIF(w.fdwvalidator, 0)::regproc,
                     {listed("w.fdwoptions")})
      FROM pg_catalog.pg_foreign_data_wrapper AS w
     WHERE {own("pg_foreign_data_wrapper", "w.oid")}
     UNION ALL
    SELECT 'user mapping', format('for %s on %s', u.usename, u.srvname), NULL,
           concat('mapping', ' md5 ' || left(md5({listed("u.umoptions")}), 8))
      FROM pg_catalog.pg_user_mappings AS u
"""  # noqa: S608 - constants
# Generated columns are fed since PostgreSQL 18, where that is asked for.
FEEDS = f"""
    SELECT 'publication', p.pubname, {owner("p.pubowner")},
           (to_jsonb(p) - ARRAY['oid', 'pubname', 'pubowner']
               - CASE to_jsonb(p) ->> 'pubgencols' WHEN 'n' THEN 'pubgencols' ELSE '' END)::text
      FROM pg_catalog.pg_publication AS p
"""  # noqa: S608 - constants
PUBLISHED = f"""
    SELECT 'published', concat({NAME}, ' in ', p.pubname), NULL, 'table'
      {FROM_CLASS} JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = c.oid
      JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
"""
PUBLISHED_15 = f"""
    SELECT 'published', concat({NAME}, ' in ', p.pubname), NULL,
           concat('table',
                  ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                             FROM pg_catalog.pg_attribute AS a
                            WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)) || ')',
                  ' where ' || pg_catalog.pg_get_expr(r.prqual, r.prrelid))
      {FROM_CLASS} JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = c.oid
      JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
     UNION ALL
    SELECT 'published', concat('schema ', n.nspname, ' in ', p.pubname), NULL, 'every table'
      FROM pg_catalog.pg_publication_namespace AS r
      JOIN pg_catalog.pg_namespace AS n ON n.oid = r.pnnspid
      JOIN pg_catalog.pg_publication AS p ON p.oid = r.pnpubid
"""  # noqa: S608 - constants
SCHEMAS_SINCE = 15


def published(version: int) -> str:
    """What is fed: rows, columns and whole schemas since PostgreSQL 15."""
    return PUBLISHED_15 if version >= SCHEMAS_SINCE else PUBLISHED


# What a role may see of subscriptions: some columns are a superuser's.
SUBSCRIPTION_COLUMNS = """
    SELECT string_agg(format('%L, s.%I', a.attname, a.attname), ', ' ORDER BY a.attname) AS pairs
      FROM pg_catalog.pg_attribute AS a
     WHERE a.attrelid = 'pg_catalog.pg_subscription'::regclass AND a.attnum > 0
       AND NOT a.attisdropped
       AND a.attname NOT IN ('oid', 'subdbid', 'subname', 'subowner', 'subconninfo',
                             'subskiplsn')
       AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
"""
SUBSCRIPTIONS = """
    SELECT 'subscription', s.subname, pg_catalog.pg_get_userbyid(s.subowner)::text,
           jsonb_build_object({pairs})::text
      FROM pg_catalog.pg_subscription AS s
     WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d
                         WHERE d.datname = current_database())
"""
