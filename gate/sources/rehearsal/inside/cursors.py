"""Hears what a driver's own cursor is about to do, of which SQLAlchemy is not told.

A statement of SQLAlchemy's comes by here as well, and one on a connection that a step opens by
itself. Who has a class of cursors of his own that is written in C is not heard.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
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
ASKING: list[str] = []
"""What is asked just now to judge a step by: no statement of its own."""
Hear = Callable[[str, Callable[[str], Any]], None]
"""Is told a statement, and what answers a query with its one value."""


class UnaskedError(Exception):
    """What is known by an event loop alone is not asked there."""


def listen(connection: Any, hear: Hear, also: Iterable[str] = ()) -> None:
    """Tell of every statement, by whose cursor it may be done, on this connection and later ones.

    Args:
        connection: SQLAlchemy's, which is open.
        hear: Is told of each before it is done, and raises what keeps it from being done.
        also: Names of packages that may be imported later; a driver of them is, now.
    """
    from sqlalchemy import event, pool

    for driver in CLASSES:
        if driver in also:
            with contextlib.suppress(Exception):  # then the step has none either
                importlib.import_module(driver)
    _listen_to_drivers(hear)
    fairy = connection.connection
    raw = getattr(fairy, "driver_connection", None) or getattr(fairy, "connection", fairy)
    if type(raw).__module__.partition(".")[0] == "psycopg2":
        _listen_to_psycopg2(raw, hear)
    event.listen(pool.Pool, "connect", lambda *_: _listen_to_drivers(hear))


def _listen_to_drivers(hear: Hear) -> None:
    for module, name in (one for all_ in CLASSES.values() for one in all_):
        owner = getattr(sys.modules.get(module), name, None)
        for method in METHODS:
            found = vars(owner).get(method) if owner is not None else None
            if found is not None and not hasattr(found, "heard_by_gate"):
                setattr(owner, method, _telling(found, hear))
    psycopg2: Any = sys.modules.get("psycopg2")
    connect = getattr(psycopg2, "_connect", None)  # what its connect goes by, whoever imported that
    if connect is None or hasattr(connect, "heard_by_gate"):
        return

    @functools.wraps(connect)
    def heard(*words: Any, **given: Any) -> Any:
        raw = connect(*words, **given)
        _listen_to_psycopg2(raw, hear)
        return raw

    heard.heard_by_gate = True  # type: ignore[attr-defined]
    psycopg2._connect = heard


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

    heard.heard_by_gate = True  # type: ignore[attr-defined]
    return heard


def _worded(statement: Any, cursor: Any) -> str:
    if isinstance(statement, (bytes, bytearray, memoryview)):
        return bytes(statement).decode("utf-8", "replace")
    if hasattr(statement, "as_string"):  # psycopg's and psycopg2's own, put together
        return str(statement.as_string(cursor))
    return str(statement)


def _ask_beside(cursor: Any, query: str) -> Any:
    with _asking(query):
        other = cursor.connection.cursor()
        try:
            other.execute(query)
            row = other.fetchone()
        finally:
            other.close()
    return next(iter(row.values() if isinstance(row, dict) else row))


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
