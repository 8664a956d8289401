"""Services: the unit's state, whether it is settled, and whether a reboot brings it back."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar

import pydantic

from gate.contract.item import Item, Moment, Name, Yes
from gate.contract.model import Promise
from gate.duration import moment_of, uptime
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    State,
    Told,
    always,
    no_references,
    not_seen,
    shown,
)
from gate.kinds.recorded_units import UNITS_THERE, record_units
from gate.kinds.restarts import promised_by
from gate.kinds.scene import Scene, asked
from gate.kinds.triggered import Trigger, alike, rests, triggered
from gate.kinds.unit_history import (
    WINDOW_S,
    again_and_again,
    causes,
    is_reloaded,
    reloaded,
    stopped,
    unsettled,
    watchdog,
)
from gate.rule import Filled, Has, Not, Rule, Some
from gate.sources.fact import Absent, CannotTell, Seen, known, require
from gate.sources.host.facts import Unit
from gate.sources.host.questions import AskUnit
from gate.target import Target


class Service(Item):
    """A systemd unit.

    Attributes:
        unit: Its name for systemd, such as ``redis-server.service``.
        label: Its name in the snapshot's table; the unit's where empty.
        state: ``ActiveState (SubState)``, such as ``active (running)``.
        starts_at_boot: Whether a reboot must bring it up.
        restarted: After the deployment: whether it must (not) have been restarted by it.
        restarts_at_most: How often systemd may have started it again by itself within
            `restarts_within_s`; how often it ever did does not matter.
        restarts_within_s: Up to a day, in seconds; ten minutes where this is left out.
        triggered_by: Units that must start it when something happens, such as its socket or its
            timer; each must be active.
        on_demand: It runs when one of these starts it, and may rest until then: ``inactive (dead)``
            is as good as its state.
        watchdog: Whether systemd must watch over it (``WatchdogSec``). Where it does, the pings
            must come.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {
        *("label", "restarted", "restarts_at_most", "restarts_within_s")
    }

    unit: Name
    state: Annotated[str, pydantic.Field(pattern=r"^[a-z-]+ \([a-z-]+\)$")]
    label: str = ""
    starts_at_boot: bool | None = None
    restarted: bool | None = None
    restarts_at_most: Annotated[int, pydantic.Field(ge=0)] = 2
    restarts_within_s: Annotated[float, pydantic.Field(gt=0, le=86400)] = WINDOW_S
    triggered_by: tuple[Trigger, ...] = ()
    on_demand: Yes | None = None
    watchdog: Yes | None = None

    RULES = (
        Rule(Some(Not(Has("on_demand")), Filled("triggered_by")), "on_demand wants triggered_by"),
    )

    @property
    def changes_by_itself(self) -> bool:
        """A restart leaves the same state, since another time."""
        return bool(self.restarted)


def service(promise: Promise, scene: Scene) -> Finding:
    """Compare a unit."""
    item = scene.item(promise, Service)
    unit = known(scene.unit(item.unit))
    look = f"systemctl status {shlex.quote(item.unit)}"
    if isinstance(unit, Absent):
        return Finding(
            promised=_promised(item),
            seen=f"absent ({unit.proof})",
            broken=() if item.absent else (f"there is no unit {item.unit}",),
            look=look,
        )
    broken, open_ = _broken(item, unit, scene)
    if open_ and not broken:
        raise open_[0]
    if broken and not item.absent:
        broken += causes(unit)
    return Finding(
        promised=_promised(item),
        seen=_seen(unit),
        broken=tuple(broken),
        warnings=(*_odd(unit), *_failed_since(unit, scene)),
        look=look,
    )


def _broken(item: Service, unit: Unit, scene: Scene) -> tuple[list[str], list[ObservationError]]:
    """What is wrong with a unit, and what of it nobody can tell: that hides nothing of the rest."""
    broken = _state(item, unit)
    if item.absent:
        return broken, []
    open_: list[ObservationError] = []

    def hear(judgement: Callable[..., list[str]], *of: object) -> None:
        try:
            broken.extend(judgement(*of))
        except ObservationError as error:
            open_.append(error)

    clock = scene.host.identity.clock
    hear(reloaded, item.state, unit)
    hear(_boot, item, unit)
    on_demand = bool(item.on_demand)
    if item.state == "active (running)":
        if not (broken or is_reloaded(item.state, unit) or rests(unit, on_demand=on_demand)):
            hear(unsettled, unit, clock)
            hear(stopped, unit)
            hear(watchdog, bool(item.watchdog), unit)
        hear(again_and_again, item.restarts_at_most, unit, clock, item.restarts_within_s)
    hear(triggered, item.triggered_by, unit)
    if item.restarted is not None and scene.moment == "postdeploy":
        hear(_restarted, item, unit, scene)
    return broken, open_


def _promised(item: Service) -> str:
    if item.absent:
        return "absent"
    boot = {True: ", starts at boot", False: ", does not start at boot", None: ""}
    triggers = f", started by {', '.join(item.triggered_by)}" if item.triggered_by else ""
    return item.state + boot[item.starts_at_boot] + triggers


def _seen(unit: Unit) -> str:
    boot = unit.starts_at_boot
    words = [f"{unit.active_state} ({unit.sub_state})"]
    if isinstance(boot, Seen):
        words.append("starts at boot" if boot.value else "does not start at boot")
    words.append(f"unit file {unit.unit_file_state or 'without state'}")
    if unit.main_pid:
        words.append(f"main PID {unit.main_pid}")
    return ", ".join(words)


def _state(item: Service, unit: Unit) -> list[str]:
    state = f"{unit.active_state} ({unit.sub_state})"
    if item.absent:
        return [f"{item.unit} is there: {state}, {unit.fragment_path or unit.load_state}"]
    if unit.load_state == "masked" and not item.state.startswith("inactive"):
        return [f"{item.unit} is masked"]
    if is_reloaded(item.state, unit):
        return []
    if alike(item.unit, state) == alike(item.unit, item.state) or rests(
        unit, on_demand=bool(item.on_demand)
    ):
        return []
    return [f"{item.unit} is {state}"]


def _boot(item: Service, unit: Unit) -> list[str]:
    if item.starts_at_boot is None or item.absent:
        return []
    boots = require(unit.starts_at_boot, f"word on whether a reboot starts {item.unit}")
    if boots == item.starts_at_boot:
        return []
    word = "would bring it up" if boots else "would not bring it up"
    return [f"a reboot {word} ({unit.why_at_boot or unit.unit_file_state})"]


def _failed_since(unit: Unit, scene: Scene) -> list[str]:
    """Failures since the look before the deployment, which it has got over by itself.

    Where there is no systemd nothing is kept of what a unit went through.
    """
    if scene.baseline is None or scene.moment != "postdeploy":
        return []
    before = scene.baseline.host
    if not isinstance(before, Seen) or not isinstance(unit.journal, Seen):
        untold = before if not isinstance(before, Seen) else unit.journal
        why = untold.reason if isinstance(untold, CannotTell) else "it was not looked at"
        words = f"whether it failed since the look before cannot be told: {why}"
        return [words] if scene.host.identity.has_systemd else []
    since = before.value.identity.clock
    times = [one for one in unit.journal.value.failures if one > since]
    when = f"the last time at {moment_of(times[0])}" if times else ""
    return [f"it failed {len(times)} times since {moment_of(since)}, {when}"] if times else []


def _restarted(item: Service, unit: Unit, scene: Scene) -> list[str]:
    before = scene.before(f"whether {item.unit} was restarted")
    units = require(before.host, "look at the host before").units
    old = require(asked(units, item.unit), "unit before")
    same = old.readings[1].started_monotonic_us == unit.readings[1].started_monotonic_us
    if same and item.restarted:
        return ["was not restarted by the deployment: the old process still runs"]
    if not same and item.restarted is False:
        return [f"was restarted: started {unit.started}, before {old.started}"]
    return []


def _odd(unit: Unit) -> list[str]:
    odd = [f"systemd on its unit file: {one}" for one in unit.warnings]
    if unit.need_daemon_reload:
        odd.append("its unit file changed on disk since the last daemon-reload")
    return odd


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    return [AskUnit(item.unit)] if isinstance(item, Service) else []


def _find(promise: Promise, scene: Scene) -> Found:
    return scene.unit(scene.item(promise, Service).unit)


def _carries(promise: Promise, scene: Scene) -> bool:
    """Whether it runs, and stays so: what was started again and again carries nothing."""
    fact = _find(promise, scene)
    if not isinstance(fact, Seen):
        return False
    unit = fact.value
    odd = (*stopped(unit), *unsettled(unit, scene.host.identity.clock))
    return unit.active_state == "active" and not odd


def _state_in_words(promise: Promise, scene: Scene) -> Told:
    fact = scene.unit(scene.item(promise, Service).unit)
    if not isinstance(fact, Seen):
        return not_seen(fact)
    unit, after = fact.value, promise.after
    words = [f"{unit.active_state} ({unit.sub_state})"]
    if isinstance(unit.starts_at_boot, Seen):
        words.append("starts at boot" if unit.starts_at_boot.value else "does not start at boot")
    # Only where a restart is promised, or promised not to be, does the start belong to the state.
    if not isinstance(after, Service) or after.restarted is None or unit.started is None:
        return State(", ".join(words))
    step = promised_by(unit.asked, unit.started, scene)
    return State(
        ", ".join(words),
        started=unit.started.isoformat(),
        start=str(unit.readings[-1].started_monotonic_us),
        started_by=step,
    )


def _row(promise: Promise, scene: Scene) -> Cells:
    item = scene.item(promise, Service)
    fact, host = scene.unit(item.unit), scene.observed.host
    status = shown(fact, "not found", lambda unit: f"{unit.active_state} ({unit.sub_state})")
    up = "-"
    if isinstance(fact, Seen) and isinstance(host, Seen) and fact.value.active_state == "active":
        # By the host's own clock, which its units' starts are told by too.
        up = uptime(fact.value.started, host.value.identity.clock)
    return {"Service": item.label or item.unit, "Status": status, "Uptime": up}


KIND = Kind(
    name="service",
    chapter="services",
    rank=10,
    model=Service,
    severity="critical",
    moments=always,
    asks=_asks,
    find=_find,
    compare=service,
    state=_state_in_words,
    row=_row,
    references=no_references,
    record=record_units,
    discover=UNITS_THERE,
    named_by=("unit", "owner"),
    carries=_carries,
)
