"""What a server says beside its answers is heard, whatever driver the application has."""

from __future__ import annotations

import subprocess
import sys

import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.sources.rehearsal.inside import hear
from tests.selftest.conftest import Postgres

RAISE = "DO $$ BEGIN RAISE WARNING 'odd   %', 1 USING DETAIL = 'very'; RAISE INFO 'no'; END $$"
SYNC = """
import sqlalchemy as sa
from gate.sources.rehearsal.inside import hear
engine = sa.create_engine({url!r})
heard = hear.hear()
with engine.connect() as connection:
    for _ in range(2):
        connection.execute(sa.text({text!r}))
print(heard)
"""
ASYNC = """
import asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from gate.sources.rehearsal.inside import hear
heard = hear.hear()

async def main():
    engine = create_async_engine({url!r})
    async with engine.connect() as connection:
        await connection.execute(sa.text({text!r}))
    await engine.dispose()

asyncio.run(main())
print(heard)
"""


@pytest.mark.parametrize(
    ("driver", "program"), [("psycopg", SYNC), ("psycopg", ASYNC), ("asyncpg", ASYNC)]
)
def test_every_driver_is_heard(
    driver: str, program: str, database: str, postgres: Postgres
) -> None:
    """A warning comes in one form, once; what is not meant for a warning does not."""
    name = conninfo_to_dict(database)["dbname"]
    url = f"postgresql+{driver}://postgres@/{name}?host={postgres.host}&port={postgres.port}"
    done = subprocess.run(  # noqa: S603 - of this file
        [sys.executable, "-c", program.format(url=url, text=RAISE)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == "['WARNING: odd 1 (very)']\n", done.stderr


@pytest.mark.parametrize(
    ("one", "told"),
    [
        ("NOTICE:  odd\nDETAIL:  very\nHINT:  see\n", "NOTICE: odd (very)"),
        ("NOTICE:  odd\n", "NOTICE: odd"),
        ({b"S": b"HINWEIS", b"V": b"NOTICE", b"M": b"odd", b"D": b"very"}, "NOTICE: odd (very)"),
        ("LOG:  nothing\n", None),
    ],
)
def test_lists_of_drivers_are_read(
    one: object, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As psycopg2 and pg8000 write them; the list stays theirs."""
    monkeypatch.setattr(hear, "NOTICES", [])
    sink = hear.Sink()
    for _ in range(hear.MOST + 1):
        sink.append(one)
    assert [told] * bool(told) == hear.NOTICES
    assert sink == [one] * hear.MOST
    sink[:] = []
    assert sink == []
