"""How long two chapters of a look take: the API without the copilot, and work on large tables."""

from __future__ import annotations

import dataclasses
import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import psycopg

from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.sources.database.proofs import Cycle, Proofs, Queue
from gate.sources.database.work import read_work
from gate.sources.fact import CannotTell, Seen
from tests.selftest.test_copilot import ROOT, Sandbox, sandbox

__all__ = ["sandbox"]
pytest_plugins = ["tests.selftest.conftest"]

RUNS = 7
ROWS = 1_000_000
REPORT = ROOT / "reports" / "bench"
TABLE = """
    CREATE TABLE {0} (
        id bigserial PRIMARY KEY, status text NOT NULL, attempts int DEFAULT 0, last_error text,
        payload text DEFAULT repeat('x', 100), created_at timestamptz, updated_at timestamptz);
    INSERT INTO {0} (status, created_at, updated_at)
        SELECT CASE WHEN n % 50 > 0 THEN 'done' WHEN n % 100 > 0 THEN 'pending' ELSE 'failed' END,
               now() - make_interval(secs => n), now() - make_interval(secs => n)
          FROM generate_series(1, {1}) AS n;
    ANALYZE {0}
"""
INDEXES = {
    "none": (),
    "status": ("status",),
    "status; updated_at": ("status", "updated_at"),
    "status, created_at; updated_at": ("status, created_at", "updated_at"),
    "status, updated_at": ("status, updated_at",),
}


def test_api(sandbox: Sandbox) -> None:
    """Endpoints, access and budgets of the whole contract, all but what waits for the copilot."""
    whole = load_contract(ROOT / "tests/contract", sandbox.target.differs)
    promises = {
        id_: one
        for id_, one in whole.promises.items()
        if one.kind in ("endpoint", "access", "budget") and "copilot" not in id_
    }
    contract = dataclasses.replace(whole, promises=promises)
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        found = look(contract, sandbox.target, "predeploy")
        took.append(time.perf_counter() - started)
        assert isinstance(found.api, Seen)
        assert isinstance(found.api.value.answers["endpoint.me"], Seen)
    write("api", f"{len(promises)} items of the API, without the copilot", {"sandbox": took})


def test_work(database: str) -> None:
    """Two queues of a million rows each, and their cycles, by the indexes that they have."""
    states: dict[str, Any] = {"pending": ("pending",), "done": ("done",), "failed": ("failed",)}
    proofs = [
        Proofs(
            queue=Queue(table=table, attempts="attempts", error="last_error", **states),
            cycle=Cycle(table=table, within_s=60),
        )
        for table in ("jobs", "mails")
    ]
    took: dict[str, list[float]] = {}
    with psycopg.connect(database, autocommit=True) as connection:
        for table in ("jobs", "mails"):
            connection.execute(TABLE.format(table, ROWS))
        for name, columns in INDEXES.items():
            for table in ("jobs", "mails"):
                for number, one in enumerate(columns):
                    connection.execute(f"CREATE INDEX {table}_{number} ON {table} ({one})")
            read = functools.partial(told, connection, proofs, Seen if columns else CannotTell)
            took[name] = [timed(read) for _ in range(RUNS)]
            for table in ("jobs", "mails"):
                for number, _ in enumerate(columns):
                    connection.execute(f"DROP INDEX {table}_{number}")
    write("work", f"two queues of {ROWS:,} rows and their cycles, by index", took)


def told(connection: psycopg.Connection, proofs: list[Proofs], fact: type) -> None:
    """Read them."""
    for one in proofs:
        assert isinstance(read_work(connection, one).queue, fact)


def timed(read: Callable[[], None]) -> float:
    """How long it takes, in seconds."""
    started = time.perf_counter()
    read()
    return time.perf_counter() - started


def write(name: str, title: str, took: dict[str, list[float]]) -> None:
    """Write a table."""
    lines = [f"# {title} ({RUNS} runs)", "", "| | median, s | most, s |", "| --- | --- | --- |"]
    lines += [
        f"| {where} | {statistics.median(times):.3f} | {max(times):.3f} |"
        for where, times in took.items()
    ]
    REPORT.mkdir(parents=True, exist_ok=True)
    (REPORT / f"chapter-{name}.md").write_text("\n".join(lines) + "\n", "utf-8")
