"""The containers of a host, for the recorder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene
from gate.kinds.unplaced import is_whole
from gate.sources.fact import Absent, CannotTell, Cause, Model, Seen
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.target import Target

ENGINES = ("docker", "podman")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Names(Model):
    """Names of the containers of an engine that run."""

    names: tuple[str, ...]


def _script(subjects: Sequence[str]) -> str:
    return parts({one: f"running {one}" for one in subjects}, functions=FUNCTIONS)


FUNCTIONS = """
running() {
  command -v "$1" >/dev/null 2>&1 || { echo none; return 0; }
  echo there
  # podman makes its folders where it finds none; where its containers run, there are some.
  [ "$1" != podman ] || [ -d /run/libpod ] ||
    [ -d "${XDG_RUNTIME_DIR:-/run/user/$(limited id -u)}/libpod" ] || return 0
  limited "$1" ps --format '{{.Names}}'
}
"""


def _read(section: Section, subjects: Sequence[str]) -> Mapping[str, Names | Absent | CannotTell]:
    told = read_parts(section)
    found: dict[str, Names | Absent | CannotTell] = {}
    for one in subjects:
        first, *lines = told[one].text.splitlines() or [""]
        if told[one].rc != 0 or first not in ("none", "there"):
            found[one] = cannot_tell(told[one], f"{one} ps")
        elif first == "none":
            found[one] = Absent(f"there is no {one}")
        elif all(map(NAME.fullmatch, lines)):
            found[one] = Names(names=tuple(sorted(lines)))
        else:
            found[one] = CannotTell(f"{one} ps: no container is called so", Cause.UPSTREAM)
    return found


RUNNING = Probe[str, Names](
    name="gate.containers.there", model=Names, script=_script, read=_read, most_kib=256
)


def _asks(target: Target) -> Iterable[object]:
    return [AskProbe(RUNNING, one) for one in ENGINES] if is_whole(target) else []


def _names(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """Those that run; what their engine makes up as a name changes with each of them."""
    del which
    for engine in ENGINES if is_whole(scene.target) else ():
        fact = scene.probed(RUNNING, engine)
        if isinstance(fact, CannotTell):
            yield fact
        for one in fact.value.names if isinstance(fact, Seen) else ():
            keys = {"title": f"The container {one} runs its image", "container": one}
            yield Recorded(one, {**keys, "engine": engine})


CONTAINERS_THERE = Discovery(asks=_asks, names=_names, doubtful=("health", "digest"))
