"""What a rehearsal costs beyond the plain upgrade and downgrade, on a table of 1.5 million rows."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg
import pytest

from gate.connection.carrier import open_carrier
from gate.kinds.load import load_contract
from gate.sources.fact import Seen
from gate.sources.migrations.chain import chain
from gate.sources.rehearsal.rehearse import rehearse
from gate.target import load_target
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import Project, sql
from tests.selftest.test_diseases import lay_out, sqlalchemy_url

pytest_plugins = ["tests.selftest.conftest"]

ROWS = 1_500_000
ROUNDS = 3
REPORT = pathlib.Path(__file__).resolve().parents[2] / "reports" / "bench" / "rehearsal.md"
LIVE = """
CREATE EXTENSION vector;
CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL, size integer, v vector(3));
INSERT INTO item (id, name, size) SELECT n, 'name ' || n, n FROM generate_series(1, 1500000) AS n;
INSERT INTO item VALUES (0, 'with a vector', 0, '[1,2,3]');
CREATE INDEX ix_item_v ON item USING hnsw (v vector_cosine_ops) WITH (m=16, ef_construction=64);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r0');
ANALYZE;
"""
PROJECT = Project(
    up=sql("ALTER TABLE item ADD note text", "CREATE INDEX ix_item_size ON item (size)"),
    down=sql("DROP INDEX ix_item_size", "ALTER TABLE item DROP note"),
    loses=("item.note",),
)


def test_overhead(
    make_database: Callable[[], str],
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both do the same work; the table of their times is written to reports/bench."""
    live = make_database()
    with psycopg.connect(live, autocommit=True) as connection:
        connection.execute(LIVE)
    lay_out(tmp_path, PROJECT, live, postgres.binaries)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    contract = load_contract(tmp_path / "contract")
    target = load_target(str(tmp_path / "target.toml"), tmp_path)
    assert contract.alembic is not None
    versions = pathlib.Path(contract.alembic.versions)
    files = {one.name: one.read_text("utf-8") for one in versions.glob("*.py")}
    revisions = Seen(chain(str(versions), files))
    plain: list[float] = []
    rehearsed: list[float] = []
    clones: list[float] = []
    for _ in range(ROUNDS):
        plain.append(_plain(live, tmp_path))
        began = time.monotonic()
        with open_carrier(target) as carrier:
            facts = rehearse(contract, target, carrier, revisions, lambda _: None)
        assert isinstance(facts, Seen), facts
        assert isinstance(facts.value.receipts, Seen), facts.value.receipts
        assert facts.value.receipts.value[0].clean
        assert isinstance(facts.value.clone, Seen)
        clones.append(facts.value.clone.value.seconds)
        rehearsed.append(time.monotonic() - began - clones[-1])
    _write(plain, rehearsed, clones)


def _plain(live: str, folder: pathlib.Path) -> float:
    """Upgrade and downgrade as a person would type it."""
    began = time.monotonic()
    for words in (("upgrade", "head"), ("downgrade", "r0")):
        subprocess.run(  # noqa: S603 - Alembic
            [sys.executable, "-m", "alembic", *words],
            cwd=folder,
            env={**os.environ, "DATABASE_URL": sqlalchemy_url(live)},
            check=True,
            capture_output=True,
        )
    return time.monotonic() - began


def _write(plain: list[float], rehearsed: list[float], clones: list[float]) -> None:
    medians = [statistics.median(one) for one in (plain, rehearsed, clones)]
    today = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d}"
    lines = [
        f"# Rehearsal of one revision on {ROWS:,} rows",
        "",
        f"{today}, Python {platform.python_version()}, {os.cpu_count()} cores, {ROUNDS} rounds.",
        "",
        "| what | seconds |",
        "| --- | --- |",
        f"| plain `alembic upgrade` and `downgrade` | {medians[0]:.2f} |",
        f"| rehearsal, without the making of the clone | {medians[1]:.2f} |",
        f"| overhead | {medians[1] - medians[0]:.2f} |",
        f"| making the clone (pg_dump, pg_restore, ANALYZE) | {medians[2]:.2f} |",
    ]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", "utf-8")
