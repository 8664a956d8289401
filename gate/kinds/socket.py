"""UDP sockets and Unix sockets; what listens on TCP is a `port`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import pydantic

from gate.contract.item import Item, Name, Port
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.recorded_ports import EPHEMERAL
from gate.kinds.scene import Scene, unknown
from gate.kinds.unplaced import is_whole
from gate.rule import Has, Not, Rule, Some, exactly_one
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host import socket_files
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.sources.host.udp_lines import address, is_open, local
from gate.target import Target

Subject = tuple[int, str]
"""UDP port and nothing, or 0 and a Unix socket's path."""
UDP = re.compile(r" *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ")
UNIX = re.compile(
    r"[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]{8}) ([0-9A-F]{4}) [0-9A-F]{2} +\d+ (\S.*)"
)
LISTENS = 0x10000
"""Flag of a Unix socket that accepts connections."""
DATAGRAM = "0002"
OWNER = re.compile(r'\("([^"]+)",pid=(\d+)')
UnixName = Annotated[str, pydantic.StringConstraints(pattern=r"^(?:/|@.)")]
"""A path, or a name that is none, as ``ss`` writes it: behind an ``@``."""


class Socket(Item):
    """A socket that is open to others: of UDP, or in the file system.

    Attributes:
        udp: UDP port; a target adds its ``port_offset``.
        unix: Path of a Unix socket; a target puts its ``prefix`` before it. ``@name`` where it
            has a name (of the abstract namespace) and no path.
        address: Address that the UDP socket must be bound to; ``*`` for all. With another one no
            socket of the port may be bound to all.
        process: Name of a process that must hold it; seen by root, or by who runs it.
    """

    udp: Port | None = None
    unix: UnixName | None = None
    address: Name | None = None
    process: Name | None = None

    RULES = (
        exactly_one("udp", "unix"),
        Rule(Some(Not(Has("address")), Has("udp")), "address goes with udp"),
    )

    @pydantic.field_validator("address")
    @classmethod
    def _is_one(cls, given: str | None) -> str | None:
        if given not in (None, "*"):
            ipaddress.ip_address(given)
        return given


class SocketFacts(Model):
    """A socket.

    Attributes:
        addresses: What it is bound to, ``*`` for all; of a Unix socket its path.
        processes: Names of the processes that hold it, by their numbers: who opened it comes before
            those that it started, as a rule.
    """

    addresses: tuple[str, ...]
    processes: Fact[tuple[str, ...]]


def script(subjects: Sequence[Subject]) -> str:
    """The kernel's own lists, who holds what, and whether a socket's file is there still."""
    paths = _files(subjects)
    return parts(
        {
            "udp": "cat /proc/net/udp",
            "udp6": "udp6",
            "unix": "cat /proc/net/unix",
            "owners": "limited ss -Hlnaup",
            "unix.owners": "limited ss -Hlnxp",
            **({"files": socket_files.question(paths)} if paths else {}),
        },
        functions=UDP6 + socket_files.FUNCTIONS,
    )


UDP6 = "udp6() { [ ! -e /proc/net/udp6 ] || cat /proc/net/udp6; }\n"


def _files(subjects: Sequence[Subject]) -> list[str]:
    """Paths of Unix sockets, each once; names of the abstract namespace are none."""
    return [*dict.fromkeys(path for _, path in subjects if path.startswith("/"))]


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, SocketFacts | Absent | CannotTell]:
    """What is said of each socket."""
    told = read_parts(section)
    out_of_reach = socket_files.obstacles(told["files"], _files(subjects))
    return {
        one: _udp(one[0], told) if one[0] else _unix(one[1], told, out_of_reach.get(one[1]))
        for one in subjects
    }


def _udp(port: int, told: Mapping[str, Section]) -> SocketFacts | Absent | CannotTell:
    lists = [told["udp"], told["udp6"]]
    for one in lists[: 1 + bool(told["udp6"].out or told["udp6"].rc)]:
        if one.rc or "local_address" not in one.text.partition("\n")[0]:
            return cannot_tell(one, "/proc/net/udp")
    addresses = {
        address(match[1])
        for one in lists
        for line in one.text.splitlines()
        if (match := UDP.match(line)) and int(match[2], 16) == port and match[3] == "0000"
    }
    section = told["owners"]
    held = [line for line in section.text.splitlines() if is_open(line, port)]
    # The kernel's list may skip a socket while others come and go; ss asks it in another way.
    addresses = addresses or {local(line) for line in held}
    if not addresses:
        return Absent(f"/proc/net/udp has no port {port}")
    return SocketFacts(addresses=tuple(sorted(addresses)), processes=_owners(held, section))


def _unix(
    path: str, told: Mapping[str, Section], out_of_reach: Absent | CannotTell | None
) -> SocketFacts | Absent | CannotTell:
    section = told["unix"]
    if section.rc or "RefCount" not in section.text.partition("\n")[0]:
        return cannot_tell(section, "/proc/net/unix")
    owners = told["unix.owners"]
    held = [one for one in owners.text.splitlines() if f" {path} " in one]  # as of UDP
    if not held and not any(_takes(line, path) for line in section.text.splitlines()):
        return Absent(f"/proc/net/unix has no {path} that takes connections")
    if out_of_reach is not None:
        return out_of_reach
    return SocketFacts(addresses=(path,), processes=_owners(held, owners))


def _takes(line: str, path: str) -> bool:
    """Whether a line of ``/proc/net/unix`` is a socket of that path that takes something."""
    match = UNIX.fullmatch(line)
    if match is None or match[3] != path:
        return False
    return bool(int(match[1], 16) & LISTENS) or match[2] == DATAGRAM


def _owners(lines: Sequence[str], section: Section) -> Fact[tuple[str, ...]]:
    held = [(int(pid), name) for line in lines for name, pid in OWNER.findall(line)]
    if held:
        return Seen(tuple(dict.fromkeys(name for _, name in sorted(held))))
    if section.rc or section.err:
        return cannot_tell(section, "ss -p")
    return CannotTell("ss -p shows no process of it to this user", Cause.PERMISSION)


SOCKETS = Probe[Subject, SocketFacts](
    name="gate.sockets", model=SocketFacts, script=script, read=read
)


def _subject(item: Socket, target: Target) -> Subject:
    return (target.port(item.udp), "") if item.udp else (0, _placed(item.unix or "", target))


def _placed(unix: str, target: Target) -> str:
    return unix if unix.startswith("@") else target.placed(unix)


def _differs(item: Socket, found: SocketFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    wide = "*" in found.addresses and item.address != "*"
    if item.address is not None and (wide or item.address not in found.addresses):
        yield f"it is bound to {', '.join(found.addresses)}"
    if item.process is not None:
        if not isinstance(found.processes, Seen):
            yield unknown(found.processes)
        elif item.process not in found.processes.value:
            yield f"it is held by {', '.join(found.processes.value)}"


def _text(found: SocketFacts) -> str:
    held = found.processes
    by = f", held by {', '.join(held.value)}" if isinstance(held, Seen) else ""
    return f"{', '.join(found.addresses)}{by}"


def _called(item: Socket) -> str:
    return f"UDP port {item.udp}" if item.udp else f"socket {item.unix}"


def _keys(item: Socket, found: SocketFacts) -> Mapping[str, Any]:
    held = found.processes
    return {
        "udp": item.udp,
        "unix": item.unix,
        "address": found.addresses[0] if item.udp else None,
        "process": held.value[0] if isinstance(held, Seen) else None,
    }


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


KIND = HostKind(
    name="socket",
    chapter="ports",
    rank=21,
    model=Socket,
    probe=SOCKETS,
    subject=_subject,
    called=_called,
    promised=lambda item: listed(open=True, address=item.address, held_by=item.process),
    differs=_differs,
    text=_text,
    columns={
        "Address": lambda one: ", ".join(one.addresses),
        "Process": lambda one: (
            ", ".join(one.processes.value) if isinstance(one.processes, Seen) else "-"
        ),
    },
    look=lambda item, _: "ss -lnup" if item.udp else "ss -lnxp",
    keys=_keys,
    discover=Discovery(asks=_asks_all, names=_names, doubtful=("process", "address")),
    severity="critical",
).kind
