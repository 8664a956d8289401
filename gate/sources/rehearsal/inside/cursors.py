"""Hears what a driver's own cursor is about to do, of which SQLAlchemy is not told.

A statement of SQLAlchemy's comes by here as well. Who has a class of cursors of his own, written in
C, or connects by himself, is not heard.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

CLASSES = {
    "psycopg": (
        ("psycopg", "Cursor"), ("psycopg", "AsyncCursor"), ("psycopg", "ServerCursor"),
        ("psycopg", "AsyncServerCursor"),
    ),
    "psycopg2": (
        ("psycopg2.extras", "DictCursor"), ("psycopg2.extras", "RealDictCursor"),
        ("psycopg2.extras", "NamedTupleCursor"), ("psycopg2.extras", "LoggingCursor"),
    ),
    "pg8000": (("pg8000.dbapi", "Cursor"), ("pg8000.legacy", "Cursor")),
    "asyncpg": (("asyncpg.connection", "Connection"),),
}  # fmt: skip
"""By a driver's package, the modules and names of what is asked to do a statement."""
METHODS = (
    *("execute", "executemany", "copy", "stream", "copy_expert", "run"),
    *("fetch", "fetchrow", "fetchval", "copy_from_query"),
)
"""Those whose first argument is a statement."""
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
    from sqlalchemy import event, pool

    fairy = connection.connection
    _listen_on(
        getattr(fairy, "driver_connection", None) or getattr(fairy, "connection", fairy), hear
    )
    event.listen(
        pool.Pool,
        "connect",
        lambda one, _: _listen_on(getattr(one, "driver_connection", None) or one, hear),
    )


def _listen_on(raw: Any, hear: Hear) -> None:
    driver = type(raw).__module__.partition(".")[0]
    for module, name in CLASSES.get(driver, ()):
        owner = getattr(sys.modules.get(module), name, None)
        for method in METHODS:
            found = vars(owner).get(method) if owner is not None else None
            if found is not None and not hasattr(found, "heard_by_gate"):
                setattr(owner, method, _telling(found, hear))
    if driver == "psycopg2":
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

    heard.heard_by_gate = True  # type: ignore[attr-defined]
    return heard


def _worded(statement: Any, cursor: Any) -> str:
    if isinstance(statement, (bytes, bytearray, memoryview)):
        return bytes(statement).decode("utf-8", "replace")
    if hasattr(statement, "as_string"):  # psycopg's and psycopg2's own, put together
        return str(statement.as_string(cursor))
    return str(statement)


def _ask_beside(cursor: Any, query: str) -> Any:
    other = cursor.connection.cursor()
    try:
        other.execute(query)
        row = other.fetchone()
    finally:
        other.close()
    return next(iter(row.values() if isinstance(row, dict) else row))


def _unasked(_: str) -> Any:
    raise UnaskedError


def answered(connection: Any, statement: str) -> Any:
    """What one of SQLAlchemy's connections answers; that of 1.3 takes a text as it is."""
    ask = getattr(connection, "exec_driver_sql", None) or connection.execute
    return ask(statement)
