"""What ``gate check`` tells, and to whom: secrets, control characters, a reader that goes away."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.selftest import echo_server, runs, test_secrets_leave
from tests.selftest.test_check import KEPT, SLOW, TARGET, command, promise

MOMENT = ("check", "pytest")
HOSTILE = """
import logging, os, sys, threading
from gate.kinds import registry

def speak():
    for one in (os.environ["APP_DSN_PASSWORD"],):
        print("printed", one)
        print("error output", one, file=sys.stderr)
        logging.getLogger("noise").warning("logged %s", one)
        def fail(word=one):
            raise RuntimeError("a thread failed: " + word)
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

before = registry.kinds
def kinds():
    if not spoken:
        spoken.append(1)
        speak()
    return before()
spoken = []
registry.kinds = kinds
"""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The talkative API."""
    with echo_server.serving() as found:
        yield found


def words(folder: pathlib.Path, way: str, *options: str) -> list[str]:
    """The command line of either way to a verdict, with the same reports' folder."""
    if way == "pytest":
        return runs.command(folder, "predeploy", *options)
    found = command(folder, *options)
    return [one.replace(str(folder / "checked"), str(folder / "reports")) for one in found]


def test_no_secret_leaves_a_check(base: str, tmp_path: pathlib.Path) -> None:
    """Nor a control character, on both streams and in every file."""
    (tmp_path / "contract").mkdir()
    (tmp_path / "here.toml").write_text(test_secrets_leave.TARGET.format(base=base), "utf-8")
    title = f"It is the agent{test_secrets_leave.FORGED}"
    text = test_secrets_leave.CONTRACT.format(title=title)
    (tmp_path / "contract" / "endpoints.toml").write_text(text, "utf-8")
    done = runs.run(
        words(tmp_path, "check"),
        TALK_USER="agent@talk.example",
        TALK_WORD=echo_server.PASSWORD,
        APP_DSN_PASSWORD=echo_server.DSN_PASSWORD,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    everything = {"stdout": done.stdout, "stderr": done.stderr}
    for one in tmp_path.rglob("*"):
        if one.is_file() and "reports" in one.parts and not one.is_symlink():
            everything[one.name] = one.read_text("utf-8", "replace")
    assert len(everything) > 8
    assert test_secrets_leave.leaks(everything) == []
    for place, text in everything.items():
        assert "sentinel-" not in text, place
        assert test_secrets_leave.CONTROL.search(text) is None, place
    verdicts = [one for one in done.stdout.splitlines() if one.startswith("verdict:")]
    assert len(verdicts) == 1
    assert "BLOCKED" in verdicts[0]


@pytest.mark.parametrize("way", MOMENT)
def test_a_reader_that_has_enough(way: str, tmp_path: pathlib.Path) -> None:
    """``| head -1``: no traceback, the verdict is written, and nothing hangs."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    promise(tmp_path, "paths", KEPT)
    process = subprocess.Popen(  # noqa: S603 - the gate itself
        [*words(tmp_path, way), *(["-vv"] if way == "pytest" else [])],
        cwd=runs.ROOT,
        env=runs.environ(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stderr as told:
        said = told.read()
    assert process.wait(30) == 0, said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    assert runs.verdict(tmp_path, "predeploy")["verdict"] == "PROMOTE"


def test_ctrl_c_twice(tmp_path: pathlib.Path) -> None:
    """The second one breaks no clean-up."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    promise(tmp_path, "runtimes", SLOW)
    with subprocess.Popen(  # noqa: S603 - the gate itself
        words(tmp_path, "check"),
        cwd=runs.ROOT,
        env=runs.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "looking at" in line:
                break
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 2, out + err
    assert "Traceback" not in err
    (run,) = (tmp_path / "reports/here/runs").iterdir()
    assert json.loads((run / "verdict.json").read_text("utf-8"))["verdict"] == "INTERRUPTED"


def test_what_goes_wrong_in_a_check_tells_no_secret(tmp_path: pathlib.Path) -> None:
    """A stray print, a log, a thread that fails."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    promise(tmp_path, "paths", KEPT)
    (tmp_path / "sitecustomize.py").write_text(HOSTILE, "utf-8")
    done = runs.run(
        words(tmp_path, "check"),
        APP_DSN_PASSWORD=echo_server.DSN_PASSWORD,
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(runs.ROOT)]),
    )
    assert "a thread failed" in done.stderr
    assert "printed [redacted]" in done.stdout
    assert test_secrets_leave.leaks({"stdout": done.stdout, "stderr": done.stderr}) == []
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["", "check", "init", "lint", "record", "schema"])
def test_help_reads_well(name: str) -> None:
    """Usage, a sentence on every option, no line wider than a terminal."""
    options = [name] if name else []
    done = runs.run([sys.executable, "-m", "gate", *options, "--help"], COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: gate")
    assert all(len(one) <= 100 for one in done.stdout.splitlines())
    lines = done.stdout.splitlines()
    for at, one in enumerate(lines):
        if one.startswith("  -"):
            told = len(one.strip().split("  ")) > 1 or lines[at + 1].startswith("        ")
            assert told, f"nothing is said of {one.strip()}"


@pytest.mark.parametrize(
    "options", [["chekc"], ["check", "--aply", "predeploy"], ["check"], ["check", "predeplo"], []]
)
def test_a_wrong_option(options: list[str]) -> None:
    """Exit status 4, as pytest's for one, and the usage; no traceback."""
    done = runs.run([sys.executable, "-m", "gate", *options])
    assert done.returncode == 4, done.stdout + done.stderr
    assert "usage: gate" in done.stderr
    assert "Traceback" not in done.stderr
