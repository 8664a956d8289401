"""What the fence is made of: namespaces, mounts, and rights that are given up."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import signal
from typing import Any

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
BIND, PRIVATE_ALL = 0x1000, 0x4000 | 0x40000
SET_PDEATHSIG, CAPBSET_DROP, NO_NEW_PRIVS = 1, 24, 38
TAKEN = (12, 13, 16, 17, 18, 19, 21, 22, 27, 37, 38, 39, 40)
"""Capabilities by number: net_admin, net_raw, sys_module, sys_rawio, sys_chroot, sys_ptrace,
sys_admin, sys_boot, mknod, audit_read, perfmon, bpf, checkpoint_restore."""

LIBC = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> None:
    """Call a function of the C library; raise OSError where it fails."""
    if getattr(LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0) -> None:
    """Mount."""
    words = (one and os.fsencode(one) for one in (source, target, kind))
    call("mount", *words, flags, None)


def enter() -> None:
    """Leave the host's network, mounts and processes; in a user namespace where need be."""
    flags = NEWNS | NEWIPC | NEWPID | NEWNET
    user, group = os.getuid(), os.getgid()
    if user == 0:
        with contextlib.suppress(OSError):
            call("unshare", flags)
            return
    call("unshare", flags | NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        pathlib.Path(f"/proc/self/{name}").write_text(text, "utf-8")


def give_up() -> None:
    """Give up what could undo the fence, for this process and whatever it becomes."""
    call("prctl", NO_NEW_PRIVS, 1, 0, 0, 0)
    for number in TAKEN:
        # refused without CAP_SETPCAP: then a program gains nothing either
        LIBC.prctl(CAPBSET_DROP, number, 0, 0, 0)


def die_with_parent() -> None:
    """Have the kernel end this process when the one that started it ends."""
    call("prctl", SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
