"""Run Alembic on a clone exactly as the deployment will run it, and prove that it opens it."""

from __future__ import annotations

import secrets
import shlex
import urllib.parse

from psycopg import sql

from gate.connection.carrier import Carrier
from gate.connection.frame import Output
from gate.contract.rehearsal import Alembic
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Absent, Fact, Seen
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.environment import capped, surrounded
from gate.target import Target

KEPT = 4000
"""Characters of Alembic's output that are kept."""


def address(how: Alembic, clone: Clone, at: tuple[str, int] | None = None) -> dict[str, str]:
    """The variable by which a program finds the clone.

    Args:
        how: Its name and form.
        clone: Where it leads.
        at: Host and port under which the clone's server is found instead of its own.
    """
    there = {key: urllib.parse.quote(value, safe="") for key, value in clone.way.there.items()}
    host, port = at or (there["host"], there["port"])
    url = how.url.format(
        user=there["user"],
        password=there.get("password", ""),
        host=host,
        port=port,
        database=there["dbname"],
    )
    return {how.variable: url}


def run(how: Alembic, target: Target, clone: Clone, carrier: Carrier, *words: str) -> Output:
    """Run one command of Alembic on the clone.

    Raises:
        CarrierError: It did not end within its deadline and was killed, or the host is gone.
    """
    lines = [
        f"cd {shlex.quote(target.placed(how.folder))} || exit 125",
        f"exec {shlex.join([*how.command, *words])} </dev/null",
    ]
    script = surrounded(how.environment, target, address(how, clone), lines)
    return carrier.run(capped(script), deadline_s=how.deadline_s)


def prove(how: Alembic, target: Target, clone: Clone, carrier: Carrier) -> Fact[str]:
    """Have Alembic read back a marker that stands in the clone alone.

    The marker is a revision that no file knows: whoever opens the clone stumbles over it and names
    it. Nothing is migrated, and the version table is as before when this returns.

    Returns:
        Seen: the marker and what Alembic said of it; absent: it looked elsewhere.

    Raises:
        ObservationError: Alembic does not run at all.
    """
    marker = f"gate-marker-{secrets.token_hex(8)}"
    table = sql.Identifier(*how.version_table.split("."))
    with clone.connect() as connection:
        there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [how.version_table])
        was_there = bool((there.fetchone() or [False])[0])
        rows = (
            connection.execute(sql.SQL("SELECT version_num FROM {}").format(table)).fetchall()
            if was_there
            else []
        )
        if not was_there:
            connection.execute(
                sql.SQL("CREATE TABLE {} (version_num varchar(32) NOT NULL)").format(table)
            )
        connection.execute(sql.SQL("DELETE FROM {}").format(table))
        connection.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(table), [marker])
        try:
            output = run(how, target, clone, carrier, "current")
        finally:
            connection.execute(sql.SQL("DELETE FROM {}").format(table))
            for (row,) in rows:
                connection.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(table), [row])
            if not was_there:
                connection.execute(sql.SQL("DROP TABLE {}").format(table))
    said = output.stdout.decode("utf-8", "replace")
    if marker in said:
        return Seen(f"the marker {marker} was read back from {clone.name}")
    if output.rc != 0:
        raise ObservationError(
            f"`alembic current` exited with {output.rc} and did not name "
            f"the marker: {known.last(said, 400)}"
        )
    last = known.last(said, 200) or "nothing"
    return Absent(
        f"env.py opens a database of its own choosing: the marker in {clone.name} was not read "
        f"back, Alembic said {last!r}; nothing was migrated"
    )
