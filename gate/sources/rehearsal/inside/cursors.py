"""Hears what a driver's own cursor is about to do, of which SQLAlchemy is not told.

A statement of SQLAlchemy's comes by here as well, and one on a connection that a step opens by
itself. Who has a class of cursors of his own that is written in C is not heard.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

from gate.sources.rehearsal.inside.late import when_imported

CLASSES = {
    "psycopg": ("Cursor", "AsyncCursor", "ServerCursor", "AsyncServerCursor"),
    "psycopg2.extras": ("DictCursor", "RealDictCursor", "NamedTupleCursor", "LoggingCursor"),
    "pg8000.dbapi": ("Cursor",),
    "pg8000.legacy": ("Cursor",),
    "pg8000.native": ("Connection",),
    "asyncpg.connection": ("Connection",),
}
"""By a driver's module, the classes of what is asked to do a statement."""
METHODS = (
    *("execute", "executemany", "copy", "stream", "copy_expert", "run"),
    *("fetch", "fetchrow", "fetchval", "copy_from_query"),
)
"""Those whose first argument is a statement."""
ASKING: list[str] = []
"""What is asked just now to judge a step by: no statement of its own."""
Hear = Callable[[str, Callable[[str], Any]], None]
"""Is told a statement, and what answers a query with its one value."""


class UnaskedError(Exception):
    """What is known by an event loop alone is not asked there."""


def listen(connection: Any, hear: Hear) -> None:
    """Tell of every statement, by whose cursor it may be done, on this connection and later ones.

    Args:
        connection: SQLAlchemy's, which is open.
        hear: Is told of each before it is done, and raises what keeps it from being done.
    """
    listens = functools.partial(_listen_to_classes, hear)
    when_imported(dict.fromkeys(CLASSES, listens))
    when_imported({"psycopg2": functools.partial(_listen_to_connections, hear)})
    fairy = connection.connection
    raw = getattr(fairy, "driver_connection", None) or getattr(fairy, "connection", fairy)
    if type(raw).__module__.partition(".")[0] == "psycopg2":
        _listen_to_psycopg2(raw, hear)


def _listen_to_classes(hear: Hear, module: Any) -> None:
    for name in CLASSES[module.__name__]:
        owner = getattr(module, name, None)
        for method in METHODS:
            found = vars(owner).get(method) if owner is not None else None
            if found is not None:
                setattr(owner, method, _telling(found, hear))


def _listen_to_connections(hear: Hear, module: Any) -> None:
    known = module._connect  # what its connect goes by, whoever imported that

    @functools.wraps(known)
    def heard(*words: Any, **given: Any) -> Any:
        raw = known(*words, **given)
        _listen_to_psycopg2(raw, hear)
        return raw

    module._connect = heard


def _listen_to_psycopg2(raw: Any, hear: Hear) -> None:
    cursor = sys.modules["psycopg2.extensions"].cursor
    if raw.cursor_factory in (None, cursor):
        raw.cursor_factory = _of_psycopg2(cursor, hear)


def _of_psycopg2(cursor: Any, hear: Hear) -> Any:
    """A class of cursors that is as the usual one, which is written in C, and tells."""
    known = {one: getattr(cursor, one) for one in METHODS if hasattr(cursor, one)}
    heard = {name: _telling(method, hear) for name, method in known.items()}
    return type(cursor)("cursor", (cursor,), heard)


def _telling(method: Any, hear: Hear) -> Any:
    waits = inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)

    @functools.wraps(method)
    def heard(self: Any, *words: Any, **given: Any) -> Any:
        statement = words[0] if words else next(iter(given.values()), "")
        hear(_worded(statement, self), _unasked if waits else functools.partial(_ask_beside, self))
        return method(self, *words, **given)

    return heard


def _worded(statement: Any, cursor: Any) -> str:
    if isinstance(statement, (bytes, bytearray, memoryview)):
        return bytes(statement).decode("utf-8", "replace")
    if hasattr(statement, "as_string"):  # psycopg's and psycopg2's own, put together
        return str(statement.as_string(cursor))
    return str(statement)


def _ask_beside(cursor: Any, query: str) -> Any:
    with _asking(query):
        if not hasattr(cursor, "connection"):  # pg8000's own, which is a connection itself
            return cursor.run(query)[0][0]
        other = cursor.connection.cursor()
        try:
            other.execute(query)
            row = other.fetchone()
        finally:
            other.close()
    return next(iter(row.values() if isinstance(row, dict) else row))


def literal(text: str) -> str:
    """A text in SQL; without a percent sign, which drivers take for a value's place."""
    return "E'%s'" % text.replace("\\", r"\\").replace("'", "''").replace("%", r"\x25")


def _unasked(_: str) -> Any:
    raise UnaskedError


def ask(connection: Any, statement: str) -> Any:
    """What one of SQLAlchemy's connections answers, of which nobody is told; ``None`` if nothing.

    That of SQLAlchemy 1.3 takes a text as it is.
    """
    does = getattr(connection, "exec_driver_sql", None) or connection.execute
    with _asking(statement):
        answer = does(statement)
        return answer.scalar() if answer.returns_rows else None


@contextlib.contextmanager
def _asking(statement: str) -> Iterator[None]:
    ASKING.append(statement)
    try:
        yield
    finally:
        ASKING.pop()
