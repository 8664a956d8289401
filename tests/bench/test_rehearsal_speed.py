"""What a long history costs: every step for itself, beside one plain upgrade and downgrade."""

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
from psycopg.conninfo import conninfo_to_dict

from gate.connection.carrier import open_carrier
from gate.kinds.load import load_contract
from gate.sources.fact import Absent, Seen
from gate.sources.rehearsal.facts import Receipt
from gate.sources.rehearsal.rehearse import rehearse
from gate.target import load_target
from tests.bench.processor import Worked, worked
from tests.bench.test_histories import CONTRACT, TARGET
from tests.selftest.conftest import Postgres
from tests.selftest.diseases import ENV, OBEDIENT, revision, sql
from tests.selftest.test_diseases import sqlalchemy_url

pytest_plugins = ["tests.selftest.conftest"]

STEPS = int(os.environ.get("GATE_BENCH_STEPS", "100"))
ROUNDS = int(os.environ.get("GATE_BENCH_ROUNDS", "3"))
REPORT = pathlib.Path(__file__).resolve().parents[2] / "reports" / "bench" / "rehearsal-steps.md"
ALEMBIC = """
[alembic]
folder = "{folder}"
versions = "{folder}/migrations/versions"
command = ["{python}", "-m", "alembic"]
url = "postgresql+psycopg://{{user}}@/{{database}}?host={{host}}&port={{port}}"
second_opinion = {second}
"""


def _revision(number: int) -> str:
    """Tables, columns and indexes in turn, as an application's history has them."""
    table = f"t{number - number % 4}"
    up, down = (
        (f"CREATE TABLE {table} (id serial PRIMARY KEY, name text)", f"DROP TABLE {table}"),
        (f"ALTER TABLE {table} ADD size integer", f"ALTER TABLE {table} DROP size"),
        (f"CREATE INDEX ix_{table} ON {table} (size)", f"DROP INDEX ix_{table}"),
        (
            f"ALTER TABLE {table} ADD CONSTRAINT ck_{table} CHECK (size > 0)",
            f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}",
        ),
    )[number % 4]
    below = f"r{number - 1:03}" if number else None
    return revision(f"r{number:03}", below, sql(up), sql(down))


@pytest.mark.parametrize("second", ["false", "true"], ids=["alone", "with-pg_dump"])
def test_a_long_history(
    second: str,
    make_database: Callable[[], str],
    postgres: Postgres,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All steps are judged and clean; the table of the times is written to reports/bench."""
    live, other = make_database(), make_database()
    _lay_out(tmp_path, live, postgres.binaries, second)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    contract = load_contract(tmp_path / "contract")
    target = load_target(str(tmp_path / "target.toml"), tmp_path)
    plain: list[float] = []
    rehearsed: list[float] = []
    work: list[tuple[Worked, Worked]] = []
    for _ in range(ROUNDS):
        before = worked(other)
        plain.append(_plain(other, tmp_path))
        between = worked(other)
        began = time.monotonic()
        with open_carrier(target) as carrier:
            facts = rehearse(contract, target, carrier, Absent("not read"), lambda _: None)
        rehearsed.append(time.monotonic() - began)
        work.append((between.since(before), worked(other).since(between)))
        assert isinstance(facts, Seen), facts
        assert isinstance(facts.value.receipts, Seen), facts.value.receipts
        receipts: tuple[Receipt, ...] = facts.value.receipts.value
        assert len(receipts) == STEPS
        assert all(one.clean for one in receipts)
    _write(second, plain, rehearsed, work)


def _lay_out(folder: pathlib.Path, live: str, binaries: pathlib.Path, second: str) -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    env = ENV.format(url=OBEDIENT, versions="alembic_version")
    (folder / "migrations" / "env.py").write_text(env, "utf-8")
    for number in range(STEPS):
        (versions / f"r{number:03}.py").write_text(_revision(number), "utf-8")
    (folder / "contract").mkdir()
    text = ALEMBIC.format(folder=folder, python=sys.executable, second=second) + CONTRACT
    (folder / "contract" / "rehearsal.toml").write_text(text, "utf-8")
    (folder / "target.toml").write_text(TARGET.format(binaries=binaries), "utf-8")
    service = "".join(f"{key}={value}\n" for key, value in conninfo_to_dict(live).items())
    (folder / "services").write_text(f"[live]\n{service}", "utf-8")
    with psycopg.connect(live, autocommit=True) as connection:
        connection.execute("CREATE TABLE held (id integer PRIMARY KEY, word text)")
        connection.execute("INSERT INTO held SELECT n, 'w' || n FROM generate_series(1, 1000) n")


def _plain(live: str, folder: pathlib.Path) -> float:
    """Upgrade and downgrade as a person would type it, each in a process of its own."""
    began = time.monotonic()
    for words in (("upgrade", "head"), ("downgrade", "base")):
        subprocess.run(  # noqa: S603 - Alembic
            [sys.executable, "-m", "alembic", *words],
            cwd=folder,
            env={**os.environ, "DATABASE_URL": sqlalchemy_url(live)},
            check=True,
            capture_output=True,
        )
    return time.monotonic() - began


def _write(
    second: str,
    plain: list[float],
    rehearsed: list[float],
    work: list[tuple[Worked, Worked]],
) -> None:
    once, whole = statistics.median(plain), statistics.median(rehearsed)
    little, much = sorted(work, key=lambda one: one[1].all)[len(work) // 2]
    today = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d}"
    lines = [
        f"# Rehearsal of {STEPS} steps, second opinion: {second}",
        "",
        f"{today}, Python {platform.python_version()}, {os.cpu_count()} cores, {ROUNDS} rounds.",
        "",
        "| what | seconds |",
        "| --- | --- |",
        f"| plain `alembic upgrade head` and `downgrade base` | {once:.2f} |",
        f"| rehearsal, clone included | {whole:.2f} |",
        f"| times plain | {whole / once:.1f} |",
        f"| the processor's: plain | {little.all:.2f} |",
        f"| the processor's: rehearsal | {much.all:.2f} |",
        f"| of these: the gate | {much.gate:.2f} |",
        f"| of these: Alembic's processes | {much.programs:.2f} |",
        f"| of these: the server | {much.server:.2f} |",
        f"| times plain | {much.all / little.all:.1f} |",
    ]
    name = REPORT.with_stem(f"{REPORT.stem}-{'second' if second == 'true' else 'alone'}")
    name.parent.mkdir(parents=True, exist_ok=True)
    name.write_text("\n".join(lines) + "\n", "utf-8")
