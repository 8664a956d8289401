"""The paths that a host's units use, for the recorder."""

from __future__ import annotations

from collections.abc import Iterable

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene
from gate.kinds.units_there import asks, some, there
from gate.kinds.unplaced import path_of
from gate.sources.fact import CannotTell

PURPOSE = {
    "WorkingDirectory": "working folder of {}",
    "EnvironmentFiles": "settings of {}",
    "RuntimeDirectory": "run-time files of {}",
    "StateDirectory": "state of {}",
    "CacheDirectory": "cache of {}",
    "LogsDirectory": "logs of {}",
    "ConfigurationDirectory": "configuration of {}",
    "ReadWritePaths": "written by {}",
}
"""What a path is for, by the unit's property that names it."""
NOBODYS = ("", "/", "/tmp", "/var/tmp", "/run", "/var", "/proc", "/sys", "/dev")  # noqa: S108 - names
"""Of every host: no unit's own."""


def _names(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """Each path once, with what it is for; what the unit files do not name nobody lists."""
    found, notes = there(scene, ("service",), everything=which == "all")
    yield from (one for one in notes if isinstance(one, CannotTell))
    purposes: dict[str, dict[str, list[str]]] = {}
    for unit in found:
        for key, paths in unit.places.items():
            for one in paths:
                path = path_of(scene.target, one)
                if path is not None and path not in NOBODYS:
                    purposes.setdefault(path, {}).setdefault(PURPOSE[key], []).append(unit.unit)
    for path, of in sorted(purposes.items()):
        purpose = ", ".join(words.format(some(units, 3)) for words, units in of.items())
        keys = {"title": f"{path} is as it was: {purpose}", "path": path, "purpose": purpose}
        yield Recorded(path.strip("/").replace("/", "-"), keys)


PATHS_THERE = Discovery(asks=asks, names=_names, doubtful=("mode", "owner", "group"))
