"""A small file system over a folder: full, without inodes, or read-only."""

from __future__ import annotations

from typing import Literal

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts, placed
from gate.target import Target
from gate.toml import Strict

OVER = "mount -t tmpfs -o size=64k,nr_inodes=16,mode=755 gate-drill {path}; "
KINDS = {
    "full": (
        OVER + "chown --reference={path}/.. {path}; head -c 1M /dev/zero >{path}/full || :",
        '[ "$(stat -f -c %a {path})" = 0 ]',
    ),
    "inodes": (
        OVER + "for n in $(seq 32); do : >{path}/$n || break; done 2>/dev/null || :",
        '[ "$(stat -f -c %d {path})" = 0 ]',
    ),
    "read-only": (
        "mount --bind {path} {path}; mount -o remount,bind,ro {path}",
        "! touch {path}/gate-drill 2>/dev/null",
    ),
}


class Mount(Strict):
    """A folder, and what lies over it; it needs root.

    Attributes:
        path: Of the contract.
        what: ``full``, ``inodes`` (none is left) or ``read-only``.
    """

    path: Text
    what: Literal["full", "inodes", "read-only"]


def _scripts(given: Mount, target: Target) -> Scripts:
    del target
    path = placed(given.path)
    do, ready = (one.replace("{path}", path) for one in KINDS[given.what])
    return Scripts(
        do=f'{do}; touch "$KEPT/mounted"',
        ready=ready,
        undo=f"if mountpoint -q {path}; then umount {path}; fi",
    )


INJECTOR = Injector(name="mount", model=Mount, scripts=_scripts)
