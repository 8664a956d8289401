"""Timers of systemd: that they run, when they last did, and how what they start ended."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pydantic

from gate.contract.item import Item
from gate.duration import moment_of, uptime
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.recorded_times import asks_times, ran_within
from gate.kinds.scene import Scene
from gate.kinds.units_there import there
from gate.sources.fact import CannotTell, Cause
from gate.sources.host.timers import TIMERS, TimerFacts

SUCCESS = "success"
AHEAD = dt.timedelta(minutes=1)


class Timer(Item):
    """A timer of systemd that waits for its next time, and whose unit succeeded when it last ran.

    That what it makes is there and young enough is a ``file`` with ``newest``.

    Attributes:
        timer: Name of its unit, such as ``backup.timer``.
        starts: The unit that it must start.
        starts_at_boot: Whether the timer must be enabled.
        ran_within_s: How long ago it may have elapsed last, in seconds, by the host's clock. Of one
            without ``Persistent=true`` systemd does not know that from before the host came up.
        succeeds: Whether the last run of what it starts must have succeeded.
        schedule: Its times, all of them, as ``systemctl show -p TimersCalendar -p TimersMonotonic``
            tells them in the unit file's words: ``OnCalendar=*-*-* 02:30:00`` (of ``02:30``),
            ``OnUnitActiveSec=20s``.
    """

    timer: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9:_.@\\-]+\.timer$")]
    starts: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9:_.@\\-]+\.[a-z]+$")] | None = None
    starts_at_boot: bool = True
    ran_within_s: Annotated[float, pydantic.Field(gt=0)] | None = None
    succeeds: bool = True
    schedule: tuple[Annotated[str, pydantic.Field(pattern=r"^On[A-Za-z]+=\S")], ...] = ()


def _differs(item: Timer, found: TimerFacts, scene: Scene) -> Iterator[str | CannotTell]:
    if found.active != "active":
        yield f"it is {found.active}"
    elif not found.next and not found.running:
        yield "there is no next time"
    enabled = found.at_boot in ("enabled", "static", "generated", "enabled-runtime")
    if item.starts_at_boot and not enabled:
        yield f"it does not start at boot ({found.at_boot or 'no unit file state'})"
    if item.starts is not None and item.starts != found.starts:
        yield f"it starts {found.starts}"
    if found.lacking:
        yield f"{found.starts}, which it starts, is {found.lacking}"
    if item.schedule and sorted(item.schedule) != sorted(found.schedule):
        yield f"its times are {', '.join(found.schedule) or 'not told'}"
    if item.ran_within_s is not None:
        yield from _ran(item.ran_within_s, found, scene)
    if item.succeeds and found.result not in (SUCCESS, ""):
        yield f"{found.starts} ended with {found.result}, exit status {found.status}"


def _odd(item: Timer, found: TimerFacts, scene: Scene) -> list[str]:
    del item, scene
    changed = "changed on disk since the last daemon-reload"
    return [f"the unit file of {one} {changed}" for one in found.edited]


def _ran(within_s: float, found: TimerFacts, scene: Scene) -> Iterator[str | CannotTell]:
    now, booted = scene.host.identity.clock, scene.host.identity.booted
    if found.last is None and not found.persistent and (now - booted).total_seconds() <= within_s:
        up = f"the host came up {uptime(booted, now)} ago"
        yield CannotTell(f"{up}, and it did not run since: it is not Persistent", Cause.UPSTREAM)
    elif found.last is None:
        yield "it never ran"
    elif found.last - now > AHEAD:
        yield CannotTell(f"it last ran at {found.last}, which is to come", Cause.UPSTREAM)
    elif (now - found.last).total_seconds() > within_s:
        yield f"it last ran {uptime(found.last, now)} ago"


def _text(found: TimerFacts) -> str:
    last = moment_of(found.last) if found.last else "never"
    return f"{_state(found)}, last run {last}"


def _state(found: TimerFacts) -> str:
    result = found.lacking or found.result or "not run by a service"
    return f"{found.active}, {found.at_boot or 'no file'}, starts {found.starts}: {result}"


def _promised(item: Timer) -> str:
    within = f"{item.ran_within_s:g} s" if item.ran_within_s else None
    return listed(
        active=True,
        starts=item.starts,
        starts_at_boot=item.starts_at_boot,
        ran_within=within,
        succeeds=item.succeeds,
        schedule=item.schedule,
    )


def _keys(item: Timer, found: TimerFacts) -> Mapping[str, Any]:
    enabled = found.at_boot.startswith("enabled")
    within = item.ran_within_s
    if within is not None and within.is_integer():
        within = int(within)
    return {
        "timer": item.timer,
        "starts": found.starts,
        "starts_at_boot": None if enabled else False,
        "succeeds": None if found.result == SUCCESS else False,
        "ran_within_s": within,
        "schedule": list(found.schedule) or None,
    }


def _names(scene: Scene, which: Which) -> Iterator[Recorded | LeftOut | CannotTell]:
    """Every timer that waits for its next time, and how long ago it has to have run."""
    found, notes = there(scene, ("timer",), everything=which == "all")
    yield from notes
    for one in found:
        name = one.unit.removesuffix(".timer")
        keys: dict[str, Any] = {"title": f"{one.unit} waits for its next time", "timer": one.unit}
        within = ran_within(one.unit, scene)
        if not isinstance(within, int):
            yield within
        else:
            keys["ran_within_s"] = within
        yield Recorded(name, keys)


def _discovered(item: Timer, found: TimerFacts, scene: Scene) -> Mapping[str, Any]:
    """What it starts must succeed, whatever it did last: who fails is told of, and not promised."""
    del scene
    return {**_keys(item, found), "succeeds": None}


KIND = HostKind(
    name="timer",
    chapter="timers",
    rank=12,
    model=Timer,
    probe=TIMERS,
    subject=lambda item, _: item.timer,
    called=lambda item: f"timer {item.timer}",
    promised=_promised,
    differs=_differs,
    text=_text,
    state=_state,
    columns={
        "Starts": lambda one: one.starts,
        "Last run": lambda one: moment_of(one.last) if one.last else "never",
        "Result": lambda one: one.result or "-",
    },
    look=lambda item, _: (
        f"systemctl list-timers {shlex.quote(item.timer)}; systemctl status "
        f"{shlex.quote(item.timer)}"
    ),
    keys=_keys,
    discover=Discovery(asks=asks_times, names=_names, doubtful=("ran_within_s", "schedule")),
    discovered=_discovered,
    odd=_odd,
    severity="critical",
).kind
