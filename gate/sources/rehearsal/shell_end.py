"""The end of a shell on the host that was told by a pipe that it is over."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress


def end(process: subprocess.Popen[bytes], within_s: float) -> None:
    """Wait until it ends by itself, kill it and its group where it does not, and close its pipes.

    Args:
        process: The leader of a group of its own; its standard input is closed.
        within_s: How long it may take.
    """
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
