"""The processes of a sandbox: found by the mark in their environment, ended with deadlines."""

from __future__ import annotations

import os
import pathlib
import signal
import time
from collections.abc import Callable, Iterable

from sandbox.home import MARK

TERM_S, KILL_S = 8.0, 5.0


def marked(home: pathlib.Path) -> list[int]:
    """Return the processes that carry a sandbox's mark, without this one.

    A program that writes its own title (as Redis does) writes it over its environment; it is known
    by the program's path, which lies in the sandbox.
    """
    wanted, below = f"{MARK}={home}".encode(), f"{home}/".encode()
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            ours = wanted in (entry / "environ").read_bytes().split(b"\0")
            if ours or (entry / "cmdline").read_bytes().startswith(below):
                found.append(int(entry.name))
        except OSError:
            continue  # gone, or somebody else's
    return found


def started(pid: int) -> str | None:
    """Return a process's start in clock ticks; with the PID it names one process for ever."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def end(find: Callable[[], Iterable[int]]) -> list[int]:
    """End processes: TERM, then KILL; return those that are still there."""
    for number, patience in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, KILL_S)):
        deadline = time.monotonic() + patience
        told: set[int] = set()
        while (left := [pid for pid in find() if started(pid)]) and time.monotonic() < deadline:
            for pid in set(left) - told:
                _tell(pid, number)
                told.add(pid)
            time.sleep(0.05)
        if not left:
            return []
    return left


def _tell(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
