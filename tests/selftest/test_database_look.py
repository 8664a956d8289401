"""The look at a real database: by SELECT alone, and one odd thing spoils one item alone."""

from __future__ import annotations

import pathlib
import re
import time
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.kinds.work import Work
from gate.sources.database.proofs import Cycle, Queue
from gate.sources.fact import Absent, CannotTell, Seen
from gate.target import Target
from tests.selftest.conftest import Postgres
from tests.selftest.databases import ROLE, SCHEMA, aimed, seen, target

__all__ = ["target"]


def test_odd_names(target: Target, database: str) -> None:
    """Names with dots, quotes, line breaks and other scripts are themselves, and none is lost."""
    names = ["a.b", 'q"q', "line\nbreak", "таблица", "Users", "x y", "a"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA a; CREATE TABLE a.b (i integer)")
        for one in names:
            connection.execute(psycopg.sql.SQL("CREATE TABLE {} (j integer)").format(
                psycopg.sql.Identifier(one)
            ))  # fmt: skip
    tables = seen(target, whole=True).catalog.tables
    want = {"a.b", '"a.b"', '"q""q"', "line\nbreak", "таблица", "Users", "x y", "a"}
    assert want <= set(tables)
    assert (list(tables["a.b"].columns), list(tables['"a.b"'].columns)) == (["i"], ["j"])


QUEUE = """
    CREATE TABLE jobs (status text, created_at timestamptz, updated_at timestamptz);
    INSERT INTO jobs VALUES ('DONE', now() - interval '9 s', now() - interval '5 s');
    CREATE TABLE ticks (updated_at timestamptz);
    INSERT INTO ticks VALUES (now() - interval '7 s');
"""
STATES: dict[str, Any] = {"pending": ("PENDING",), "done": ("DONE",), "failed": ("FAILED",)}
SOUND = Work(title="t", source="s", unit="w", queue=Queue(table="jobs", **STATES), cycle=Cycle(
    table="ticks", within_s=60.0))  # fmt: skip
FAILING = """
    DROP TABLE odd;
    CREATE VIEW odd AS SELECT 'DONE' AS status, now() AS created_at,
        now() + (1 / (SELECT count(*) FROM ticks WHERE false)) * interval '1 s' AS updated_at;
    GRANT SELECT ON odd TO gate_reader
"""
SOON = """
    ALTER TABLE odd ALTER created_at TYPE text;
    UPDATE odd SET created_at = 'soon', status = 'PENDING'
"""
ODD: dict[str, tuple[str, type, str]] = {
    "renamed": ("ALTER TABLE odd RENAME TO odder", Absent, "odd"),
    "unreadable": ("REVOKE ALL ON odd FROM gate_reader", CannotTell, "permission denied"),
    "minus-infinity": ("INSERT INTO odd VALUES ('PENDING', '-infinity', now())", CannotTell, "inf"),
    "no-column": ("ALTER TABLE odd DROP COLUMN status", Absent, "status"),
    "odd-type": ("ALTER TABLE odd ALTER created_at TYPE bigint USING 1", CannotTell, "cannot cast"),
    "bad-text": (
        SOON,
        CannotTell,
        "invalid input syntax",
    ),
    "a-view-that-fails": (
        FAILING,
        CannotTell,
        "division by zero",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "says"), ODD.values(), ids=ODD.keys())
def test_odd_queue(target: Target, database: str, change: str, kind: type, says: str) -> None:
    """A queue that cannot be read spoils itself; the next one and the catalog are told."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(QUEUE)
        connection.execute("CREATE TABLE odd AS SELECT * FROM jobs")
        connection.execute("GRANT SELECT ON jobs, odd, ticks TO gate_reader")
        connection.execute(change)
    odd = Work(title="t", source="s", unit="w", queue=Queue(table="odd", **STATES))
    facts = seen(target, a=odd, b=SOUND)
    assert isinstance(facts.work["a"].queue, kind)
    assert says in str(facts.work["a"].queue)
    assert isinstance(facts.work["b"].queue, Seen)
    assert isinstance(facts.work["b"].cycle_s, Seen)
    assert facts.alembic == Seen(("r1",))


@pytest.mark.parametrize("when", ["infinity", "2199-01-01"])
def test_traces_of_the_future(target: Target, database: str, when: str) -> None:
    """A time that has not come yet is no proof of work."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(QUEUE)
        connection.execute("UPDATE ticks SET updated_at = %s", [when])
        connection.execute("INSERT INTO jobs VALUES ('DONE', now(), %s)", [when])
        connection.execute("GRANT SELECT ON jobs, ticks TO gate_reader")
    facts = seen(target, a=SOUND)
    assert isinstance(facts.work["a"].cycle_s, CannotTell)
    queue = facts.work["a"].queue
    assert isinstance(queue, Seen)
    assert queue.value.taken_s is not None
    assert queue.value.taken_s >= 5


REVISIONS: dict[str, tuple[str, type, str]] = {
    "null": ("UPDATE alembic_version SET version_num = NULL", CannotTell, "holds no revision"),
    "two": ("INSERT INTO alembic_version VALUES ('r2')", Seen, "r2"),
    "none": ("DELETE FROM alembic_version", Seen, "()"),
    "no-table": ("DROP TABLE alembic_version", Absent, "there is no table"),
    "no-column": ("ALTER TABLE alembic_version RENAME version_num TO v", CannotTell, "version_num"),
    "number": ("ALTER TABLE alembic_version ALTER version_num TYPE integer USING 7", Seen, "7"),
    "long": (
        "ALTER TABLE alembic_version ALTER version_num TYPE text USING repeat('x', 99999999)",
        Seen,
        "xxx",
    ),
    "unreadable": ("REVOKE ALL ON alembic_version FROM gate_reader", CannotTell, "permission"),
}


@pytest.mark.parametrize(("change", "kind", "says"), REVISIONS.values(), ids=REVISIONS.keys())
def test_odd_revision(target: Target, database: str, change: str, kind: type, says: str) -> None:
    """Whatever the version table is like, the catalog is told, and the revision says what it is."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(change)
    facts = seen(target)
    assert isinstance(facts.alembic, kind)
    assert says in str(facts.alembic)
    assert len(str(facts.alembic)) < 500
    assert "users" in facts.catalog.tables


def test_without_an_encoding(
    postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SQL_ASCII database holds any bytes: the odd name is told escaped, others as they are."""
    name = "without_encoding"
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
        try:
            with psycopg.connect(
                f"{postgres.conninfo} dbname={name}", autocommit=True, client_encoding="SQL_ASCII"
            ) as connection:
                connection.execute(b'CREATE TABLE "caf\xe9" (i integer)')
                connection.execute(SCHEMA)
                connection.execute(ROLE)
            facts = seen(aimed(name, postgres, tmp_path, monkeypatch), whole=True)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert {"users", "caf\\xe9"} <= set(facts.catalog.tables)
    assert facts.alembic == Seen(("r1",))


def test_statements(target: Target, database: str, postgres: Postgres) -> None:
    """The live database is asked by SELECT inside BEGIN and ROLLBACK, and by nothing else."""
    name = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(QUEUE)
        connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
        connection.execute("GRANT SELECT ON jobs, ticks TO gate_reader")
    log = pathlib.Path(postgres.host) / "log"
    before = log.stat().st_size
    for whole in (False, True):
        seen(target, whole=whole, a=SOUND)
    text = log.read_text("utf-8")[before:]
    found = re.findall(r"LOG:  (?:statement|execute [^:]+):\s+(\w+)", text)
    assert len(found) > 10
    assert set(found) <= {"SELECT", "BEGIN", "ROLLBACK", "WITH"}, sorted(set(found))


MANY = """
    DO $$ BEGIN FOR i IN %s..%s LOOP
        EXECUTE format('CREATE TABLE t%%1$s (id serial PRIMARY KEY, b timestamptz DEFAULT now(),'
                       ' c varchar(20) NOT NULL);'
                       'CREATE INDEX ix%%1$s ON t%%1$s (b DESC)', i);
    END LOOP; END $$
"""


def test_many_tables(target: Target, database: str) -> None:
    """A catalog of many tables is read whole within its budget: 1,000 tables in half a second."""
    with psycopg.connect(database, autocommit=True) as connection:
        for first in range(1, 1001, 200):
            connection.execute(MANY % (first, first + 199))
        connection.execute("ANALYZE pg_catalog.pg_depend, pg_catalog.pg_class")
    began = time.process_time(), time.monotonic()
    facts = seen(target, whole=True)
    assert len(facts.catalog.tables) >= 1000
    assert time.process_time() - began[0] < 1.0
    assert time.monotonic() - began[1] < 5.0
