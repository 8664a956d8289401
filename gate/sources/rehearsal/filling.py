"""Fill a clone: what each kind of source does, and what none of them carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import psycopg
from psycopg import sql

from gate.errors import ObservationError
from gate.sources.rehearsal import copying, faithful, remote, sample
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.place import Host, Place
from gate.sources.rehearsal.state import SETTINGS, setting

FILLS: Mapping[str, Callable[[Host, Clone], None]] = {
    "dump": copying.fill,
    "backup": copying.fill,
    "sample": sample.fill,
}
"""What is done for each kind of source; a template and a branch are full already."""
LARGE = ("dump", "backup", "template")
"""Kinds of source by which a clone is about as large as the live database."""


def fill(at: Host, clone: Clone, place: Place) -> tuple[str, ...]:
    """Fill the clone with what the source has, and close the ways from it to other servers.

    Returns:
        What was closed.

    Raises:
        ObservationError: It cannot be, with the reason.
    """
    put = FILLS.get(at.source.kind)
    if put is not None:
        _prepare(clone, place)
        put(at, clone)
    _carry_settings(clone)
    with clone.connect() as connection:
        closed = remote.close(connection)
    if put is not None and not copying.carries_statistics(clone, at):
        with clone.connect() as connection:
            connection.execute("ANALYZE")
    return closed


def _prepare(clone: Clone, place: Place) -> None:
    """Make sure that what the live database needs is on the clone's server, where we may."""
    with clone.live.connect() as live, clone.connect() as here:
        missing = faithful.missing_extensions(live, here)
        if missing:
            raise ObservationError(
                f"the clone's server does not have the extension{'s' if len(missing) > 1 else ''} "
                f"{', '.join(missing)} that the live database has"
            )
        if place.own:
            for role in faithful.missing_roles(live, here):
                here.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))


def _carry_settings(clone: Clone) -> None:
    """A dump of one database, and a copy of one, leave its ``ALTER DATABASE SET`` behind."""
    with clone.live.connect() as live:
        rows = live.execute(SETTINGS, [live.info.dbname]).fetchall()
    with clone.connect() as connection:
        for role, pair in rows:
            # What cannot be set here is named by the receipt.
            with suppress(psycopg.errors.UndefinedObject, psycopg.errors.InsufficientPrivilege):
                connection.execute(setting(clone.name, pair, role))
