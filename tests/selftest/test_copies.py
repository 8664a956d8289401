"""A copy of a database is whole, in whatever way the server makes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from gate.sources.rehearsal import copies
from tests.selftest import servers
from tests.selftest.conftest import Postgres

VERSIONS = {
    major: folder
    for major, folder in servers.installed().items()
    if major in (min(servers.installed()), max(servers.installed()))
}


@pytest.fixture(scope="module", params=VERSIONS)
def admin(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    """A session on the oldest server that is installed, and on the newest."""
    with (
        servers.server((request.param, VERSIONS[request.param])) as found,
        psycopg.connect(found.conninfo, autocommit=True) as session,
    ):
        session.execute("CREATE DATABASE original")
        with psycopg.connect(found.conninfo, dbname="original", autocommit=True) as one:
            one.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
        yield session


@pytest.mark.parametrize("large", [0, copies.LARGE])
def test_a_copy_is_whole(
    large: int, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its files where it is large, and as ever where it is not; the session is as it was."""
    monkeypatch.setattr(copies, "LARGE", large)
    before = _setting(admin)
    copies.copy(admin, "copied", "original")
    try:
        with psycopg.connect(admin.info.dsn, dbname="copied") as one:
            assert one.execute("SELECT count(*) FROM t").fetchone() == (1000,)
    finally:
        admin.execute("DROP DATABASE copied")
    assert _setting(admin) == before


def test_where_files_cannot_share(
    postgres: Postgres, make_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a server or its disk cannot, they are copied; no other error is hidden."""
    monkeypatch.setattr(copies, "LARGE", 0)
    monkeypatch.setattr(copies, "SHARED", 0)
    name = psycopg.conninfo.conninfo_to_dict(make_database())["dbname"]
    with psycopg.connect(postgres.conninfo, autocommit=True) as session:
        with pytest.raises(errors.UndefinedObject):
            copies.copy(session, "never", str(name))
        monkeypatch.setattr(copies, "NOT_SHARED", (*copies.NOT_SHARED, errors.UndefinedObject))
        monkeypatch.setattr(copies, "RESET", "SELECT 1")
        copies.copy(session, "copied_all_the_same", str(name))
        session.execute("DROP DATABASE copied_all_the_same")
        with pytest.raises(errors.InvalidCatalogName):
            copies.copy(session, "never", "no_such_database")
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier("there_already")))
        with pytest.raises(errors.DuplicateDatabase):
            copies.copy(session, "there_already", str(name))
        session.execute("DROP DATABASE there_already")


def _setting(admin: psycopg.Connection[Any]) -> Any:
    return admin.execute("SELECT current_setting('file_copy_method', true)").fetchone()
