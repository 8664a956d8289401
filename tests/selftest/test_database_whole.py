"""The catalog is read whole, in the same words by any role, and told where it can be told."""

from __future__ import annotations

import pathlib
import time

import psycopg
import pytest

from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.sources.fact import CannotTell, Cause, Seen
from gate.target import Target
from tests.selftest.databases import BASE, RESTORED, scene, seen, target

__all__ = ["target"]

CHANGES = {
    "DROP TRIGGER touched ON tickets": "- trigger tickets.touched",
    "ALTER TABLE tickets DISABLE TRIGGER touched": "~ trigger tickets.touched",
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'": "~ function touch()",
    "CREATE FUNCTION left() RETURNS integer LANGUAGE sql AS 'SELECT 1'": "+ function left()",
    "GRANT UPDATE ON tickets TO gate_reader": "grant on table tickets to gate_reader",
    "GRANT CREATE ON SCHEMA public TO PUBLIC": "grant on schema public to PUBLIC",
    "ALTER POLICY own ON tickets USING (true)": "~ policy tickets.own",
    "ALTER SEQUENCE tickets_id_seq INCREMENT 7": "~ sequence tickets_id_seq",
    "CREATE OR REPLACE VIEW open AS SELECT id FROM tickets WHERE id > 1": "~ view open",
    "COMMENT ON TABLE users IS 'x'": "+ comment on table users",
    "CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING": "+ rule users.keep",
    "ALTER TABLE users OWNER TO gate_reader": "~ table users",
    "CREATE DOMAIN email AS text": "+ domain email",
    "CREATE CAST (text AS users) WITH INOUT": "+ cast text as users",
    "CREATE OPERATOR === (leftarg = integer, rightarg = integer,"
    " function = int4eq)": "+ operator ===(integer,integer)",
    "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)": "+ text search configuration words",
    "CREATE TRUSTED LANGUAGE plother HANDLER plpgsql_call_handler": "+ language plother",
    "CREATE OPERATOR CLASS odd FOR TYPE integer USING btree AS"
    " OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer)": "+ operator class odd using btree",
    "CREATE FOREIGN DATA WRAPPER away": "+ foreign data wrapper away",
}


@pytest.mark.parametrize(("change", "line"), CHANGES.items(), ids=CHANGES.values())
def test_restored_is_the_whole_catalog(
    target: Target, database: str, tmp_path: pathlib.Path, change: str, line: str
) -> None:
    """A rollback that leaves anything else behind is no rollback; the difference is named."""
    was = seen(target, whole=True)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(change)
    two = scene(target, tmp_path, RESTORED, seen(target, whole=True), was)
    broken = compare(two.contract.promise("database.restored"), two).broken
    assert any(line in one for one in broken), broken


def test_restored_as_it_was(target: Target, tmp_path: pathlib.Path) -> None:
    """Nothing changed: nothing is told."""
    two = scene(target, tmp_path, RESTORED, seen(target, whole=True), seen(target, whole=True))
    finding = compare(two.contract.promise("database.restored"), two)
    assert finding.broken == ()
    assert "objects of other kinds" in finding.seen


def test_restored_needs_two_whole_looks(target: Target, tmp_path: pathlib.Path) -> None:
    """A look that left the rest out proves nothing of it."""
    two = scene(target, tmp_path, RESTORED, seen(target, whole=True), seen(target))
    with pytest.raises(ObservationError, match="the look before read no functions"):
        compare(two.contract.promise("database.restored"), two)


TABLES = f"""
[table.users]
{BASE}columns = {{ id = "integer not null", name = "text" }}
keys = {{ users_pkey = "PRIMARY KEY (id)" }}
[table.tickets]
{BASE}columns = {{ id = "integer not null default nextval('tickets_id_seq'::regclass)", author = "integer" }}
keys = {{ tickets_pkey = "PRIMARY KEY (id)", fk = "FOREIGN KEY (author) REFERENCES users(id)" }}
[table."app.log"]
{BASE}columns = {{ id = "integer" }}
"""  # noqa: E501 - a contract
APP = (
    "CREATE SCHEMA app; CREATE TABLE app.log (id integer);GRANT USAGE ON SCHEMA app TO gate_reader"
)


def test_without_usage(target: Target, database: str, tmp_path: pathlib.Path) -> None:
    """Of a schema that the role may not use nothing is told, with the grant that it lacks."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(APP)
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    facts = seen(target)
    one = scene(target, tmp_path, TABLES, facts, facts)
    for id_ in ("table.users", "table.tickets"):
        with pytest.raises(ObservationError, match=r"permission.*GRANT USAGE ON SCHEMA .public."):
            compare(one.contract.promise(id_), one)
    assert compare(one.contract.promise("table.app.log"), one).broken == ()
    assert isinstance(facts.alembic, CannotTell)
    assert facts.alembic.cause is Cause.PERMISSION


@pytest.mark.parametrize("path", ["app, public", '"$user"', "app"])
def test_search_path_of_the_role(
    target: Target, database: str, tmp_path: pathlib.Path, path: str
) -> None:
    """The words of the catalog do not depend on the role's own search path."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(APP)
        connection.execute("CREATE TABLE app.users (x integer)")
        name = connection.info.dbname
        connection.execute(f'ALTER ROLE gate_reader IN DATABASE "{name}" SET search_path = {path}')
    facts = seen(target)
    one = scene(target, tmp_path, TABLES, facts, facts)
    for promise in one.contract.at("rollback"):
        assert compare(promise, one).broken == ()
    assert facts.alembic == Seen(("r1",))


def test_locked_table(target: Target, database: str, tmp_path: pathlib.Path) -> None:
    """A table that somebody else locks spoils its own item, and nobody waits for it."""
    with psycopg.connect(database) as connection:
        connection.execute(APP)
        connection.commit()
        connection.execute("LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        facts = seen(target)
        assert time.monotonic() - began < 1.5
    one = scene(target, tmp_path, TABLES, facts, facts)
    with pytest.raises(ObservationError, match=r"timeout.*exclusive lock on the table tickets"):
        compare(one.contract.promise("table.tickets"), one)
    assert compare(one.contract.promise("table.users"), one).broken == ()
