"""Runs that are ended from outside: what they leave is true, the evidence before is kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import pty
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import pytest

from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[api]
base = "http://127.0.0.1:9"
[database]
service = "atum_no_such_service"
[deadlines]
window_s = 0.05
"""
CONTRACT = """
[runtime.slow]
title = "It says its version, after a while"
source = "a self-test"
label = "Slow"
command = ["sh", "-c", "sleep {seconds}; echo 1"]
version = "1"
"""
ROUNDS = int(os.environ.get("GATE_KILLS", "6"))
"""How many runs are killed or signalled at random moments; ``tox -e kills`` takes 60."""
FINISHED = ("PROMOTE", "BLOCKED", "INCONCLUSIVE", "PARTIAL")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A gate whose only look takes 0.2 s, and its temporary folders apart from all others'."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    (tmp_path / "tmp").mkdir()
    takes(tmp_path, "0.2")
    return tmp_path


def takes(folder: pathlib.Path, seconds: str) -> None:
    """Have the look take that long."""
    text = CONTRACT.format(seconds=seconds)
    (folder / "contract" / "runtimes.toml").write_text(text, "utf-8")


def started(folder: pathlib.Path, *before: str, **more: object) -> subprocess.Popen[str]:
    """Start a run in a process group of its own, with signals as a terminal's program has them."""
    kept = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGHUP)}
    for one in kept:
        signal.signal(one, signal.default_int_handler)
    try:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return] # noqa: S603
            [*before, *runs.command(folder, "predeploy")],
            **{
                "cwd": runs.ROOT,
                "env": runs.environ(TMPDIR=str(folder / "tmp")),
                "stdout": subprocess.PIPE,
                "stderr": subprocess.STDOUT,
                "text": True,
                "start_new_session": True,
                **more,
            },
        )
    finally:
        for one, handler in kept.items():
            signal.signal(one, handler)


@contextlib.contextmanager
def looking(folder: pathlib.Path, *before: str, **more: object):  # type: ignore[no-untyped-def] # noqa: ANN201
    """A run that is in the middle of its look; killed at the end, if it still is there."""
    seconds = f"5.{os.getpid()}"  # of this process's tests alone
    takes(folder, seconds)
    with started(folder, *before, **more) as process:
        try:
            wait_for(lambda: _runs(f"sleep\x00{seconds}") and _latest(folder) == "RUNNING")
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    wait_for(lambda: not _runs(f"sleep\x00{seconds}"))


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + runs.WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def _runs(words: str) -> bool:
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if entry.name.isdigit() and words in (entry / "cmdline").read_text("utf-8"):
                return True
    return False


def _latest(folder: pathlib.Path) -> str:
    with contextlib.suppress(OSError):
        return str(runs.verdict(folder, "latest")["verdict"])
    return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_as_ctrl_c_does(folder: pathlib.Path, number: signal.Signals) -> None:
    """Exit status 2, a verdict that says so, nothing left running; what finished before is kept."""
    runs.run(runs.command(folder, "predeploy"))
    before = _bytes(folder / "reports" / "here" / "predeploy")
    with looking(folder) as process:
        process.send_signal(number)
        for _ in range(3):  # whoever is impatient breaks nothing
            time.sleep(0.03)
            process.send_signal(number)
        said, _ = process.communicate(timeout=runs.WITHIN_S)
    assert process.returncode == 2, said
    assert runs.verdict(folder, "latest")["verdict"] == "INTERRUPTED", said
    assert "verdict: INTERRUPTED (exit 2)" in said
    assert "Traceback" not in said
    assert _bytes(folder / "reports" / "here" / "predeploy") == before
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_a_run_has_begun_interrupts_it(
    folder: pathlib.Path, number: signal.Signals
) -> None:
    """While the target is read: exit status 2, a sentence, and no traceback."""
    target = folder / "here.toml"
    target.unlink()
    os.mkfifo(target)
    words = [
        sys.executable,
        "-m",
        "gate",
        "check",
        "predeploy",
        *runs.command(folder, "predeploy")[5:],
    ]
    with subprocess.Popen(  # noqa: S603 - the gate itself
        words, cwd=runs.ROOT, env=runs.environ(), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            with target.open("w"):  # as soon as it is read
                process.send_signal(number)
                said, _ = process.communicate(timeout=runs.WITHIN_S)
        finally:
            process.kill()
    assert said == f"gate: ended by {number.name} before anything was looked at\n"
    assert process.returncode == 2


def test_a_terminal_that_hangs_up_ends_a_run(folder: pathlib.Path) -> None:
    """The verdict is written although nobody can be told any more."""
    ours, theirs = pty.openpty()
    more = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    setsid = (sys.executable, "-c", _CONTROLLING)
    with looking(folder, *setsid, **more, start_new_session=False) as process:
        os.close(theirs)
        os.close(ours)
        process.wait(runs.WITHIN_S)
    assert process.returncode == 2
    assert runs.verdict(folder, "latest")["verdict"] == "INTERRUPTED"


_CONTROLLING = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_nohup_stays_nohup(folder: pathlib.Path) -> None:
    """A signal that whoever started the run had ignored is still ignored."""
    seconds = "0.6"
    takes(folder, seconds)
    with started(folder, "nohup") as process:
        try:
            wait_for(lambda: _latest(folder) == "RUNNING")
            process.send_signal(signal.SIGHUP)
            said, _ = process.communicate(timeout=runs.WITHIN_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert runs.verdict(folder, "predeploy")["verdict"] == "PROMOTE", said


def test_a_killed_run_is_never_taken_for_another(folder: pathlib.Path) -> None:
    """At random moments: no stale verdict, no byte of a finished run changed, nothing left over."""
    chance = random.Random(time.time_ns())  # noqa: S311 - no secret
    assert runs.run(runs.command(folder, "predeploy")).returncode == 0
    finished: dict[str, str] = {}
    for _ in range(ROUNDS):
        known = set(_verdicts(folder))
        number = chance.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
        with started(folder) as process:
            time.sleep(chance.uniform(0.3, 1.6))
            process.send_signal(number)
            said, _ = process.communicate(timeout=runs.WITHIN_S)
        own = {name: one for name, one in _verdicts(folder).items() if name not in known}
        told = f"{number.name} -> {process.returncode}, {own}\n{said}"
        assert len(own) <= 1, told
        if process.returncode == 0:
            assert list(own.values()) == ["PROMOTE"], told
        elif process.returncode == 2:
            assert list(own.values()) in ([], ["INTERRUPTED"]), told
        for name, digest in finished.items():
            place = folder / "reports" / "here" / "runs" / name
            assert not place.exists() or _bytes(place) == digest, told
        finished = {
            name: _bytes(folder / "reports" / "here" / "runs" / name)
            for name, word in _verdicts(folder).items()
            if word in FINISHED
        }
    assert runs.run(runs.command(folder, "predeploy"), TMPDIR=str(folder / "tmp")).returncode == 0
    words = set(_verdicts(folder).values())
    assert words <= {"PROMOTE", "INTERRUPTED"}, words
    left = [one for one in (folder / "reports" / "here").rglob(".*")]  # noqa: C416
    assert left == []
    assert [one.name for one in (folder / "tmp").iterdir()] == []
    assert pathlib.Path(tempfile.gettempdir()).exists()


def _verdicts(folder: pathlib.Path) -> dict[str, str]:
    """The word of each run, by the name of its folder."""
    place = folder / "reports" / "here" / "runs"
    return {
        one.name: str(runs.verdict(folder, f"runs/{one.name}")["verdict"])
        for one in place.iterdir()
        if not one.name.startswith(".")
    }


def _bytes(place: pathlib.Path) -> str:
    """A digest over every file's name and bytes."""
    digest = hashlib.sha256()
    for file in sorted(place.resolve().rglob("*")):
        if file.is_file():
            digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
