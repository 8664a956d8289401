"""A tool that does the checks: prepared, then run and timed as a whole process."""

from __future__ import annotations

import abc
import pathlib
import subprocess
import sys
import time
from typing import Any

from sandbox.machine import access
from tests.bench.checks import Checks
from tests.machine.trial import Machine

WINDOW_S = 0.1
"""The gate's settling window here; no other tool waits for a service to settle."""
WITHIN_S = 900.0
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:pytest_alembic")
"""Without a plugin that another benchmark wants and that takes half a second to import."""
Verdict = dict[str, bool]
"""Whether all is well, by service and path."""


class Tool(abc.ABC):
    """A way to do the checks.

    Attributes:
        title: For the table.
        most: The largest size that it is run at.
        once: From this size on it is run a single time.
    """

    title: str
    most = 1_000_000
    once = 1_000_000

    def __init__(self, machine: Machine, folder: pathlib.Path) -> None:
        """Take a machine, and a folder for files of one's own."""
        self.machine = machine
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @abc.abstractmethod
    def prepare(self, wanted: Checks) -> None:
        """Write down the checks, as this tool wants them."""

    @abc.abstractmethod
    def run(self) -> tuple[float, Verdict]:
        """Do the checks; return how long it took, in seconds, and what came of it."""

    @abc.abstractmethod
    def version(self) -> str:
        """The tool's version."""

    def inside(self, command: str) -> tuple[float, str]:
        """Run a command on the machine, timed by the machine's own clock."""
        timed = f"from=$(date +%s%N); {command} || :; echo; echo $(($(date +%s%N) - from))"
        done = subprocess.run(  # noqa: S603
            access.ssh(self.machine.record, timed),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=WITHIN_S,
        )
        output, _, took = done.stdout.rstrip().rpartition("\n")
        return int(took) / 1e9, output

    def write(self, path: str, text: str) -> None:
        """Write a file on the machine."""
        subprocess.run(  # noqa: S603
            access.ssh(self.machine.record, f"cat > {path}"),
            input=text,
            text=True,
            check=True,
            timeout=WITHIN_S,
        )


def timed(
    line: list[str], folder: pathlib.Path, environ: dict[str, Any]
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Run a process as a user would; return its seconds and how it ended."""
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603
        line,
        cwd=folder,
        env={key: one for key, one in environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    return time.monotonic() - began, done
