"""The guardian of a sandbox: restarts what crashed, runs timers, and ends it with its owner.

Started before anything else, so that whatever becomes of the program that brings the sandbox up,
somebody is there to clean up after it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress

from sandbox import state
from sandbox.home import Home, find_home
from sandbox.journal import note_start
from sandbox.processes import end, marked, started

BEAT_S = 0.25


def watch(home: Home, owner: int) -> None:
    """Look after a sandbox until it is taken down.

    Args:
        home: The sandbox.
        owner: Process whose end ends the sandbox; 0 for none. Before the sandbox is ready, the
            process that brings it up is named in the file ``run/maker``.
    """
    born = started(owner) if owner else None
    fired: dict[str, float] = {}
    while home.run.exists():
        if owner and started(owner) != born:
            _take_down(home)
            return
        if not home.state_file.exists() and not _maker_lives(home):
            _take_down(home)
            return
        if home.state_file.exists():
            _restart_crashed(home)
            _run_timers(fired)
        time.sleep(BEAT_S)


def _maker_lives(home: Home) -> bool:
    try:
        pid, start = (home.run / "maker").read_text("utf-8").split()
    except (FileNotFoundError, ValueError):
        return True
    return started(int(pid)) == start


def _take_down(home: Home) -> None:
    end(lambda: marked(home.path))
    shutil.rmtree(home.path, ignore_errors=True)
    home.lock.unlink(missing_ok=True)


def _restart_crashed(home: Home) -> None:
    """Start again what runs no more, although nobody stopped it."""
    for file in home.run.glob("*.service.status"):
        name = file.name.removesuffix(".status")
        if state.show(name)["SubState"] != "auto-restart":
            continue
        with (state.RUN / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # somebody is at it with systemctl
            if state.show(name)["SubState"] == "auto-restart":
                count = state.RUN / f"{name}.restarts"
                number = int(count.read_text("utf-8")) if count.exists() else 0
                count.write_text(str(number + 1), "utf-8")
                _systemctl("stop", name)
                note_start(name, automatic=True)
                _systemctl("start", name)


def _run_timers(fired: dict[str, float]) -> None:
    for file in state.RUN.glob("*.timer.active"):
        name = file.name.removesuffix(".active")
        unit = state.unit_file(name)
        if unit is None:
            continue
        every = float((state.read_unit(unit).get("OnUnitActiveSec") or ["60"])[0])
        if time.monotonic() - fired.setdefault(name, time.monotonic()) >= every:
            fired[name] = time.monotonic()
            service = name.replace(".timer", ".service")
            note_start(service)
            fired_at = f"{int(time.time())} {time.monotonic()}"
            (state.RUN / f"{name}.fired").write_text(fired_at, "utf-8")
            _systemctl("start", service)


def _systemctl(verb: str, name: str) -> None:
    command = [sys.executable, "-m", "systemctl3", f"--root={state.ROOT}", verb, name]
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            command, check=False, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


if __name__ == "__main__":
    os.setsid() if os.getpid() != os.getsid(0) else None
    watch(find_home(sys.argv[1]), int(sys.argv[2]))
