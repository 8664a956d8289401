"""The script that fills a clone on the host: the rows do not travel."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import psycopg

from gate.sources.rehearsal import programs
from gate.target import Source, Target

if TYPE_CHECKING:
    from gate.sources.rehearsal.clone import Clone

LOCK_WAIT_S = 5
"""How long the dump waits for a lock before it gives up; a migration under way is not disturbed."""


def script(clone: Clone, target: Target, source: Source, *, whole: bool) -> str:
    """The script that fills the clone; passwords travel in it, never in a command line.

    Owners and grants are carried where the clone is ``whole``: every role is there, and we may.
    """
    into, live = clone.way.there, clone.live.there
    same = clone.beside_live
    # As the rehearsal's role where it is the same server: it may read everything.
    dumped = {**into, "dbname": live["dbname"]} if same else live
    keep = [] if whole else ["--no-owner", "--no-acl"]
    quiet = [] if clone.superuser else ["--no-comments"]  # those on extensions are a superuser's
    # A clone that subscribed would take what is sent to the live database.
    alone = ["--no-subscriptions", "--exit-on-error"]
    restore = shlex.join(["pg_restore", *keep, *quiet, *alone, "-d", conninfo(into)])
    lines = [
        programs.found(target, clone.major),
        f"into={shlex.quote(into.get('password', ''))}",
        f"from={shlex.quote(dumped.get('password', ''))}",
    ]
    if source.kind == "backup":
        backup = shlex.quote(target.placed(source.backup))
        return "\n".join([*lines, f'PGPASSWORD="$into" {restore} {backup} || exit 3'])
    dump = shlex.join(
        ["pg_dump", "-Fc", "-Z0", f"--lock-wait-timeout={LOCK_WAIT_S}s", "-d", conninfo(dumped)]
    )
    return "\n".join(
        [
            *lines,
            (
                f'{{ PGPASSWORD="$from" {dump} || echo "pg_dump exited with $?" >&2; }} |'
                f' {{ PGPASSWORD="$into" {restore} || echo "pg_restore exited with $?" >&2; }}'
            ),
        ]
    )


def conninfo(parameters: dict[str, str]) -> str:
    """Without the password: command lines can be read by everybody."""
    shown = {key: value for key, value in parameters.items() if key != "password"}
    return psycopg.conninfo.make_conninfo(**shown)
