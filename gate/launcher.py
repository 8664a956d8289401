"""A throw-away target: used where it runs, else started for this run and taken down after it.

What is started, and how, stands in the target's own ``[launcher]``; the gate knows the commands'
shape and nothing of what they start.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from gate.environment import environment
from gate.errors import TargetError
from gate.target import Database, Launcher, Target

POLL_S = 0.1


def start(
    target: Target, tell: Callable[[str], None], cancelled: threading.Event
) -> tuple[dict[str, Any], str]:
    """Have an instance.

    Args:
        target: Names the commands.
        tell: Says what is done.
        cancelled: Set, by another thread, when there is no need for it any more.

    Returns:
        Its status, and the name under which this run must take it down (empty where it was there).

    Raises:
        TargetError: It does not come up; the text is the command's own.
    """
    launcher = _launcher(target)
    standing = status(target, launcher.standing)
    if standing.get("running"):
        tell(f"{target.title}: it is running already and is used as it is")
        return standing, ""
    name = f"run-{os.getpid()}"
    tell(f"starting {target.title}: {launcher.title}")
    done = _run(target, launcher.up, name, within_s=launcher.up_within_s, cancelled=cancelled)
    if done.returncode != 0:
        stop(target, name)
        raise TargetError(f"{target.title} does not come up:\n{done.stderr or done.stdout}")
    return status(target, name), name


def stop(target: Target, name: str) -> None:
    """Take an instance down with everything that it left."""
    launcher = _launcher(target)
    _run(target, launcher.down, name, within_s=launcher.down_within_s)


def status(target: Target, name: str) -> dict[str, Any]:
    """Return what an instance says of itself; ``running`` is false where there is none.

    Raises:
        TargetError: It says nothing that can be read.
    """
    launcher = _launcher(target)
    done = _run(target, launcher.status, name, within_s=launcher.down_within_s)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        needs = f"\ninstall what it needs with: {launcher.needs}" if launcher.needs else ""
        raise TargetError(
            f"{target.file}: launcher.status exited with {done.returncode} and printed no JSON "
            f"object: {done.stderr.strip()}{needs}"
        )
    return found


def is_deployed(target: Target, name: str) -> bool:
    """Whether an instance was deployed; the standing one where none is named."""
    return bool(status(target, name or _launcher(target).standing).get("deployed"))


def placed(target: Target, found: dict[str, Any]) -> Target:
    """Return the target with what is known of a running instance: ports, prefix, values, users.

    Raises:
        TargetError: Its status lacks what `gate.target.Launcher` says it holds.
    """
    try:
        values = {**target.api.values, **found["values"]}
        return target.model_copy(
            update={
                "prefix": found["prefix"],
                "port_offset": found["port_offset"],
                "path": tuple(found["path"]),
                "instance": found["instance"],
                "users": found["users"],
                "api": target.api.model_copy(update={"base": found["api"], "values": values}),
                "database": Database(service=found["database"]),
            }
        )
    except KeyError as error:
        raise TargetError(f"{target.file}: launcher.status: its JSON lacks {error}") from error


def _launcher(target: Target) -> Launcher:
    if target.launcher is None:
        raise TargetError(f"{target.file}: needs [launcher]: nothing says how to start it")
    return target.launcher


def _run(
    target: Target,
    words: tuple[str, ...],
    name: str,
    *,
    within_s: float,
    cancelled: threading.Event | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; a signal to the terminal's programs spares it."""
    known = {"{python}": sys.executable, "{name}": name, "{pid}": str(os.getpid())}
    command = [known.get(word, word) for word in words]
    until = time.monotonic() + within_s
    told: tuple[str, str] | None = None
    with subprocess.Popen(  # noqa: S603 - the target's own commands
        command,
        env=environment("python"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pathlib.Path(target.file).resolve().parent / _launcher(target).cwd,
        start_new_session=True,
    ) as process:
        while told is None:
            told = _told(process)
            if cancelled is not None and cancelled.is_set():
                process.send_signal(signal.SIGINT)  # it takes down what it began
                cancelled = None
            if time.monotonic() >= until:
                process.kill()
                raise TargetError(f"`{' '.join(words)}` did not end within {within_s:g} s")
    return subprocess.CompletedProcess(command, process.returncode, *told)


def _told(process: subprocess.Popen[str]) -> tuple[str, str] | None:
    """What a program has said when it ended; ``None`` where it has not yet."""
    try:
        return process.communicate(timeout=POLL_S)
    except subprocess.TimeoutExpired:
        return None
