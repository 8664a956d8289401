"""Keeps a step from the live database, whatever driver it opens a connection of its own by.

A step is given the clone; one that has an address of its own would do in the live database, in
earnest, what is only to be tried. Of programs that it starts those of PostgreSQL's are looked at.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from gate.sources.rehearsal.inside.late import when_imported

OPENS = "%s opens a database called %s, as the live one is, and is kept from it"
"""What is said of a revision that cannot be tried on a clone."""
PROGRAMS = re.compile(
    r"(?<![\w.-])(?:psql|pg_dump|pg_restore|pgbench|(?:create|drop|vacuum|reindex|cluster)db)(?![\w-])"
)
"""Clients of PostgreSQL's, wherever they stand in what is to be run."""
ADDRESS = r"(?:^-d|^--dbname=|\bdbname=|://[^/]*/)%s(?:$|[?])"
"""How a word names a database."""
Look = Callable[[Any, Callable[[], Any]], None]
"""Is told a database's name and what closes the connection to it, and raises what is said of it."""


def shut(how: dict[str, Any], revision: str, refused: list[str]) -> None:
    """Look where every connection leads that is opened from here on, before it is used.

    Args:
        how: Knows the live database's name, and the clone's: a branch of it may have the same.
        revision: What is asked for.
        refused: Is told what was not done.
    """
    live = how["live"]
    if live == how["database"]:
        return

    def look(name: Any, close: Callable[[], Any]) -> None:
        from alembic import util

        if (name.decode("utf-8", "replace") if isinstance(name, bytes) else name) == live:
            close()
            refused.append(OPENS % (revision, live))
            raise util.CommandError(refused[-1])

    when_imported({package: functools.partial(door, look) for package, door in DOORS.items()})
    subprocess.Popen.__init__ = _starts(subprocess.Popen.__init__, 1, live, look)  # type: ignore[method-assign]
    os.system = _starts(os.system, 0, live, look)


def _starts(known: Any, place: int, live: str, look: Look) -> Any:
    """What starts a program, and looks first whether that is a client of the live database."""

    @functools.wraps(known)
    def started(*words: Any, **given: Any) -> Any:
        run = words[place] if len(words) > place else given.get("args", "")
        parts = [run] if isinstance(run, (str, bytes, os.PathLike)) else [*run]
        inherited = (given.get("env") or os.environ).get("PGDATABASE", "")
        look(live if leads([os.fsdecode(one) for one in parts], live, inherited) else "", tuple)
        return known(*words, **given)

    return started


def leads(parts: list[str], live: str, inherited: str = "") -> bool:
    """Whether words that are run are a client of PostgreSQL's, and one names the live database.

    Args:
        parts: The words, or one of a shell's.
        live: The live database's name.
        inherited: The database of those that name none.
    """
    text = " ".join(parts)
    if not PROGRAMS.search(text):
        return False
    named = re.compile(ADDRESS % re.escape(live))
    split = [one for part in parts for one in re.split(r"[\s'\";|&()]+", part)]
    alone = [
        number == 0 or split[number - 1] in {"-d", "--dbname"} or split[number - 1][:1] != "-"
        for number, one in enumerate(split)
        if one == live
    ]
    return inherited == live or any(alone) or any(named.search(one) for one in split)


def _psycopg(look: Look, module: Any) -> None:
    base = module.BaseConnection
    known = base.__init__

    @functools.wraps(known)
    def opened(self: Any, pgconn: Any, *words: Any, **given: Any) -> None:
        look(pgconn.db, pgconn.finish)
        known(self, pgconn, *words, **given)

    base.__init__ = opened


def _psycopg2(look: Look, module: Any) -> None:
    known = module._connect  # what its connect goes by, whoever imported that

    @functools.wraps(known)
    def opened(*words: Any, **given: Any) -> Any:
        raw = known(*words, **given)
        parse = sys.modules["psycopg2.extensions"].parse_dsn
        try:
            told = raw.get_dsn_parameters()
        except Exception:  # noqa: BLE001 - it is not open yet, as one that others wait for
            told = parse(raw.dsn)
        look(told.get("dbname"), raw.close)
        return raw

    module._connect = opened


def _asyncpg(look: Look, module: Any) -> None:
    base = module.connection.Connection
    known = base.__init__

    @functools.wraps(known)
    def opened(self: Any, *words: Any, **given: Any) -> None:
        is_ = inspect.signature(known).bind(self, *words, **given).arguments
        look(is_["params"].database, is_["transport"].abort)
        known(self, *words, **given)

    base.__init__ = opened


def _pg8000(look: Look, module: Any) -> None:
    base = getattr(module.core, "CoreConnection", None) or module.core.Connection
    known = base.__init__

    @functools.wraps(known)
    def opened(self: Any, *words: Any, **given: Any) -> None:
        is_ = inspect.signature(known).bind(self, *words, **given).arguments
        look(is_.get("database") or is_.get("user"), lambda: None)  # nothing is open yet
        known(self, *words, **given)

    base.__init__ = opened


DOORS: dict[str, Callable[[Look, Any], None]] = {
    "psycopg": _psycopg,
    "psycopg2": _psycopg2,
    "asyncpg": _asyncpg,
    "pg8000": _pg8000,
}
"""By a driver's package, how it comes to be known where its connections lead."""
