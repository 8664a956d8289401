"""A clone whose live database has foreign servers: nothing is written through them."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gate.connection.obstacle import CarrierError
from gate.sources.rehearsal import calls
from gate.sources.rehearsal.inside.foreign import OPEN, SETTING
from gate.sources.rehearsal.remote import close, keep, keep_all
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
KNOWN_SINCE = {13: 16, 14: 13, 15: 8, 16: 4}
"""By major version, the minor one that keeps a session from foreign tables."""
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
MADE = (
    "CREATE SERVER more FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{host}', dbname 'books')",
    "CREATE USER MAPPING FOR PUBLIC SERVER more OPTIONS (user 'postgres')",
    "CREATE FOREIGN TABLE later (id integer) SERVER more OPTIONS (table_name 'entry')",
)
GONE = sql("DROP SERVER more CASCADE")
BLOCK = "DO $$ BEGIN " + "; ".join(f"EXECUTE $x${one}$x$" for one in MADE) + "; END $$"
WRITTEN = "INSERT INTO later VALUES (1)"
PARTED = (
    "CREATE TABLE parted (id integer) PARTITION BY RANGE (id)",
    "CREATE FOREIGN TABLE part PARTITION OF parted DEFAULT SERVER more",
)
WIDER = PARTED[0].replace("(id integer)", "(id integer, x integer)")
HELD = "c reaches another server by a foreign server that a step made, and is kept from it"


def history(**steps: tuple[str, str]) -> History:
    """Steps upon one that makes a table, by their names: the way up, and down."""
    files, last = {f"{AT}a.py": table("a", None)}, "a"
    for name, (up, down) in steps.items():
        files[f"{AT}{name}.py"] = revision(name, last, up, down)
        last = name
    return History(files=files, steps=len(files), reaches=last, finds="")


AUDIT = """
CREATE EXTENSION dblink;
CREATE TABLE told (id integer);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM dblink_exec('host={host} dbname=books user=postgres', 'INSERT INTO entry VALUES (2)');
    RETURN NEW;
END $$;
CREATE TRIGGER tells AFTER INSERT ON told FOR EACH ROW EXECUTE FUNCTION tell();
"""
"""A trigger that writes elsewhere, as one does that logs what was taken back as well."""
BARE, HEARS = (
    "DROP EXTENSION dblink CASCADE",
    AUDIT.replace("told", "heard").replace("tell", "hear"),
)
STEPS = {
    "a trigger's": (
        history(
            b=(sql("ALTER TABLE told ADD x int"), sql("ALTER TABLE told DROP x")),
            c=(sql("INSERT INTO told VALUES (1)"), "pass"),
        ),
        "function dblink_exec leads to another server, and a clone has nothing to do there",
    ),
    "a new trigger's": (
        history(
            b=(
                sql(BARE, HEARS),
                sql("DROP TABLE heard; DROP FUNCTION hear()"),
            ),
        ),
        "",
    ),
    "a new trigger's, fired by its own step": (
        history(
            b=(
                sql(f"{BARE}; {HEARS} INSERT INTO heard VALUES (1)"),  # noqa: S608 - ours
                sql("DROP TABLE heard; DROP FUNCTION hear()"),
            ),
        ),
        "dblink_exec",
    ),
    "live's": (
        history(b=(sql("INSERT INTO entry VALUES (1)"), "pass")),
        "foreign table entry leads to another server",
    ),
    "an earlier step's": (
        history(b=(sql(*MADE), GONE), c=(sql(WRITTEN), "pass")),
        HELD,
    ),
    "its own": (history(c=(sql(*MADE, WRITTEN), GONE)), HELD),
    "its block's": (history(c=(sql(BLOCK, "SELECT 1", WRITTEN), GONE)), HELD),
    "behind an error": (
        history(c=(sql(*MADE) + f"""
try:
    with op.get_bind().begin_nested():
        op.execute("RESET ALL")
        op.execute("{WRITTEN}")
except sa.exc.DBAPIError:
    op.execute("CREATE TABLE caught (id integer)")
""", GONE)),
        HELD,
    ),
    "opened by it": (
        history(c=(sql("ALTER SERVER books OPTIONS (SET updatable 'true')", WRITES[0]), "pass")),
        HELD,
    ),
    "only made": (
        history(b=(sql(*MADE), GONE), c=(sql("CREATE TABLE c (id int)"), sql("DROP TABLE c"))),
        "",
    ),
    "part of a table": (
        history(
            b=(sql(*MADE, *PARTED), f"{sql('DROP TABLE parted')}\n{GONE}"),
            c=(sql("ALTER TABLE parted ADD x integer"), sql("ALTER TABLE parted DROP x")),
        ),
        "",
    ),
    "part of a table that loses a column": (
        history(
            b=(sql(*MADE, WIDER, PARTED[1]), f"{sql('DROP TABLE parted')}\n{GONE}"),
            c=(sql("ALTER TABLE parted DROP x"), sql("ALTER TABLE parted ADD x integer")),
        ),
        "",
    ),
}  # fmt: skip
"""Histories, and what is said of them: by whose foreign server they lead to another one."""


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
            live.execute(AUDIT.format(host=server.host))
        yield server


def books(server: servers.Server) -> str:
    """The database that it leads to."""
    return make_conninfo(server.conninfo, dbname="books")


@pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL with its extensions is installed")
@pytest.mark.parametrize("major", INSTALLED or [0])
def test_what_a_foreign_server_leads_to_is_only_read(major: int) -> None:
    """Whatever a server or a table says of itself; who may not close it tries nothing."""
    with shop(major) as server:
        with psycopg.connect(make_conninfo(server.conninfo, dbname="shop")) as clone:
            clone.execute("CREATE ROLE stranger")
            clone.execute("SET ROLE stranger")
            with pytest.raises(CarrierError, match="leads to other servers by postgres_fdw"):
                close(clone)
            clone.rollback()
            found = close(clone)
            assert found[:2] == ('foreign table "a.b"', "foreign table entry")
            assert {*found[2:]} == {f"function {one}" for one in calls.NAMES["dblink"]}
            clone.commit()
            assert close(clone)[2:] == ()
            with pytest.raises(psycopg.Error, match='"dblink_exec" reaches other servers'):
                clone.execute("INSERT INTO told VALUES (1)")
            clone.rollback()
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
            clone.rollback()
            later(clone, server)
        with psycopg.connect(books(server)) as there:
            assert there.execute("SELECT id FROM entry").fetchall() == [(7,)]


def later(clone: psycopg.Connection[Any], server: servers.Server) -> None:
    """What is made after the others were closed is open, and kept from where that can be done."""
    close(clone)
    keep(clone)
    assert clone.execute(OPEN).fetchone() is None
    assert clone.execute("SELECT id FROM entry").fetchall() == [(7,)]
    for one in MADE:
        clone.execute(one.replace("{host}", server.host))
    version = clone.info.server_version
    kept = version % 10000 >= KNOWN_SINCE.get(version // 10000, 0)
    assert clone.execute(OPEN).fetchone() == ("open" if kept else "unkept",)
    clone.commit()
    keep(clone)
    if kept:
        keep_all(clone)
        clone.commit()
        with pytest.raises(psycopg.Error, match="non-system foreign table is restricted"):
            clone.execute(WRITTEN)
    else:
        with pytest.raises(CarrierError, match="knows restrict_nonsystem_relation_kind since"):
            keep_all(clone)
    clone.rollback()
    with psycopg.connect(clone.info.dsn, options="") as another:
        refused = another.execute("SELECT current_setting(%s, true)", [SETTING]).fetchone()
    assert refused == ("foreign-table" if kept else None,)


@pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL with its extensions is installed")
def test_a_foreign_table_that_runs_a_program_leads_nowhere(newest: servers.Server) -> None:
    """One of a file is read as ever."""
    with psycopg.connect(newest.conninfo) as clone:
        clone.execute("CREATE EXTENSION file_fdw")
        clone.execute("CREATE SERVER files FOREIGN DATA WRAPPER file_fdw")
        table = "CREATE FOREIGN TABLE {} (line text) SERVER files OPTIONS ({})"
        clone.execute(table.format("lines", "filename '/etc/hostname'"))
        assert (close(clone), clone.execute(OPEN).fetchone()) == ((), None)
        clone.execute(table.format("run", "program 'id'"))
        assert clone.execute(OPEN).fetchone() == ("open",)
        assert close(clone) == ("foreign-data wrapper file_fdw",)
        clone.rollback()


@pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL with its extensions is installed")
def test_functions_that_are_another_roles(newest: servers.Server) -> None:
    """Who may not replace them tries nothing where they are called, and else what calls none."""
    with psycopg.connect(make_conninfo(newest.conninfo, dbname="shop")) as clone:
        clone.execute("CREATE ROLE visitor")
        clone.execute("SET ROLE visitor")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            calls.close(clone)
        clone.execute("RESET ROLE")
        clone.execute("DROP FUNCTION tell() CASCADE")
        clone.execute("SET ROLE visitor")
        assert calls.close(clone) == ()
        clone.rollback()


@pytest.fixture(scope="module")
def newest() -> Iterator[servers.Server]:
    """The newest of those servers."""
    if not INSTALLED:
        pytest.skip("no PostgreSQL with postgres_fdw is installed")
    with shop(max(INSTALLED)) as server:
        yield server


@pytest.mark.parametrize("whose", STEPS)
def test_a_step_that_writes_to_another_server(
    whose: str, newest: servers.Server, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not done there, whoever made the way, and nothing is known of it."""
    steps, said = STEPS[whose]
    major = max(INSTALLED)
    dumps = next(one for at, one in ALL.items() if at >= major and (one / "pg_dump").exists())
    files = {name: text.replace("{host}", newest.host) for name, text in steps.files.items()}
    live = make_conninfo(newest.conninfo, dbname="shop")
    lay_out(tmp_path, dataclasses.replace(steps, files=files), live, dumps)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    _, found = judged(tmp_path)
    with psycopg.connect(books(newest)) as session:
        assert session.execute("SELECT id FROM entry").fetchall() == [(7,)]
    there = found["rehearsal.there"]
    assert said in there if said else not there, found
