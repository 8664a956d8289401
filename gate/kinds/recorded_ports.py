"""Ports as a look has seen them, for the recorder."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gate.kinds.bound import Address, address_of, takes_ipv4
from gate.kinds.kind import Discovery, Recorded
from gate.kinds.recorded_again import again
from gate.kinds.scene import Scene
from gate.kinds.unplaced import is_whole
from gate.sources.fact import Seen, require
from gate.sources.host.census import CENSUS, UNITS
from gate.sources.host.facts import Listener
from gate.sources.host.sockets import SYSTEMD

EPHEMERAL = 32768
"""From here on Linux gives ports away by itself."""
CHOSEN = 4
"""So many addresses somebody writes down; who listens at more asks the host which it has."""


def record_ports(scene: Scene) -> Iterable[Recorded]:
    """Every TCP port that somebody listens on: how far it reaches, and whose it is.

    Left out are the ports that the kernel gives away by itself, and beside a target that is not
    the whole host those of others.
    """
    heard: dict[int, list[Listener]] = {}
    for one in require(scene.host.listeners, "list of sockets"):
        heard.setdefault(one.port - scene.target.port_offset, []).append(one)
    for number, sockets in sorted(heard.items()):
        if not 0 < number < EPHEMERAL:
            continue
        shared = _shared(sockets)
        for address, held in shared.items() or [("", sockets)]:
            owner = _kept(scene, held, _owner(held))
            if not isinstance(scene.host.units.get(owner), Seen):
                owner = ""  # its own item would be missing
            if owner or is_whole(scene.target):
                yield _recorded(scene, number, owner, address, held)


def _recorded(
    scene: Scene, number: int, owner: str, address: str, held: list[Listener]
) -> Recorded:
    local = all(address_of(one).is_loopback for one in held)
    name = owner.removesuffix(".service").removesuffix(".socket") or str(number)
    keys = {
        "title": f"{owner or 'Somebody'} listens on {number}{address and f' of {address}'}",
        "port": number,
        "service": name,
        **({"owner": owner} if owner else {}),
        **({"addresses": [address]} if address else {"reach": "loopback"} if local else {}),
    }
    ipv6 = all(takes_ipv4(one) is False for one in held)
    chosen = few({address_of(one) for one in held}) or _both(held)
    if not address and (ipv6 or (not local and chosen)):
        keys["addresses"] = sorted({str(address_of(one)) for one in held})
    called = f"{name} {number}" if owner else str(number)
    found = Recorded(f"{called} {address}".strip(), keys)
    subject = ("port", "addresses") if address else ("port",)
    return again(found, scene, "port", subject, ("service", "processes", "addresses"))


def few(addresses: Collection[Address]) -> bool:
    """Whether somebody chose them: neither any address, nor each that the host has."""
    passing = any(one.is_unspecified or one.is_link_local for one in addresses)
    return not passing and len(addresses) <= CHOSEN


def _both(held: list[Listener]) -> bool:
    """Whether any address of IPv4 and any of IPv6 have a socket each: either may be lost alone."""
    bound = {address_of(one) for one in held}
    versions = {one.version for one in bound}
    return len(bound) == len(versions) == 2 and all(one.is_unspecified for one in bound)  # noqa: PLR2004


def _shared(sockets: list[Listener]) -> dict[str, list[Listener]]:
    """The sockets of a port by their addresses, where several units share it; else nothing."""
    held: dict[str, list[Listener]] = {}
    for one in sockets:
        held.setdefault(str(address_of(one)), []).append(one)
    owners = [_owner(some) for some in held.values()]
    return held if all(owners) and len({*owners}) > 1 else {}


def _owner(sockets: list[Listener]) -> str:
    """The one unit that holds all sockets of a port; empty where there is none, or several.

    What systemd opened for a service that runs is that service's: systemd only keeps it.
    """
    held = [{*one.units.value} - {SYSTEMD} for one in sockets if isinstance(one.units, Seen)]
    units = {unit for some in held for unit in some if not unit.endswith(".scope")}
    return units.pop() if len(units) == 1 and len(held) == len(sockets) and all(held) else ""


def _kept(scene: Scene, sockets: list[Listener], owner: str) -> str:
    """The socket unit of what systemd itself keeps, where no service does that always."""
    fact = scene.probed(CENSUS, UNITS)
    kept = all(isinstance(one.units, Seen) and SYSTEMD in one.units.value for one in sockets)
    if not kept or not isinstance(fact, Seen):
        return owner
    ports = {one.port for one in sockets}
    opened = [one.unit for one in fact.value.units if ports & {*one.ports}]
    resting = {one.unit for one in fact.value.units if one.on_demand}
    return opened[0] if len(opened) == 1 and (not owner or owner in resting) else owner


# Every look lists the sockets; a unit that is no item of the contract cannot be named as the owner.
PORTS_THERE = Discovery(
    asks=lambda _: (), names=lambda _scene, _which: (), doubtful=("owner", "reach", "addresses")
)
