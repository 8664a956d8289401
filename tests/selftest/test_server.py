"""What a transaction changed of the whole server is told before it is committed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from gate.sources.rehearsal.inside import server
from gate.sources.rehearsal.inside.refused import why_not
from tests.selftest import servers
from tests.selftest.conftest import Postgres

MAKES = "DO $$ BEGIN EXECUTE 'CREATE ROLE ' || 'gate_nobody'; END $$"
CHANGES = {
    "CREATE TABLE one ()": "",
    "GRANT ALL ON held TO one": "",
    "ALTER DATABASE postgres SET work_mem = '8MB'": "",
    "SELECT 1": "",
    MAKES: "roles",
    "ALTER ROLE one PASSWORD 'x'": "roles",
    "DROP ROLE one": "roles and databases",
    "GRANT pg_monitor TO one": "members of roles",
    "DO $$ BEGIN EXECUTE 'ALTER DATABASE shop CONNECTION LIMIT 5'; END $$": "databases",
    "GRANT TEMPORARY ON DATABASE shop TO one": "databases",
    "ALTER ROLE one IN DATABASE shop SET work_mem = '8MB'": "databases",
    "ALTER DATABASE shop SET work_mem = '8MB'": "databases",
    "ALTER DATABASE shop RESET jit": "databases",
    "ALTER ROLE one IN DATABASE shop RESET ALL": "databases",
    "COMMENT ON DATABASE shop IS 'ours'": "databases",
    "COMMENT ON DATABASE postgres IS 'a clone'": "",
    "COMMENT ON DATABASE shop IS NULL; ALTER DATABASE postgres RESET ALL": "databases",
}
"""What is done, and what it changes of the server of a live database that is called ``shop``."""


@pytest.mark.parametrize("major", servers.installed())
def test_what_is_everybodys_is_told(major: int) -> None:
    """As soon as it is done; nothing of what was taken back, with a savepoint or as a whole."""
    binaries = servers.installed()[major]
    with (
        servers.server((major, binaries)) as running,
        psycopg.connect(running.conninfo, autocommit=True) as session,
    ):
        session.execute("CREATE DATABASE shop")
        session.execute("CREATE ROLE one")
        session.execute("CREATE TABLE held ()")
        session.execute("ALTER DATABASE shop SET jit = off")
        session.execute("ALTER ROLE one IN DATABASE shop SET jit = off")
        session.execute("COMMENT ON DATABASE shop IS 'theirs'")

        def ask(query: str) -> Any:
            return (session.execute(query).fetchone() or [None])[0]

        before = server.settings(ask, "shop")
        for statement, what in CHANGES.items():
            with session.transaction(force_rollback=True):
                session.execute(statement)
                assert server.changed(ask, "shop", before) == what, statement
            assert server.changed(ask, "shop") == ""
        with session.transaction():
            with session.transaction(force_rollback=True):
                session.execute(MAKES)
            assert server.changed(ask, "shop") == ""


@pytest.mark.parametrize("name", ["100%s %(x)s", "a%41b", "o'ne", "back\\slash", 'qu"ote'])
def test_names_of_any_kind_are_asked_for(name: str, postgres: Postgres) -> None:
    """Of a database and of a role, as drivers do it that look for places of values in a text."""

    def ask(query: str) -> Any:
        return (session.execute(query.encode(), ()).fetchone() or [None])[0]

    drops = 'DROP ROLE IF EXISTS "{}"'.format(name.replace('"', '""'))
    how = {"shared": True, "live": name, "database": "gate_clone_1"}
    with psycopg.connect(postgres.conninfo) as session:
        assert server.settings(ask, name) == 0
        with session.transaction(force_rollback=True):
            assert not why_not(how, drops, "r1", ask)
            session.execute(MAKES)
            session.execute(
                sql.SQL("ALTER ROLE gate_nobody RENAME TO {}").format(sql.Identifier(name))
            )
            assert server.changed(ask, name) == "roles"
            assert why_not(how, drops, "r1", ask)
