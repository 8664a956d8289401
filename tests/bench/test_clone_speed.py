"""How fast a clone is made, by source: MB of the live database per second, and what it reads."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.connection.carrier import open_carrier
from gate.sources.rehearsal.cloning import cloned
from gate.target import load_target
from tests.selftest.conftest import Postgres

pytest_plugins = ["tests.selftest.conftest"]

MILLION = float(os.environ.get("GATE_BENCH_MILLION_ROWS", "2"))
REPORT = pathlib.Path(__file__).resolve().parents[2] / "reports" / "bench" / "clones.md"
TARGET = """
title = "A database"
host = "local://"
path = ["{binaries}"]
[database]
service = "live"
[rehearsal]
{text}
"""
SOURCES = {
    "dump": 'service = "live"',
    "dump, 2 jobs": 'service = "live"\njobs = 2',
    "backup": 'service = "live"\nkind = "backup"\nbackup = "{backup}"',
    "backup, 2 jobs": 'service = "live"\nkind = "backup"\nbackup = "{backup}"\njobs = 2',
    "template": 'service = "live"\nkind = "template"',
    "sample, 1000 rows": 'service = "live"\nkind = "sample"\nrows = 1000',
    "embedded, dump, 2 jobs": "embedded = true\njobs = 2",
}
FILL = """
CREATE TABLE one (id bigint PRIMARY KEY, at timestamptz, name text, size numeric);
INSERT INTO one SELECT n, now(), 'name ' || md5(n::text), n FROM generate_series(1, {rows}) AS n;
CREATE INDEX ON one (at);
CREATE TABLE other AS TABLE one;
ALTER TABLE other ADD PRIMARY KEY (id);
CREATE INDEX ON other (name);
ANALYZE
"""


def test_every_source(
    make_database: Callable[[], str],
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each makes a clone; the table of the times is written to reports/bench."""
    live = make_database()
    with psycopg.connect(live, autocommit=True) as session:
        for one in FILL.format(rows=int(MILLION * 1e6)).split(";"):
            session.execute(one.encode())
        row = session.execute("SELECT pg_database_size(current_database())").fetchone()
    size = float(row[0]) / 1e6 if row else 0.0
    service = "".join(f"{key}={value}\n" for key, value in conninfo_to_dict(live).items())
    (tmp_path / "services").write_text(f"[live]\n{service}", "utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    backup = tmp_path / "backup"
    subprocess.run(  # noqa: S603 - of the package
        [postgres.binaries / "pg_dump", "-Fc", "-Z1", "-f", backup, "-d", live], check=True
    )
    sizes = f"{size:,.0f} MB with indexes, backup {backup.stat().st_size / 1e6:,.0f} MB"
    lines = [
        f"{sizes}; {os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}",
        "",
        "| source | s | MB/s | MB of the clone |",
        "| --- | --- | --- | --- |",
    ]
    for name, text in SOURCES.items():
        file = tmp_path / "it.toml"
        words = TARGET.format(binaries=postgres.binaries, text=text.format(backup=backup))
        file.write_text(words, "utf-8")
        target = load_target(str(file), tmp_path)
        assert target.rehearsal is not None
        began = time.monotonic()
        with open_carrier(target) as carrier, cloned(target, target.rehearsal, carrier) as found:
            took = time.monotonic() - began
            lines.append(
                f"| {name} | {took:.1f} | {size / took:.0f} | {found[1].bytes / 1e6:,.0f} |"
            )
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", "utf-8")
