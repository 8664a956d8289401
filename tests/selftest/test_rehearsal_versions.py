"""The rehearsal on every version of PostgreSQL that is installed, with what each of them has."""

from __future__ import annotations

import pathlib

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gate.sources.fact import Seen
from tests.selftest import servers
from tests.selftest.diseases import revision, sql
from tests.selftest.histories import AT, History, table
from tests.selftest.test_histories import judged, lay_out

INSTALLED = servers.installed()
STEPS = History(
    files={
        f"{AT}a.py": table("a", None),
        f"{AT}b.py": revision(
            "b",
            "a",
            sql("CREATE TYPE mood AS ENUM ('good'); ALTER TABLE t_a ADD mood mood"),
            sql("ALTER TABLE t_a DROP mood"),
        ),
        f"{AT}c.py": revision(
            "c",
            "b",
            sql("CREATE INDEX ix_a ON t_a (id)", "ALTER TABLE t_a ALTER id TYPE bigint"),
            sql("ALTER TABLE t_a ALTER id TYPE integer", "DROP INDEX ix_a"),
        ),
    },
    steps=3,
    reaches="c",
    finds="+ enum mood",
)


@pytest.mark.parametrize("major", INSTALLED)
def test_each_step_is_judged(
    major: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that leaves a type is named, and no other; who waited and for what was seen."""
    dumps = [one for at, one in INSTALLED.items() if at >= major and (one / "pg_dump").exists()]
    if not dumps:
        pytest.skip(f"no pg_dump for PostgreSQL {major} is installed")
    with servers.server((major, INSTALLED[major])) as server:
        with psycopg.connect(server.conninfo, autocommit=True) as admin:
            admin.execute("CREATE DATABASE shop")
        lay_out(tmp_path, STEPS, make_conninfo(server.conninfo, dbname="shop"), dumps[0])
        monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
        facts, found = judged(tmp_path)
    receipts = facts.receipts.value if isinstance(facts.receipts, Seen) else ()
    assert [one.clean for one in receipts] == [True, False, True], (receipts, found)
    newly = [one.what for receipt in receipts for one in receipt.newly]
    assert newly == ["'3000000000' in t_a.id, which was integer"]
    assert STEPS.finds in found["rehearsal.back"], found
    assert found["rehearsal.proof"] == "", found
