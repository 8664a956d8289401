"""Make a clone of a live database without disturbing it, and never leave one behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from gate.clone_source import CloneSource
from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError, first_line
from gate.errors import ObservationError
from gate.sources.fact import Cause
from gate.sources.rehearsal import box, branch, copies, embedded, filling, mark, reach, room
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.facts import CloneFacts
from gate.sources.rehearsal.place import Host, Place
from gate.sources.rehearsal.reach import Way
from gate.sources.rehearsal.receipt import describe
from gate.sources.rehearsal.sessions import Sessions
from gate.sources.rehearsal.state import States
from gate.target import Target

SWEEP_S = 300.0
"""How long ending what killed rehearsals left may take, in seconds."""
LOCALE = """
    SELECT pg_encoding_to_char(encoding), datcollate, datctype,
           coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
           coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
      FROM pg_database AS d WHERE datname = current_database()
"""
NO_LOCALE = (
    psycopg.errors.WrongObjectType,
    psycopg.errors.InvalidParameterValue,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.SyntaxError,
)
"""What a server says that does not have a locale, or its provider."""
ONLY_READS = (
    ": it is a standby, or set to read: name another server in [rehearsal], or embedded = true"
)
PROVIDERS = {
    "i": "LOCALE_PROVIDER icu ICU_LOCALE {}",
    "b": "LOCALE_PROVIDER builtin BUILTIN_LOCALE {}",
}


@contextmanager
def cloned(
    target: Target, source: CloneSource, carrier: Carrier, left: list[str] | None = None
) -> Iterator[tuple[Clone, CloneFacts]]:
    """Have a clone; it is dropped at the end, whatever happens.

    Its name is held by an advisory lock as long as this process lives, so that the next run tells
    a clone in use from one that a killed run left. What bears no mark of the gate's is left alone.

    Args:
        target: Of what.
        source: From what, and where.
        carrier: The way to the host.
        left: Is told what could not be removed.

    Raises:
        ObservationError: It cannot be made, the run was interrupted or is too late; the text says
            why, and nothing is left of it.
    """
    began = time.monotonic()
    name = mark.new_name()
    with Sessions(carrier.interrupted, source.deadline_s, target.deadlines.connect_s) as sessions:
        at = Host(target, source, carrier, sessions, [] if left is None else left)
        live = reach.find_way(target.database.service, target, carrier, sessions, live=True)
        limit = min(SWEEP_S, source.deadline_s)
        at.left.extend(box.sweep(carrier, target.placed(source.folder), limit))
        with (
            _placed(at, live) as place,
            place.way.to("postgres").connect("clones") as admin,
        ):
            states: States | None = None
            try:
                with sessions.explained():
                    mark.drop_leftovers(admin)
                    mark.hold(admin, name)
                    states = States(admin, name, live.there["dbname"])
                    clone = Clone(name, place.way.to(name), live, *_rank(admin), states)
                    if source.kind in filling.LARGE and not place.branch:
                        room.check(admin, place.way.there, live.there["dbname"], carrier)
                    _make(admin, clone, at, place)
                    closed = filling.fill(at, clone, place)
                    seconds = time.monotonic() - began
                    found = describe(clone, at, seconds)
                    yield clone, found.model_copy(update={"closed": closed})
            except psycopg.Error as error:
                raise ObservationError(f"clone: {first_line(error)}") from error
            finally:
                names = [*(states.names if states else ()), name]
                _drop(admin, names, at, place)


@contextmanager
def _placed(at: Host, live: Way) -> Iterator[Place]:
    """Have a place for a clone, whoever provides it."""
    if at.source.make is not None:
        with branch.made(at, live) as place:
            yield place
    elif at.source.embedded:
        with embedded.running(at, live) as place:
            yield place
    else:
        service = at.source.service or ""
        yield Place(reach.find_way(service, at.target, at.carrier, at.sessions, live=False))


def _drop(admin: psycopg.Connection[Any], names: list[str], at: Host, place: Place) -> None:
    """Drop the clone and its copies; over a new session where this one was hung up on.

    A branch gets its own name again: whoever removes it knows it by that.
    """

    def drop(session: psycopg.Connection[Any]) -> None:
        with at.sessions.spared(session):
            if place.branch:
                with suppress(psycopg.Error):  # not there: whoever removes it says so
                    session.execute(_rename(names[-1], place.branch))
            for name in names:
                mark.drop(session, name)

    try:
        drop(admin)
    except psycopg.Error:
        try:
            postgres = place.way.to("postgres").here
            with at.sessions.connect(postgres, "clones", late=True) as another:
                drop(another)
        except psycopg.Error as error:  # the next run finds it by its mark
            if not (place.own or place.branch):
                at.left.append(f"the clone {names[-1]} could not be dropped: {first_line(error)}")


def _rank(admin: psycopg.Connection[Any]) -> tuple[bool, int]:
    """Whether we are a superuser, and the server's major version."""
    row = admin.execute("SELECT current_setting('is_superuser')::bool").fetchone()
    return bool(row and row[0]), admin.info.server_version // 10000


def _make(admin: psycopg.Connection[Any], clone: Clone, at: Host, place: Place) -> None:
    """Make the clone's database, or have a branch take its name."""
    live = clone.live.there["dbname"]
    try:
        if place.branch:
            admin.execute(_rename(place.branch, clone.name))
        elif at.source.kind == "template":
            copies.copy(admin, clone.name, live)
        else:
            try:
                admin.execute(_create(clone.name, "template0", *_locale(clone)))
            except NO_LOCALE:
                # This server has no such locale: the receipt says so.
                admin.execute(_create(clone.name, "template0"))
        mark.write(admin, clone.name, live)
    except psycopg.errors.InsufficientPrivilege as error:
        who = f"the role of {at.source.service!r}" if at.source.service else "its role there"
        raise CarrierError(
            f"{first_line(error)}: {who} needs CREATEDB", Cause.PERMISSION
        ) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise CarrierError(f"{first_line(error)}{ONLY_READS}", Cause.UPSTREAM) from error


def _create(name: str, template: str, *more: sql.Composable) -> sql.Composed:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    return sql.SQL(" ").join([create, *more])


def _rename(was: str, name: str) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
        sql.Identifier(was), sql.Identifier(name)
    )


def _locale(clone: Clone) -> list[sql.Composable]:
    """Encoding and locale of the live database, for a new one."""
    with clone.live.connect() as live:
        row = live.execute(LOCALE).fetchone()
    if row is None:
        return []
    encoding, collate, ctype, provider, locale = row
    words: list[sql.Composable] = [
        sql.SQL("ENCODING {}").format(sql.Literal(encoding)),
        sql.SQL("LC_COLLATE {}").format(sql.Literal(collate)),
        sql.SQL("LC_CTYPE {}").format(sql.Literal(ctype)),
    ]
    if provider in PROVIDERS and locale:
        words.append(sql.SQL(PROVIDERS[provider]).format(sql.Literal(locale)))
    return words
