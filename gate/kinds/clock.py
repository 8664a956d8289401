"""Clocks: what tells the time elsewhere, beside the gate's own clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Literal

from gate.contract.item import Item, Name, Seconds
from gate.contract.model import Promise
from gate.duration import moment_of
from gate.kinds.finding import Finding, Here
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Recorded,
    always,
    asks_nothing,
    no_references,
    no_state,
    shown,
    shows_nothing,
)
from gate.kinds.pasted import on_host, psql
from gate.kinds.scene import Scene
from gate.rule import Has, Is, Not, Rule, Some, never_absent
from gate.sources.fact import Absent, CannotTell, Seen, require
from gate.sources.host.zones import same_zone

NAMES = {"host": "the host's clock", "database": "the database server's clock"}
WITHIN_S = 2.0
"""How far a recorded clock may be off, in seconds."""


class Clock(Item):
    """A clock that tells the gate's own time.

    Attributes:
        of: Whose clock: the host's, or the database server's.
        within_s: How far it may be from the gate's, in seconds.
        zone: Of the database server's: the time zone of sessions that set none themselves. The
            host's is promised by a ``time``, a service's by a ``process``.
    """

    of: Literal["host", "database"]
    within_s: Seconds
    zone: Name | None = None

    RULES = (
        Rule(Some(Not(Has("zone")), Is("of", "database")), 'zone goes with of = "database"'),
        never_absent("a clock"),
    )


def clock(promise: Promise, scene: Scene) -> Finding:
    """Compare a clock with the gate's, which was read before it and after it."""
    item = scene.item(promise, Clock)
    told = scene.host.identity.clock if item.of == "host" else scene.database.clock
    before, after = scene.observed.under_way(item.of)
    off = skew(told, before, after)
    words = _words(off)
    broken = [f"{NAMES[item.of]} is {words}"] if abs(off) > item.within_s else []
    if item.zone is not None:
        broken += _zone(item.zone, scene, broken)
    return Finding(
        promised=f"within {item.within_s:g} s of the gate's clock"
        + (f", time zone {item.zone}" if item.zone else ""),
        seen=f"{_time(told)}, {words}, which went from {_time(before)} to {_time(after)} meanwhile",
        broken=tuple(broken),
        look=_look(item, scene),
    )


def _zone(must: str, scene: Scene, broken: list[str]) -> list[str]:
    """What is wrong with the database's time zone; what cannot be told counts where nothing is."""
    fact = scene.database.zone
    if isinstance(fact, Seen):
        is_ = fact.value
        return [] if same_zone(must, is_) else [f"its time zone is {is_}"]
    return [] if broken else [require(fact, "time zone")]


def skew(told: dt.datetime, before: dt.datetime, after: dt.datetime) -> float:
    """How far a time is from the span in which it was read, in seconds; negative: behind it.

    What lies within the span is no skew: nobody knows when in it the clock was read.
    """
    if told > after:
        return (told - after).total_seconds()
    return min(0.0, (told - before).total_seconds())


def _words(off: float) -> str:
    if not off:
        return "as the gate's"
    return f"at least {abs(off):,.1f} s {'ahead of' if off > 0 else 'behind'} the gate's"


def _time(when: dt.datetime) -> str:
    return when.astimezone(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"


def _look(item: Clock, scene: Scene) -> str:
    if item.of == "host":
        return Here(f"date -u; {on_host('date -u; timedatectl', scene)}")
    zone = ", current_setting('TimeZone')" if item.zone else ""
    return Here(f"date -u; {psql(f'SELECT now(){zone}', scene)}")


def _clock(promise: Promise, scene: Scene) -> Seen[dt.datetime] | Absent | CannotTell:
    """The time that a clock told when it was asked."""
    if scene.item(promise, Clock).of == "database":
        database = scene.observed.database
        return Seen(database.value.clock) if isinstance(database, Seen) else database
    host = scene.observed.host
    return Seen(host.value.identity.clock) if isinstance(host, Seen) else host


def _find(promise: Promise, scene: Scene) -> Found:
    """The time that it told, between the gate's own before and after."""
    fact = _clock(promise, scene)
    if not isinstance(fact, Seen):
        return fact
    before, after = scene.observed.under_way(scene.item(promise, Clock).of)
    return Seen({"clock": fact.value, "gate_before": before, "gate_after": after})


def _row(promise: Promise, scene: Scene) -> Cells:
    said = shown(_clock(promise, scene), "nowhere", moment_of)
    return {"Clock": f"Clock of the {scene.item(promise, Clock).of}", "Time": said}


def _record(scene: Scene) -> Iterable[Recorded]:
    """Each clock that told its time, however far it was off: a promise is no excuse."""
    told = {"host": scene.observed.host, "database": scene.observed.database}
    for of, fact in told.items():
        if isinstance(fact, Seen):
            zone = getattr(fact.value, "zone", None)
            more = {"zone": zone.value} if isinstance(zone, Seen) else {}
            keys = {
                "title": f"{NAMES[of].capitalize()} is right",
                "of": of,
                "within_s": WITHIN_S,
                **more,
            }
            yield Recorded(of, keys)


KIND = Kind(
    name="clock",
    chapter="runtimes",
    rank=41,
    model=Clock,
    severity="normal",
    moments=always,
    asks=asks_nothing,
    find=_find,
    compare=clock,
    state=no_state,
    row=_row,
    references=no_references,
    record=_record,
    shows=shows_nothing,
)
