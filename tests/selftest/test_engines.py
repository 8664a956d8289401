"""Engines of queues: one from outside, a timer, and what a large table may cost."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import psycopg
import pytest

from gate.kinds.queue_states import Since, open_questions, wrong
from gate.kinds.work import Work
from gate.sources.database.proofs import Cycle, Proofs, Queue
from gate.sources.database.queue import MOST, read_queue
from gate.sources.database.work import read_work
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.host.section import Section
from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.promised import QueuePromise
from gate.sources.queues.timer import PROBE
from gate.target import Target
from tests.selftest import runs
from tests.selftest.databases import seen, target

__all__ = ["target"]

SPOOL = '''
"""A queue of files: what lies in a folder waits."""
import shlex
from gate.sources.fact import Seen
from gate.sources.queues.engine import Engine
from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.promised import QueuePromise

class Spool(QueuePromise):
    """A folder whose files are jobs.

    Attributes:
        folder: Its path.
    """

    folder: str

def look(queues, looking):
    found = {}
    for id_, one in queues.items():
        if one.folder == "/odd":
            raise ValueError("an odd folder")
        said = looking.carrier.run(f"ls {shlex.quote(one.folder)} | wc -l", deadline_s=5)
        waiting = int(said.stdout)
        oldest = 300.0 if waiting else None
        found[id_] = Seen(QueueFacts(name=one.folder, waiting=waiting, oldest_due_s=oldest))
    return found

ENGINE = Engine(name="spool", model=Spool, says="its folder of files", look=look)
'''
LOOK = """
import pathlib, sys
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.look import questions
from gate.kinds.scene import Scene
from gate.sources.look import look_at
from gate.target import load_target
contract = load_contract(pathlib.Path("contract"))
target = load_target("here.toml", pathlib.Path("."))
seen = look_at(target, "predeploy", questions(contract, target, "predeploy"), contract=contract)
scene = Scene(contract=contract, target=target, moment="predeploy", observed=seen)
from gate.sources.queues.engine import found
from gate.sources.queues.registry import engines
promise = contract.promises["work.w"]
print(found(engines()["spool"], "work.w", promise.before.spool, seen))
"""


def outside(folder: pathlib.Path, spool: str) -> str:
    """What an engine from outside tells of a folder."""
    info = folder / "site" / "spool-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spool\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[gate.engines]\nspool = spool:ENGINE\n", "utf-8")
    (folder / "site" / "spool.py").write_text(SPOOL, "utf-8")
    (folder / "contract").mkdir()
    head = 'title = "t"\nsource = "s"\nunit = "w.service"\n'
    work = f'[work.w]\n{head}[work.w.spool]\nfolder = "{spool}"\n'
    (folder / "contract" / "work.toml").write_text(work, "utf-8")
    service = f'[service.w]\n{head}state = "active (running)"\n'
    (folder / "contract" / "services.toml").write_text(service, "utf-8")
    (folder / "here.toml").write_text('title = "Here"\nhost = "local://"\n', "utf-8")
    path = f"{folder / 'site'}{os.pathsep}{runs.ROOT}"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LOOK], cwd=folder, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_an_engine_from_outside(tmp_path: pathlib.Path) -> None:
    """It has a key of its own in the contract, and its look is asked."""
    (tmp_path / "spooled").mkdir()
    (tmp_path / "spooled" / "job").touch()
    said = outside(tmp_path, str(tmp_path / "spooled"))
    assert "waiting=1" in said, said


def test_an_engine_that_breaks(tmp_path: pathlib.Path) -> None:
    """What another package's engine raises spoils its own queue, by its name."""
    said = outside(tmp_path, "/odd")
    assert "the engine spool failed: ValueError: an odd folder" in said, said


CLOCK = "now=1000000 up=5000.00\n\n"
TIMER = (
    "Id=job.timer\nLoadState=loaded\nActiveState=active\nSubState=waiting\nTriggers=job.service\n"
    "LastTriggerUSecMonotonic=1h 22min 20s\nNextElapseUSecMonotonic=1h 23min 20.5s\n"
    "ActiveEnterTimestampMonotonic=1000000\n\n"
)
SERVICE = (
    "Id=job.service\nLoadState=loaded\nActiveState=inactive\nResult=success\nExecMainStatus=0\n"
)
RUNS = SERVICE.replace("inactive", "activating") + "ExecMainStartTimestampMonotonic=4000000000\n"
FAILED = SERVICE.replace("success", "exit-code").replace("Status=0", "Status=1")
# What systemd tells, and what is wrong with that; empty for a healthy idle timer.
TIMERS = {
    "healthy": (TIMER + SERVICE, ""),
    "stuck": (TIMER + RUNS, "stuck: 1 at work in job.timer, the longest for 1000 s"),
    "error loop": (TIMER + FAILED, "job.service ended with Result=exit-code, status 1"),
    "killed": (TIMER + FAILED.replace("exit-code", "signal"), "Result=signal"),
    "stopped": (TIMER.replace("ctiveState=active", "ctiveState=inactive") + SERVICE, "is inactive"),
    "no next run": (TIMER.replace("1h 23min 20.5s", "infinity") + SERVICE, "has no next run"),
    "just ended": (
        TIMER.replace("1h 23min 20.5s", "infinity").replace("=waiting", "=running") + SERVICE,
        "",
    ),
    "late": (
        TIMER.replace("1h 22min 20s", "20min") + SERVICE,
        "last ran 3800 s ago, not within",
    ),
    "by the calendar": (
        TIMER.replace("1h 23min 20.5s", "infinity").replace(
            "Triggers", "NextElapseUSecRealtime=Mon 1970-01-12 13:50:00 UTC\nTriggers"
        )
        + SERVICE,
        "",
    ),
    "never": (TIMER.replace("1h 22min 20s", "0") + SERVICE, "has never run"),
}


@pytest.mark.parametrize("name", TIMERS)
def test_a_timer(name: str) -> None:
    """Its last run, how that ended, its next one: each way not to work is named."""
    told, words = TIMERS[name]
    subject = ("job.timer", 180.0)
    fact = PROBE.read(Section((CLOCK + told).encode(), 0, ""), [subject])[subject]
    assert isinstance(fact, QueueFacts)
    found = "; ".join(wrong(QueuePromise(), fact, Since()))
    assert words in found
    assert bool(words) == bool(found)


def test_a_timer_that_is_not_there() -> None:
    """It is proven to be absent; where systemctl says nothing it cannot be told."""
    subject = ("job.timer", 180.0)
    gone = CLOCK + "Id=job.timer\nLoadState=not-found\nActiveState=inactive\n"
    assert isinstance(PROBE.read(Section(gone.encode(), 0, ""), [subject])[subject], Absent)
    none = PROBE.read(Section(b"", 127, "systemctl: not found"), [subject])[subject]
    assert isinstance(none, CannotTell)


LARGE = """
    CREATE TABLE jobs (status text, created_at timestamptz, updated_at timestamptz);
    INSERT INTO jobs SELECT 'done', now() - interval '1 day', now() - interval '1 day'
      FROM generate_series(1, 120000);
    INSERT INTO jobs SELECT 'pending', now() - interval '300 s', now() FROM generate_series(1, 20);
    INSERT INTO jobs VALUES ('odd', now(), now());
    GRANT SELECT ON jobs TO gate_reader
"""
READ = """
    SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
      FROM pg_stat_xact_user_tables WHERE relname = 'jobs'
"""
PROMISED = Queue(table="jobs", pending=("pending",), done=("done",), failed=("failed",))


def test_a_large_table_is_read_by_its_indexes(target: Target, database: str) -> None:
    """Without an index on the status nothing is read; with one its states are told, not counted."""
    item = Work(title="t", source="s", unit="w", queue=PROMISED)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(LARGE)
        before = seen(target, a=item).work["a"].queue
        connection.execute("CREATE INDEX ON jobs (status)")
        indexed = seen(target, a=item).work["a"].queue
        connection.execute("CREATE INDEX ON jobs (updated_at)")
        both = seen(target, a=item).work["a"].queue
    assert isinstance(before, CannotTell)
    assert "no index that begins with status" in before.reason
    assert isinstance(indexed, Seen)
    assert (indexed.value.waiting, indexed.value.unnamed) == (20, ("odd",))
    assert indexed.value.taken_s is None
    assert "when a job was last done" in indexed.value.unread[0]
    assert isinstance(both, Seen)
    assert both.value.unread == ()


@pytest.mark.parametrize(
    ("ahead", "told"), [("2 hours", False), ("30 seconds", True), ("-5 seconds", True)]
)
@pytest.mark.usefixtures("target")
def test_a_job_that_was_taken_in_times_to_come_is_no_proof(
    database: str,
    ahead: str,
    told: bool,  # noqa: FBT001 - parametrized
) -> None:
    """A stuck one whose time is of another zone would be fresh for hours; a failure counts."""
    promised = PROMISED.model_copy(update={"running": ("running",)})
    with psycopg.connect(database) as connection:
        connection.execute(
            "CREATE TABLE jobs AS SELECT s AS status, now() - interval '1 day' AS created_at, "
            "now() + %s::interval AS updated_at FROM unnest(ARRAY['running', 'failed']) s",
            [ahead],
        )
        running = read_queue(connection, promised)
        connection.execute("DELETE FROM jobs WHERE status = 'running'")
        failed = read_queue(connection, promised)
    assert isinstance(running, Seen if told else CannotTell), running
    if isinstance(running, CannotTell):
        assert "yet to come" in running.reason
    else:
        assert running.value.taken_s is not None
        assert 0 <= running.value.taken_s < 60
    assert isinstance(failed, Seen)
    assert (failed.value.failed, failed.value.failures[0] < 60) == (1, True)
    assert (failed.value.taken_s is None) is not told


LEADS = (
    "(updated_at)",
    "(updated_at DESC)",
    "(updated_at DESC NULLS LAST)",
    "(updated_at NULLS FIRST)",
    "(status, updated_at)",
    "(status, updated_at DESC NULLS LAST)",
    "(created_at)",
)


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.usefixtures("target")
def test_its_rows_are_not_read(database: str, lead: str) -> None:
    """However an index is sorted, it is used: the server counts a few rows of 120,000 as read."""
    cycle = Proofs(cycle=Cycle(table="jobs", within_s=60))
    with psycopg.connect(database) as connection:
        connection.execute(LARGE)
        connection.execute("INSERT INTO jobs (status) SELECT 'done' FROM generate_series(1, 9)")
        connection.execute("CREATE INDEX ON jobs (status)")
        connection.execute(f"CREATE INDEX ON jobs {lead}")
        connection.execute("ANALYZE jobs")
        connection.commit()
        before = connection.execute(READ).fetchone()
        queue = read_queue(connection, PROMISED)
        trace = read_work(connection, cycle).cycle_s
        after = connection.execute(READ).fetchone()
    assert isinstance(queue, Seen)
    assert queue.value.unread == ()
    assert isinstance(trace, Seen if lead.startswith("(updated_at") else CannotTell), trace
    assert before is not None
    assert after is not None
    assert 0 < after[0] - before[0] < 4 * MOST


def test_more_than_is_counted(target: Target, database: str) -> None:
    """A backlog beyond what is read is told as no fewer, and never as young for certain."""
    item = Work(title="t", source="s", unit="w", queue=PROMISED)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(LARGE)
        connection.execute("UPDATE jobs SET status = 'pending', created_at = now()")
        connection.execute("CREATE INDEX ON jobs (status)")
        fact = seen(target, a=item).work["a"].queue
    assert isinstance(fact, Seen)
    assert fact.value.at_least
    assert open_questions(PROMISED, fact.value)
