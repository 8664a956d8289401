"""Progress: a live line on a terminal, a line now and then in a log, and nothing of it kept."""

from __future__ import annotations

import os
import pathlib
import pty
import re
import subprocess
import sys
import threading
import time

import pytest

from gate.run import progress
from gate.run.progress import Progress
from gate.run.voice import CLEARED, Voice
from gate.under_way import doing, running
from tests.selftest import runs
from tests.selftest.test_check import SLOW, TARGET

LIVE = re.compile(r"looking at This machine, predeploy: (\d+) s: host \(\d+ s of 20 s\)")
WITHIN_S = 60.0


def test_what_is_said() -> None:
    """The text, for how long, and what runs side by side, with budgets and how far it is."""
    told = Progress(Voice(lambda _: None))
    told.begin("looking")
    began = time.monotonic()
    with doing("endpoint.slow", 120.0) as one:
        one.detail = "sample 2 of 3"
        assert told.told(began + 1) == ""
        found = told.told(one.began + 12)
    assert found == "looking: 12 s: endpoint.slow, sample 2 of 3 (12 s of 120 s)"
    assert one not in running()


def test_a_live_line_is_gone_before_anything_else() -> None:
    """It is written over, and cut to the terminal's width."""
    written: list[str] = []
    voice = Voice(written.append, is_terminal=True)
    voice.show("at work: 3 s")
    voice.show("at work: 4 s")
    voice.tell("done \x1b[2J with it")
    voice.show("x" * 500)
    voice.show("")
    voice.tell("end")
    assert written[:3] == [
        "gate: at work: 3 s",
        f"{CLEARED}gate: at work: 4 s",
        f"{CLEARED}gate: done with it\n",
    ]
    assert max(map(len, written)) < 200
    assert written[-2:] == [CLEARED, "gate: end\n"]


def test_a_line_that_somebody_else_has_begun() -> None:
    """Pytest's dots are not written over."""
    written: list[str] = []
    voice = Voice(written.append, is_terminal=True, begun=lambda: True)
    voice.show("at work")
    assert written == ["\ngate: at work"]


@pytest.mark.parametrize("is_quiet", [False, True])
def test_a_log(monkeypatch: pytest.MonkeyPatch, *, is_quiet: bool) -> None:
    """Now and then a line, and no escape sequence; nothing at all where it is to be quiet."""
    monkeypatch.setattr(progress, "TICK_S", 0.01)
    monkeypatch.setattr(progress, "AFTER_S", 0.05)
    monkeypatch.setattr(progress, "LOG_S", 0.1)
    written: list[str] = []
    told = threading.Event()

    def write(text: str) -> None:
        written.append(text)
        if len(written) > 1:
            told.set()

    shown = Progress(Voice(write, is_quiet=is_quiet))
    with shown:
        shown.begin("looking")
        assert told.wait(0.5 if is_quiet else 20) is not is_quiet
    assert all(re.fullmatch(r"gate: still looking: \d+ s\n", one) for one in written)
    assert "\x1b" not in "".join(written)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A target that is slow to look at."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    slow = SLOW.replace('["sleep", "30"]', '["sh", "-c", "sleep 4; echo 1"]')
    (tmp_path / "contract" / "runtimes.toml").write_text(slow, "utf-8")
    return tmp_path


def on_a_terminal(words: list[str]) -> str:
    """What a command writes to a terminal of its own."""
    leader, follower = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - the gate itself
        words, cwd=runs.ROOT, env=runs.environ(TERM="xterm"), stdout=follower, stderr=follower
    ) as process:
        os.close(follower)
        timer = threading.Timer(WITHIN_S, process.kill)
        timer.start()
        found = b""
        try:
            while piece := os.read(leader, 1 << 16):
                found += piece
        except OSError:  # a terminal that nobody holds any more
            timer.cancel()
    os.close(leader)
    return found.decode("utf-8", "replace")


CHECK = [sys.executable, "-m", "gate", "check", "predeploy"]
PYTEST = [sys.executable, "-m", "pytest", "-m", "predeploy", "-p", "no:cacheprovider"]


@pytest.mark.parametrize(
    "words", [CHECK, PYTEST, [*PYTEST, "-n", "2"], [*PYTEST, "-q"]], ids=["check", "1", "n2", "q"]
)
def test_on_a_terminal(folder: pathlib.Path, words: list[str]) -> None:
    """A look that takes longer is told of, with its seconds; nothing of it is left or kept."""
    where = [f"--target={folder / 'here.toml'}", f"--contract={folder / 'contract'}"]
    found = on_a_terminal([*words, *where, f"--reports={folder / 'reports'}"])
    assert "PROMOTE" in found or "exit 0" in found, found
    seconds = [int(one) for one in LIVE.findall(found)]
    assert bool(seconds) is ("-q" not in words), found
    assert seconds == sorted(seconds)
    if seconds:
        last = found[[match.end() for match in LIVE.finditer(found)][-1] :]
        assert last.startswith(CLEARED), "the line stays on the terminal"
    kept = [file for file in (folder / "reports").rglob("*") if file.is_file()]
    assert kept
    assert not [one for one in kept if "s of 20 s" in one.read_text("utf-8", "replace")]


def test_in_a_log(folder: pathlib.Path) -> None:
    """Where nobody looks on, no line is written over."""
    where = [f"--target={folder / 'here.toml'}", f"--contract={folder / 'contract'}"]
    done = runs.run([*CHECK, *where, f"--reports={folder / 'reports'}"])
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
