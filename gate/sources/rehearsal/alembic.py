"""Run Alembic on a clone exactly as the deployment will run it, and prove that it opens it."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.names import parts
from gate.connection.carrier import Carrier
from gate.connection.frame import Output
from gate.contract.rehearsal import Alembic
from gate.contract.release import LITERAL, spelled
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Absent, Fact, Seen
from gate.sources.rehearsal.address import address
from gate.sources.rehearsal.cause import cause
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.environment import capped, surrounded
from gate.sources.rehearsal.runner import Runner
from gate.target import Target

KEPT = 4000
"""Characters of Alembic's output that are kept."""
THERE = """
    SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = %s AND c.relname = %s),
           EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)
"""


FOR_A_WHILE = (
    'made=; [ -n "${TMPDIR:-}" ] || { made=$(mktemp -d) && TMPDIR=$made && export TMPDIR; } '
    "|| exit 125\n"
    """trap '[ -z "$made" ] || rm -rf -- "$made"' EXIT; trap 'exit 143' HUP INT PIPE TERM"""
)
"""A folder for temporary files, where the contract gives none: what is left there goes with it, at
the deadline, too. Who reads what is said is gone by then: the shell's own word of it breaks a pipe.
"""


def run(how: Alembic, target: Target, clone: Clone, carrier: Carrier, *words: str) -> Output:
    """Run one command of Alembic on the clone.

    Raises:
        CarrierError: It did not end within its deadline and was killed, or the host is gone.
    """
    lines = [
        f"cd {shlex.quote(target.placed(how.folder))} || exit 125",
        FOR_A_WHILE,
        f"{shlex.join([*map(spelled, how.command), *words])} </dev/null",
    ]
    script = surrounded(how.environment, target, address(how, clone), lines)
    return carrier.run(capped(script), deadline_s=how.deadline_s)


def by_name(how: Alembic) -> bool:
    """Whether Alembic can be run by its own command line, and finds the clone by a variable."""
    return (
        how.application is None
        and how.option is None
        and not any("{url}" in LITERAL.sub("", word) for word in how.command)
    )


def prove(
    how: Alembic, target: Target, clone: Clone, carrier: Carrier, runner: Runner | None
) -> Fact[str]:
    """Have Alembic read back a marker that stands in the clone alone.

    The marker is a revision that no file knows: whoever opens the clone stumbles over it and names
    it. Nothing is migrated, and the version table is as before when this returns.

    Args:
        how: How it is run.
        target: Where.
        clone: What it is to open.
        carrier: The way to the host.
        runner: Alembic's process, where it cannot be run by name.

    Returns:
        Seen: the marker and what Alembic said of it; absent: it looked elsewhere.

    Raises:
        ObservationError: Alembic does not run at all.
    """
    marker = f"gate-marker-{secrets.token_hex(8)}"
    status: int | None
    other = ""
    with clone.connect() as connection, _marked(connection, how.version_table, marker):
        if by_name(how) or runner is None:
            output = run(how, target, clone, carrier, "current")
            status, said = output.rc, output.stdout.decode("utf-8", "replace")
        else:
            status, said, other = _asked(runner)
    if marker in said and other:
        return Absent(as_well(other))
    if marker in said:
        return Seen(f"the marker {marker} was read back from {clone.name}")
    if status != 0:
        raise ObservationError(
            f"`alembic current` {ended(how, status)} and did not name the marker: "
            f"{cause(said) or 'it said nothing'}"
        )
    last = known.last(said, 200) or "nothing"
    return Absent(
        f"env.py opens a database of its own choosing: the marker in {clone.name} was not read "
        f"back, Alembic said {last!r}; nothing was migrated"
    )


def prove_process(how: Alembic, clone: Clone, runner: Runner | None) -> Fact[str]:
    """Have the process that stays read back a marker, too: it is begun in another way.

    Where there is none, the command line that was proven does every step.

    Raises:
        ObservationError: It cannot tell.
    """
    marker = f"gate-marker-{secrets.token_hex(8)}"
    if runner is None:
        return Seen("the command line does every step")
    with clone.connect() as connection, _marked(connection, how.version_table, marker):
        status, said, other = _asked(runner)
    if marker in said and other:
        return Absent(as_well(other))
    if marker in said:
        return Seen(f"the marker {marker} was read back from {clone.name}")
    if status != 0:
        raise ObservationError(
            f"Alembic in a process that stays {ended(how, status)} and did not name the marker: "
            f"{cause(said) or 'it said nothing'}"
        )
    return Absent(
        f"env.py opens a database of its own choosing: the marker in {clone.name} was read back by "
        f"the command line and not by a process that stays, which said {known.last(said, 200)!r}; "
        f"nothing was migrated"
    )


def ended(how: Alembic, status: int | None) -> str:
    """How a command ended that did not end well: by itself, or since its time was over."""
    if status is None:
        return f"was ended after {how.deadline_s:g} s (deadline_s of [alembic])"
    return f"exited with {status}"


def as_well(other: str) -> str:
    """Say that ``env.py`` opens something beside the clone, and what can be done about it."""
    return (
        f"env.py opens {other} as well as the clone; nothing was migrated. One rehearsal is of one "
        f"database: name a section of the ini file in command (alembic -n), or have env.py leave "
        f"the others out where it is told to"
    )


def astray(how: Alembic, runner: Runner | None) -> str:
    """Say where Alembic looks for its revision, if that is another table of the clone.

    Who does not read the marker back opens another database; or this one, and looks elsewhere.
    """
    found = runner.ask("at").found if runner is not None else {}
    keeps = str(found.get("keeps", ""))
    if not keeps or "elsewhere" in found or parts(keeps) == parts(how.version_table):
        return ""
    return (
        f"env.py opens the clone and keeps its revision in {keeps}, where version_table of "
        f"[alembic] is {how.version_table}; nothing was migrated"
    )


def _asked(runner: Runner) -> tuple[int | None, str, str]:
    """How it ended, what was said with the revisions that were found, and what else was opened."""
    answer = runner.ask("at")
    said = f"{answer.said}\n{answer.found.get('at', '')}"
    return answer.status, said, str(answer.found.get("elsewhere", ""))


@contextmanager
def _marked(connection: psycopg.Connection[Any], name: str, marker: str) -> Iterator[None]:
    """Have the marker in the version table, and then what was there before."""
    schema, bare = parts(name)
    table = sql.Identifier(schema, bare)
    was_there, schema_there = connection.execute(THERE, [schema, bare, schema]).fetchone() or (0, 0)
    rows: list[Any] = []
    if was_there:
        select = sql.SQL("SELECT version_num FROM {}").format(table)
        rows = connection.execute(select).fetchall()
    else:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        create = "CREATE TABLE {} (version_num varchar(64) NOT NULL)"
        connection.execute(sql.SQL(create).format(table))
    insert = sql.SQL("INSERT INTO {} VALUES (%s)").format(table)
    connection.execute(sql.SQL("DELETE FROM {}").format(table))
    connection.execute(insert, [marker])
    try:
        yield
    finally:
        connection.execute(sql.SQL("DELETE FROM {}").format(table))
        for (row,) in rows:
            connection.execute(insert, [row])
        if not was_there:
            connection.execute(sql.SQL("DROP TABLE {}").format(table))
        if not schema_there:
            connection.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(schema)))
