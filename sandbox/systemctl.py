"""``systemctl`` and ``journalctl`` of a sandbox, in front of docker-systemctl-replacement.

Start, stop, restart, enable and disable are the replacement's. This program adds what a gate asks
and the replacement does not tell: `show` and `list-units` with systemd's own names, restarts
(counted by the guardian), timers (run by the guardian), and `list-dependencies`.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sandbox.journal import journal, note_start, started_us
from sandbox.state import ALL, ROOT, RUN, UNITS, show, tree, unit_file

QUOTED = "Service Executable path is not absolute"
"""Said of a path in quotation marks, which systemd takes; the replacement runs it all the same."""
CHANGES = ("start", "stop", "restart", "enable", "disable", "kill", "reload-or-restart")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Keep a unit to oneself, against the guardian's restarts."""
    with (RUN / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def change(verb: str, options: list[str], names: list[str]) -> int:
    """Let the replacement do it, for all units at once; timers are the guardian's."""
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        return max(pool.map(lambda name: _change(verb, options, name), names), default=0)


def _change(verb: str, options: list[str], name: str) -> int:
    if name.endswith(".timer"):
        return _change_timer(verb, options, name)
    full = name if "." in name else f"{name}.service"
    file = unit_file(full)
    if file is None:
        print(f"Failed to {verb} {full}: Unit {full} not found.", file=sys.stderr)
        return 5
    with locked(file.name):
        starts = verb == "start" or (verb == "enable" and "--now" in options)
        if verb == "restart":
            _replacement("stop", file.name)  # what it says at its end is of the run before
        if verb == "restart" or (starts and show(file.name)["SubState"] != "running"):
            note_start(file.name)
        status = _replacement(verb, *options, file.name)
    if verb in ("start", "restart"):
        (RUN / f"{file.name}.restarts").unlink(missing_ok=True)
    return status


def _replacement(*words: str) -> int:
    command = [sys.executable, "-m", "systemctl3", f"--root={ROOT}", *words]
    os.environ.pop("GATE_STEP", None)  # a service is no part of the step that starts it
    # A file, not a pipe: what it starts in the background may keep it open.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, check=False, stderr=said)
        said.seek(0)
        sys.stderr.writelines(line for line in said if QUOTED not in line)
    return done.returncode


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
        return _show(names, properties or ALL)
    if verb in CHANGES:
        return change(verb, options, names)
    answer = ANSWERS.get(verb)
    return answer(names) if answer else _replacement(*arguments)


def _show(names: list[str], properties: list[str]) -> int:
    blocks = []
    for name in names:
        found = show(name)
        found["InactiveExitTimestampMonotonic"] = str(started_us(found["Id"]))
        blocks.append("".join(f"{key}={found[key]}\n" for key in properties if key in found))
    sys.stdout.write("\n".join(blocks))
    return 0


def _list_units(_: list[str]) -> int:
    files = [one.name for one in UNITS.iterdir() if one.is_file() and not one.is_symlink()]
    for found in map(show, sorted(files)):
        print(*(found[key] for key in ("Id", "LoadState", "ActiveState", "SubState")))
    return 0


def _list_dependencies(_: list[str]) -> int:
    print("\n".join(tree()))
    return 0


def _is_active(names: list[str]) -> int:
    states = [show(name)["ActiveState"] for name in names]
    print("\n".join(states))
    return 0 if "active" in states else 3


def _is_enabled(names: list[str]) -> int:
    states = [show(name)["UnitFileState"] for name in names]
    print("\n".join(states))
    return 0 if set(states) & {"enabled", "static"} else 1


def _daemon_reload(_: list[str]) -> int:
    (RUN / "daemon-reload").touch()
    return 0


ANSWERS: dict[str, Callable[[list[str]], int]] = {
    "list-units": _list_units,
    "list-dependencies": _list_dependencies,
    "is-active": _is_active,
    "is-enabled": _is_enabled,
    "daemon-reload": _daemon_reload,
}


def main() -> int:
    """Answer as the program named by the first argument."""
    return journal(sys.argv[2:]) if sys.argv[1] == "journalctl" else ask(sys.argv[2:])
