"""What a host must have before it can carry a machine; everything missing in one message."""

import os
import shutil
from pathlib import Path

from sandbox.machine.error import MachineError

PACKAGES = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "mount": "mount",
    "nsenter": "util-linux",
    "setsid": "util-linux",
    "unshare": "util-linux",
}
"""The Debian package of every program that is used here."""


def missing() -> list[str]:
    """Return one sentence per thing this host lacks, nothing where it has them all."""
    found = []
    if os.geteuid() != 0:
        found.append("this process is not root: mounts, name spaces and networks need it")
    absent = sorted({PACKAGES[tool] for tool in PACKAGES if shutil.which(tool) is None})
    if absent:
        found.append(f"programs are missing: apt-get install -y {' '.join(absent)}")
    file_systems = Path("/proc/filesystems").read_text()
    if "overlay" not in file_systems.split():
        found.append("the kernel has no overlay file system: modprobe overlay")
    if not any(" - cgroup2 " in line for line in _mounts()):
        found.append("no cgroup2 file system is mounted: systemd needs one to boot")
    return found


def check() -> None:
    """Raise where this host cannot carry a machine.

    Raises:
        MachineError: Says everything that is missing and what to install.
    """
    found = missing()
    if found:
        listed = "\n".join(f"  - {sentence}" for sentence in found)
        raise MachineError(f"this host cannot boot a machine:\n{listed}")


def _mounts() -> list[str]:
    """Return the lines of this process's mount table."""
    return Path("/proc/self/mountinfo").read_text().splitlines()
