"""Start systemd-nspawn on an overlay that lives and dies with it."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from sandbox.machine import cgroup, command

_SCRIPT = Path(__file__).with_name("contain.sh")
_BUILD_WITHIN_S = 900.0

ENVIRONMENT = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
"""Inside is the layout of today's hosts (cgroup2 alone), whatever the outer host has."""

_COMMON = ("--quiet", "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off")
_PARTS = ("upper", "work", "root")


def argv(name: str, folder: Path, lowers: Sequence[Path], options: Sequence[str]) -> list[str]:
    """Return the command line that contains something.

    Args:
        name: Names the control groups, which are made here.
        folder: Where ``upper``, ``work`` and the mount point ``root`` are made, and where the
            file ``supervisor`` will hold the id of systemd-nspawn's process.
        lowers: Roots of the layers below, topmost first.
        options: Further options of systemd-nspawn, and the command where it is not to boot.
    """
    for part in _PARTS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    entrances = [str(path) for path in cgroup.make(name)]
    contained = [str(folder), ":".join(map(str, lowers)), str(len(entrances)), *entrances]
    namespace = ["unshare", "--mount", "--propagation", "private"]
    return [*namespace, "sh", str(_SCRIPT), *contained, f"--machine={name}", *_COMMON, *options]


def environment(**more: str) -> dict[str, str]:
    """Return the environment systemd-nspawn is started in."""
    return {**os.environ, **ENVIRONMENT, **more}


def run(at: Path, lowers: Sequence[Path], script: Sequence[str], options: Sequence[str]) -> None:
    """Run a shell script in the image without booting it; ``at/upper`` is what it changed.

    Args:
        at: The folder of the layer that is being built; ``log`` there holds what it said.
        lowers: Roots of the layers below, topmost first.
        script: A script of this host and its arguments.
        options: Further options of systemd-nspawn.

    Raises:
        MachineError: The script failed; quotes what it said.
    """
    name = f"{cgroup.BUILD}{os.getpid()}"
    inner = ["--as-pid2", "--console=pipe", f"--bind-ro={script[0]}:/run/script.sh", *options]
    try:
        command.output(
            argv(name, at, lowers, [*inner, "sh", "/run/script.sh", *script[1:]]),
            within_s=_BUILD_WITHIN_S,
            env=environment(),
            log=at / "log",
        )
    finally:
        cgroup.remove(name)
    shutil.rmtree(at / "work")
    (at / "root").rmdir()
    (at / "supervisor").unlink()
