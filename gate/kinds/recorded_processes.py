"""The processes of a host's units, for the recorder."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene
from gate.kinds.units_there import asks, running, some, there
from gate.kinds.unplaced import path_of
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.census import Census
from gate.sources.host.configured import ALL, CONFIGS
from gate.sources.host.probe import AskProbe
from gate.target import Target

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OF_SYSTEMD = (
    *("PATH", "LANG", "LANGUAGE", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "TERM", "_"),
    *("INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "MAINPID", "MANAGERPID", "SHLVL"),
    *("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "MONITOR_UNIT"),
    *("LISTEN_FDNAMES", "LISTEN_PIDFDID", "MAINPIDFDID", "MANAGERPIDFDID", "CREDENTIALS_DIRECTORY"),
    *("RUNTIME_DIRECTORY", "STATE_DIRECTORY", "CACHE_DIRECTORY", "LOGS_DIRECTORY", "PIDFILE"),
    *("CONFIGURATION_DIRECTORY", "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "TMPDIR"),
)
"""Variables that systemd sets by itself: nobody wrote them down."""


def own_variables(names: Iterable[str]) -> list[str]:
    """Names of variables that somebody gave a unit; what is no name is left out."""
    return sorted(
        one
        for one in set(names)
        if VARIABLE.fullmatch(one)
        and one not in OF_SYSTEMD
        and not one.startswith(("LC_", "GATE_"))
    )


def _names(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """Every unit that has a process, with the files that it is known to read at its start."""
    everything = which == "all"
    _, notes = there(scene, ("service",), everything=everything)
    yield from (one for one in notes if isinstance(one, CannotTell))
    fact = scene.probed(CONFIGS, ALL)
    configs = fact.value.units if isinstance(fact, Seen) else {}
    if isinstance(fact, CannotTell):
        yield fact
    ones = list(running(scene, everything=everything))
    hidden = [one.unit for one in ones if not one.executable]
    if hidden:
        yield LeftOut(f"programs and folders, which are not shown to this user: {some(hidden)}")
    for one in ones:
        keys: dict[str, object] = {"title": _title(one), "unit": one.unit}
        files = [path_of(scene.target, path) for path in configs.get(one.unit, ())]
        config = [path for path in files if path is not None]
        keys |= {"config": config} if config else {}
        keys |= {"on_demand": True} if one.on_demand else {}
        keys |= _own_words(one, scene.target) if one.executable else {"unseen": True}
        yield Recorded(one.unit.removesuffix(".service"), keys)


def _own_words(one: Census, target: Target) -> dict[str, object]:
    """Program and folder as the unit file names them: a link there leads to what is deployed."""
    folder = next(iter(one.places.get("WorkingDirectory", ())), "")
    named = {"executable": one.starts, "working_folder": folder}
    paths = {key: path_of(target, path) for key, path in named.items() if path.startswith("/")}
    return {key: path for key, path in paths.items() if path is not None}


def _title(one: Census) -> str:
    what = "runs its own program, as" if one.executable else "runs as"
    return f"{one.unit} {what} its own user"


def _asks(target: Target) -> Iterable[object]:
    yield from asks(target)
    yield AskProbe(CONFIGS, ALL)


PROCESSES_THERE = Discovery(
    asks=_asks,
    names=_names,
    doubtful=("config", "environment", "working_folder", "drop_ins"),
    about=lambda item: item.unit,
)
