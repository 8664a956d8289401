"""The gate's own mark on a clone: without it a database is somebody else's, whatever its name."""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
import importlib.metadata
import os
import secrets
import socket
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql

from gate.sources.rehearsal.sessions import APPLICATION

PREFIX = "gate_clone_"
MARK = "atum-desk-gate clone"
DIGITS = 12

CLONES = """
    SELECT d.datname, coalesce(shobj_description(d.oid, 'pg_database'), ''),
           EXISTS (SELECT FROM pg_stat_activity AS a
                    WHERE a.datid = d.oid AND starts_with(a.application_name, %s))
      FROM pg_database AS d WHERE starts_with(d.datname, %s)
"""
SUBSCRIPTIONS = """
    SELECT subname FROM pg_subscription
     WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
SUBSCRIBES = """
    SELECT count(*) FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
     WHERE d.datname = %s
"""
TEMPLATE = "SELECT datistemplate FROM pg_database WHERE datname = %s"
"""Whether a migration made a template of it: such a one cannot be dropped."""
HOLD = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"
FREE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
LET_GO = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


def new_name() -> str:
    """A name that nobody guesses, and that nobody else would make up.

    Its second half follows from its first: a run that was killed between making the database and
    writing the mark on it leaves one that is known by this alone.
    """
    drawn = secrets.token_hex(DIGITS // 2 + 2)
    return f"{PREFIX}{drawn}_{_follows(drawn)}"


def _follows(drawn: str) -> str:
    return hashlib.sha256(f"{MARK} {drawn}".encode()).hexdigest()[:DIGITS]


def is_own(name: str, comment: str) -> bool:
    """Whether a database is a clone of the gate's, by its name and the comment on it."""
    drawn, _, rest = name.removeprefix(PREFIX).rpartition("_")
    made_here = name.startswith(PREFIX) and bool(drawn) and rest == _follows(drawn)
    return made_here and (not comment or comment.startswith(f"{MARK} of "))


def write(admin: psycopg.Connection[Any], name: str, live: str) -> None:
    """Write on a clone who made it, when, of what and with what."""
    who = "somebody"
    with suppress(KeyError, OSError, ImportError):
        who = getpass.getuser()
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    text = (
        f"{MARK} of {live}, made by {who}@{socket.gethostname()}, process {os.getpid()}, at {now}, "
        f"gate {importlib.metadata.version('atum-desk-gate')}"
    )
    admin.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text))
    )


def hold(admin: psycopg.Connection[Any], name: str) -> None:
    """Hold a name for as long as this session lives."""
    admin.execute(HOLD, [name])


def drop_leftovers(admin: psycopg.Connection[Any]) -> None:
    """Drop the clones that the gate made and that no living run holds."""
    for name, comment, used in admin.execute(CLONES, [APPLICATION, PREFIX]).fetchall():
        if used or not is_own(name, comment):
            continue
        if not (admin.execute(FREE, [name]).fetchone() or [False])[0]:
            continue
        try:
            with suppress(psycopg.errors.InsufficientPrivilege):  # another role's, to be left to it
                drop(admin, name)
        finally:
            admin.execute(LET_GO, [name])


def drop(admin: psycopg.Connection[Any], name: str) -> None:
    """Drop a clone, if it is there and bears the mark."""
    for found, comment, _ in admin.execute(CLONES, [APPLICATION, PREFIX]).fetchall():
        if found == name and is_own(name, comment):
            gone = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            if (admin.execute(SUBSCRIBES, [name]).fetchone() or [0])[0]:
                _unsubscribe(admin, name)
            if (admin.execute(TEMPLATE, [name]).fetchone() or [False])[0]:
                admin.execute(
                    sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name))
                )
            admin.execute(gone)


def _unsubscribe(admin: psycopg.Connection[Any], name: str) -> None:
    """Drop the subscriptions of a clone, which a migration made: with one it cannot be dropped."""
    with psycopg.connect(
        **{**admin.info.get_parameters(), "dbname": name, "password": admin.info.password},  # type: ignore[arg-type]
        autocommit=True,
    ) as session:
        for (one,) in session.execute(SUBSCRIPTIONS).fetchall():
            of = sql.Identifier(str(one))
            session.execute(sql.SQL("ALTER SUBSCRIPTION {} DISABLE").format(of))
            session.execute(sql.SQL("ALTER SUBSCRIPTION {} SET (slot_name = NONE)").format(of))
            session.execute(sql.SQL("DROP SUBSCRIPTION {}").format(of))
