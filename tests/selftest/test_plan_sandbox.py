"""The whole plan on a whole ATUM DESK: cut off half-way, taken back, deployed, deployed again."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import pytest

from tests.selftest import runs

STEPS = 8
WITHIN_S = 150.0


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """The environment in which a sandbox stands that is this test's own."""
    with tempfile.TemporaryDirectory(prefix="gate-plan-", dir="/tmp") as folder:
        pathlib.Path(folder).chmod(0o755)
        found = runs.environ(ATUM_SANDBOX_HOME=folder)
        try:
            assert sandbox("up", found).returncode == 0
            yield found
        finally:
            sandbox("down", found)


def sandbox(verb: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Bring the sandbox up or take it down."""
    words = [sys.executable, "-m", "sandbox", verb]
    return subprocess.run(  # noqa: S603 - our own module
        words, cwd=runs.ROOT, env=environ, capture_output=True, text=True, check=False, timeout=90
    )


def gate(moment: str, folder: pathlib.Path, *options: str) -> list[str]:
    """The command line of a moment on the sandbox."""
    return [
        *(sys.executable, "-m", "pytest", "-m", moment, f"--reports={folder}", *options),
    ]


def run(moment: str, folder: pathlib.Path, environ: dict[str, str], *options: str) -> str:
    """Run a moment that has to end green; return what was said."""
    done = subprocess.run(  # noqa: S603 - the gate itself
        gate(moment, folder, *options),
        cwd=runs.ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert "verdict: PROMOTE (exit 0)" in done.stdout, done.stdout + done.stderr
    return done.stdout


def cut_off(folder: pathlib.Path, environ: dict[str, str], step: str) -> None:
    """Kill a gate as soon as it has begun a step."""
    with subprocess.Popen(  # noqa: S603 - the gate itself
        gate("postdeploy", folder),
        cwd=runs.ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        journal, until = folder / "sandbox" / "plan.jsonl", time.monotonic() + WITHIN_S
        begun = re.compile(rf'"started", "step": "{step}"')
        while not (journal.exists() and begun.search(journal.read_text("utf-8"))):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)


def test_the_whole_plan_can_be_run_again(tmp_path: pathlib.Path, environ: dict[str, str]) -> None:
    """Killed in the middle and taken back; deployed, and again with --rollback-on-failure.

    The look from before comes first: what may not be slower than before has nothing else to be
    compared with, and could not be told.
    """
    run("predeploy", tmp_path, environ)
    cut_off(tmp_path, environ, "step.install_units")
    said = run("rollback", tmp_path, environ)
    assert "was cut off" in said
    assert "done: step.switch_release, step.migrate" in said
    assert "rollback 4: The node exporter is stopped and removed: done already" in said
    run("postdeploy", tmp_path, environ)
    said = run("postdeploy", tmp_path, environ, "--rollback-on-failure")
    assert len(re.findall(r"^gate: deploy \d: .*: done already$", said, re.MULTILINE)) == STEPS
    assert "gate: rollback" not in said
