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
from typing import Annotated

import pydantic

from gate.environment import environment
from gate.errors import TargetError
from gate.launch_commands import Launcher
from gate.redis import EnvName
from gate.target import Target
from gate.toml import place

POLL_S = 0.1
INSTANCE = "GATE_INSTANCE"
"""Environment variable: the instance of an embedded target that is used where it runs."""


class Instance(pydantic.BaseModel):
    """What a launcher's ``status`` prints of an instance: a JSON object; further keys are ignored.

    Attributes:
        running: Whether there is one.
        deployed: Whether the deployment was carried out on it.
        prefix: Put before every path of the contract.
        port_offset: Added to every port of the contract.
        path: Folders put before PATH.
        instance: Which one it is: another text for every one that is started.
        users: Who stands for a user of the contract, by the contract's name.
        api: Base URL of its API; the target's own where it is left out.
        bases: Further base URLs, by the names that the target gives them; over its own.
        values: What ``{name}`` in an endpoint's path is replaced by, over the target's own.
        database: Its database as a service of libpq; the target's own where it is left out.
        env: Environment variables for this run, such as the logins that the target names.
    """

    model_config = pydantic.ConfigDict(frozen=True, strict=True, extra="ignore")

    running: bool
    deployed: bool = False
    prefix: Annotated[str, pydantic.Field(pattern=r"^(/.*)?$")] = ""
    port_offset: int = 0
    path: list[str] = []
    instance: str = ""
    users: dict[str, str] = {}
    api: Annotated[str, pydantic.Field(pattern=r"^https?://")] | None = None
    bases: dict[str, Annotated[str, pydantic.Field(pattern=r"^https?://")]] = {}
    values: dict[str, str] = {}
    database: Annotated[str, pydantic.Field(pattern=r"^[\w.-]+$")] | None = None
    env: dict[EnvName, str] = {}


def start(
    target: Target, tell: Callable[[str], None], cancelled: threading.Event
) -> tuple[Instance, str]:
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
    standing = status(target, _standing(launcher))
    if standing.running:
        tell(f"{target.title}: it is running already and is used as it is")
        return standing, ""
    name = f"run-{os.getpid()}"
    tell(f"starting {target.title}: {launcher.title}")
    return start_named(target, name, cancelled), name


def start_named(target: Target, name: str, cancelled: threading.Event) -> Instance:
    """Bring an instance up by its name.

    Raises:
        TargetError: It does not come up; the text is the command's own.
    """
    launcher = _launcher(target)
    done = _run(target, launcher.up, name, within_s=launcher.up_within_s, cancelled=cancelled)
    if done.returncode != 0:
        stop(target, name)
        raise TargetError(f"{target.title} does not come up:\n{done.stderr or done.stdout}")
    return status(target, name)


def stop(target: Target, name: str) -> None:
    """Take an instance down with everything that it left."""
    launcher = _launcher(target)
    _run(target, launcher.down, name, within_s=launcher.down_within_s)


def status(target: Target, name: str) -> Instance:
    """Return what an instance says of itself.

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
    try:
        return Instance.model_validate(found)
    except pydantic.ValidationError as error:
        raise TargetError(place(f"{target.file}: launcher.status", error, Instance)) from error


def is_deployed(target: Target, name: str) -> bool:
    """Whether an instance was deployed; the standing one where none is named."""
    return status(target, name or _standing(_launcher(target))).deployed


def placed(target: Target, found: Instance) -> Target:
    """Return the target with what is known of a running instance.

    Raises:
        TargetError: Its API is named, and the target has no ``[api]``.
    """
    if found.api and not target.api.is_there:
        raise TargetError(f"{target.file}: launcher.status names an api, and there is no [api]")
    for name in found.bases.keys() - target.api.bases.keys():
        raise TargetError(
            f"{target.file}: launcher.status names the base {name!r}, and there is no "
            f"[api.bases.{name}]; known: {', '.join(target.api.bases) or 'none'}"
        )
    values = {**target.api.values, **found.values}
    named = {
        "prefix": found.prefix,
        "port_offset": found.port_offset,
        "path": tuple(found.path),
        "instance": found.instance,
        "users": found.users,
        "api": target.api.placed(found.api or target.api.base, found.bases, values),
    }
    if found.database:
        named["database"] = target.database.model_copy(update={"service": found.database})
    return target.model_copy(update=named)


def _standing(launcher: Launcher) -> str:
    """The instance that is used where it runs: the target's own, or the one of this process."""
    return os.environ.get(INSTANCE) or launcher.standing


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
