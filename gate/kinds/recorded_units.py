"""Units as a look has seen them, for the recorder."""

from __future__ import annotations

from collections.abc import Iterable

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.recorded_again import again
from gate.kinds.scene import Scene
from gate.kinds.triggered import RESTING, alike
from gate.kinds.units_there import UNSETTLED, asks, there
from gate.sources.fact import CannotTell, Seen

KEPT = ("label", "restarts_at_most", "restarts_within_s", "watchdog", "on_demand")
"""What a person promises of a unit, and a look does not tell."""
RUNNING = "active (running)"


def record_units(scene: Scene) -> Iterable[Recorded]:
    """Every unit that was looked at: its state, and whether a reboot brings it up."""
    for name, fact in sorted(scene.host.units.items()):
        if not isinstance(fact, Seen):
            continue
        if name.endswith(".scope"):
            continue  # a login's, a program's, or systemd's own: none has a file
        unit = fact.value
        state = alike(name, f"{unit.active_state} ({unit.sub_state})")
        if state.startswith(UNSETTLED):
            continue  # nobody promises that
        keys: dict[str, object] = {"title": f"{name} is {state}", "unit": name, "state": state}
        if isinstance(unit.starts_at_boot, Seen):
            keys["starts_at_boot"] = unit.starts_at_boot.value
        active = [one for one, word in unit.triggers if word.startswith("active ")]
        keys |= {"triggered_by": active} if active else {}
        runs = state == RUNNING or (state == RESTING and _ran(name, scene))
        if active and unit.starts_at_boot == Seen(False) and runs:
            keys |= {"title": f"{name} is {RUNNING}", "state": RUNNING, "on_demand": True}
        found = Recorded(name.removesuffix(".service"), keys)
        yield again(found, scene, "service", ("unit",), KEPT)


def _ran(name: str, scene: Scene) -> bool:
    """Whether it is promised to run, or did when it was found."""
    items = (one.at(scene.moment) for one in scene.contract.at(scene.moment))
    return any(
        getattr(item, "unit", "") == name and getattr(item, "state", "") == RUNNING
        for item in items
    )


def _names(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """Services, sockets and paths; a timer is an item of its own."""
    found, notes = there(scene, ("service", "socket", "path"), everything=which == "all")
    yield from notes
    for one in found:
        keys = {"title": one.unit, "unit": one.unit, "state": alike(one.unit, one.state)}
        yield Recorded(one.unit.removesuffix(".service"), keys)


UNITS_THERE = Discovery(
    asks=asks, names=_names, doubtful=("triggered_by", "starts_at_boot", "on_demand")
)
