"""A sandbox of a test module's own: started, its environment set, and gone with the module."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from gate.launcher import Instance, placed
from gate.target import Target, load_target
from tests.selftest.runs import ROOT

WITHIN_S = 90.0


def sandbox_command(*words: str) -> str:
    """Run ``python -m sandbox``; return what it prints."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "sandbox", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=WITHIN_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def standing(what: str) -> Iterator[tuple[dict[str, Any], Target]]:
    """A sandbox as its ``status --json`` tells it, and the target that leads to it.

    Not below pytest's own temporary folder, which every new session closes to other users: the
    database runs as somebody else where the tests run as root.
    """
    name = f"{what}-{os.getpid()}"
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix=f"gate-{what}-") as home,
    ):
        pathlib.Path(home).chmod(0o755)
        patch.setenv("ATUM_SANDBOX_HOME", home)
        try:
            sandbox_command("up", "--name", name, "--owner", str(os.getpid()))
            found = json.loads(sandbox_command("status", "--json", "--name", name))
            for key, value in found["env"].items():
                patch.setenv(key, value)
            named = load_target("sandbox", ROOT / "fixtures/targets")
            yield found, placed(named, Instance.model_validate(found))
        finally:
            sandbox_command("down", "--name", name)
