"""``systemctl`` and ``journalctl`` of a sandbox, in front of docker-systemctl-replacement.

Start, stop, restart, enable and disable are the replacement's. This program adds what a gate asks
and the replacement does not tell: `show` for several units at a time with systemd's own names and
monotonic times (from ``/proc``), restarts (counted by the guardian), timers (run by the guardian),
and units that are unknown, masked or changed on disk. Not like systemd: there are no control
groups (a unit's processes are its main process and the descendants), and journal lines have no
priority but their first word.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

HOME = os.environ.get("ATUM_SANDBOX") or os.environ["ATUM_GUARDED"]
ROOT = pathlib.Path(HOME) / "root"
UNITS, RUN, LOGS = ROOT / "etc/systemd/system", ROOT / "run", ROOT / "var/log/journal"
TICKS = os.sysconf("SC_CLK_TCK")
CHANGES = ("start", "stop", "restart", "enable", "disable", "kill", "reload-or-restart")
ALL = ["Id", "Names", "LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "MainPID", "NRestarts", "Type", "ActiveEnterTimestampMonotonic", "ExecMainStartTimestampMonotonic", "NeedDaemonReload", "FragmentPath", "DropInPaths", "ControlGroup", "WantedBy", "TriggeredBy", "Triggers", "Wants"]


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
    if file.is_symlink() and os.readlink(file) == "/dev/null":
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
    }
    return {**found, **(_timer(name) if name.endswith(".timer") else _service(name, unit))}


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


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Keep a unit to oneself, against the guardian's restarts."""
    with (RUN / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def change(verb: str, options: list[str], names: list[str]) -> int:
    """Let the replacement do it; timers are the guardian's."""
    worst = 0
    for name in names:
        if name.endswith(".timer"):
            worst = max(worst, _change_timer(verb, options, name))
            continue
        full = name if "." in name else f"{name}.service"
        file = unit_file(full)
        if file is None:
            print(f"Failed to {verb} {full}: Unit {full} not found.", file=sys.stderr)
            worst = max(worst, 5)
            continue
        with locked(file.name):
            worst = max(worst, _replacement(verb, *options, file.name))
        if verb in ("start", "restart"):
            (RUN / f"{file.name}.restarts").unlink(missing_ok=True)
    return worst


def _replacement(*words: str) -> int:
    command = [sys.executable, "-m", "systemctl3", f"--root={ROOT}", *words]
    return subprocess.run(command, check=False).returncode


def _change_timer(verb: str, options: list[str], name: str) -> int:
    file = unit_file(name)
    if file is None:
        print(f"Failed to {verb} {name}: Unit {name} not found.", file=sys.stderr)
        return 5
    now = verb if verb in ("start", "stop", "restart") else ""
    link = UNITS / "timers.target.wants" / name
    if verb == "enable":
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(file)
        now = "start" if "--now" in options else ""
    elif verb == "disable":
        link.unlink(missing_ok=True)
        now = "stop" if "--now" in options else ""
    if now in ("start", "restart"):
        (RUN / f"{name}.active").write_text(str(time.monotonic_ns() // 1000), "utf-8")
    elif now == "stop":
        (RUN / f"{name}.active").unlink(missing_ok=True)
    return 0


def ask(arguments: list[str]) -> int:
    """Answer ``systemctl``."""
    properties: list[str] = []
    words: list[str] = []
    options: list[str] = []
    rest = iter(arguments)
    for one in rest:
        if one in ("-p", "--property"):
            properties += next(rest).split(",")
        elif one.startswith(("--property=", "-p")):
            properties += one.removeprefix("--property=").removeprefix("-p").split(",")
        elif one.startswith("-"):
            options.append(one)
        else:
            words.append(one)
    verb, names = (words[0], words[1:]) if words else ("", [])
    if verb == "show":
        for number, name in enumerate(names):
            found = show(name)
            print("" if number == 0 else "\n", end="")
            for key in properties or ALL:
                if key in found:
                    print(f"{key}={found[key]}")
        return 0
    if verb == "is-active":
        states = [show(name)["ActiveState"] for name in names]
        print("\n".join(states))
        return 0 if "active" in states else 3
    if verb == "is-enabled":
        states = [show(name)["UnitFileState"] for name in names]
        print("\n".join(states))
        return 0 if set(states) & {"enabled", "static"} else 1
    if verb == "daemon-reload":
        (RUN / "daemon-reload").touch()
        return 0
    if verb in CHANGES:
        return change(verb, options, names)
    return _replacement(*arguments)


def journal(arguments: list[str]) -> int:
    """Answer ``journalctl -u UNIT [-n LINES] [-p err]`` from the units' log files."""
    unit, lines, errors = "", None, False
    rest = iter(arguments)
    for one in rest:
        if one in ("-u", "--unit"):
            unit = next(rest)
        elif one.startswith("--unit="):
            unit = one.partition("=")[2]
        elif one in ("-n", "--lines"):
            lines = int(next(rest))
        elif one in ("-p", "--priority"):
            errors = next(rest) in ("err", "3")
    file = LOGS / f"{unit if '.' in unit else unit + '.service'}.log"
    text = file.read_text("utf-8", "replace").splitlines() if file.exists() else []
    if errors:
        text = [line for line in text if line.startswith(("ERROR", "CRITICAL", "FATAL"))]
    print("\n".join(text[-lines:] if lines else text))
    return 0


if __name__ == "__main__":
    sys.exit(journal(sys.argv[2:]) if sys.argv[1] == "journalctl" else ask(sys.argv[2:]))
