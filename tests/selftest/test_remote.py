"""A clone whose live database has foreign servers: nothing is written through them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gate.connection.obstacle import CarrierError
from gate.sources.rehearsal.remote import close
from tests.selftest import servers
from tests.selftest.diseases import revision, sql
from tests.selftest.histories import AT, History, table
from tests.selftest.test_histories import judged, lay_out

ALL = servers.installed()
INSTALLED = {
    major: binaries
    for major, binaries in ALL.items()
    if any((binaries.parents[2] / "share").rglob("postgres_fdw.control"))
    or any((binaries.parent / "share").rglob("postgres_fdw.control"))
}
REMOTE = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER books FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '{host}', dbname 'books', updatable 'true');
CREATE USER MAPPING FOR PUBLIC SERVER books OPTIONS (user 'postgres');
CREATE FOREIGN TABLE entry (id integer) SERVER books;
CREATE FOREIGN TABLE "a.b" (id integer) SERVER books
    OPTIONS (table_name 'entry', updatable 'true');
"""
WRITES = ("INSERT INTO entry VALUES (1)", 'INSERT INTO "a.b" VALUES (1)', 'DELETE FROM "a.b"')
STEPS = History(
    files={
        f"{AT}a.py": table("a", None),
        f"{AT}b.py": revision("b", "a", sql("INSERT INTO entry VALUES (1)")),
    },
    steps=2,
    reaches="b",
    finds="",
)


@contextmanager
def shop(major: int) -> Iterator[servers.Server]:
    """A server with a database that leads to another one."""
    with servers.server((major, INSTALLED[major])) as server:
        with psycopg.connect(server.conninfo, autocommit=True) as admin:
            admin.execute("CREATE DATABASE shop")
            admin.execute("CREATE DATABASE books")
        with psycopg.connect(books(server), autocommit=True) as there:
            there.execute("CREATE TABLE entry (id integer)")
            there.execute("INSERT INTO entry VALUES (7)")
        with psycopg.connect(make_conninfo(server.conninfo, dbname="shop")) as live:
            live.execute(REMOTE.format(host=server.host))
        yield server


def books(server: servers.Server) -> str:
    """The database that it leads to."""
    return make_conninfo(server.conninfo, dbname="books")


@pytest.mark.parametrize("major", INSTALLED)
def test_what_a_foreign_server_leads_to_is_only_read(major: int) -> None:
    """Whatever a server or a table says of itself; who may not close it tries nothing."""
    with shop(major) as server:
        with psycopg.connect(make_conninfo(server.conninfo, dbname="shop")) as clone:
            clone.execute("CREATE ROLE stranger")
            clone.execute("SET ROLE stranger")
            with pytest.raises(CarrierError, match="leads to other servers by postgres_fdw"):
                close(clone)
            clone.rollback()
            assert close(clone) == ('foreign table "a.b"', "foreign table entry")
            clone.commit()
            for one in (*WRITES, *(["TRUNCATE entry"] if major > 13 else [])):
                with pytest.raises(psycopg.Error, match="does not allow"):
                    clone.execute(one)
                clone.rollback()
            assert clone.execute("SELECT id FROM entry").fetchall() == [(7,)]
            clone.rollback()
            clone.execute("CREATE FOREIGN DATA WRAPPER other HANDLER postgres_fdw_handler")
            clone.execute("CREATE SERVER more FOREIGN DATA WRAPPER other OPTIONS (dbname 'books')")
            clone.execute("CREATE FOREIGN TABLE third (id integer) SERVER more")
            assert close(clone)[0] == "foreign-data wrapper other"
            with pytest.raises(psycopg.Error, match='wrapper "other" has no handler'):
                clone.execute("SELECT FROM third")
        with psycopg.connect(books(server)) as there:
            assert there.execute("SELECT id FROM entry").fetchall() == [(7,)]


@pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL with postgres_fdw is installed")
def test_a_step_that_writes_to_another_server(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not done there, and nothing is known of it."""
    major = max(INSTALLED)
    dumps = next(one for at, one in ALL.items() if at >= major and (one / "pg_dump").exists())
    with shop(major) as server:
        lay_out(tmp_path, STEPS, make_conninfo(server.conninfo, dbname="shop"), dumps)
        monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
        _, found = judged(tmp_path)
        with psycopg.connect(books(server)) as there:
            assert there.execute("SELECT id FROM entry").fetchall() == [(7,)]
    assert "foreign table entry leads to another server" in found["rehearsal.there"], found
