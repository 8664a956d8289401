"""What is about to be done by a driver's own cursor is heard, whatever driver a migration has."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict

from gate.sources.rehearsal.inside.cursors import ask

BEGIN = """
import sqlalchemy as sa
from gate.sources.rehearsal.inside import guard, refused

def tried(name, do):
    refused.REFUSED.clear()
    try:
        do()
    except Exception:
        if not refused.REFUSED:
            raise
    print(name, refused.REFUSED[:1] == refused.REFUSED and len(refused.REFUSED))

def judged(connection):
    how = {{"live": "shop", "shared": True, "database": {name!r}}}
    guard.guard(how, "r1", connection)
    dsn = {dsn!r}
    raw = connection.connection.driver_connection
    cursor = getattr(raw, "cursor", None)
    {tries}
"""
SYNC = """
with sa.create_engine({url!r}).connect() as connection:
    judged(connection)
"""
ASYNC = """
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine

async def main():
    engine = create_async_engine({url!r})
    async with engine.connect() as connection:
        await connection.run_sync(judged)
    await engine.dispose()

asyncio.run(main())
"""
PLAIN = {
    "nothing": "cursor().execute('SELECT 1')",
    "a role": "cursor().execute('CREATE ROLE gate_nobody')",
    "no role": "cursor().execute('DROP ROLE IF EXISTS gate_nobody')",
    "live": "cursor().execute('ALTER DATABASE shop CONNECTION LIMIT 5')",
    "many": "cursor().executemany('ALTER DATABASE shop CONNECTION LIMIT 5', [()])",
    "known": "connection.exec_driver_sql('SELECT 1')",
    "SQLAlchemy's": "connection.exec_driver_sql('CREATE ROLE gate_nobody')",
}
OWN = {
    "psycopg2": {
        "bytes": "cursor().execute(b'ALTER SYSTEM SET jit = off')",
        "parts": "cursor().execute(__import__('psycopg2.sql').sql.SQL('CREATE ROLE x'))",
        "a copy": "cursor().copy_expert('COPY (SELECT 1) TO PROGRAM $$x$$', None)",
        "another class": "cursor(cursor_factory=__import__('psycopg2.extras').extras.RealDictCursor"
        ").execute('CREATE ROLE gate_nobody')",
    },
    "psycopg": {
        "bytes": "cursor().execute(b'ALTER SYSTEM SET jit = off')",
        "parts": "cursor().execute(__import__('psycopg.sql').sql.SQL('CREATE ROLE x'))",
        "a copy": "cursor().copy('COPY (SELECT 1) TO PROGRAM $$x$$')",
        "the connection's": "raw.execute('CREATE ROLE gate_nobody')",
        "the server's": "cursor('x').execute('SELECT pg_reload_conf()')",
    },
    "pg8000": {},
}
BESIDE = {
    "psycopg2": "__import__('psycopg2').connect(dsn).cursor()",
    "psycopg2.extras": "__import__('psycopg2.extras').connect(dsn, cursor_factory="
    "__import__('psycopg2.extras').extras.RealDictCursor).cursor()",
    "psycopg": "__import__('psycopg').connect(dsn, autocommit=True)",
    "pg8000.native": "type('x', (), {'execute': __import__('pg8000.native').native.Connection("
    "'postgres', unix_sock=dsn.split()[1][5:] + '/.s.PGSQL.5432', database=dsn.split()[0][7:]"
    ").run})",
    "pg8000": "__import__('pg8000.dbapi').dbapi.connect('postgres', unix_sock=dsn.split()[1][5:] + "
    "'/.s.PGSQL.5432', database=dsn.split()[0][7:]).cursor()",
}
"""A connection that a step opens by itself, by another driver than the migration's."""
WAITS = {
    "psycopg": {
        "a role": "connection.connection.dbapi_connection.run_async(lambda raw: raw.execute("
        "'CREATE ROLE gate_nobody'))",
        "nothing": "connection.connection.dbapi_connection.run_async(lambda raw: raw.execute("
        "'SELECT 1'))",
    },
    "asyncpg": {
        "a role": "connection.connection.dbapi_connection.run_async(lambda raw: raw.execute("
        "'CREATE ROLE gate_nobody'))",
        "live": "connection.connection.dbapi_connection.run_async(lambda raw: raw.fetchval("
        "'ALTER DATABASE shop CONNECTION LIMIT 5'))",
        "nothing": "connection.connection.dbapi_connection.run_async(lambda raw: raw.fetchval("
        "'SELECT 1'))",
    },
}
"""What a migration does by a cursor of its own; of what is named as here nothing is refused."""
DONE = ("nothing", "no role", "known", "nothing beside")


@pytest.mark.parametrize(
    ("driver", "program", "tries"),
    [
        *((driver, SYNC, PLAIN | own) for driver, own in OWN.items()),
        *((driver, ASYNC, tries) for driver, tries in WAITS.items()),
    ],
)
def test_what_a_cursor_is_to_do_is_heard(
    driver: str, program: str, tries: dict[str, str], database: str
) -> None:
    """Once, and nothing of it is done; what changes nothing for others is done."""
    _assert_heard(driver, program, tries, database)


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("driver", OWN)
def test_what_a_connection_of_a_step_s_own_is_to_do_is_heard(
    driver: str, beside: str, database: str
) -> None:
    """By whatever driver that its file names, which is imported where it is needed."""
    tries = {
        "nothing beside": BESIDE[beside] + ".execute('SELECT 1')",
        "a role beside": BESIDE[beside] + ".execute('CREATE ROLE gate_nobody')",
        "live beside": BESIDE[beside] + ".execute('ALTER DATABASE shop CONNECTION LIMIT 5')",
    }
    _assert_heard(driver, SYNC, tries, database)


def _assert_heard(driver: str, program: str, tries: dict[str, str], database: str) -> None:
    known = conninfo_to_dict(database)
    name, host, port = known["dbname"], known["host"], known["port"]
    url = f"postgresql+{driver}://postgres@/{name}?host={host}&port={port}"
    if driver == "pg8000":
        url = f"postgresql+pg8000://postgres@/{name}?unix_sock={host}/.s.PGSQL.{port}"
    dsn = f"dbname={name} host={host} port={port} user=postgres"
    lines = "\n    ".join(f"tried({one!r}, lambda: {do})" for one, do in tries.items())
    text = BEGIN.format(name=name, tries=lines, dsn=dsn)
    done = subprocess.run(  # noqa: S603 - of this file
        [sys.executable, "-c", text + program.format(url=url)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = [f"{one} {0 if one in DONE else 1}" for one in tries]
    assert done.stdout.splitlines() == told, done.stderr


class _Before14:
    """A connection as SQLAlchemy 1.3 has it: ``execute`` takes a text as it is."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def execute(self, text: str) -> sa.CursorResult[Any]:
        return self._connection.exec_driver_sql(text)


def test_an_older_sqlalchemy_is_asked_too(database: str) -> None:
    """Where it could not be, no step of an application that has it could be applied."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database))
    with engine.connect() as connection:
        assert ask(_Before14(connection), "SELECT 1") == 1
    engine.dispose()
