"""Functions of extensions that reach other servers: called on a clone they reach nobody.

A trigger that calls one does so for every row that a step, or the rehearsal itself, writes; and
where it names the live database, as who logs by dblink does, it would write there. Those that an
extension brings which a step makes are closed as soon as it is made, before the next statement.
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
FULL = [f"{extension}.{one}" for extension, names in NAMES.items() for one in names]
SAYS = 'the function "{}" reaches other servers, and a clone has nothing to do there'
THERE = """
    SELECT p.proname AS name, pg_catalog.format(
               'CREATE OR REPLACE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L',
               n.nspname, p.proname, pg_catalog.pg_get_function_arguments(p.oid),
               pg_catalog.pg_get_function_result(p.oid),
               pg_catalog.format('BEGIN RAISE EXCEPTION USING MESSAGE = %L; END',
                   pg_catalog.replace({says}, '{{}}', p.proname))) AS closes
      FROM pg_catalog.pg_extension AS e
      JOIN pg_catalog.pg_depend AS d ON d.refobjid = e.oid AND d.deptype = 'e'
            AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
            AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      JOIN pg_catalog.pg_proc AS p ON p.oid = d.objid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
     WHERE e.extname = ANY ({names}) AND e.extname || '.' || p.proname = ANY ({full})
       AND pg_catalog.strpos(p.prosrc, {own}) = 0
     ORDER BY 1, 2
"""
"""What is there that reaches others, and the statement that closes it."""
GUARD = """
CREATE FUNCTION information_schema.gate_close_calls() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $gate$
DECLARE one record;
BEGIN
    PERFORM set_config('gate.closes', 'on', true);  -- what the step does is recorded, this is not
    FOR one IN {there} LOOP
        EXECUTE one.closes;
    END LOOP;
    PERFORM set_config('gate.closes', '', true);
END $gate$;
CREATE EVENT TRIGGER gate_close_calls ON ddl_command_end
    WHEN TAG IN ('CREATE EXTENSION', 'ALTER EXTENSION')
    EXECUTE FUNCTION information_schema.gate_close_calls();
"""
"""It lies where whoever looks at a database leaves things out, as the recorder does."""
GUARDED = """
    SELECT current_setting('is_superuser') = 'on'
       AND to_regnamespace('information_schema') IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = 'gate_close_calls')
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
    found = session.execute(_there()).fetchall()
    closed = []
    for name, closes in found:
        try:
            with session.transaction():
                session.execute(closes.encode())
        except psycopg.errors.InsufficientPrivilege:
            row = session.execute(CALLED, [name]).fetchone()
            if row != (0,):
                raise
            continue
        closed.append(f"function {name}")
    return tuple(dict.fromkeys(closed))


def guard(session: psycopg.Connection[Any]) -> None:
    """Have those closed that come with an extension from here on, at once.

    Nothing is done for who is no superuser: an extension that has such functions is made by one.
    """
    if session.execute(GUARDED).fetchone() != (True,):
        return
    session.execute(sql.SQL(GUARD).format(there=_there()))


def _there() -> sql.Composed:
    own = sql.Literal(SAYS.partition("{}")[2])
    return sql.SQL(THERE).format(says=sql.Literal(SAYS), names=list(NAMES), full=FULL, own=own)
