"""What systemd prints instead of numbers: spans of time, and how processes end."""

from __future__ import annotations

import re
import signal

SPAN = re.compile(r"(\d+(?:\.\d+)?)(y|month|w|d|h|min|s|ms|us)")
UNITS = {
    "y": 31_557_600.0,
    "month": 2_629_800.0,
    "w": 604_800.0,
    "d": 86_400.0,
    "h": 3_600.0,
    "min": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
}
"""``systemd.time(7)``."""
STATUSES = {
    126: "not executable",
    127: "not found",
    200: "CHDIR: its working directory cannot be entered",
    202: "FDS",
    203: "EXEC: its program cannot be executed (missing, not executable, or of another kind)",
    204: "MEMORY",
    205: "LIMITS",
    206: "OOM_ADJUST",
    207: "SIGNAL_MASK",
    208: "STDIN",
    209: "STDOUT: its output cannot be opened",
    210: "CHROOT",
    211: "IOPRIO",
    213: "SECUREBITS",
    214: "SETSCHEDULER",
    215: "CPUAFFINITY",
    216: "GROUP: there is no such group",
    217: "USER: there is no such user",
    218: "CAPABILITIES",
    219: "CGROUP",
    220: "SETSID",
    222: "STDERR: its output cannot be opened",
    224: "PAM",
    225: "NETWORK",
    226: "NAMESPACE: a path that it is to see or not to see is not there",
    227: "NO_NEW_PRIVILEGES",
    228: "SECCOMP",
    229: "SELINUX_CONTEXT",
    230: "PERSONALITY",
    231: "APPARMOR_PROFILE",
    232: "ADDRESS_FAMILIES",
    233: "RUNTIME_DIRECTORY",
    235: "CHOWN",
    236: "SMACK_PROCESS_LABEL",
    237: "KEYRING",
    238: "STATE_DIRECTORY",
    239: "CACHE_DIRECTORY",
    240: "LOGS_DIRECTORY",
    241: "CONFIGURATION_DIRECTORY",
    242: "NUMA_POLICY",
    243: "CREDENTIALS: a credential cannot be read",
    245: "BPF",
}
"""``systemd.exec(5)``, process exit codes."""
EXITED, KILLED, DUMPED = 1, 2, 3


def seconds_of(text: str) -> float | None:
    """A span as systemd prints it, ``1min 30s``; ``None`` for none: ``0``, ``infinity``."""
    parts = [SPAN.fullmatch(word) for word in text.split()]
    total = sum(float(one[1]) * UNITS[one[2]] for one in parts if one)
    return total if parts and all(parts) and total else None


def ending(code: int, status: int) -> str:
    """How a process ended, in words; empty where it did not, or well."""
    if code == EXITED and status:
        said = STATUSES.get(status)
        return f"its main process exited with {status}" + (f" ({said})" if said else "")
    if code in (KILLED, DUMPED):
        try:
            name = signal.Signals(status).name
        except ValueError:
            name = f"signal {status}"
        return f"its main process was ended by {name}{', with a core dump' * (code == DUMPED)}"
    return ""
