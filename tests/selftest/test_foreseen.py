"""Large tables that a step alters: their rows are learnt before it is taken back, and once."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from gate.sources.rehearsal import prints
from gate.sources.rehearsal.stage import Stage
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import LIVE, Project, sql
from tests.selftest.test_diseases import findings, lay_out

ADD, DROP = "ALTER TABLE item ADD note text", "ALTER TABLE item DROP note"
SIZE = "ALTER TABLE item ADD size integer"
WRITE = "UPDATE item SET size = size + 1 WHERE id = 7"
OTHER = "item: 200 rows, then 200 (other content)"
STEPS = {
    "healthy": (Project(up=sql(ADD), down=sql(DROP), loses=("item.note",)), 0, ""),
    "down-writes": (Project(up=sql(ADD), down=sql(WRITE, DROP)), 0, OTHER),
    "up-writes": (Project(up=sql(ADD, WRITE), down=sql(DROP)), 1, OTHER),
    # Its column is numbered anew: what pg_dump says of the state before is asked, too.
    "down-drops-another": (
        Project(up=sql(ADD), down=sql(DROP, "ALTER TABLE item DROP size", SIZE)), 1, OTHER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_the_state_before_is_not_had_again_for_rows_that_are_there(
    name: str,
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step that only adds a column costs no copy of the database to compare its table's rows."""
    project, had, finds = STEPS[name]
    restored: list[str] = []
    plain = Stage.restore

    def restore(stage: Stage, state: str) -> None:
        restored.append(state)
        plain(stage, state)

    monkeypatch.setattr(prints, "SMALL", 0)
    monkeypatch.setattr(Stage, "restore", restore)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    with psycopg.connect(database, autocommit=True) as live:
        live.execute(LIVE.format(rows=project.rows).encode())
    lay_out(tmp_path, project, database, postgres.binaries)
    found, _ = findings(tmp_path)
    assert finds in found.get("rehearsal.downgrade", "holds"), found
    assert bool(found) == bool(finds), found
    assert len(restored) == had
