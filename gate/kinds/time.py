"""The host's time: whether somebody keeps it right, and its time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gate.contract.item import Item, Name, Yes
from gate.kinds.host_kind import HostKind, listed, other
from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene, unknown
from gate.rule import Has, Is, Not, Rule, Some
from gate.sources.fact import Absent, CannotTell, Fact, Model, Seen
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.sources.host.zones import LOCALTIME, same_zone, zone_of
from gate.target import Target

ZONE = re.compile(r"[A-Za-z][\w+-]*(?:/[\w+-]+)*")


class Time(Item):
    """Who keeps the host's clock right; how far it is off now is a ``clock``.

    Attributes:
        synchronised: The kernel's clock must be synchronised, as ``timedatectl`` tells it.
        zone: The time zone, such as ``Etc/UTC``, as programs read it from ``/etc/localtime``.
    """

    synchronised: Yes | None = None
    zone: Name | None = None

    RULES = (
        Rule(Not(Is("absent", True)), "a time cannot be promised to be absent"),
        Rule(Some(Has("synchronised"), Has("zone")), "needs synchronised or zone"),
    )


class TimeFacts(Model):
    """The host's time.

    Attributes:
        synchronised: Whether the kernel's clock is synchronised.
        zone: The time zone's name.
    """

    synchronised: Fact[bool]
    zone: Fact[str]


COPIED = """
# The name in /etc/timezone is a note: it counts where /etc/localtime is a copy of that zone.
copied() {
  name=$(limited cat /etc/timezone) || return
  case $name in '' | *[!A-Za-z0-9_+/-]*) return 1 ;; esac
  limited cmp -s -- "/usr/share/zoneinfo/$name" /etc/localtime && printf '%s\\n' "$name"
}
"""


def script(subjects: Sequence[str]) -> str:
    """What systemd or chrony tells, and what the time zone's file is."""
    del subjects
    return parts(
        {
            "show": "limited timedatectl show -p NTPSynchronized -p Timezone",
            "chrony": "limited chronyc -n tracking",
            "link": "localtime",
            "file": "copied",
        },
        functions=LOCALTIME + COPIED,
    )


def read(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, TimeFacts | Absent | CannotTell]:
    """One host, one time."""
    told = read_parts(section)
    shown = dict(line.split("=", 1) for line in told["show"].text.splitlines() if "=" in line)
    leap = re.search(r"^Leap status +: (.+)$", told["chrony"].text, re.MULTILINE)
    synchronised: Fact[bool]
    if told["show"].rc == 0 and shown.get("NTPSynchronized") in ("yes", "no"):
        synchronised = Seen(shown["NTPSynchronized"] == "yes")
    elif told["chrony"].rc == 0 and leap:
        synchronised = Seen(leap[1] in ("Normal", "Insert second", "Delete second"))
    else:
        synchronised = cannot_tell(told["show"], "timedatectl show")
    link = zone_of(told["link"].text.strip())
    # What programs read comes first: timedated tells for a while what the link was when it began.
    name = link or told["file"].text.strip() or shown.get("Timezone", "")
    found = TimeFacts(
        synchronised=synchronised,
        zone=Seen(name) if ZONE.fullmatch(name) else cannot_tell(told["link"], "/etc/localtime"),
    )
    return dict.fromkeys(subjects, found)


TIME = Probe[str, TimeFacts](name="gate.time", model=TimeFacts, script=script, read=read)


def _differs(item: Time, found: TimeFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    if item.synchronised:
        if not isinstance(found.synchronised, Seen):
            yield unknown(found.synchronised)
        elif not found.synchronised.value:
            yield "the clock is not synchronised"
    if item.zone is not None:
        if isinstance(found.zone, Seen):
            if not same_zone(item.zone, found.zone.value):
                yield from other("time zone", item.zone, found.zone.value)
        else:
            yield unknown(found.zone)


def _synchronised(found: TimeFacts) -> str:
    if not isinstance(found.synchronised, Seen):
        return "nobody tells whether synchronised"
    return "synchronised" if found.synchronised.value else "not synchronised"


def _zone(found: TimeFacts) -> str:
    return found.zone.value if isinstance(found.zone, Seen) else "unknown zone"


def _asks(target: Target) -> Iterable[object]:
    del target
    return [AskProbe(TIME, "host")]


def _names(scene: Scene, which: Which) -> Iterator[Recorded | LeftOut | CannotTell]:
    """The zone, and that somebody keeps the clock right where somebody does."""
    del which
    fact = scene.probed(TIME, "host")
    if isinstance(fact, CannotTell):
        yield fact
    if not isinstance(fact, Seen):
        return
    zone, right = fact.value.zone, fact.value.synchronised
    keys = {"zone": zone.value} if isinstance(zone, Seen) else {}
    kept = {"synchronised": True} if isinstance(right, Seen) and right.value else {}
    if keys or kept:
        yield Recorded("host", {"title": "The host's time is kept, in its zone", **keys, **kept})
    if isinstance(right, Seen) and not right.value:
        yield LeftOut("that the host's clock is synchronised: it is not")


KIND = HostKind(
    name="time",
    chapter="time",
    rank=39,
    model=Time,
    probe=TIME,
    subject=lambda _, __: "host",
    called=lambda _: "time of the host",
    promised=lambda item: listed(synchronised=item.synchronised, time_zone=item.zone),
    differs=_differs,
    text=lambda found: f"{_synchronised(found)}, {_zone(found)}",
    columns={"Synchronised": _synchronised, "Zone": _zone},
    look=lambda _, __: "readlink -f /etc/localtime; timedatectl",
    keys=lambda item, found: {
        "synchronised": item.synchronised,
        "zone": found.zone.value if isinstance(found.zone, Seen) else None,
    },
    discover=Discovery(asks=_asks, names=_names, doubtful=("synchronised", "zone")),
).kind
