"""The role that the gate comes as: what it might write, itself or as a role that it may become."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import psycopg
import pytest

from gate.errors import ContractError, ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.look import look
from gate.sources.fact import Seen
from gate.target import Target
from tests.selftest.databases import BASE, scene, target

__all__ = ["target"]
PROMISED = f'[database.connection]\n{BASE}connects_as = "*"\nonly_reads = true\n'
NO_MORE = """
    ALTER ROLE gate_reader INHERIT NOCREATEDB NOCREATEROLE;
    REVOKE pg_write_all_data FROM gate_reader;
    DROP OWNED BY gate_writer; DROP ROLE gate_writer;
"""
WRITES = {
    "a table": ("GRANT INSERT, DELETE ON users TO {}", "INSERT, DELETE on public.users"),
    "a column": ("GRANT UPDATE (name) ON users TO {}", "UPDATE on public.users"),
    "everybody": ("GRANT TRUNCATE ON users TO PUBLIC", "TRUNCATE on public.users"),
    "a view": ("GRANT INSERT ON open TO {}", "INSERT on public.open"),
    "triggers": ("GRANT TRIGGER ON users TO {}", "TRIGGER on public.users"),
    "a sequence": (
        "GRANT USAGE ON SEQUENCE tickets_id_seq TO {}",
        "USAGE or UPDATE on sequence public.tickets_id_seq",
    ),
    "a schema": ("GRANT CREATE ON SCHEMA public TO {}", "CREATE in schema public"),
    "another schema": (
        "CREATE SCHEMA x; CREATE TABLE x.y (); GRANT DELETE ON x.y TO {}",
        "DELETE on x.y",
    ),
    "the database": (
        "DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {}', current_database()); END$$",
        "CREATE in database test_",
    ),
    "an attribute": ("ALTER ROLE {} CREATEDB", "CREATE DATABASE"),
    "owner": ("ALTER TABLE users OWNER TO {}", "INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER on"),
}


@pytest.fixture
def roles(target: Target, database: str) -> Iterator[Target]:
    """A role besides the gate's, gone in the end with whatever either was given."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE ROLE gate_writer NOLOGIN; GRANT pg_monitor TO gate_reader")
        yield target
        connection.execute("REASSIGN OWNED BY gate_reader, gate_writer TO CURRENT_USER")
        connection.execute("DROP SCHEMA IF EXISTS x CASCADE; DROP OWNED BY gate_reader")
        connection.execute(NO_MORE)


def asked(target: Target) -> DatabaseFacts:
    """What a look that asks for rights sees."""
    found = look(target, {}, rights=True)
    assert isinstance(found, Seen), found
    return found.value


def told(target: Target, facts: DatabaseFacts, folder: pathlib.Path) -> tuple[str, ...]:
    """What is broken of the promise."""
    here = scene(target, folder, PROMISED, facts, None, "predeploy")
    return compare(here.contract.promises["database.connection"], here).broken


@pytest.mark.usefixtures("roles")
def test_a_role_that_only_reads(target: Target, tmp_path: pathlib.Path, database: str) -> None:
    """SELECT is no right to write; nor is a temporary table, EXECUTE, or who may look at others."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO gate_reader")
    facts = asked(target)
    assert facts.rights == Seen(())
    assert told(target, facts, tmp_path) == ()


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("name", WRITES)
def test_a_role_that_may_write(
    name: str, target: Target, tmp_path: pathlib.Path, database: str
) -> None:
    """Each way is named; also that of a role which it only may become."""
    do, words = WRITES[name]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(do.replace("{}", "gate_reader"))
    (broken,) = told(target, asked(target), tmp_path)
    assert broken.startswith("the role gate_reader may write: ")
    assert words in broken


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("name", sorted(WRITES.keys() - {"everybody"}))
def test_a_role_that_may_become_one_that_writes(
    name: str, target: Target, tmp_path: pathlib.Path, database: str
) -> None:
    """Inherited or not: SET ROLE is one statement."""
    do, words = WRITES[name]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER ROLE gate_reader NOINHERIT")
        connection.execute(do.replace("{}", "gate_writer"))
        assert asked(target).rights == Seen(())
        connection.execute("GRANT gate_writer TO gate_reader")
    (broken,) = told(target, asked(target), tmp_path)
    assert words in broken
    assert ", as gate_writer" in broken


@pytest.mark.usefixtures("roles")
def test_many_rights(target: Target, tmp_path: pathlib.Path, database: str) -> None:
    """A role of PostgreSQL's own that writes is seen; of very many rights some are named."""
    with psycopg.connect(database, autocommit=True) as connection:
        for number in range(30):
            connection.execute(f"CREATE TABLE t{number} ()")
        connection.execute("GRANT pg_write_all_data TO gate_reader")
    facts = asked(target)
    assert isinstance(facts.rights, Seen)
    assert (len(facts.rights.value), facts.rights.value[-1]) == (21, "and more")
    (broken,) = told(target, facts, tmp_path)
    assert "on public.t0" in broken


def test_what_was_not_asked_is_not_promised(target: Target, tmp_path: pathlib.Path) -> None:
    """A look that did not ask tells nothing; and the key goes with a role alone."""
    found = look(target, {})
    assert isinstance(found, Seen)
    with pytest.raises(ObservationError, match="did not ask"):
        told(target, found.value, tmp_path)
    wrong = f"[database.connection]\n{BASE}tables = 1\nonly_reads = true\n"
    (tmp_path / "contract" / "database.toml").write_text(wrong, "utf-8")
    with pytest.raises(ContractError, match="only_reads goes with connects_as"):
        load_contract(tmp_path / "contract")
