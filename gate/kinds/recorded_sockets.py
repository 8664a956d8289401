"""UDP ports and Unix sockets that are open to others, for the recorder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.recorded_ports import EPHEMERAL
from gate.kinds.scene import Scene
from gate.kinds.unplaced import is_whole
from gate.sources.fact import CannotTell, Model, Seen
from gate.sources.host import socket_files
from gate.sources.host.parts import cannot_tell, read_parts
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.sources.host.socket_lists import LISTENS, UDP, UNIX, script
from gate.target import Target


class Open(Model):
    """Sockets that are open to others: UDP ports, and paths of Unix sockets."""

    udp: tuple[int, ...]
    unix: tuple[str, ...]


def read_all(section: Section, subjects: Sequence[str]) -> Mapping[str, Open | CannotTell]:
    """Every one of them, by the kernel's lists."""
    told = read_parts(section)
    if told["udp"].rc or told["unix"].rc:
        wrong = told["udp"] if told["udp"].rc else told["unix"]
        return dict.fromkeys(subjects, cannot_tell(wrong, "/proc/net/udp and unix"))
    lines = [*told["udp"].text.splitlines(), *told["udp6"].text.splitlines()]
    ports = {int(one[2], 16) for one in map(UDP.match, lines) if one and one[3] == "0000"}
    paths = {
        one[3]
        for one in map(UNIX.fullmatch, told["unix"].text.splitlines())
        if one and int(one[1], 16) & LISTENS and one[3].startswith("/")
    }
    # Who renamed it is found by its file.
    bound = {*map(socket_files.place_of, told["unix.owners"].text.splitlines())}
    files = socket_files.places(told["inodes"])
    there = {path for path, one in files.items() if one in bound}
    # Who says /var/run means /run, where it is a link: one socket is one item.
    paths = there | (paths - {f"/var{one}" for one in there - paths})
    found = Open(udp=tuple(sorted(ports)), unix=tuple(sorted(paths)))
    return dict.fromkeys(subjects, found)


OF_DHCP = (68, 546)
KEPT = re.compile(r"(/var)?/run/(?!systemd/|user/|dbus/|udev/|lvm/|dmeventd|credentials/).*")
"""Unix sockets that are somebody's own."""
OPEN = Probe[str, Open](
    name="gate.sockets.there", model=Open, script=lambda _: script(()), read=read_all
)


def _asks_all(target: Target) -> Iterator[object]:
    if is_whole(target):
        yield AskProbe(OPEN, "all")


def _names(scene: Scene, which: Which) -> Iterator[Recorded | LeftOut | CannotTell]:
    """UDP ports that the kernel does not give away, and sockets in ``/run``."""
    del which
    fact = scene.probed(OPEN, "all") if is_whole(scene.target) else None
    if isinstance(fact, CannotTell):
        yield fact
    if not isinstance(fact, Seen):
        return
    for number in fact.value.udp:
        if number < EPHEMERAL and number not in OF_DHCP:
            yield Recorded(f"udp {number}", {"title": f"UDP port {number} is open", "udp": number})
    for path in filter(KEPT.fullmatch, fact.value.unix):
        yield Recorded(
            path.strip("/").replace("/", "-"), {"title": f"{path} takes connections", "unix": path}
        )


SOCKETS_THERE = Discovery(
    asks=_asks_all,
    names=_names,
    doubtful=("process", "address", "addresses", "mode", "owner", "group"),
)
