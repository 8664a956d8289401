"""What is asked of UDP and Unix sockets: the kernel's own lists, and who holds what."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from gate.sources.host import socket_files
from gate.sources.host.parts import parts

Subject = tuple[int, str]
"""UDP port and nothing, or 0 and a Unix socket's path."""
UDP = re.compile(r" *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ")
UNIX = re.compile(
    r"[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]{8}) ([0-9A-F]{4}) [0-9A-F]{2} +\d+ (\S.*)"
)
LISTENS = 0x10000
"""Flag of a Unix socket that accepts connections."""
DATAGRAM = "0002"


def script(subjects: Sequence[Subject]) -> str:
    """The kernel's own lists, who holds what, and whether a socket's file is there still."""
    paths = files_of(subjects)
    return parts(
        {
            "udp": "cat /proc/net/udp",
            "udp6": "udp6",
            "unix": "cat /proc/net/unix",
            "owners": "limited ss -Hlnaup",
            "unix.owners": "limited ss -Hlnxpe",
            **({"files": socket_files.question(paths)} if paths else {}),
            "inodes": f"inodes {shlex.join(paths)}" if paths else "inodes_below /run",
        },
        functions=UDP6 + socket_files.FUNCTIONS,
    )


UDP6 = "udp6() { [ ! -e /proc/net/udp6 ] || cat /proc/net/udp6; }\n"


def files_of(subjects: Sequence[Subject]) -> list[str]:
    """Paths of Unix sockets, each once; names of the abstract namespace are none."""
    return [*dict.fromkeys(path for _, path in subjects if path.startswith("/"))]
