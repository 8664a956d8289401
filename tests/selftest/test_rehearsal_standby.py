"""A live database that is a standby: it is copied from, and nothing can be made on it."""

from __future__ import annotations

import pathlib

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.selftest.conftest import Postgres, cluster
from tests.selftest.diseases import LIVE, PROJECTS
from tests.selftest.test_diseases import findings, lay_out

OTHER = "\n[other]\nhost={}\nport=5432\nuser=postgres\ndbname=postgres\n"
READS = (
    "? cannot tell (upstream): cannot execute CREATE DATABASE in a read-only transaction: it is a"
)


def test_a_clone_of_a_standby(
    database: str,
    postgres: Postgres,
    elsewhere: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Elsewhere its rehearsal says what that of its primary says; on itself there is none."""
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(LIVE.format(rows=200))
    with cluster(standby_of=postgres) as standby:
        there = make_conninfo(standby.conninfo, dbname=conninfo_to_dict(database)["dbname"])

        def found(name: str, where: str) -> dict[str, str]:
            folder = tmp_path / f"{name} {len(where)}"
            lay_out(folder, PROJECTS[name], there, postgres.binaries)
            monkeypatch.setenv("PGSERVICEFILE", str(folder / "services"))
            with (folder / "services").open("a", encoding="utf-8") as services:
                services.write(OTHER.format(elsewhere.host))
            file = folder / "target.toml"
            words = file.read_text("utf-8").replace('[rehearsal]\nservice = "live"', where)
            file.write_text(words, "utf-8")
            return findings(folder)[0]

        fixed = found("data-fix-undeclared", '[rehearsal]\nservice = "other"\njobs = 2')
        assert fixed.keys() == {"rehearsal.downgrade"}
        assert fixed["rehearsal.downgrade"].startswith("r1 leaves other rows in item: 200 rows")
        itself = found("healthy", '[rehearsal]\nservice = "live"')
        assert all(one.startswith(READS) for one in itself.values()), itself
        assert {"rehearsal.upgrade", "rehearsal.downgrade"} <= itself.keys()
