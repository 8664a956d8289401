"""The units of a host that somebody may want to promise: for every kind that is about units.

Left out are units that are transient, and those of the system itself: what every host of a
distribution has (`BASE`), unless they hold a port. The rest is told where it is enabled and ran, or
runs.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence

from gate.kinds.kind import LeftOut
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.host.census import CENSUS, UNITS, Census
from gate.sources.host.probe import AskProbe
from gate.target import Target

BASE = (
    *("systemd-*", "dbus*", "getty*", "serial-getty@*", "console-getty*", "container-getty@*"),
    *("autovt@*", "user@*", "user-runtime-dir@*", "session-*", "modprobe@*", "kmod*", "dm-event*"),
    *("keyboard-setup*", "console-setup*", "setvtrgb*", "plymouth*", "emergency*", "rescue*"),
    *("initrd*", "debug-shell*", "quota*", "ldconfig*", "procps*", "hwclock*", "rc-local*"),
    *("networking*", "ifup*", "NetworkManager*", "netplan*", "wpa_supplicant*", "ModemManager*"),
    *("polkit*", "accounts-daemon*", "udisks2*", "upower*", "rtkit*", "alsa*", "bluetooth*"),
    *("selinux*", "syslog*", "irqbalance*", "thermald*"),
    *("e2scrub*", "fstrim*", "man-db*", "apt-*", "apt.*", "dpkg-*", "dnf*", "yum*"),
    *("packagekit*", "motd*", "ua-*", "ubuntu-*", "esm-*", "snapd*"),
    *("cloud-*", "lvm2*", "mdadm*", "mdcheck*", "mdmonitor*", "blk-availability*", "multipath*"),
    *("fwupd*", "grub*", "secureboot*", "finalrd*", "pollinate*", "uuidd*", "sysstat*", "nis-*"),
    *("sshd-unix-local*", "sshd-vsock*", "ssh-access*", "plocate*", "mlocate*", "raid-check*"),
    *("update-notifier*", "xfs_scrub*", "rpm-*", "power-profiles*", "switcheroo*", "iscsi*"),
)
"""Patterns of the units that a distribution brings to every host, and nobody's work rests on."""
SHOWN = 12
"""So many names are told of what is left out."""
STEADY = re.compile(r"active \((running|exited|listening|waiting)\)")
"""States that can be promised; `inactive (dead)` of what ran and is enabled, too."""
UNSETTLED = ("activating", "deactivating", "reloading", "failed")


def asks(target: Target) -> Iterable[object]:
    """The units of the host."""
    del target
    return [AskProbe(CENSUS, UNITS)]


def there(
    scene: Scene, types: Sequence[str], *, everything: bool
) -> tuple[list[Census], list[LeftOut | CannotTell]]:
    """Units of some types that are worth a promise, and what is said of the others.

    Args:
        scene: With the first look of the recorder.
        types: Such as ``service``.
        everything: Whether the system's own are told, too.
    """
    fact = scene.probed(CENSUS, UNITS)
    if isinstance(fact, Absent):
        return [], [LeftOut(f"units: {fact.proof}")]
    if isinstance(fact, CannotTell):
        return [], [fact]
    listening = _listening(scene)
    found, base, failed = [], [], []
    for one in fact.value.units:
        if one.unit.rpartition(".")[2] not in types or one.passing:
            continue
        if one.state.startswith(UNSETTLED):
            failed.append(f"{one.unit} is {one.state}")
        elif not _is_up(one):
            continue
        elif not everything and one.unit not in listening and is_base(one.unit):
            base.append(one.unit)
        else:
            found.append(one)
    notes: list[LeftOut | CannotTell] = []
    if base:
        notes.append(LeftOut(f"units of the system itself (--all writes them): {some(base)}"))
    notes += [LeftOut(one) for one in failed]
    if fact.value.cut:
        notes.append(LeftOut("the host has more units than are told of here"))
    return found, notes


def some(names: Sequence[str], most: int = SHOWN) -> str:
    """A few names, and how many more there are."""
    more = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def is_base(unit: str) -> bool:
    """Whether a unit is one of the system itself."""
    return any(fnmatch.fnmatchcase(unit, pattern) for pattern in BASE)


def running(scene: Scene, *, everything: bool) -> Iterator[Census]:
    """The services that are worth a promise and have a process."""
    found, _ = there(scene, ("service",), everything=everything)
    return (one for one in found if one.pid)


def _is_up(one: Census) -> bool:
    if STEADY.fullmatch(one.state):
        return True
    return one.state == "inactive (dead)" and one.ran and one.file_state == "enabled"


def _listening(scene: Scene) -> set[str]:
    host = scene.observed.host
    sockets = host.value.listeners if isinstance(host, Seen) else None
    return {
        unit
        for one in (sockets.value if isinstance(sockets, Seen) else ())
        if isinstance(one.units, Seen)
        for unit in one.units.value
    }
