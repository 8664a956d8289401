"""Ways down over rows that only the upgraded schema takes: what comes of them is told."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from tests.selftest.conftest import Postgres
from tests.selftest.diseases import LEFT, LIVE
from tests.selftest.loosenings import ASIDE, FIRST, LOOSE, TOLD
from tests.selftest.test_diseases import findings, lay_out

MARK = "only with what it newly allows"


@pytest.mark.parametrize("name", LOOSE)
def test_what_comes_of_rows_that_are_newly_allowed(
    name: str,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is a warning of its own with its cause, or red where that is asked; and nothing else."""
    project = LOOSE[name]
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(LIVE.format(rows=20))
        live.execute(project.live)
    lay_out(tmp_path, project, database, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    found, warned = findings(tmp_path)
    assert set(found) - {"rehearsal.rewrites"} == ({LEFT} if name == "is-judged" else set()), found
    told = (found if name == "is-judged" else warned).get(LEFT, "")
    lines = [line for line in told.split("; ") if line.startswith(MARK)]
    for (what, came), line in zip(TOLD[name], lines, strict=True):
        assert line.startswith(f"{MARK} ({what}"), line
        assert came in line
        assert line.endswith(": r1")
    assert "somebody" not in told, "what a row holds is not told"
    assert ASIDE.get(name, "") in told
    assert ("no witness" in told) is ASIDE.get(name, "").startswith("no witness")
    first = [line for line in told.split("; ") if line.startswith("only with the first row")]
    assert len(first) == FIRST.get(name, 0), first
