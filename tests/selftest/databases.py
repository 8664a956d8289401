"""A small database in the tests' cluster, a target that leads to it, and looks at it."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.contract.item import Moment
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.kinds.work import Work
from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.look import look
from gate.sources.fact import Absent, Seen
from gate.sources.migrations.facts import Chains
from gate.sources.observed import Observed
from gate.target import Target, load_target
from tests.selftest.conftest import Postgres

TARGET = """
title = "A database"
host = "local://"
[api]
base = "http://127.0.0.1:9"
[database]
service = "live"
[deadlines]
database_s = 15
"""
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
BASE = 'title = "t"\nsource = "s"\n'
RESTORED = f"[database.restored]\n{BASE}restored = true\n"
SCHEMA = """
    CREATE TABLE users (id integer PRIMARY KEY, name text);
    CREATE TABLE tickets (id serial PRIMARY KEY, author integer CONSTRAINT fk REFERENCES users);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE POLICY own ON tickets USING (id > 0);
    CREATE VIEW open AS SELECT id FROM tickets;
    CREATE TABLE alembic_version (version_num varchar(32));
    INSERT INTO alembic_version VALUES ('r1');
"""
ROLE = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gate_reader') THEN
            CREATE ROLE gate_reader LOGIN;
        END IF;
    END $$;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO gate_reader;
"""
Look = Callable[..., DatabaseFacts]


@pytest.fixture
def target(
    database: str, postgres: Postgres, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Target:
    """A target whose database is this test's, looked at by a role that may read its tables."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute(ROLE)
    return aimed(conninfo_to_dict(database)["dbname"], postgres, tmp_path, monkeypatch)


def aimed(
    name: object, postgres: Postgres, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Target:
    """A target that leads to a database of the cluster."""
    service = (
        f"[live]\nhost={postgres.host}\nport={postgres.port}\ndbname={name}\nuser=gate_reader\n"
    )
    (folder / "services").write_text(service, "utf-8")
    (folder / "here.toml").write_text(TARGET, "utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(folder / "services"))
    return load_target(str(folder / "here.toml"), folder)


def seen(target: Target, *, whole: bool = False, **work: Work) -> DatabaseFacts:
    """What a look sees."""
    found = look(target, work, whole=whole)
    assert isinstance(found, Seen), found
    return found.value


def observed(target: Target, facts: DatabaseFacts, moment: Moment = "rollback") -> Observed:
    """A look that saw a database and nothing else."""
    nothing = Absent("not looked at")
    return Observed(
        target=target.name,
        instance="",
        moment=moment,
        started=NOW,
        finished=NOW,
        sources={
            "host": nothing,
            "database": Seen(facts),
            "api": nothing,
            "plan": nothing,
            "migrations": Seen(Chains(folders={})),
            "rehearsal": Absent("nothing was rehearsed by this run"),
        },
    )


def scene(  # noqa: PLR0917 - two looks, and what they are judged by
    target: Target,
    folder: pathlib.Path,
    text: str,
    now: DatabaseFacts,
    was: DatabaseFacts | None,
    moment: Moment = "rollback",
) -> Scene:
    """The scene of a moment (a rollback's) of a contract's chapter ``database`` and two looks."""
    (folder / "contract").mkdir(exist_ok=True)
    (folder / "contract" / "database.toml").write_text(text, "utf-8")
    return Scene(
        contract=load_contract(folder / "contract"),
        target=target,
        moment=moment,
        observed=observed(target, now, moment),
        baseline=observed(target, was, "predeploy") if was else None,
    )
