"""Free ports: one offset for all of a sandbox."""

from __future__ import annotations

import errno
import random
import socket

from sandbox.home import PORTS, SandboxError

LOWEST, HIGHEST, STEP = 10_000, 21_000, 7
"""Offsets that keep every port below the range that is handed out to clients (32768)."""


def free_offset() -> int:
    """Return an offset with which all ports are free at this moment.

    Raises:
        SandboxError: There is none.
    """
    offsets = list(range(LOWEST, HIGHEST, STEP))
    random.shuffle(offsets)
    for offset in offsets:
        if all(_is_free(port + offset) for port in PORTS):
            return offset
    raise SandboxError(f"no offset leaves the ports {PORTS} free; look at `ss -Hltn`")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True
