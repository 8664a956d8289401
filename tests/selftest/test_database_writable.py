"""A database that nobody can write to: a standby, and one whose transactions only read."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.kinds.judge import compare
from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.look import look
from gate.sources.fact import Absent, Seen
from gate.target import Target
from tests.selftest.conftest import Postgres, cluster
from tests.selftest.databases import BASE, aimed, scene, target

__all__ = ["target"]
PROMISED = f'[database.connection]\n{BASE}connects_as = "*"\n'
SETTING = "default_transaction_read_only"
ALL = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END $$"
ONE = "DO $$ BEGIN EXECUTE format('ALTER ROLE {} IN DATABASE %I {}', current_database()); END $$"


def seen(target: Target) -> DatabaseFacts:
    """What a look sees that asks."""
    found = look(target, {}, read_only=True)
    assert isinstance(found, Seen), found
    return found.value


def broken(target: Target, folder: pathlib.Path, keys: str = "") -> str:
    """What does not hold of the promise."""
    here = scene(target, folder, PROMISED + keys, seen(target), None, "predeploy")
    return "; ".join(compare(here.contract.promises["database.connection"], here).broken)


def ordered(conninfo: str, *statements: str) -> None:
    """As a superuser, in a session that may write."""
    with psycopg.connect(conninfo, autocommit=True, options=f"-c {SETTING}=off") as connection:
        for one in statements:
            connection.execute(one)


@pytest.fixture
def roles(database: str, target: Target) -> Iterator[Target]:
    """A target whose roles have no settings in the end."""
    yield target
    ordered(database, "ALTER ROLE gate_reader RESET ALL")


def test_a_database_that_takes_what_is_written(target: Target, tmp_path: pathlib.Path) -> None:
    """The session that looks only reads, and says nothing of others."""
    facts = seen(target)
    assert (facts.read_only, facts.read_only_by) == (True, Seen(""))
    assert broken(target, tmp_path) == ""
    assert broken(target, tmp_path, "standby = true\n") == "the server is no standby"


def test_a_role_with_room_for_one_session(roles: Target, database: str) -> None:
    """The one that asks comes when the other is gone, and waits until the server knows it."""
    ordered(database, "ALTER ROLE gate_reader CONNECTION LIMIT 1")
    there = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'gate_reader'"
    deadline = time.monotonic() + 30
    try:
        for _ in range(5):
            assert seen(roles).read_only_by == Seen("")
            with psycopg.connect(database) as connection:
                while connection.execute(there).fetchone() != (0,):
                    connection.rollback()
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
    finally:
        ordered(database, "ALTER ROLE gate_reader CONNECTION LIMIT -1")


def test_a_database_that_is_set_to_read(
    roles: Target, tmp_path: pathlib.Path, database: str
) -> None:
    """Whatever the gate's own role is set to; a role that is set to write does."""
    words = f"{SETTING} is on (database): nothing can be written to it"
    ordered(database, ALL.format(f"SET {SETTING} = on"))
    assert broken(roles, tmp_path) == words
    ordered(database, f"ALTER ROLE gate_reader SET {SETTING} = on")
    assert broken(roles, tmp_path) == words
    ordered(database, ALL.format(f"RESET {SETTING}"))
    assert isinstance(seen(roles).read_only_by, Absent)
    assert broken(roles, tmp_path) == ""
    ordered(
        database,
        ALL.format(f"SET {SETTING} = true"),
        ONE.format("gate_reader", f"SET {SETTING} = no"),
    )
    assert broken(roles, tmp_path) == ""


def test_a_server_that_is_set_to_read(
    target: Target, tmp_path: pathlib.Path, database: str
) -> None:
    """As it is done where a disk is full."""

    def until(wanted: str) -> None:
        """A server reads its files again in its own time; sessions that begin then have it."""
        ordered(database, "SELECT pg_reload_conf()")
        deadline = time.monotonic() + 10
        while True:
            with psycopg.connect(database) as connection:
                if connection.execute(f"SHOW {SETTING}").fetchone() == (wanted,):
                    return
            assert time.monotonic() < deadline
            time.sleep(0.02)

    ordered(database, f"ALTER SYSTEM SET {SETTING} = on")
    try:
        until("on")
        assert broken(target, tmp_path).startswith(f"{SETTING} is on (configuration file): ")
    finally:
        ordered(database, f"ALTER SYSTEM RESET {SETTING}")
        until("off")
    assert broken(target, tmp_path) == ""


def test_a_standby(
    target: Target,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It answers as its primary does, and takes nothing; it may be promised."""
    del target
    name = conninfo_to_dict(database)["dbname"]
    with cluster(standby_of=postgres) as standby:
        there = aimed(name, standby, tmp_path, monkeypatch)
        words = "the server is a standby or recovers: nothing can be written to it"
        assert broken(there, tmp_path) == words
        assert broken(there, tmp_path, "standby = true\n") == ""
        assert len(seen(there).catalog.tables) == 3
