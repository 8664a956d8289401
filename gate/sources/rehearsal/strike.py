"""A step that is cut off half-way, and then begun again: the same catalog must come of it."""

from __future__ import annotations

from gate.catalog.diff import diff
from gate.catalog.model import Catalog
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import Leg
from gate.sources.rehearsal.leg import walk
from gate.sources.rehearsal.reason import reason
from gate.sources.rehearsal.stage import Stage

INSTALL = """
CREATE SCHEMA gate_strike;
CREATE SEQUENCE gate_strike.n;
CREATE FUNCTION gate_strike.hit() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF starts_with(current_setting('application_name'), 'atum-desk-gate')
       OR current_setting('gate.closes', true) = 'on' THEN
        RETURN;  -- the gate's own
    END IF;
    IF nextval('gate_strike.n') = {at} THEN
        {deed};
    END IF;
END $$;
CREATE EVENT TRIGGER gate_strike ON ddl_command_end EXECUTE FUNCTION gate_strike.hit();
"""
REMOVE = """
DROP EVENT TRIGGER IF EXISTS gate_strike;
DROP SCHEMA IF EXISTS gate_strike CASCADE;
"""
DEEDS = {
    "a lock_timeout": (
        "RAISE EXCEPTION 'canceling statement due to lock timeout' USING ERRCODE = '55P03'"
    ),
    "a lost connection": "PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(5)",
}
"""What strikes, and how: behind a command, since an event trigger is where a server says so."""


def strike(stage: Stage, up: Leg, below: str, above: Catalog) -> tuple[tuple[str, ...], str]:
    """Cut the step off after half of its commands, begin it again, and compare.

    Args:
        stage: The clone has the step, and has it in the end unless something is found.
        up: The first way up, which says how many commands there are.
        below: Where a way down that is asked by name ends.
        above: The catalog that the step leads to.

    Returns:
        One sentence per thing that is wrong; and why nothing was tried, if so.
    """
    if not isinstance(up.commands, Seen):
        return (), "it was not traced: event triggers need a superuser on the clone's server"
    found: list[str] = []
    for name, deed in DEEDS.items() if up.commands.value else ():
        at = len(up.commands.value) // 2 + 1
        if walk(stage, up.revision, "down", back_to=below).exit_status != 0:
            return tuple(found), "the way down failed"
        stage.connection.execute(INSTALL.format(at=at, deed=deed).encode())
        try:
            cut = walk(stage, up.revision, "up")
        finally:
            for statement in REMOVE.strip().split(";\n"):
                stage.connection.execute(statement.encode())
        if cut.exit_status == 0:
            return tuple(found), f"{name} in command {at} stopped nothing"
        again = walk(stage, up.revision, "up")
        where = f"after {name} in command {at} of {len(up.commands.value)}"
        if again.exit_status != 0:
            return (*found, f"{where}, begun again: {reason(again.output)}"), ""
        lines = diff(above, stage.whole()).lines()
        found += [f"{where}, begun again: {line}" for line in lines]
        if lines:
            break
    return tuple(found), ""
