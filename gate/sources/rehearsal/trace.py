"""What a migration commands: recorded by event triggers inside the clone.

The recorder lies in a schema that is there anyway and that whoever looks at a database leaves out.
One that comes and goes has every session of the server throw its plans away: to plan the look at a
catalog anew costs more than the look.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import psycopg

from gate.catalog.names import told
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.rehearsal.facts import Command

INSTALL = """
CREATE SCHEMA IF NOT EXISTS information_schema;
CREATE TABLE information_schema.gate_trace_events (
    id bigserial, at timestamptz, event text, tag text, object text, lock_timeout text);
CREATE FUNCTION information_schema.gate_trace_note() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, information_schema, pg_temp AS $$
DECLARE found record;
BEGIN
    IF current_setting('gate.closes', true) = 'on' THEN
        RETURN;  -- done by the rehearsal: see calls
    END IF;
    -- What runs CONCURRENTLY must be the first in its transaction: nothing is written before it.
    IF TG_EVENT = 'ddl_command_start' AND current_query() ~* 'concurrently' THEN
        RETURN;
    END IF;
    IF TG_EVENT = 'ddl_command_end' THEN
        FOR found IN SELECT DISTINCT object_type || ' ' || object_identity AS name
                       FROM pg_event_trigger_ddl_commands() LOOP
            INSERT INTO gate_trace_events (at, event, tag, object)
            VALUES (clock_timestamp(), TG_EVENT, TG_TAG, found.name);
        END LOOP;
        INSERT INTO gate_trace_events (at, event, tag, object)
        SELECT clock_timestamp(), 'lock', l.mode,
               quote_ident(n.nspname) || '.' || quote_ident(c.relname)
          FROM pg_locks AS l
          JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm')
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE l.pid = pg_backend_pid() AND l.granted
           AND n.nspname NOT IN ('pg_catalog', 'information_schema')
           AND NOT EXISTS (SELECT FROM gate_trace_events AS e WHERE e.event = 'lock'
                              AND e.tag = l.mode AND e.object =
                              quote_ident(n.nspname) || '.' || quote_ident(c.relname));
    ELSIF TG_EVENT = 'sql_drop' THEN
        FOR found IN SELECT object_type || ' ' || object_identity AS name
                       FROM pg_event_trigger_dropped_objects()
                      WHERE original AND object_type IN ('table', 'table column', 'type', 'index')
                      LOOP
            INSERT INTO gate_trace_events (at, event, tag, object)
            VALUES (clock_timestamp(), TG_EVENT, TG_TAG, found.name);
        END LOOP;
    ELSIF TG_EVENT = 'table_rewrite' THEN
        INSERT INTO gate_trace_events (at, event, tag, object)
        VALUES (clock_timestamp(), TG_EVENT, TG_TAG,
                pg_event_trigger_table_rewrite_oid()::regclass::text);
    END IF;
    IF TG_EVENT IN ('ddl_command_start', 'ddl_command_end') THEN
        INSERT INTO gate_trace_events (at, event, tag, lock_timeout)
        VALUES (clock_timestamp(), TG_EVENT, TG_TAG, current_setting('lock_timeout'));
        IF TG_EVENT = 'ddl_command_end' AND current_query() ~* 'concurrently' THEN
            INSERT INTO gate_trace_events (at, event) VALUES (clock_timestamp(), 'concurrently');
        END IF;
    END IF;
END $$;
CREATE EVENT TRIGGER gate_start ON ddl_command_start
    EXECUTE FUNCTION information_schema.gate_trace_note();
CREATE EVENT TRIGGER gate_end ON ddl_command_end
    EXECUTE FUNCTION information_schema.gate_trace_note();
CREATE EVENT TRIGGER gate_drop ON sql_drop
    EXECUTE FUNCTION information_schema.gate_trace_note();
CREATE EVENT TRIGGER gate_rewrite ON table_rewrite
    EXECUTE FUNCTION information_schema.gate_trace_note();
"""
# One statement that is called nothing of what it drops: at a DROP of its own, psycopg has a session
# forget what it prepared. An empty schema was made for the recorder: it had been dropped before.
REMOVE = """
DO $$ BEGIN
    DROP EVENT TRIGGER IF EXISTS gate_start;
    DROP EVENT TRIGGER IF EXISTS gate_end;
    DROP EVENT TRIGGER IF EXISTS gate_drop;
    DROP EVENT TRIGGER IF EXISTS gate_rewrite;
    DROP TABLE IF EXISTS information_schema.gate_trace_events CASCADE;
    DROP FUNCTION IF EXISTS information_schema.gate_trace_note() CASCADE;
    IF NOT EXISTS (SELECT FROM pg_class
                    WHERE relnamespace = to_regnamespace('information_schema')) THEN
        DROP SCHEMA IF EXISTS information_schema;
    END IF;
END $$
"""
READ = """
    SELECT extract(epoch FROM at)::float8, event, tag, object, lock_timeout
      FROM information_schema.gate_trace_events ORDER BY id
"""


DROPPED = ("table column", "table", "index", "type")
"""Kinds of dropped objects that are recorded."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """What was recorded of one revision.

    Attributes:
        rewritten: Tables whose storage was written anew.
        dropped: Objects that were dropped.
        locks: Modes by table, as the migration's own session held them.
        concurrently: Whether something ran ``CONCURRENTLY``.
    """

    commands: Fact[tuple[Command, ...]]
    rewritten: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    locks: tuple[tuple[str, str], ...] = ()
    concurrently: bool = False


def _dropped(object_: str) -> str:
    """An object with its kind: ``table column public."user".x`` is ``table column user.x``."""
    kind = next((one for one in DROPPED if object_.startswith(f"{one} ")), "")
    return f"{kind} {told(object_.removeprefix(kind).strip())}".strip()


def install(connection: psycopg.Connection[Any], *, superuser: bool) -> None:
    """Begin to record; needs a superuser, since only one can make event triggers."""
    if superuser:
        connection.execute(INSTALL)


def collect(connection: psycopg.Connection[Any], began: float, *, superuser: bool) -> Trace:
    """Read what was recorded since ``began`` (the server's clock, epoch) and remove the recorder.

    A revision that was rolled back took its record along.
    """
    if not superuser:
        reason = "event triggers need a superuser on the clone's server"
        return Trace(CannotTell(reason, Cause.PERMISSION))
    rows = connection.execute(READ).fetchall()
    connection.execute(REMOVE)
    commands: list[Command] = []
    started: tuple[float, str] | None = None
    objects: list[str] = []
    for at, event, tag, object_, lock_timeout in rows:
        if event == "ddl_command_start":
            started, objects = (at, lock_timeout), []
        elif event == "ddl_command_end" and object_ is not None:
            objects.append(object_)
        elif event == "ddl_command_end":
            since, timeout = started or (at, lock_timeout)
            commands.append(
                Command(
                    tag=tag,
                    objects=tuple(objects),
                    at_s=round(since - began, 4),
                    seconds=round(at - since, 4),
                    lock_timeout=timeout,
                )
            )
            started, objects = None, []
    return Trace(
        Seen(tuple(commands)),
        rewritten=tuple(dict.fromkeys(row[3] for row in rows if row[1] == "table_rewrite")),
        dropped=tuple(dict.fromkeys(_dropped(row[3]) for row in rows if row[1] == "sql_drop")),
        locks=tuple((row[3], row[2]) for row in rows if row[1] == "lock"),
        concurrently=any(row[1] == "concurrently" for row in rows),
    )
