"""Control groups of a machine: what keeps two of them apart and ends the last process.

Only the hierarchies that systemd itself lives in are touched: the unified one and, on hosts with
the older layout, the one named ``systemd``. Started in the same group, two machines would share
one ``payload`` group and each systemd would take the other's services for its own.
"""

import contextlib
import hashlib
import time
from pathlib import Path

from sandbox.machine import cache
from sandbox.machine.error import MachineError

BUILD = "build."
"""Followed by a process id: the name a build goes by while it lasts."""

_EMPTY_WITHIN_S = 10.0


def prefix() -> str:
    """Return the first part of every group's name; what is not called so is not this cache's."""
    tag = hashlib.sha256(str(cache.home()).encode()).hexdigest()[:6]
    return f"atum-machine-{tag}-"


def groups(name: str) -> list[Path]:
    """Return the folders of one machine's groups, the unified hierarchy first."""
    unified, named = [], []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        kind, _source, options = after.split()[:3]
        if kind == "cgroup2":
            unified.append(point / f"{prefix()}{name}")
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            named.append(point / f"{prefix()}{name}")
    return unified[:1] + named[:1]


def make(name: str) -> list[Path]:
    """Make a machine's groups and return their ``cgroup.procs`` files."""
    folders = groups(name)
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return [folder / "cgroup.procs" for folder in folders]


def populated(name: str) -> bool:
    """Tell whether any process, zombies apart, is left in a machine's groups."""
    events = groups(name)[0] / "cgroup.events"
    try:
        return "populated 1" in events.read_text()
    except FileNotFoundError:
        return False


def remove(name: str) -> None:
    """Kill what is left in a machine's groups and remove them.

    Raises:
        MachineError: A process survived SIGKILL.
    """
    for folder in groups(name):
        switch = folder / "cgroup.kill"
        if switch.exists():
            switch.write_text("1")
    deadline = time.monotonic() + _EMPTY_WITHIN_S
    while populated(name):
        if time.monotonic() > deadline:
            raise MachineError(
                f"processes of machine {name} survived SIGKILL for {_EMPTY_WITHIN_S:g} s; "
                f"look at: cat {groups(name)[0]}/**/cgroup.procs"
            )
        time.sleep(0.02)
    for folder in groups(name):
        inner = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
        for path in [*inner, folder]:
            if path.exists():
                _remove_one(path, deadline)


def _remove_one(path: Path, deadline: float) -> None:
    """Remove one empty group; the kernel lets go of dying processes a little later."""
    while path.exists():
        with contextlib.suppress(OSError):
            path.rmdir()
            return
        if time.monotonic() > deadline:
            raise MachineError(f"cannot remove control group {path}; look at: find {path}")
        time.sleep(0.02)
