"""A database as a copy of another one on its server, in the way that costs the server least."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors, sql

LARGE = 128 << 20
"""Bytes from which on a copy by files is the cheaper one. It comes with two checkpoints, and the
other way writes everything twice: also to the log, and from there to whoever follows the server."""
CHOSEN, SHARED = 150000, 180000
"""Server versions from which on the way can be chosen, and files can share what they hold."""
BY_FILES = " STRATEGY file_copy"
RESET = "RESET file_copy_method"
NOT_SHARED = (errors.InternalError_, errors.FeatureNotSupported, errors.InvalidParameterValue)
"""What a server says whose system or file system cannot have files share what they hold."""


def copy(admin: psycopg.Connection[Any], name: str, source: str) -> None:
    """Make a database; nobody may be connected to the other one.

    Where the server and its file system can, the files share what they hold: a copy of whatever
    size is there at once, and takes no room until it is written to.

    Args:
        admin: On another database of the server, without a transaction.
        name: Of the new one.
        source: What it is a copy of.

    Raises:
        psycopg.Error: It cannot be made; nothing is left of it then.
    """
    plain = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(source)
    )
    version = admin.info.server_version
    if version < CHOSEN or _size(admin, source) <= LARGE:
        admin.execute(plain)
        return
    by_files = plain + sql.SQL(BY_FILES)
    if version < SHARED or not _shared(admin, by_files):
        admin.execute(by_files)


def _shared(admin: psycopg.Connection[Any], by_files: sql.Composed) -> bool:
    """Have files share what they hold; whether that can be done here."""
    try:
        admin.execute("SET file_copy_method = clone")
        admin.execute(by_files)
    except NOT_SHARED:
        return False
    finally:
        admin.execute(RESET)
    return True


def _size(admin: psycopg.Connection[Any], name: str) -> int:
    row = admin.execute("SELECT pg_database_size(%s)", [name]).fetchone() or (0,)
    return int(row[0])
