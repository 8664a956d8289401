"""Small histories, from an empty database to their heads and back to base: one per shape."""

from __future__ import annotations

import dataclasses
import textwrap

from tests.selftest.diseases import revision, sql

INI = "[alembic]\nscript_location = %(here)s/migrations\n"
BY_NAME = 'create_engine(os.environ["DATABASE_URL"])'
ENV = """
import os
import sqlalchemy as sa
from alembic import context
from sqlalchemy import create_engine, pool

config = context.config
engine = {engine}
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True{more})
    with context.begin_transaction():
        context.run_migrations()
"""
BESIDE = """
import os
beside = sa.create_engine(os.environ["DATABASE_URL"]).connect()
beside.execute(sa.text("SELECT id FROM t_b"))
"""
GIVEN = """
from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
"""
LOOPED = """
import asyncio
import os
import threading
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

assert threading.current_thread() is not threading.main_thread()

def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def online():
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()

asyncio.run(online())
"""
SHOP = """
import os
import sys
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

def upgrade():
    config = Config("alembic.ini")
    with create_engine(os.environ["DATABASE_URL"]).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    raise SystemExit("what comes after it is not for the rehearsal")

if sys.argv[1:] == ["db", "upgrade"]:
    upgrade()
"""
TOLD = """
import alembic.config

alembic.config.main(["--raiseerr", "upgrade", "--tag", "shop", "heads"])
"""
"""Runs Alembic's own command line in its process, and tells ``env.py`` something beside it."""
TAGGED = """
from alembic import command
from alembic.config import Config

command.upgrade(Config("alembic.ini"), "head", False, {"prefix": "of_shop_"})
"""
ASKS = """
command = config.cmd_opts.cmd[0].__name__
where = {"upgrade": ("a", "b"), "downgrade": (None, "a")}.get(command)
assert where is None or context.get_revision_argument() in where, command
assert where is None or context.get_starting_revision_argument() is None
assert where is None or config.cmd_opts.revision in ("a", "b", "base")
assert "x" in config.cmd_opts
with engine.begin() as connection:
    if command == "upgrade":
        connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS ops"))
    elif command == "downgrade" and context.get_revision_argument() is None:
        connection.execute(sa.text("DROP TABLE ops.t_a; DROP SCHEMA ops"))
"""
"""Does something of its own on the way up, and something else on the way down."""
LOOKS = """
import os
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    there = MigrationContext.configure(connection).get_current_revision()
if there != "b":
    command.upgrade(Config("alembic.ini"), "head")
"""
"""Looks first whether there is anything to do."""
MAKES = """
import os
import tempfile
from alembic import command
from alembic.config import Config

with tempfile.TemporaryDirectory(prefix="{prefix}") as folder:
    with open("alembic.ini") as ini, open(os.path.join(folder, "of_it.ini"), "w") as own:
        own.write(ini.read().replace("%(here)s", os.getcwd()))
    command.upgrade(Config(own.name), "head")
"""
"""Writes its ini file, with a password in it perhaps, into a folder that is gone behind it."""
STARTS = """
import subprocess
import sys

subprocess.run([sys.executable, "-m", "alembic", "upgrade", "heads"])
"""
"""Has another process do it."""
WORKER = """
import asyncio
from alembic import command
from alembic.config import Config

async def main():
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, command.upgrade, Config("alembic.ini"), "head")

asyncio.run(main())
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class History:
    """A history and how it is run.

    Attributes:
        files: Text by path in the release's folder.
        env: Text of ``env.py``.
        ini: Text of ``alembic.ini``.
        how: Keys of ``[alembic]`` beside the folders; ``{python}`` and ``{folder}`` are filled in.
        reaches, restores: Where it goes, and where it goes back to.
        steps: How many revisions are judged.
        finds: Words of what is wrong with the way back; none where all is well.
        proof: Words of what is wrong with the proof that Alembic opens the clone.
        apart: Whether the clone is on a server of the gate's own.
    """

    files: dict[str, str]
    env: str = ENV.format(engine=BY_NAME, more="")
    ini: str = INI
    how: str = 'command = ["{python}", "-m", "alembic"]'
    reaches: str = "heads"
    restores: str = "base"
    steps: int = 2
    finds: str = ""
    proof: str = ""
    apart: bool = False


def table(name: str, parent: str | tuple[str, ...] | None, more: str = "") -> str:
    """A revision that makes a table of its own name, and drops it."""
    text = revision(
        name, parent, sql(f"CREATE TABLE t_{name} (id int)"), sql(f"DROP TABLE t_{name}")
    )
    return text.replace("\n\ndef upgrade", f"\n{more}\n\ndef upgrade", 1)


BEFORE = """
import os
import psycopg
import threading
import time

with psycopg.connect(os.environ["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as one:
    one.execute("CREATE SCHEMA IF NOT EXISTS ops")
"""
THREAD = """
import threading
import time

threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
"""
BOTH = """
import os
import sqlalchemy as sa
from alembic import context

url = sa.make_url(os.environ["DATABASE_URL"])
for one in (url, url.set(database="postgres")):
    with sa.create_engine(one).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
CHANGED = """
import builtins, json, mmap, os, random, signal
import sqlalchemy as sa
from alembic import context

assert not hasattr(builtins, "been_here") and "BEEN_HERE" not in os.environ
assert os.path.exists("alembic.ini")
os.chdir("/")
os.environ["BEEN_HERE"] = "1"
builtins.been_here = True
json.dumps = None
signal.alarm(600)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for one in range(3, 50):
    try:
        os.close(one)
    except OSError:
        pass
made = {}

def engine():
    assert not made, "an engine of another step"
    made["engine"] = sa.create_engine(os.environ["DATABASE_URL"])
    return made["engine"]

connection = engine().connect()
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
connection.execute(sa.text("SET search_path = nowhere"))
"""
"""Leaves its process as nobody would want to find it, with a connection that stays open."""
COUNTED = """
import mmap

seen = mmap.mmap(-1, 8)

def once():
    assert seen[0] == 0, "the memory of another step"
    seen[0] = 1
"""
"""Memory that is common to a process and its forks."""
READS = """
import pathlib

rows = open(pathlib.Path(__file__).with_name("rows.txt"))
"""
"""A file that is open, and is at another place when somebody has read on."""
INSERTED = """
for row in rows:
    op.execute("INSERT INTO t_a VALUES (%s)" % row)
"""
THROUGH_INI = """
import os
from alembic import context
from sqlalchemy import engine_from_config

context.config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])
engine = engine_from_config(context.config.get_section(context.config.config_ini_section))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
"""Of an application whose address has no percent sign where it lives."""
AT = "migrations/versions/"
READS_WORDS = """
import pickle
import sys

assert type(pickle.loads(pickle.dumps(sys.argv))) is list, "nothing for another process"

words = [one for one in sys.argv[1:] if one != "current"]
assert sys.argv[0].endswith(("alembic", "alembic/__main__.py")), sys.argv
assert words in ([], ["upgrade", "a"], ["upgrade", "b"], ["downgrade", "a"], ["downgrade", "base"])
assert ("downgrade" in sys.argv) == (words[:1] == ["downgrade"]) and len(sys.argv) > 1
"""
TENANTS = """
import os
import sqlalchemy as sa
from alembic import context

with sa.create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    for schema in ("north", "south"):
        connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        connection.execute(sa.text(f"SET search_path = {schema}"))
        connection.commit()
        connection.dialect.default_schema_name = schema
        context.configure(connection=connection, version_table_schema=schema)
        with context.begin_transaction():
            context.run_migrations()
"""
"""One database, a schema per customer, and all of them in one run."""
TWO = {f"{AT}a.py": table("a", None), f"{AT}b.py": table("b", "a")}
OF_A_TYPE = "op.create_table({!r}, sa.Column('c', sa.Enum('x', name='color')))"
HISTORIES = {
    "from-nothing": History(files=TWO),
    "a-type-that-is-made-once-in-a-command": History(
        files={
            f"{AT}a.py": revision("a", None, OF_A_TYPE.format("t_a"),
                                  sql("DROP TABLE t_a", "DROP TYPE color")),
            f"{AT}b.py": revision("b", "a", OF_A_TYPE.format("t_b"), sql("DROP TABLE t_b")),
        },
    ),
    "a-type-that-is-gone-meanwhile": History(
        files={
            f"{AT}a.py": revision("a", None, OF_A_TYPE.format("t_a"),
                                  sql("DROP TABLE t_a", "DROP TYPE IF EXISTS color")),
            f"{AT}b.py": revision(
                "b", "a", sql("ALTER TABLE t_a DROP c", "DROP TYPE color")
                + "\n" + OF_A_TYPE.format("t_b"), sql("DROP TABLE t_b")),
        },
        steps=1, finds="b could not be applied",
    ),
    "a-role-that-stays": History(
        files={
            f"{AT}a.py": revision("a", None, sql(
                "DO $$ BEGIN IF to_regrole('gate_history') IS NULL THEN "
                "CREATE ROLE gate_history BYPASSRLS; END IF; END $$")),
            f"{AT}b.py": table("b", "a"),
        },
        apart=True, finds="a leaves the catalog changed: + role gate_history",
    ),
    "a-member-that-stays": History(
        files={
            f"{AT}a.py": revision("a", None, sql("CREATE ROLE gate_history", "CREATE ROLE gate_of"),
                                  sql("DROP ROLE gate_of", "DROP ROLE gate_history")),
            f"{AT}b.py": revision("b", "a", sql("GRANT gate_of TO gate_history")),
        },
        apart=True, finds="b leaves the catalog changed: + membership of gate_history in gate_of",
    ),
    "a-role-that-is-altered": History(
        files={
            f"{AT}a.py": revision("a", None, sql("CREATE ROLE gate_history"),
                                  sql("DROP ROLE gate_history")),
            f"{AT}b.py": revision("b", "a", sql("ALTER ROLE gate_history LOGIN")),
        },
        apart=True, finds="b leaves the catalog changed: ~ role gate_history",
    ),
    "through-an-ini-that-takes-no-percent-sign": History(files=TWO, env=THROUGH_INI),
    "one-step-back": History(files=TWO, restores="a", steps=2),
    "leftover": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision("b", "a", sql("CREATE TABLE t_b (id int)"))},
        finds="b leaves the catalog changed: + column t_b.id",
    ),
    "no-way-down-at-all": History(
        files={**TWO, f"{AT}b.py": table("b", "a").partition("def downgrade")[0]},
        finds="has no attribute 'downgrade'",
    ),
    "up-that-commits-nothing": History(
        files=TWO, steps=0, finds="? ",
        env=ENV.format(engine=BY_NAME, more="").replace(
            "    context.configure", "    connection.begin()\n    context.configure"),
    ),
    # Shapes
    "labels": History(
        files={f"{AT}a.py": table("a", None, 'branch_labels = ("shop",)'),
               f"{AT}b.py": table("b", "a")},
        reaches="shop@head",
    ),
    "version-locations": History(
        files={"migrations/versions/a.py": table("a", None), "more/b.py": table("b", "a")},
        ini=INI + "version_locations = %(here)s/migrations/versions %(here)s/more\n"
        "path_separator = space\n",
    ),
    "version-locations-that-env-names": History(
        files={"of_postgresql/a.py": table("a", None), "of_postgresql/b.py": table("b", "a"),
               "migrations/versions/x.py": table("x", None)},
        env=ENV.format(engine=BY_NAME, more="").replace(
            "with engine", "context.script.version_locations = ['of_postgresql']\nwith engine", 1),
    ),
    "version-locations-that-env-tells-the-ini-too-late": History(
        files={**TWO, "more/c.py": table("c", "b")},
        env=ENV.format(engine=BY_NAME, more="").replace(
            "with engine", "config.set_main_option('version_locations', 'more')\nwith engine", 1),
    ),
    "nested-folders": History(
        files={f"{AT}2025/a.py": table("a", None), f"{AT}2026/01/b.py": table("b", "a")},
        ini=INI + "recursive_version_locations = true\n",
    ),
    "depends-on": History(
        files={f"{AT}a.py": table("a", None), f"{AT}b.py": table("b", None),
               f"{AT}c.py": table("c", "a", 'depends_on = "b"'), f"{AT}d.py": table("d", "b")},
        steps=4,
    ),
    "numbered-and-told-something": History(
        files={f"{AT}{one}.py": table(one, parent, more).replace("grade():", "grade(config):")
               for one, parent, more in (("1", None, ""), ("10", "1", 'depends_on = "1"'),
                                         ("11", "10", 'depends_on = "1"'))},
        env=ENV.format(engine=BY_NAME, more="").replace("run_migrations()",
                                                        "run_migrations(config=config)"),
        steps=3,
    ),
    "bases-and-heads": History(
        files={f"{AT}{one}.py": table(one, parent)
               for one, parent in (("a", None), ("b", "a"), ("c", "a"), ("d", None), ("e", "d"))},
        steps=5,
    ),
    "three-bases-merged": History(
        files={f"{AT}a.py": table("a", None), f"{AT}b.py": table("b", None),
               f"{AT}c.py": table("c", None), f"{AT}d.py": table("d", ("a", "b", "c"))},
        steps=4,
    ),
    "own-version-table-and-schema": History(
        files=TWO, how='command = ["{python}", "-m", "alembic"]\nversion_table = "ops.Revisions"',
        env=ENV.format(engine=BY_NAME, more=", version_table='Revisions', version_table_schema="
                       "'ops'").replace("    context.configure", "    connection.execute(sa.text("
                       "'CREATE SCHEMA IF NOT EXISTS ops')); connection.commit()\n"
                       "    context.configure"),
    ),
    "a-schema-per-customer": History(
        files={
            f"{AT}a.py": table("a", None),
            f"{AT}b.py": revision("b", "a", sql("CREATE TABLE t_b (id int)"), sql(
                "DO $$ BEGIN IF current_schema() = 'north' THEN DROP TABLE t_b; END IF; END $$")),
        },
        env=TENANTS, finds="b leaves the catalog changed: + column south.t_b.id",
        how='command = ["{python}", "-m", "alembic"]\nversion_table = "north.alembic_version"',
    ),
    "a-version-table-that-nobody-named": History(
        files=TWO, steps=0, finds="? ",
        env=ENV.format(engine=BY_NAME, more=", version_table='revisions'"),
        proof="env.py opens the clone and keeps its revision in public.revisions, where "
        "version_table of [alembic] is alembic_version; nothing was migrated",
    ),
    "several-databases": History(
        files={"orders/versions/a.py": table("a", None), "orders/versions/b.py": table("b", "a"),
               "orders/env.py": ENV.format(engine=BY_NAME, more=""),
               "stock/versions/x.py": table("x", None), "stock/env.py": "raise SystemExit(9)"},
        ini="[orders]\nscript_location = %(here)s/orders\n"
        "[stock]\nscript_location = %(here)s/stock\n",
        how='command = ["{python}", "-m", "alembic", "-n", "orders"]',
    ),
    "several-databases-in-one-run": History(
        files=TWO, env=BOTH, steps=0, finds="? ",
        proof="env.py opens the database postgres as well as the clone; nothing was migrated",
    ),
    "a-role-of-the-server": History(
        files={
            f"{AT}a.py": table("a", None),
            f"{AT}b.py": revision("b", "a", sql("CREATE ROLE gate_history"),
                                  sql("DROP ROLE gate_history")),
            f"{AT}c.py": revision("c", "b", sql("CREATE TABLE t_c (id int)")),
            f"{AT}d.py": table("d", "c"),
        },
        apart=True, steps=4, finds="c leaves the catalog changed: + column t_c.id",
    ),
    "a-role-of-the-live-server": History(
        files={
            f"{AT}a.py": table("a", None),
            f"{AT}b.py": revision("b", "a", "try:\n    op.execute('CREATE ROLE gate_history')\n"
                                  "except Exception:\n    pass", sql("DROP ROLE gate_history")),
        },
        steps=1, finds="? cannot tell: 1 step was not judged, because b could not be applied: b",
    ),
    "a-role-of-the-server-beside-rows": History(
        files={
            f"{AT}a.py": revision("a", None, sql(
                "CREATE TABLE t_a AS SELECT n, 'word' AS word FROM generate_series(1, 200000) n"
            ), sql("DROP TABLE t_a")),
            f"{AT}b.py": revision("b", "a", sql("CREATE INDEX i_a ON t_a (n)"),
                                  sql("DROP INDEX i_a")),
            f"{AT}c.py": revision("c", "b", sql("CREATE ROLE gate_history",
                                                "UPDATE t_a SET word = 'other' WHERE n = 7"),
                                  sql("UPDATE t_a SET word = 'wrong' WHERE n = 7",
                                      "DROP ROLE gate_history")),
            f"{AT}d.py": table("d", "c"),
        },
        apart=True, steps=4,
        finds="c leaves other rows in t_a: 200000 rows, then 200000 (other content); the "
        "point of no return is c",
    ),
    "rows-that-a-step-changes": History(
        files={
            f"{AT}a.py": revision("a", None, sql(
                "CREATE TABLE t_a AS SELECT n, 'word' AS word FROM generate_series(1, 200000) n"
            ), sql("DROP TABLE t_a")),
            f"{AT}b.py": revision("b", "a", sql("UPDATE t_a SET word = 'other' WHERE n = 7"),
                                  sql("UPDATE t_a SET word = 'wrong' WHERE n = 7")),
            f"{AT}c.py": revision("c", "b", sql("ALTER TABLE t_a ADD size int"),
                                  sql("ALTER TABLE t_a DROP size")),
            f"{AT}d.py": revision("d", "c", "pass", sql("DELETE FROM t_a WHERE n = 8")),
        },
        steps=4, finds="d leaves other rows in t_a: 200000 rows, then 199999; b leaves other rows "
        "in t_a: 200000 rows, then 200000 (other content); the point of no return is d",
    ),
    "a-step-that-goes-another-way-where-rows-are": History(
        files={
            f"{AT}a.py": revision("a", None, sql(
                "CREATE TABLE t_a (id int PRIMARY KEY)", "CREATE TABLE t_of (id int)"),
                sql("DROP TABLE t_of", "DROP TABLE t_a")),
            f"{AT}b.py": revision("b", "a", sql(
                "CREATE TABLE t_b (id int REFERENCES t_a)", "DO $$ BEGIN IF EXISTS (SELECT FROM "
                "t_a) THEN ALTER TABLE t_of SET (fillfactor = 50); ELSE ALTER TABLE t_of SET "
                "(fillfactor = 70); END IF; END $$"),
                sql("DROP TABLE t_b", "ALTER TABLE t_of RESET (fillfactor)")),
            f"{AT}c.py": revision("c", "b", sql(
                "DO $$ BEGIN IF EXISTS (SELECT FROM pg_class WHERE reloptions = '{fillfactor=70}') "
                "THEN CREATE TABLE t_c (id int); END IF; END $$")),
        },
        steps=3, finds="c leaves the catalog changed: + column t_c.id",
    ),
    # How it is run
    "an-env-that-connects-before": History(files={
        f"{AT}a.py": revision("a", None, sql("CREATE TABLE ops.t_a (id int)"),
                              sql("DROP TABLE ops.t_a")),
        f"{AT}b.py": table("b", "a"),
    }, env=BEFORE + ENV.format(engine=BY_NAME, more="")),
    "an-env-with-a-thread": History(
        files=TWO, env=THREAD + ENV.format(engine=BY_NAME, more="")),
    "an-env-that-leaves-its-process-changed": History(files=TWO, env=CHANGED),
    "an-env-with-common-memory": History(
        files=TWO, env=COUNTED + ENV.format(engine=BY_NAME, more="") + "once()\n"),
    "a-revision-that-reads-on": History(
        files={
            f"{AT}rows.txt": "1\n2\n3\n",
            f"{AT}a.py": table("a", None),
            f"{AT}b.py": revision("b", "a", "pass", sql("DELETE FROM t_a")).replace(
                "\n\ndef upgrade", f"\n{READS}\n\ndef upgrade", 1).replace(
                "    pass", textwrap.indent(INSERTED, "    "), 1),
        },
    ),
    "a-revision-that-names-things-anew": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision("b", "a", "op.execute(f'CREATE TABLE t_{NAME} (id int)')",
                                     "op.execute(f'DROP TABLE t_{NAME}')").replace(
                   "\n\ndef upgrade", "\nimport uuid\nNAME = uuid.uuid4().hex\n\ndef upgrade", 1)},
        env="from alembic import context\ncontext.script.get_heads()\n" +
        ENV.format(engine=BY_NAME, more=""),
        finds="downgrade of b exited with 1",
    ),
    "a-revision-whose-neighbour-names-things-anew": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision("b", "a", "op.execute(f'CREATE TABLE t_{NAME} (id int)')",
                                     "op.execute(f'DROP TABLE t_{NAME}')").replace(
                   "\n\ndef upgrade", "\nfrom naming import NAME\n\ndef upgrade", 1),
               "naming.py": "import uuid\nNAME = uuid.uuid4().hex\n"},
        finds="downgrade of b exited with 1",
    ),
    "a-step-that-is-another-each-time": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision(
                   "b", "a", "import os\nop.execute(f'ALTER TABLE t_a ADD CONSTRAINT more "
                   "CHECK (id <> {os.getpid()})')", sql("ALTER TABLE t_a DROP CONSTRAINT more"))},
        finds="b goes up otherwise the second time: ~ constraint t_a.more",
    ),
    "a-step-that-ends-who-waits-for-it": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision("b", "a", sql("CREATE TABLE t_b (id int)"),
                                     "import os\nos.kill(os.getppid(), 9)")},
        steps=2, finds="downgrade of b was ended",
    ),
    "a-step-that-ends-itself": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision("b", "a", sql("CREATE TABLE t_b (id int)"),
                                     "import os\nos.kill(os.getpid(), 9)"),
               f"{AT}c.py": table("c", "b")},
        steps=3, finds="downgrade of b exited with 137",
    ),
    "a-step-that-ends-itself-well": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision("b", "a", sql("CREATE TABLE t_b (id int)"),
                                     "import os\nos._exit(0)")},
        steps=2, finds="FAILED: it ended with 0, and the database is at b",
    ),
    "an-env-that-ends-itself-when-it-is-through": History(
        files=TWO, env=ENV.format(engine=BY_NAME, more="") + "os._exit(0)\n",
    ),
    "an-env-that-ends-itself": History(
        files=TWO, env="import os\nos._exit(0)\n", steps=0, finds="? ",
        proof="env.py ended its process, with exit status 0, before Alembic knew",
    ),
    "an-ini-file-s-option-and-an-env-that-leaves": History(
        files=TWO, env="raise SystemExit\n", steps=0, finds="? ",
        how='command = ["{python}", "-m", "alembic"]\noption = "sqlalchemy.url"',
        proof="env.py ended its process, with exit status 0, before Alembic knew",
    ),
    "a-step-that-waits-for-itself": History(
        files={f"{AT}a.py": table("a", None),
               f"{AT}b.py": revision("b", "a", sql("CREATE TABLE t_b (id int)"),
                                     f"{BESIDE}\n{sql('DROP TABLE t_b')}")},
        steps=2, how='command = ["{python}", "-m", "alembic"]\ndeadline_s = 5',
        finds='FAILED: "DROP TABLE t_b" waits for the relation of "SELECT id FROM t_b" (idle in',
    ),
    "a-word-in-braces": History(
        files=TWO, env=ENV.format(engine=BY_NAME, more="") +
        "assert context.get_x_argument(as_dictionary=True)['kind'] == '{main}'\n",
        how='command = ["{python}", "-m", "alembic", "-x", "kind={{{{main}}}}"]',
    ),
    "an-ini-file-s-option-and-an-env-that-takes-its-time": History(
        files=TWO, env="import time\ntime.sleep(60)\n", steps=0, finds="? ",
        how='command = ["{python}", "-m", "alembic"]\noption = "sqlalchemy.url"\ndeadline_s = 2',
        proof="`alembic current` was ended after 2 s (deadline_s of [alembic])",
    ),
    "the-ini-file": History(
        files=TWO, ini=INI + "sqlalchemy.url = postgresql+psycopg://nobody@nowhere/none\n",
        env=ENV.format(engine='create_engine(config.get_main_option("sqlalchemy.url"))', more=""),
        how='command = ["{python}", "-m", "alembic"]\noption = "sqlalchemy.url"',
    ),
    "a-word": History(
        files=TWO,
        env=ENV.format(engine='create_engine(context.get_x_argument(as_dictionary=True)["url"])',
                       more=""),
        how='command = ["{python}", "-m", "alembic", "-x", "url={{url}}"]',
    ),
    "settings-by-name": History(
        files=TWO,
        env=ENV.format(engine='create_engine(sa.URL.create("postgresql+psycopg", '
                       'username=os.environ["DB_USER"], database=os.environ["DB_NAME"], query={'
                       '"host": os.environ["DB_HOST"], "port": os.environ["DB_PORT"]}))', more=""),
        how='command = ["{python}", "-m", "alembic"]\nvariables = {{ DB_USER = "{{user}}", '
        'DB_NAME = "{{database}}", DB_HOST = "{{host}}", DB_PORT = "{{port}}" }}',
    ),
    "an-application's-command": History(
        files={**TWO, "shop.py": SHOP}, env=GIVEN,
        how='application = ["{python}", "shop.py", "db", "upgrade"]',
    ),
    "an-application's-module": History(
        files={**TWO, "shop/__init__.py": "", "shop/__main__.py": SHOP}, env=GIVEN,
        how='application = ["{python}", "-m", "shop", "db", "upgrade"]',
    ),
    "a-worker-thread-with-a-loop": History(
        files={**TWO, "worker.py": WORKER}, env=LOOPED,
        how='application = ["{python}", "worker.py"]',
    ),
    "an-application-that-runs-alembic's-command-line": History(
        files={**TWO, "shop.py": TOLD},
        env=ENV.format(engine=BY_NAME, more="") + "assert context.get_tag_argument() == 'shop'\n",
        how='application = ["{python}", "shop.py"]',
    ),
    "an-application-that-tells-a-prefix": History(
        files={**TWO, "shop.py": TAGGED},
        env=ENV.format(engine=BY_NAME, more=", version_table=context.get_tag_argument()['prefix'] "
                       "+ 'versions'"),
        how='application = ["{python}", "shop.py"]\nversion_table = "of_shop_versions"',
    ),
    "an-env-that-asks-which-command-it-is": History(
        files={f"{AT}a.py": revision("a", None, sql("CREATE TABLE ops.t_a (id int)")),
               f"{AT}b.py": table("b", "a")},
        env=ENV.format(engine=BY_NAME, more="").replace("with engine", ASKS + "with engine", 1),
    ),
    "an-env-that-reads-the-command-line": History(
        files=TWO, env=READS_WORDS + ENV.format(engine=BY_NAME, more=""),
    ),
    "an-application-that-starts-alembic": History(
        files={**TWO, "shop.py": STARTS}, steps=0, how='application = ["{python}", "shop.py"]',
        finds="? ", proof="shop.py ended well and called no command of Alembic in its own process",
    ),
    "an-application-that-calls-no-alembic": History(
        files={**TWO, "shop.py": "print('hello')"}, steps=0,
        how='application = ["{python}", "shop.py"]',
        finds="? ", proof="? ",
    ),
    "a-revision-that-cannot-be-read": History(
        files={f"{AT}a.py": table("a", None, "{}['babel']"), f"{AT}b.py": table("b", "a")},
        steps=0, finds="? ", proof="versions/a.py line 5 in <module>: KeyError: 'babel'",
    ),
    "a-folder-named-like-a-module": History(
        files={**TWO, "types/__init__.py": "raise SystemExit('not this one')"},
        how='command = ["{alembic}"]',
    ),
}  # fmt: skip
"""What is at hand in the release's folder, and how it ends."""
