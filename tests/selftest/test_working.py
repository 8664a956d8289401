"""Eight ways not to work at a queue in a table: each is caught, and no idle twin is.

The worker is a real process, its database and its Redis are real, what holds its locks is a real
session; systemd's word of the unit is told by a stand-in, `tests/machine` has the true one.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome
from gate.target import Target
from tests.selftest.databases import target
from tests.selftest.workers import SYSTEMCTL, UNIT, WITHIN_S, Place, wait_for

__all__ = ["target"]

TABLE = """
    CREATE TABLE jobs (
        id serial PRIMARY KEY, status text NOT NULL, attempts int NOT NULL DEFAULT 0, error text,
        created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
        locked_at timestamptz);
    CREATE TABLE beats (updated_at timestamptz);
    GRANT SELECT ON jobs, beats TO gate_reader;
    GRANT pg_monitor TO gate_reader
"""
# A worker as people write them. Its first word says how it misbehaves.
WORKER = '''
import os, sys, time
import psycopg
conninfo, how = sys.argv[1:]
c = psycopg.connect(conninfo, autocommit=True)
TAKE = """UPDATE jobs SET status = 'running', locked_at = now(), updated_at = now(),
          attempts = attempts + 1 WHERE id = (SELECT id FROM jobs WHERE status = 'pending'
          ORDER BY id LIMIT 1) RETURNING id"""
print("ready", flush=True)
while True:
    if how == "aborted":
        c.autocommit = False
        try:
            c.execute("SELECT 1/0")
        except psycopg.Error:
            time.sleep(3600)
    if how != "deaf":
        row = c.execute(TAKE).fetchone()
        if row:
            if how == "stuck":
                time.sleep(3600)
            if how == "crash":
                os._exit(1)
            while how == "busy":
                c.execute("UPDATE jobs SET updated_at = now() WHERE id = %s", row)
                time.sleep(0.05)
            if how == "errors":
                c.execute("UPDATE jobs SET status = 'pending', error = 'Boom: no route' "
                          "WHERE id = %s", row)
            else:
                c.execute("UPDATE jobs SET status = 'done', updated_at = now() WHERE id = %s", row)
    c.execute("DELETE FROM beats"); c.execute("INSERT INTO beats VALUES (now())")
    time.sleep(0.05)
'''
CONTRACT = """
[work.w]
title = "It works"
source = "a self-test"
unit = "worker.service"
{more}
[session.w]
title = "Its sessions hang in nothing"
source = "a self-test"
unit = "worker.service"
waits_for_lock_within_s = 1
"""
SQL = """
[work.w.queue]
table = "jobs"
pending = ["pending"]
running = ["running"]
done = ["done"]
failed = ["failed"]
taken = "locked_at"
attempts = "attempts"
attempts_at_most = 5
error = "error"
stalled_s = 1
running_within_s = 1
proves_for_s = 1
[work.w.cycle]
table = "beats"
within_s = 5
"""


def chapters(work: str) -> dict[str, str]:
    """A contract of a worker, and of the unit that it is."""
    work, _, session = CONTRACT.format(more=work).partition("[session.w]")
    head = '[service.w]\ntitle = "t"\nsource = "s"\nstate = "active (running)"\n'
    return {
        "work": work,
        "sessions": f"[session.w]{session}",
        "services": f'{head}unit = "{UNIT}"\n',
    }


@pytest.fixture
def place(tmp_path: pathlib.Path, database: str, target: Target) -> Iterator[Place]:
    """A database with an empty queue, and no worker yet."""
    tool = tmp_path / "systemctl"
    tool.write_text(SYSTEMCTL.format(folder=tmp_path, unit=UNIT), "utf-8")
    tool.chmod(0o755)
    with contextlib.ExitStack() as stack:
        here = target.model_copy(update={"path": (str(tmp_path),)})
        found = Place(tmp_path, database, here, stack)
        found.sql(TABLE)
        yield found


ADD = "INSERT INTO jobs (status) VALUES ('pending')"
# How the worker is, the item that has to catch it, and the cause that its reason has to name.
BAD: dict[str, tuple[str, str, str]] = {
    "stuck": ("stuck", "work.w", "stuck: 1 at work in jobs"),
    "stalled": ("deaf", "work.w", "stalled: 1 due in jobs"),
    "error loop": ("errors", "work.w", "times: Boom: no route"),
    "crash period": ("crash", "work.w", "orphaned: 1 in jobs were taken before the worker"),
    "deadlocked on a lock": ("good", "session.w", "lock"),
    "aborted transaction": ("aborted", "session.w", "idle in transaction (aborted)"),
    "frozen": ("good", "work.w", "frozen: the process of worker.service is in the state T"),
    "busy without result": ("busy", "work.w", "stuck: 1 at work in jobs"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_queue_in_a_table(place: Place, name: str) -> None:
    """Each way not to work is caught by its item, with its cause."""
    how, item, words = BAD[name]
    place.sql(ADD)
    if "lock" in name:
        holder = place.stack.enter_context(psycopg.connect(place.conninfo))
        holder.execute("SELECT * FROM jobs FOR UPDATE")
    process = place.start(WORKER, place.conninfo, how)
    if name == "frozen":
        os.kill(process.pid, signal.SIGSTOP)
    if name == "crash period":
        process.wait(10)
        wait_for(2.0)
        place.start(WORKER, place.conninfo, "good")
    place.until(chapters(SQL), item, words)


@pytest.mark.parametrize("name", BAD)
def test_its_idle_twin(place: Place, name: str) -> None:
    """The same worker with nothing to do, whose cycle leaves a trace, is not red."""
    how = {"aborted": "good"}.get(BAD[name][0], BAD[name][0])
    place.sql("INSERT INTO jobs (status, updated_at) VALUES ('done', now() - interval '1 hour')")
    if "lock" in name:
        holder = place.stack.enter_context(psycopg.connect(place.conninfo))
        holder.execute("SELECT * FROM jobs FOR UPDATE")
    place.start(WORKER, place.conninfo, how)
    wait_for(0.3)
    deadline = time.monotonic() + WITHIN_S
    while odd := place.judge(chapters(SQL)):
        assert time.monotonic() < deadline, odd
    assert odd == {}


def test_idle_without_a_sign(place: Place) -> None:
    """Nothing to do is no proof: it cannot be told, or is a warning where the contract says so."""
    place.start(WORKER, place.conninfo, "deaf")
    alone = SQL.partition("[work.w.cycle]")[0]
    odd = place.judge(chapters(alone))
    assert odd["work.w"].startswith("? cannot tell: nothing shows that worker.service works")
    assert place.judge(chapters('idle = "warn"' + alone)) == {}
    place.sql("INSERT INTO jobs (status) VALUES ('Pending')")
    odd = place.judge(chapters(alone))
    assert "state 'Pending', which no promised state names" in odd["work.w"]


# What is done to the database, the item that has to tell it, its outcome, and what it names.
SPOILT = {
    "queue renamed": (
        *("ALTER TABLE jobs RENAME TO jobs_of_old", "work.w", Outcome.FAIL),
        'its queue is not there: relation "public.jobs" does not exist',
    ),
    "trace renamed": (
        *("ALTER TABLE beats RENAME TO beats_of_old", "work.w", Outcome.FAIL),
        "no trace of any cycle in beats",
    ),
    "queue not readable": (
        *("REVOKE SELECT ON jobs FROM gate_reader", "work.w", Outcome.INCONCLUSIVE),
        "permission denied for table jobs",
    ),
    "without pg_monitor": (
        *("REVOKE pg_monitor FROM gate_reader", "session.w", Outcome.INCONCLUSIVE),
        "pg_monitor",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_cannot_be_seen_as_promised(place: Place, name: str) -> None:
    """Gone is a FAIL by its name; what a role may not see cannot be told, and says why."""
    change, item, outcome, words = SPOILT[name]
    place.start(WORKER, place.conninfo, "deaf")
    wait_for(0.3)
    place.sql(change)
    scene = place.scene(chapters(SQL))
    found = judge(scene.contract.promise(item), scene).result
    assert found.outcome is outcome, found
    assert words in found.reason
