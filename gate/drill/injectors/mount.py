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
        OVER + "for n in $(seq 32); do touch {path}/$n || break; done 2>/dev/null || :",
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


COUNTED = """\
counted() {
  at=$(readlink -f -- {path} | sed 's/ /\\\\040/g')
  AT=$at awk '$5 == ENVIRON["AT"] { n++ } END { print n + 0 }' /proc/self/mountinfo
}
"""
"""How many file systems lie at the place, one over the other."""
TAKEN_AWAY = """\
if [ -s "$KEPT/count" ]; then
  while [ "$(counted)" -gt "$(cat "$KEPT/count")" ]; do umount {path} || exit 1; done
fi
"""
"""Those that were there before stay."""


def _scripts(given: Mount, target: Target) -> Scripts:
    del target
    path = placed(given.path)
    parts = (f'{COUNTED}counted >"$KEPT/count"', *KINDS[given.what], COUNTED + TAKEN_AWAY)
    count, do, ready, undo = (one.replace("{path}", path) for one in parts)
    return Scripts(do=f"{count}\n{do}", ready=ready, undo=undo)


INJECTOR = Injector(name="mount", model=Mount, scripts=_scripts)
