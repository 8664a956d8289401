"""A step is kept from the live database, whatever driver it opens a connection of its own by."""

from __future__ import annotations

import subprocess
import sys

import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.sources.rehearsal.inside.doors import OPENS, leads

PROGRAM = """
import asyncio
import importlib
from alembic.util import CommandError
from gate.sources.rehearsal.inside.doors import shut

for known in {known!r}:
    importlib.import_module(known)
refused = []
shut({{"live": "postgres", "database": {clone!r}}}, "r1", refused)

def opened(host, name):
    {opens}

for name in ({clone!r}, "postgres"):
    try:
        print(opened({host!r}, name))
    except CommandError as error:
        print(error, refused == [str(error)])
"""
ASKS = "SELECT current_database()"
OPENED = {
    "psycopg": "import psycopg\n    with psycopg.connect(host=host, user='postgres', dbname=name) "
    "as c:\n        return c.execute('{asks}').fetchone()[0]",
    "psycopg, awaited": "import psycopg\n    async def go():\n        c = await psycopg."
    "AsyncConnection.connect(host=host, user='postgres', dbname=name)\n        return (await "
    "(await c.execute('{asks}')).fetchone())[0]\n    return asyncio.run(go())",
    "psycopg2": "import psycopg2\n    c = psycopg2.connect(f'host={{host}} user=postgres dbname="
    "{{name}}').cursor()\n    c.execute('{asks}')\n    return c.fetchone()[0]",
    "asyncpg": "import asyncpg\n    async def go():\n        c = await asyncpg.connect(host=host, "
    "user='postgres', database=name)\n        return await c.fetchval('{asks}')\n"
    "    return asyncio.run(go())",
    "pg8000": "import pg8000.dbapi\n    c = pg8000.dbapi.connect('postgres', database=name, "
    "unix_sock=host + '/.s.PGSQL.5432').cursor()\n    c.execute('{asks}')\n"
    "    return c.fetchone()[0]",
    "pg8000.native": "import pg8000.native\n    return pg8000.native.Connection('postgres', "
    "database=name, unix_sock=host + '/.s.PGSQL.5432').run('{asks}')[0][0]",
    "SQLAlchemy": "import sqlalchemy as sa\n    with sa.create_engine(f'postgresql+psycopg://"
    "postgres@/{{name}}?host={{host}}').connect() as c:\n"
    "        return c.exec_driver_sql('{asks}').scalar()",
}
"""What a step may do to get there, by a driver; the name of the database that it is in."""
STARTED = {
    "psql": "import subprocess\n    return subprocess.run(['psql', '-d', name, '--version'], "
    "stdout=subprocess.DEVNULL).args[2]",
    "by a shell": "import subprocess\n    subprocess.check_output(f'echo psql {{name}}', "
    "shell=True)\n    return name",
    "os.system": "import os\n    os.system(f'echo psql {{name}} >/dev/null')\n    return name",
}
"""What it may start to get there."""
OF_SHOP = {
    "psql shop": True,
    "psql -d shop -c 'DELETE FROM t'": True,
    "/usr/bin/psql -dshop": True,
    "pg_restore --dbname=shop x.dump": True,
    "psql 'host=db dbname=shop'": True,
    "psql postgresql://u:p@db:5432/shop?sslmode=require": True,
    "cat x.sql | psql -U shop shop": True,
    "dropdb shop": True,
    "psql -U shop -d gate_clone": False,
    "psql -h shop -f /srv/shop/x.sql gate_clone": False,
    "psql postgresql://shop:p@shop/gate_clone": False,
    "shop db upgrade": False,
    "pg_dump -d shop_old": False,
    "my-psql shop": False,
}
"""What is run, and whether it is a client of the database ``shop``."""


@pytest.mark.parametrize("text", OF_SHOP)
def test_what_names_a_database(text: str) -> None:
    """As a shell's one text, and as words."""
    assert leads([text], "shop") is OF_SHOP[text]
    assert leads(text.replace("'host=db ", "").replace("'", "").split(), "shop") is OF_SHOP[text]


def test_a_program_that_names_none() -> None:
    """It is told by its environment."""
    assert leads(["psql"], "shop", "shop")
    assert not leads(["psql"], "shop", "gate_clone")
    assert not leads(["shop"], "shop", "shop")


@pytest.mark.parametrize("known", [False, True], ids=["imported by the step", "known before"])
@pytest.mark.parametrize("driver", [*OPENED, *STARTED])
def test_a_step_is_kept_from_the_live_database(driver: str, database: str, *, known: bool) -> None:
    """It connects to its clone as ever."""
    names = conninfo_to_dict(database)
    package = driver.partition(",")[0] if driver in OPENED else "subprocess"
    package = "psycopg" if driver == "SQLAlchemy" else package
    program = PROGRAM.format(
        clone=names["dbname"], host=names["host"], known=[package] * known,
        opens=(OPENED | STARTED)[driver].format(asks=ASKS),
    )  # fmt: skip
    done = subprocess.run(  # noqa: S603 - of this file
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    told = [names["dbname"], f"{OPENS % ('r1', 'postgres')} True"]
    assert done.stdout.splitlines() == told, done.stderr


def test_a_branch_of_the_live_databases_name_is_a_clone(database: str) -> None:
    """Where both are called the same, a name tells nothing."""
    names = conninfo_to_dict(database)
    program = PROGRAM.replace('"database": {clone!r}', '"database": "postgres"').format(
        clone=names["dbname"], host=names["host"], known=[],
        opens=OPENED["psycopg"].format(asks=ASKS),
    )  # fmt: skip
    done = subprocess.run(  # noqa: S603 - of this file
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines() == [names["dbname"], "postgres"], done.stderr
