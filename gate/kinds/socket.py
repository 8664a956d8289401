"""UDP sockets and Unix sockets; what listens on TCP is a `port`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import pydantic

from gate.contract.item import Item, Name, Port
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.recorded_ports import few
from gate.kinds.recorded_sockets import SOCKETS_THERE
from gate.kinds.scene import Scene, unknown
from gate.rule import Filled, Has, Not, Rule, Some, exactly_one
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host import socket_files
from gate.sources.host.parts import cannot_tell, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section
from gate.sources.host.socket_lists import DATAGRAM, LISTENS, UDP, UNIX, Subject, files_of, script
from gate.sources.host.udp_lines import address, is_open, local
from gate.target import Target

NOT_REACHED = "is not reached by it"
"""What is said of who listens, and not where the path leads."""
RIGHTS = ("owner", "group", "mode")
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
        addresses: Addresses of the host that sockets of the UDP port must be bound to, each of
            them, and none to all.
        process: Name of a process that must hold it; seen by root, or by who runs it.
        owner: Owner of a Unix socket's file, by the contract's name for him.
        group: Its group.
        mode: Four octal digits, such as ``0660``: who may write to it may connect.
    """

    udp: Port | None = None
    unix: UnixName | None = None
    address: Name | None = None
    addresses: tuple[pydantic.IPvAnyAddress, ...] = ()
    process: Name | None = None
    owner: Name | None = None
    group: Name | None = None
    mode: Annotated[str, pydantic.Field(pattern=r"^[0-7]{4}$")] | None = None

    RULES = (
        exactly_one("udp", "unix"),
        Rule(Some(Not(Has("address")), Has("udp")), "address goes with udp"),
        *(Rule(Some(Not(Has(key)), Has("unix")), f"{key} goes with unix") for key in RIGHTS),
        Rule(Some(Not(Filled("addresses")), Has("udp")), "addresses go with udp"),
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
        rights: Who may connect to a Unix socket, where its file is shown.
    """

    addresses: tuple[str, ...]
    processes: Fact[tuple[str, ...]]
    rights: socket_files.Rights | None = None


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, SocketFacts | Absent | CannotTell]:
    """What is said of each socket."""
    told = read_parts(section)
    out_of_reach = socket_files.obstacles(told["files"], files_of(subjects))
    places = socket_files.places(told["inodes"])
    rights = socket_files.rights(told["inodes"])
    found = {
        one: _udp(one[0], told)
        if one[0]
        else _unix(one[1], told, out_of_reach.get(one[1]), places.get(one[1]))
        for one in subjects
    }
    return {
        one: fact.model_copy(update={"rights": rights.get(one[1])})
        if isinstance(fact, SocketFacts)
        else fact
        for one, fact in found.items()
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
    path: str,
    told: Mapping[str, Section],
    out_of_reach: Absent | CannotTell | None,
    file: socket_files.Place | None,
) -> SocketFacts | Absent | CannotTell:
    section = told["unix"]
    if section.rc or "RefCount" not in section.text.partition("\n")[0]:
        return cannot_tell(section, "/proc/net/unix")
    owners = told["unix.owners"]
    lines = owners.text.splitlines()
    named = [one for one in lines if f" {path} " in one]  # as of UDP
    held = [one for one in lines if file and socket_files.place_of(one) == file] or named
    if socket_files.is_others(held, file):
        return Absent(f"{path} is another socket's file: who listens there {NOT_REACHED}")
    if not held and not any(_takes(line, path) for line in section.text.splitlines()):
        renamed = _untold(told) if path.startswith("/") else None
        if renamed is not None and not isinstance(out_of_reach, Absent):
            return renamed
        return Absent(f"/proc/net/unix has no {path} that takes connections")
    if out_of_reach is not None:
        return out_of_reach
    return SocketFacts(addresses=(path,), processes=_owners(held, owners))


def _untold(told: Mapping[str, Section]) -> CannotTell | None:
    """Why it is not known whether a socket of another name leads to a file; else nothing."""
    tools = {"inodes": "stat", "unix.owners": "ss -x"}
    late = (name for name in tools if told[name].late or told[name].rc < 0)
    return next((cannot_tell(told[name], tools[name]) for name in late), None)


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
    wide = "*" in found.addresses and item.address != "*"
    if item.address is not None and (wide or item.address not in found.addresses):
        yield f"it is bound to {', '.join(found.addresses)}"
    lacking = [one for one in map(str, item.addresses) if one not in found.addresses]
    if item.addresses and "*" in found.addresses:
        yield f"it is bound to {', '.join(found.addresses)}"
    elif lacking:
        yield f"nothing is bound to {', '.join(lacking)}"
    if item.process is not None:
        if not isinstance(found.processes, Seen):
            yield unknown(found.processes)
        elif item.process not in found.processes.value:
            yield f"it is held by {', '.join(found.processes.value)}"
    yield from _rights(item, found, scene)


def _rights(item: Socket, found: SocketFacts, scene: Scene) -> Iterator[str | CannotTell]:
    owner = scene.target.user(item.owner)
    for key, must in (("owner", owner), ("group", item.group), ("mode", item.mode)):
        if must is None:
            continue
        if found.rights is None:
            yield CannotTell(f"stat tells nothing of {item.unix} to this user", Cause.PERMISSION)
            return
        is_ = getattr(found.rights, key)
        if is_ != must:
            yield f"{key} is {is_}"


def _text(found: SocketFacts) -> str:
    held = found.processes
    by = f", held by {', '.join(held.value)}" if isinstance(held, Seen) else ""
    return f"{', '.join(found.addresses)}{by}"


def _called(item: Socket) -> str:
    return f"UDP port {item.udp}" if item.udp else f"socket {item.unix}"


def _bound(item: Socket, addresses: Sequence[str]) -> Mapping[str, Any]:
    if not item.udp:
        return {}
    chosen = (
        []
        if "*" in addresses
        else [ipaddress.ip_address(one.partition("%")[0]) for one in addresses]
    )
    if len(chosen) > 1 and few(chosen):
        return {"addresses": list(addresses)}
    return {"address": addresses[0]}


def _keys(item: Socket, found: SocketFacts) -> Mapping[str, Any]:
    held = found.processes
    return {
        "udp": item.udp,
        "unix": item.unix,
        **_bound(item, found.addresses),
        "process": held.value[0] if isinstance(held, Seen) else None,
        **(found.rights.model_dump() if found.rights and item.unix else {}),
    }


KIND = HostKind(
    name="socket",
    chapter="ports",
    rank=21,
    model=Socket,
    probe=SOCKETS,
    subject=_subject,
    called=_called,
    promised=lambda item: listed(
        open=True,
        address=item.address,
        addresses=item.addresses,
        held_by=item.process,
        owner=item.owner,
        group=item.group,
        mode=item.mode,
    ),
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
    why_absent=lambda gone: gone.proof if NOT_REACHED in gone.proof else "",
    discover=SOCKETS_THERE,
    severity="critical",
).kind
