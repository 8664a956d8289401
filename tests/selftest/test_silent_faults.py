"""A worker that is active (running) and does not work turns its own item, with the cause.

In the place of the SLA worker stands a program that is well in every way but one; each time its
twin, which is idle and well, turns nothing.
"""

from __future__ import annotations

import contextlib
import pathlib
import sys
import time
from collections.abc import Iterator

import pytest

from tests.selftest.test_faults import SLA, Sandbox, sandbox, started

__all__ = ["sandbox", "started"]

WITHIN_S = 30.0
PROGRAM = """
import logging, os, sys, time
import psycopg

fault = sys.argv[1]
form = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr)
log, url = logging.getLogger("sla"), os.environ["DATABASE_URL"].replace("+asyncpg", "")
if fault != "no-session":
    connection = psycopg.connect(url, autocommit=fault not in ("aborted", "idle-in-transaction"))
if fault == "aborted":
    try:
        connection.execute("SELECT * FROM nowhere")
    except psycopg.errors.UndefinedTable:
        log.warning("went on")
elif fault == "idle-in-transaction":
    connection.execute("SELECT 1")
elif fault == "lock":
    holder = psycopg.connect(url, autocommit=True)
    holder.execute("SELECT pg_advisory_lock(4711)")
    import threading
    threading.Thread(target=connection.execute, args=["SELECT pg_advisory_lock(4711)"],
                     daemon=True).start()
while True:
    log.info("SLA Worker Summary: 0 tickets checked, 0 breached")
    if fault == "error-loop":
        log.error("Worker crashed: out of cheese")
    if fault in ("none", "error-loop"):
        connection.execute("SELECT 1")
    if fault == "lock":
        holder.execute("SELECT 1")
    time.sleep(0.5)
"""


@contextlib.contextmanager
def instead(sandbox: Sandbox, program: pathlib.Path, fault: str) -> Iterator[None]:
    """Run another program as the SLA worker, from a start of its own."""
    unit = sandbox.path(f"etc/systemd/system/{SLA}")
    kept = unit.read_text("utf-8")
    lines = [
        f"ExecStart={sys.executable} {program} {fault}" if one.startswith("ExecStart=") else one
        for one in kept.splitlines()
    ]
    unit.write_text("\n".join(lines) + "\n", "utf-8")
    try:
        sandbox.systemctl("restart", SLA)
        yield
    finally:
        unit.write_text(kept, "utf-8")
        sandbox.systemctl("restart", SLA)


@pytest.fixture
def program(sandbox: Sandbox) -> pathlib.Path:
    """The program, where the worker's user may read it."""
    file = sandbox.path("opt/worker.py")
    file.write_text(PROGRAM, "utf-8")
    file.chmod(0o755)
    return file


SHORT = {"session": {"waits_for_lock_within_s": 0.5, "idle_in_transaction_within_s": 0.5}}
FAULTS = {
    "error-loop": ("log.sla_worker", "ERROR - Worker crashed: out of cheese"),
    "aborted": ("session.sla_worker", "is idle in transaction (aborted) for"),
    "idle-in-transaction": ("session.sla_worker", "is idle in transaction for"),
    "lock": ("session.sla_worker", "waits for a lock for"),
    "no-session": ("session.sla_worker", f"no session of {SLA}"),
}


LOGS = ("log.api", "log.rag_worker", "log.sla_worker", "log.job_worker")


def settled(sandbox: Sandbox, item: str, words: str) -> dict[str, str]:
    """What turns, once a fault is as old as it has to be."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        odd = sandbox.judge(LOGS, **SHORT)
        if words in odd.get(item, "") or time.monotonic() > deadline:
            return odd
        time.sleep(0.3)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_silent_fault(sandbox: Sandbox, program: pathlib.Path, fault: str) -> None:
    """Its own item turns, with the cause in its reason, and no other."""
    item, words = FAULTS[fault]
    with instead(sandbox, program, fault):
        odd = settled(sandbox, item, words)
    assert words in odd.get(item, "holds"), odd
    assert set(odd) == {item}, odd


def test_an_idle_twin(sandbox: Sandbox, program: pathlib.Path) -> None:
    """The same program without a fault turns nothing."""
    with instead(sandbox, program, "none"):
        deadline = time.monotonic() + WITHIN_S
        while (odd := sandbox.judge(LOGS, **SHORT)) and time.monotonic() < deadline:
            time.sleep(0.3)
    assert odd == {}
