"""Room for a clone where its server keeps its tables: a disk that fills up takes others along."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import psycopg

from gate.connection.carrier import Carrier
from gate.errors import ObservationError

COPIES = 2
"""The clone, and a state of it that is kept."""
SPARE = 64 * 2**20
"""Bytes that are left to the server."""
HERE = ("localhost", "127.0.0.1", "::1", "")
"""Names of the host itself; a path is that of a unix socket."""
LOOK = "df -Pk {} | awk 'NR == 2 && $4 ~ /^[0-9]+$/ {{ print $4 }}'"
# To the superuser alone: where the data are. Whatever the clone is made of is about as large.
NEEDS = """
    SELECT current_setting('data_directory'), pg_database_size(oid)
      FROM pg_database WHERE datname = %s AND current_setting('is_superuser')::bool
"""


def check(
    admin: psycopg.Connection[Any], there: Mapping[str, str], live: str, carrier: Carrier
) -> None:
    """Refuse a clone that would not fit, where its server is on the host and can be looked at.

    Args:
        admin: A session on the clone's server.
        there: How that server is reached from the host.
        live: The database that is copied.
        carrier: The way to the host.

    Raises:
        ObservationError: There is no room; it says how much there is and is needed.
    """
    host = there.get("host", "")
    row = admin.execute(NEEDS, [live]).fetchone()
    if row is None or not (host in HERE or host.startswith("/")):
        return
    folder, size = str(row[0]), int(row[1])
    told = carrier.run(LOOK.format(shlex.quote(folder)), deadline_s=10).stdout.strip()
    needed = COPIES * size + SPARE
    if told.isdigit() and int(told) * 1024 < needed:
        raise ObservationError(
            f"no room for a clone of {live}: {int(told) / 1024:,.0f} MiB are free where the server "
            f"keeps its tables ({folder}), {needed / 2**20:,.0f} MiB are needed for the clone, a "
            f"state of it and what the server writes meanwhile; look at: df {folder}"
        )
