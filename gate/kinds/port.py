"""Ports: who listens, how far it reaches, and whose process it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Literal

import pydantic

from gate.contract.item import Item, Name, Port
from gate.contract.model import Promise
from gate.kinds.bound import IPV6_ALONE, address_of, reach, takes_ipv4, unheard
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Promises,
    State,
    Told,
    always,
    asks_nothing,
    shown,
)
from gate.kinds.recorded_ports import PORTS_THERE, record_ports
from gate.kinds.scene import Scene
from gate.kinds.service import Service
from gate.sources.fact import Absent, CannotTell, Cause, Seen, known, require
from gate.sources.host.facts import HostFacts, Listener
from gate.sources.host.sockets import SYSTEMD

TOLERANCE = dt.timedelta(seconds=2)
"""Between systemd's clock and the one of the process table."""


class ListeningPort(Item):
    """A TCP port.

    Attributes:
        port: Its number; a target adds its ``port_offset``.
        service: Name in the snapshot's table.
        owner: Unit that must hold it; a socket's, such as ``finger.socket``, where systemd keeps it
            for services that come and go.
        processes: How many worker processes must hold it.
        reach: ``loopback`` (nothing wider), ``any`` (a wildcard).
        addresses: Addresses that it must listen on, such as ``10.0.0.5`` or ``::1``; what else
            listens on the port is another item's, or breaks this one. ``owner``, ``processes`` and
            ``reach`` are then of the sockets on these.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"service"}

    port: Port
    service: Name
    owner: str | None = None
    processes: Annotated[int, pydantic.Field(gt=0)] | None = None
    reach: Literal["loopback", "any"] | None = None
    addresses: tuple[pydantic.IPvAnyAddress, ...] = ()


def port(promise: Promise, scene: Scene) -> Finding:
    """Compare a TCP port."""
    item = scene.item(promise, ListeningPort)
    number = scene.target.port(item.port)
    host = scene.host
    heard = known(listeners(promise, scene))
    found = [] if isinstance(heard, Absent) else list(heard)
    look = f"ss -Hltnp sport = :{number}"
    if item.absent or not found:
        broken = _closed(item, found, number)
        if item.addresses and not item.absent:
            broken = [*unheard(item.addresses, found, number), *_strangers(item, scene, number)]
        return Finding(
            promised="closed" if item.absent else _promised(item),
            seen=_seen(found) if found else f"nothing listens on {number}",
            broken=tuple(broken),
            look=look,
        )
    broken = [
        *unheard(item.addresses, found, number),
        *_strangers(item, scene, number),
        *reach(item.reach, found),
        *_owner(item, found),
        *_processes(item, found, host),
        *_outlived(item, found, host),
    ]
    return Finding(
        promised=_promised(item),
        seen=_seen(found),
        broken=tuple(broken),
        warnings=_warnings(item, found),
        look=look,
    )


def _warnings(item: ListeningPort, found: list[Listener]) -> tuple[str, ...]:
    """That nobody comes by IPv4; where its addresses are promised, that is how it has to be."""
    if item.addresses or any(takes_ipv4(one) is not False for one in found):
        return ()
    return (IPV6_ALONE,)


def _promised(item: ListeningPort) -> str:
    words = ["listening"]
    words += [f"held by {item.owner}"] if item.owner else []
    words += [f"{item.processes} worker processes"] if item.processes else []
    words += (
        [{"loopback": "on loopback only", "any": "on every address"}[item.reach]]
        if item.reach
        else []
    )
    words += [f"on {', '.join(map(str, item.addresses))}"] if item.addresses else []
    return ", ".join(words)


def _strangers(item: ListeningPort, scene: Scene, number: int) -> list[str]:
    """Sockets on addresses that no item of the port names, where this one names some."""
    items = scene.contract.of(ListeningPort, scene.moment).values()
    same = [one for one in items if one.port == item.port and not one.absent]
    if not all(one.addresses for one in same):
        return []
    named = {address for one in same for address in one.addresses}
    others = [
        one
        for one in require(scene.host.listeners, "list of sockets")
        if one.port == number and address_of(one) not in named
    ]
    return [f"it listens elsewhere, too: {_seen(others)}"] if others else []


def _seen(found: list[Listener]) -> str:
    return "; ".join(f"{one.address} port {one.port}{_holders(one)}" for one in found)


def _holders(one: Listener) -> str:
    units = ", ".join(one.units.value) if isinstance(one.units, Seen) else ""
    pids = ", ".join(map(str, one.pids.value)) if isinstance(one.pids, Seen) else ""
    return (f" held by {units}" if units else "") + (f" (PID {pids})" if pids else "")


def _closed(item: ListeningPort, found: list[Listener], number: int) -> list[str]:
    if item.absent and found:
        return [f"port {number} is open: {_seen(found)}"]
    if not item.absent and not found:
        return [f"nothing listens on port {number}"]
    return []


def _owner(item: ListeningPort, found: list[Listener]) -> list[str]:
    if item.owner is None:
        return []
    broken = []
    for one in found:
        units = require(one.units, f"owner of port {one.port} on {one.address}")
        keeper = SYSTEMD if item.owner.endswith(".socket") else item.owner
        if keeper not in units:
            holder = ", ".join(units) or "a process outside of every unit that was asked for"
            broken.append(f"{one.address} port {one.port} belongs to {holder}{_pids(one)}")
    return broken


def _pids(one: Listener) -> str:
    pids = one.pids.value if isinstance(one.pids, Seen) else ()
    return f" (PID {', '.join(map(str, pids))})" if pids else ""


def _outlived(item: ListeningPort, found: list[Listener], host: HostFacts) -> list[str]:
    """Name processes of the owner that are older than its present start: the old release answers.

    A unit that is stopped without all of its processes (``KillMode=process``, a fork that lost its
    parent) keeps them in its control group, and they go on answering beside the new ones.
    """
    unit = host.units.get(item.owner or "")
    if not isinstance(unit, Seen) or not isinstance(unit.value.pids, Seen):
        return []
    since_us = unit.value.readings[1].started_monotonic_us
    if not since_us:
        return []
    since = host.identity.booted + dt.timedelta(microseconds=since_us) - TOLERANCE
    own = set(unit.value.pids.value)
    held = {pid for one in found if isinstance(one.pids, Seen) for pid in one.pids.value}
    old = [host.processes[pid] for pid in sorted(held & own) if pid in host.processes]
    return [
        f"process {one.pid} answers since {one.started:%Y-%m-%d %H:%M:%S} UTC, from before "
        f"{item.owner} was started: an old process outlived its release"
        for one in old
        if one.started < since
    ]


def _processes(item: ListeningPort, found: list[Listener], host: HostFacts) -> list[str]:
    """Count the workers: a supervisor that holds the socket for its children is none."""
    if item.processes is None:
        return []
    pids = {pid for one in found for pid in require(one.pids, f"PIDs on port {one.port}")}
    parents = {host.processes[pid].parent for pid in pids if pid in host.processes}
    workers = pids - parents
    if len(workers) == item.processes:
        return []
    return [f"held by {len(workers)} worker processes: {', '.join(map(str, sorted(workers)))}"]


def _find(promise: Promise, scene: Scene) -> Found:
    return listeners(promise, scene)


def listeners(promise: Promise, scene: Scene) -> Seen[tuple[Listener, ...]] | Absent | CannotTell:
    """Who listens on a port; absent where the list of listeners is there and names nobody."""
    host = scene.observed.host
    if not isinstance(host, Seen):
        return host
    if not isinstance(host.value.listeners, Seen):
        return host.value.listeners
    item = scene.item(promise, ListeningPort)
    number = scene.target.port(item.port)
    if number in host.value.unsure_ports:
        return CannotTell(host.value.unsure_ports[number], Cause.UPSTREAM)
    found = tuple(
        one
        for one in host.value.listeners.value
        if one.port == number and (not item.addresses or address_of(one) in item.addresses)
    )
    on = f" of {', '.join(map(str, item.addresses))}" if item.addresses else ""
    return Seen(found) if found else Absent(f"no TCP socket listens on port {number}{on}")


def _state(promise: Promise, scene: Scene) -> Told:
    fact = listeners(promise, scene)
    if isinstance(fact, CannotTell):
        return fact
    if isinstance(fact, Absent):
        return State("closed")
    return State("; ".join(sorted({_holder(one) for one in fact.value})))


def _holder(one: Listener) -> str:
    units = ", ".join(sorted(one.units.value)) if isinstance(one.units, Seen) else ""
    return f"open on {one.address}" + (f", held by {units}" if units else "")


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, ListeningPort), listeners(promise, scene)
    held = shown(fact, "closed", lambda found: _newest_first(scene.host, found))
    return {"Port": str(item.port), "Service": item.service, "PID": held}


def _newest_first(host: HostFacts, found: Sequence[Listener]) -> str:
    """The processes that hold a port, newest first; ``-`` where they cannot be seen.

    A supervisor that passed its socket on to its workers is left out, as in the user's document.
    """
    pids = {pid for one in found if isinstance(one.pids, Seen) for pid in one.pids.value}
    supervisors = {host.processes[pid].parent for pid in pids if pid in host.processes} & pids
    never = dt.datetime.min.replace(tzinfo=dt.timezone.utc)

    def age(pid: int) -> tuple[dt.datetime, int]:
        process = host.processes.get(pid)
        return (process.started if process else never, pid)

    workers = sorted(pids - supervisors or pids, key=age, reverse=True)
    return ", ".join(str(pid) for pid in workers) or "-"


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if isinstance(item, ListeningPort) and item.owner:
        yield from no_such_unit("owner", item.owner, promises)


def no_such_unit(key: str, unit: str, promises: Promises) -> Iterable[str]:
    """A unit that another item names must itself be promised."""
    items = (one.before for one in promises.values())
    if not any(isinstance(item, Service) and item.unit == unit for item in items):
        yield f"{key}: no item of services.toml promises the unit {unit!r}"


KIND = Kind(
    name="port",
    chapter="ports",
    rank=20,
    model=ListeningPort,
    severity="critical",
    moments=always,
    asks=asks_nothing,
    find=_find,
    compare=port,
    state=_state,
    row=_row,
    references=_references,
    record=record_ports,
    discover=PORTS_THERE,
    named_by=("port",),
)
