"""The recorder of a migration's commands: what it sees, and that nothing is left of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from gate.catalog.digest import Digests
from gate.catalog.read import read_catalog
from gate.sources.fact import Seen
from gate.sources.rehearsal import trace

PREPARED = "SELECT name FROM pg_prepared_statements WHERE NOT from_sql ORDER BY 1"
ELSEWHERE = "SELECT nspname FROM pg_namespace WHERE oid >= 16384 ORDER BY 1"


@pytest.fixture
def clone(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A session that only prepares what it is told to."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.prepare_threshold = 1 << 31
        yield connection


def _recorded(clone: psycopg.Connection[Any], database: str, *commands: str) -> trace.Trace:
    trace.install(clone, superuser=True)
    with psycopg.connect(database, autocommit=True) as migration:
        for one in commands:
            migration.execute(one)
    return trace.collect(clone, 0.0, superuser=True)


def test_commands_and_drops_are_told(clone: psycopg.Connection[Any], database: str) -> None:
    """With their objects, as PostgreSQL names them."""
    found = _recorded(clone, database, "CREATE TABLE t (id int)", "DROP TABLE t")
    assert isinstance(found.commands, Seen)
    assert [one.tag for one in found.commands.value] == ["CREATE TABLE", "DROP TABLE"]
    assert found.commands.value[0].objects == ("table public.t",)
    assert found.dropped == ("table t",)


def test_nothing_is_left(clone: psycopg.Connection[Any]) -> None:
    """To the digest it is the same database as before."""
    digests = Digests(clone)
    before = digests.take(clone)
    trace.install(clone, superuser=True)
    seen = read_catalog(clone, whole=True)
    assert not [one for one in (*seen.objects, *seen.tables) if "gate_trace_" in one]
    trace.collect(clone, 0.0, superuser=True)
    assert digests.take(clone) == before


def test_plans_outlive_it(clone: psycopg.Connection[Any], database: str) -> None:
    """What was prepared to look at the catalogs is not prepared anew behind each step."""
    read_catalog(clone, whole=True, prepared=True)
    before = clone.execute(PREPARED).fetchall()
    assert before
    _recorded(clone, database, "CREATE TABLE t (id int)")
    assert "t" in read_catalog(clone, whole=True, prepared=True).tables
    assert {*before} <= {*clone.execute(PREPARED).fetchall()}


def test_no_schema_comes_and_goes(clone: psycopg.Connection[Any]) -> None:
    """For every session of the server one of those costs all of its plans."""
    before = clone.execute(ELSEWHERE).fetchall()
    trace.install(clone, superuser=True)
    assert clone.execute(ELSEWHERE).fetchall() == before
    trace.collect(clone, 0.0, superuser=True)


def test_a_database_without_the_information_schema(
    clone: psycopg.Connection[Any], database: str
) -> None:
    """It was dropped: the recorder brings its own, and takes it along."""
    clone.execute("DROP SCHEMA information_schema CASCADE")
    found = _recorded(clone, database, "CREATE TABLE t (id int)")
    assert isinstance(found.commands, Seen)
    assert len(found.commands.value) == 1
    assert clone.execute("SELECT to_regnamespace('information_schema')").fetchone() == (None,)


def test_a_reading_leaves_an_open_transaction_open(clone: psycopg.Connection[Any]) -> None:
    """With its settings as they were, and what it wrote."""
    with clone.transaction():
        clone.execute("CREATE TABLE t (id int)")
        clone.execute("SET LOCAL search_path = pg_catalog")
        assert "t" in read_catalog(clone, whole=True, prepared=True).tables
        assert clone.execute("SHOW search_path").fetchone() == ("pg_catalog",)
        clone.execute("INSERT INTO public.t VALUES (1)")
    assert clone.execute("SELECT count(*) FROM t").fetchone() == (1,)
    assert clone.execute("SHOW transaction_read_only").fetchone() == ("off",)
    assert clone.execute("SHOW search_path").fetchone() != ("public",)
