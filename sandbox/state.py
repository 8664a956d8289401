"""What systemd would say of a sandbox's units: read from their files and from ``/proc``.

Not like systemd: there are no control groups (a unit's processes are its main process and the
descendants), and the dependency tree knows ``WantedBy`` and ``Wants`` alone.
"""

from __future__ import annotations

import os
import pathlib
import re
import shlex

HOME = os.environ.get("ATUM_SANDBOX") or os.environ["ATUM_GUARDED"]
ROOT = pathlib.Path(HOME) / "root"
UNITS, RUN, LOGS = ROOT / "etc/systemd/system", ROOT / "run", ROOT / "var/log/journal"
TICKS = os.sysconf("SC_CLK_TCK")
ALL = [
    "Id",
    "Names",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "MainPID",
    "NRestarts",
    "Type",
    "InactiveExitTimestampMonotonic",
    "ActiveEnterTimestampMonotonic",
    "ExecMainStartTimestampMonotonic",
    "NeedDaemonReload",
    "FragmentPath",
    "DropInPaths",
    "ControlGroup",
    "WantedBy",
    "TriggeredBy",
    "Triggers",
    "LastTriggerUSecMonotonic",
    "NextElapseUSecMonotonic",
    "ExecMainStatus",
    "Wants",
]


def read_unit(file: pathlib.Path) -> dict[str, list[str]]:
    """Read a unit file: values by key; sections do not matter to what is asked here."""
    found: dict[str, list[str]] = {}
    for line in file.read_text("utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            found.setdefault(key.strip(), []).append(value.strip())
    return found


def unit_file(name: str) -> pathlib.Path | None:
    """Return the file of a unit, links followed as far as the unit's own name."""
    file = UNITS / name
    if file.is_symlink() and str(file.readlink()) == "/dev/null":
        return file
    return file.resolve() if file.exists() else None


def status(name: str) -> dict[str, str]:
    """Return what the replacement keeps of a unit."""
    try:
        lines = (RUN / f"{name}.status").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)


def started_us(pid: int) -> int | None:
    """Return when a process started, in microseconds since boot; ``None`` where it is gone."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19]) * 1_000_000 // TICKS


def show(name: str) -> dict[str, str]:
    """Return the properties of a unit as systemd would tell them."""
    name = name if re.search(r"\.(service|timer|target|socket)$", name) else f"{name}.service"
    file = unit_file(name)
    if file is None:
        return {**_nothing(name), "LoadState": "not-found"}
    if file.is_symlink():
        masked = {"LoadState": "masked", "UnitFileState": "masked", "FragmentPath": "/dev/null"}
        return {**_nothing(name), **masked}
    name = file.name
    unit = read_unit(file)
    aliases = [one.name for one in UNITS.iterdir() if one.is_symlink() and one.resolve() == file]
    wanted = [one.parent.name.removesuffix(".wants") for one in UNITS.glob(f"*.wants/{name}")]
    found = {
        **_nothing(name),
        "Names": " ".join(sorted({name, *aliases})),
        "LoadState": "loaded",
        "FragmentPath": str(file),
        "Type": (unit.get("Type") or ["simple"])[0],
        "UnitFileState": _file_state(unit, wanted),
        "WantedBy": " ".join(wanted),
        "Wants": " ".join(unit.get("Wants", [])),
        "NeedDaemonReload": "yes" if _changed(file) else "no",
        "User": (unit.get("User") or [""])[0],
        "WorkingDirectory": (unit.get("WorkingDirectory") or [""])[0],
        "EnvironmentFiles": "".join(
            f"{one} (ignore_errors=no)" for one in unit.get("EnvironmentFile", [])
        ),
        "ExecStart": f"{{ path={_program(unit)} ; argv[]={_program(unit)} ; }}",
    }
    return {**found, **(_timer(name) if name.endswith(".timer") else _service(name, unit))}


def _program(unit: dict[str, list[str]]) -> str:
    """The program that a unit starts."""
    words = shlex.split((unit.get("ExecStart") or [""])[0])
    return words[0] if words else ""


def _nothing(name: str) -> dict[str, str]:
    empty = dict.fromkeys(ALL, "")
    return {
        **empty,
        "Id": name,
        "Names": name,
        "ActiveState": "inactive",
        "SubState": "dead",
        "Result": "success",
        "MainPID": "0",
        "NRestarts": "0",
        "ActiveEnterTimestampMonotonic": "0",
        "ExecMainStartTimestampMonotonic": "0",
        "NeedDaemonReload": "no",
    }


def _file_state(unit: dict[str, list[str]], wanted: list[str]) -> str:
    if wanted:
        return "enabled"
    return "disabled" if "WantedBy" in unit else "static"


def _changed(file: pathlib.Path) -> bool:
    stamp = RUN / "daemon-reload"
    return stamp.exists() and file.stat().st_mtime > stamp.stat().st_mtime


def _timer(name: str) -> dict[str, str]:
    found = {"Triggers": name.replace(".timer", ".service")}
    try:
        since = (RUN / f"{name}.active").read_text("utf-8")
    except FileNotFoundError:
        return found
    return {
        **found,
        "ActiveState": "active",
        "SubState": "waiting",
        "ActiveEnterTimestampMonotonic": since,
        **_elapses(name, int(since) / 1e6),
    }


def _elapses(name: str, since: float) -> dict[str, str]:
    """When a timer last fired, and when it will: as spans since the start of the machine."""
    file, unit = RUN / f"{name}.fired", unit_file(name)
    every = (read_unit(unit).get("OnUnitActiveSec") if unit else None) or ["60"]
    fired = file.read_text("utf-8").split() if file.exists() else []
    last = float(fired[1]) if fired and float(fired[1]) >= since else since
    return {
        "LastTriggerUSecMonotonic": f"{float(fired[1]):.3f}s" if fired else "0",
        "NextElapseUSecMonotonic": f"{last + float(every[0]):.3f}s",
    }


def _service(name: str, unit: dict[str, list[str]]) -> dict[str, str]:
    kept = status(name)
    pid = int(kept.get("MainPID") or 0)
    since = started_us(pid) if pid else None
    restarts = RUN / f"{name}.restarts"
    found = {"NRestarts": restarts.read_text("utf-8") if restarts.exists() else "0"}
    if since is not None:
        return {
            **found,
            "ActiveState": "active",
            "SubState": "running",
            "MainPID": str(pid),
            "ActiveEnterTimestampMonotonic": str(since),
            "ExecMainStartTimestampMonotonic": str(since),
        }
    state = kept.get("ActiveState", "inactive")
    if state == "active" and unit.get("RemainAfterExit") in (["yes"], ["true"]):
        return {**found, "ActiveState": "active", "SubState": "exited"}
    if state == "active" and unit.get("Type") != ["oneshot"]:
        again = (unit.get("Restart") or ["no"])[0] != "no"
        words = ("activating", "auto-restart") if again else ("failed", "failed")
        return {**found, "ActiveState": words[0], "SubState": words[1], "Result": "exit-code"}
    if state == "failed":
        return {**found, "ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}
    return found


def tree(target: str = "multi-user.target") -> list[str]:
    """Return every unit that a reboot would bring up."""
    found: list[str] = []
    folders = [UNITS / f"{target}.wants", UNITS / "timers.target.wants"]
    waiting = [one.name for folder in folders if folder.is_dir() for one in folder.iterdir()]
    while waiting:
        name = waiting.pop()
        file = unit_file(name)
        if name in found or file is None or file.is_symlink():
            continue
        found.append(name)
        waiting += " ".join(read_unit(file).get("Wants", [])).split()
    return sorted([*found, target, "timers.target"])
