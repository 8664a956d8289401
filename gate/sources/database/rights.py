"""What the gate's own role might write, were its session not one that can only read."""

from __future__ import annotations

from typing import Any

import psycopg

from gate.secrets import known
from gate.sources.fact import Fact, Seen

MOST = 20
"""So many rights are named; that there are more is said."""
LONGEST = 200
# A role is as strong as every role that it may become with SET ROLE, inherited or not. Of rights on
# temporary objects nothing is said: whatever is made there is gone with the session.
RIGHTS = """
    WITH roles AS (
        SELECT r.oid, r.rolname, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication
          FROM pg_catalog.pg_roles AS r
         WHERE r.rolname = current_user
            OR NOT current_setting('is_superuser')::bool
               AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')
    ), found(what, role) AS (
        SELECT unnest(ARRAY[CASE WHEN rolsuper THEN 'everything, as a superuser' END,
                            CASE WHEN rolcreatedb THEN 'CREATE DATABASE' END,
                            CASE WHEN rolcreaterole THEN 'CREATE ROLE' END,
                            CASE WHEN rolreplication THEN 'replication' END,
                            CASE WHEN rolname IN ('pg_write_all_data', 'pg_maintain',
                                                  'pg_write_server_files',
                                                  'pg_execute_server_program')
                                 THEN 'what ' || rolname || ' may' END]), rolname
          FROM roles
        UNION ALL
        SELECT 'CREATE in database ' || d.datname, r.rolname
          FROM pg_catalog.pg_database AS d, roles AS r
         WHERE d.datname = current_database()
           AND pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE')
        UNION ALL
        SELECT 'CREATE in schema ' || n.nspname, r.rolname
          FROM pg_catalog.pg_namespace AS n, roles AS r
         WHERE n.nspname !~ '^(information_schema$|pg_)'
           AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
        UNION ALL
        SELECT concat_ws(', ',
                         CASE WHEN pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT')
                              THEN 'INSERT' END,
                         CASE WHEN pg_catalog.has_any_column_privilege(r.oid, c.oid, 'UPDATE')
                              THEN 'UPDATE' END,
                         CASE WHEN pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE')
                              THEN 'DELETE' END,
                         CASE WHEN pg_catalog.has_table_privilege(r.oid, c.oid, 'TRUNCATE')
                              THEN 'TRUNCATE' END,
                         CASE WHEN pg_catalog.has_table_privilege(r.oid, c.oid, 'TRIGGER')
                              THEN 'TRIGGER' END)
               || ' on ' || n.nspname || '.' || c.relname, r.rolname
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, roles AS r
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND n.nspname !~ '^(information_schema$|pg_)'
           AND (pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT, UPDATE')
                OR pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER'))
        UNION ALL
        SELECT 'USAGE or UPDATE on sequence ' || n.nspname || '.' || c.relname, r.rolname
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, roles AS r
         WHERE c.relkind = 'S' AND n.nspname !~ '^(information_schema$|pg_)'
           AND pg_catalog.has_sequence_privilege(r.oid, c.oid, 'USAGE, UPDATE')
    )
    SELECT what, bool_or(role = current_user), min(role) FROM found
     WHERE what IS NOT NULL GROUP BY what ORDER BY what LIMIT %s
"""


def read_rights(connection: psycopg.Connection[Any]) -> Fact[tuple[str, ...]]:
    """Read what the session's role may write, itself or by becoming another one.

    Functions that act as their owner are not looked into: what they write cannot be told.

    Returns:
        Rights in words, such as ``INSERT on public.orders``, sorted; of another role, with ``as``
        and its name. They are cut short where they are many, and the last word says so.

    Raises:
        psycopg.Error: They cannot be read.
    """
    rows = connection.execute(RIGHTS, [MOST + 1]).fetchall()
    told = [known.first(what if own else f"{what}, as {role}", LONGEST) for what, own, role in rows]
    more = ["and more"] if len(told) > MOST else []
    return Seen((*told[:MOST], *more))
