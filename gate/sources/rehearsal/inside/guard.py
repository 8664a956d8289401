"""Keeps a step from what a clone is no place for: looks at what it asks for, and what came of it.

A statement is judged before it is done, by whatever cursor; what a function or a trigger of the
server does beside the clone is seen at the end of the transaction, which is taken back.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from gate.sources.rehearsal.inside.cursors import ASKING, ask, listen
from gate.sources.rehearsal.inside.refused import BY_NAME, REFUSED, SHARED, by_name, texts, why_not
from gate.sources.rehearsal.inside.server import changed, settings


def check_files(live: str, revisions: Any) -> None:
    """Go no further where text in a revision's file alters the live database by its name.

    Raises:
        CommandError: It does; nothing was done.
    """
    from alembic import util

    for one in revisions:
        try:
            with open(one.path, "rb") as file:
                found = texts(file.read())
        except (OSError, SyntaxError, ValueError):  # compiled alone: then it is seen when it is run
            continue
        if any(by_name(text, live) for text in found):
            raise util.CommandError(BY_NAME % (one.revision, live))


def guard(how: dict[str, Any], revision: str, connection: Any) -> None:
    """Look at every statement from here on as it is about to be done, however it was put together.

    Args:
        how: Knows the live database's name, and whether it is on the same server.
        revision: What is asked for.
        connection: To the clone, before anything is done.
    """
    if connection.dialect.name != "postgresql":
        return
    _listen_to_statements(how, revision, connection)
    if how["shared"]:
        _listen_to_ends(how, revision, settings(partial(ask, connection), how["live"]))


def _listen_to_statements(how: dict[str, Any], revision: str, connection: Any) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    passed: list[str] = []

    def before(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if not ASKING and connection.dialect.name == "postgresql":
            _refuse(why_not(how, statement, revision, partial(ask, connection)))
            passed[:] = [statement]

    def by_cursor(statement: str, asks: Any) -> None:
        if not ASKING and statement not in passed:
            _refuse(why_not(how, statement, revision, asks))

    event.listen(Engine, "before_cursor_execute", before)
    listen(connection, by_cursor)


def _listen_to_ends(how: dict[str, Any], revision: str, before: int) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def at_its_end(connection: Any, *_: Any) -> None:
        if connection.dialect.name != "postgresql":
            return
        try:
            what = changed(partial(ask, connection), how["live"], before)
        except Exception:  # noqa: BLE001 - a transaction that has failed changes nothing
            return
        _refuse(SHARED % (revision, what) if what else "")

    event.listen(Engine, "commit", at_its_end)
    event.listen(Engine, "prepare_twophase", at_its_end)


def _refuse(why: str) -> None:
    from alembic import util

    if why:
        REFUSED.append(why)
        raise util.CommandError(why)
