"""Functions of extensions that reach other servers: called on a clone they reach nobody.

A trigger that calls one does so for every row that a step, or the rehearsal itself, writes; and
where it names the live database, as who logs by dblink does, it would write there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

NAMES: Mapping[str, tuple[str, ...]] = {
    "dblink": (
        *("dblink", "dblink_connect", "dblink_connect_u", "dblink_exec", "dblink_open"),
        "dblink_send_query",
    ),
    "http": ("http",),
    "pg_net": ("http_get", "http_post", "http_delete"),
    "aws_s3": ("query_export_to_s3", "table_import_from_s3"),
    "aws_lambda": ("invoke",),
    "pglogical": ("create_subscription", "alter_subscription_enable"),
}
"""By extension, as each one's own manual names what connects, sends or asks."""
SAYS = 'the function "{}" reaches other servers, and a clone has nothing to do there'
THERE = """
    SELECT n.nspname, p.proname, pg_catalog.pg_get_function_arguments(p.oid),
           pg_catalog.pg_get_function_result(p.oid)
      FROM pg_catalog.pg_extension AS e
      JOIN pg_catalog.pg_depend AS d ON d.refobjid = e.oid AND d.deptype = 'e'
            AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
            AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      JOIN pg_catalog.pg_proc AS p ON p.oid = d.objid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE e.extname = ANY (%s) AND e.extname || '.' || p.proname = ANY (%s)
       AND pg_catalog.strpos(p.prosrc, %s) = 0
     ORDER BY 2, 3
"""
CALLED = """
    SELECT count(*) FROM pg_catalog.pg_proc AS p
     WHERE pg_catalog.strpos(p.prosrc, %s) > 0 AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e'
              AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
"""
"""Functions of somebody's own in which a name stands; what a step calls itself is heard."""


def close(session: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Have those that are there raise an error in the place of what they do.

    Returns:
        What was closed, by name.

    Raises:
        psycopg.Error: It cannot be done, and a function calls one of them.
    """
    full = [f"{extension}.{one}" for extension, names in NAMES.items() for one in names]
    own = SAYS.partition("{}")[2]
    found = session.execute(THERE, [list(NAMES), full, own], prepare=True).fetchall()
    closed = []
    for schema, name, arguments, result in found:
        says = sql.SQL("BEGIN RAISE EXCEPTION USING MESSAGE = {}; END").format(
            sql.Literal(SAYS.format(name))
        )
        replace = sql.SQL(
            "CREATE OR REPLACE FUNCTION {}({}) RETURNS {} LANGUAGE plpgsql AS {}"
        ).format(
            sql.Identifier(schema, name),
            sql.SQL(arguments),
            sql.SQL(result),
            sql.Literal(says.as_string(session)),
        )
        try:
            with session.transaction():
                session.execute(replace)
        except psycopg.errors.InsufficientPrivilege:
            row = session.execute(CALLED, [name]).fetchone()
            if row != (0,):
                raise
            continue
        closed.append(f"function {name}")
    return tuple(dict.fromkeys(closed))
