"""A reload of which systemd does not know: told by nginx's workers, or not at all."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.selftest.promised import CANNOT, judge, lying

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONF = """
daemon off; pid {at}/pid; error_log {at}/log; worker_processes {workers}; user root;
events {{ worker_connections 8; }}
http {{ access_log off; server {{ listen unix:{at}/socket; }} }}
"""
FORKS = """
import os, signal, sys, time
children = []
def fork():
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    children.append(pid)
def again(*_):
    for one in children:
        os.kill(one, signal.SIGKILL)
        os.waitpid(one, 0)
    children.clear()
    fork(); fork()
signal.signal(signal.SIGHUP, again)
fork(); fork()
while True:
    signal.pause()
"""
WITHIN_S = 10.0


def _later() -> None:
    """Let no two times be taken for one."""
    until = time.monotonic() + 0.25
    while time.monotonic() < until:
        time.sleep(0.01)


@dataclasses.dataclass
class Server:
    """A server with workers, its file, and what the gate says of it."""

    folder: pathlib.Path
    process: subprocess.Popen[bytes]

    def workers(self) -> set[int]:
        """Its children, but for those that are on their way out."""
        found = set()
        for one in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(one.read_text("utf-8").rpartition(") ")[2].split()[1])
                command = (one.parent / "cmdline").read_text("utf-8")
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and "shutting down" not in command:
                found.add(int(one.parent.name))
        return found

    def until(self, count: int, old: set[int]) -> set[int]:
        """Wait for so many workers of which none is an old one."""
        ends = time.monotonic() + WITHIN_S
        while len(found := self.workers()) != count or found & old:
            assert time.monotonic() < ends, (found, old)
            time.sleep(0.02)
        return found

    def change(self) -> None:
        """Change its file, and let some time pass: starts are told to a hundredth of a second."""
        _later()
        with (self.folder / "conf").open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        _later()

    def said(self, **told: str) -> str:
        """What is said of it where systemd knows of no reload, or tells something else."""
        lines = {
            "Id": "w.service",
            "LoadState": "loaded",
            "ActiveState": "active",
            "MainPID": str(self.process.pid),
            "ControlGroup": "",
            "DropInPaths": "",
            "StateChangeTimestamp": "",
            "StateChangeTimestampMonotonic": "0",
            **told,
        }
        text = "\n".join(f"{name}={value}" for name, value in lines.items())
        target = lying(self.folder, systemctl=f"cat <<'E'\n{text}\nE")
        keys = f'unit = "w.service"\nconfig = ["{self.folder}/conf"]'
        return judge(self.folder, {"process.it": keys}, target)["process.it"]


Start = Callable[[list[str], int], Server]


@pytest.fixture
def start(tmp_path: pathlib.Path) -> Iterator[Start]:
    """Start a server whose file is written, which is gone with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(words: list[str], workers: int) -> Server:
        _later()
        process = subprocess.Popen(words, cwd=tmp_path)  # noqa: S603
        started.append(process)
        server = Server(tmp_path, process)
        server.until(workers, set())
        return server

    yield begin
    for one in started:
        server = Server(tmp_path, one)
        left = server.workers()
        one.kill()
        one.wait(WITHIN_S)
        for pid in left:
            os.kill(pid, signal.SIGKILL)


def _nginx(start: Start, folder: pathlib.Path, workers: int) -> Server:
    if NGINX is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    (folder / "conf").write_text(CONF.format(at=folder, workers=workers), "utf-8")
    return start([NGINX, "-p", str(folder), "-c", str(folder / "conf")], workers)


def test_nginx_that_was_reloaded_by_hand(start: Start, tmp_path: pathlib.Path) -> None:
    """Changed and not reloaded is broken; reloaded by its own signal it has read its files."""
    server = _nginx(start, tmp_path, 3)
    assert server.said() == ""
    server.change()
    assert "after it was started or reloaded" in server.said()
    assert CANNOT not in server.said()
    old = server.workers()
    server.process.send_signal(signal.SIGHUP)
    server.until(3, old)
    assert server.said() == ""
    server.change()
    assert "after it was started or reloaded" in server.said()


def test_one_worker_that_died_is_no_reload(start: Start, tmp_path: pathlib.Path) -> None:
    """A worker is started again with what the master knows: its youth proves nothing."""
    server = _nginx(start, tmp_path, 2)
    server.change()
    old = server.workers()
    os.kill(min(old), signal.SIGKILL)
    ends = time.monotonic() + WITHIN_S
    while len(server.workers()) != 2 or server.workers() == old:
        assert time.monotonic() < ends
        time.sleep(0.02)
    said = server.said()
    assert "after it was started or reloaded" in said
    assert CANNOT not in said


def test_an_only_worker_tells_nothing(start: Start, tmp_path: pathlib.Path) -> None:
    """Of one worker nobody knows why it is a young one."""
    server = _nginx(start, tmp_path, 1)
    server.change()
    old = server.workers()
    server.process.send_signal(signal.SIGHUP)
    server.until(1, old)
    assert CANNOT in server.said()
    assert "reload it by systemctl" in server.said()


def test_workers_of_others_tell_nothing(start: Start, tmp_path: pathlib.Path) -> None:
    """A server that starts its workers anew may do that for reasons of its own."""
    (tmp_path / "conf").write_text("x\n", "utf-8")
    server = start([sys.executable, "-c", FORKS], 2)
    server.change()
    assert CANNOT not in server.said()
    old = server.workers()
    server.process.send_signal(signal.SIGHUP)
    server.until(2, old)
    assert CANNOT in server.said()


def test_a_reload_that_failed_read_nothing(start: Start, tmp_path: pathlib.Path) -> None:
    """The time of a reload that failed is kept by systemd, too."""
    (tmp_path / "conf").write_text("x\n", "utf-8")
    server = start([sys.executable, "-c", FORKS], 2)
    server.change()
    now = {"StateChangeTimestampMonotonic": str(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)}
    now["StateChangeTimestamp"] = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime())
    assert server.said(**now, ReloadResult="success") == ""
    assert "its last reload failed (exit-code)" in server.said(**now, ReloadResult="exit-code")
