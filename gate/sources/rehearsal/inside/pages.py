"""Memory that a fork will write to, so that it has it before it is asked for anything.

A fork shares all pages with the process that it comes from, and has a copy of each that it writes
to, were it a count of references: some three thousand for one step, one interruption for each. The
next fork writes to the same ones, and has time for it while nobody waits.
"""

from __future__ import annotations

import mmap
import struct
from typing import Any

OWN = 1 << 63 | 1 << 56
"""Of an entry of ``/proc/PID/pagemap``: the page is there, and nobody else has it."""
POPULATE_WRITE = 23
"""``MADV_POPULATE_WRITE`` of Linux 5.14."""
KNOWN: list[Any] = []
"""What the last fork that was asked told, as ``written`` does."""

try:
    import ctypes

    LIBRARY: Any = ctypes.CDLL(None)
except Exception:  # noqa: BLE001 - a Python that was built without
    LIBRARY = None


def written() -> list[Any]:
    """Where this process has pages of its own: the address and how many bytes, of each run."""
    found: list[Any] = []
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        with open("/proc/self/pagemap", "rb") as file:
            for line in lines:
                if " rw-p " in line:
                    begin, end = (int(one, 16) for one in line.partition(" ")[0].split("-"))
                    found.extend(_runs(file, begin // mmap.PAGESIZE, end // mmap.PAGESIZE))
    except OSError:  # it is not to be had here
        return []
    return found


def _runs(file: Any, begin: int, end: int) -> list[Any]:
    file.seek(8 * begin)
    read = file.read(8 * (end - begin))
    entries = struct.unpack("=%dQ" % (len(read) // 8), read)
    own = [at for at, entry in enumerate(entries, begin) if entry & OWN == OWN]
    runs: list[Any] = []
    for at in own:
        if runs and runs[-1][1] == at:
            runs[-1][1] = at + 1
        else:
            runs.append([at, at + 1])
    return [[one * mmap.PAGESIZE, (other - one) * mmap.PAGESIZE] for one, other in runs]


def have() -> None:
    """Have a copy of all pages that are known to be written to; where that cannot be, later."""
    for address, length in KNOWN if LIBRARY is not None else ():
        LIBRARY.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), POPULATE_WRITE)
