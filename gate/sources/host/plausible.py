"""What ``systemctl show`` never prints of a unit, and what it cannot mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gate.secrets import known
from gate.sources.fact import Seen
from gate.sources.host.processes import Table

Properties = Mapping[str, str]

LOADED = frozenset({"loaded", "not-found", "bad-setting", "error", "masked", "merged", "stub"})
ACTIVE = frozenset(
    {
        "active",
        "reloading",
        "inactive",
        "failed",
        "activating",
        "deactivating",
        "maintenance",
        "refreshing",
    }
)
"""``systemctl --state=help``, systemd 257."""
SUB = re.compile(r"[a-z][a-z-]{0,40}")
NUMBER = re.compile(r"[0-9]{0,16}")
PID = re.compile(r"[0-9]{0,10}")
COUNTED = ("NRestarts", "ActiveEnterTimestampMonotonic", "ExecMainStartTimestampMonotonic")


def unlike_a_unit(shown: Properties) -> str:
    """Return which property of a unit is like none; empty where all are like them."""
    if not shown.get("Id"):
        return "it has no Id"
    for name, words in (("LoadState", LOADED), ("ActiveState", ACTIVE)):
        if shown.get(name) not in words:
            return f"its {name} is {_quoted(shown, name)}"
    if not SUB.fullmatch(shown.get("SubState", "")):
        return f"its SubState is {_quoted(shown, 'SubState')}"
    return _numbers(shown)


def contradicts_itself(first: Properties, second: Properties, table: Table) -> str:
    """Return why what is said of a unit cannot be; empty where it can.

    A service that runs has a main process, unless it forked and left systemd to guess which of
    several is the one.
    """
    for shown in (first, second):
        if _numbers(shown):
            return _numbers(shown)
    if not first["Id"].endswith(".service"):
        return ""
    if _runs(first) and not _pid(first) and not _forked(first, table):
        return "active (running), and no main process (MainPID=0)"
    pid = _pid(second)
    # Another one than at first is told as that: it may be gone again.
    same = _runs(second) and pid and pid == _pid(first)
    if same and table.privileged and table.whole and not table.knows(pid):
        return f"active (running), and its main process {pid} is not in /proc"
    return ""


def _runs(shown: Properties) -> bool:
    return (shown.get("ActiveState"), shown.get("SubState")) == ("active", "running")


def _pid(shown: Properties) -> int:
    return int(shown.get("MainPID") or 0)


def _forked(shown: Properties, table: Table) -> bool:
    group = shown.get("ControlGroup", "")
    within = table.within(group) if group else Seen(())
    return shown.get("Type") == "forking" and isinstance(within, Seen) and bool(within.value)


def _numbers(shown: Properties) -> str:
    if not PID.fullmatch(shown.get("MainPID", "")):
        return f"its MainPID is {_quoted(shown, 'MainPID')}"
    for name in COUNTED:
        if not NUMBER.fullmatch(shown.get(name, "")):
            return f"its {name} is {_quoted(shown, name)}"
    return ""


def _quoted(shown: Properties, name: str) -> str:
    return repr(known.first(shown[name], 80)) if name in shown else "not told"
