"""The pipes of a shell that was started on a host."""

from __future__ import annotations

import subprocess
from typing import IO, cast


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output of a process that was started with a pipe for each."""
    return cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
