"""Ports as a look has seen them, for the recorder."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from gate.kinds.kind import Discovery, Recorded
from gate.kinds.recorded_again import again
from gate.kinds.scene import Scene
from gate.kinds.unplaced import is_whole
from gate.sources.fact import Seen, require
from gate.sources.host.facts import Listener
from gate.sources.host.sockets import SYSTEMD

EPHEMERAL = 32768
"""From here on Linux gives ports away by itself."""


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
        owner = _owner(sockets)
        local = all(
            ipaddress.ip_address(one.address.partition("%")[0]).is_loopback for one in sockets
        )
        if not isinstance(scene.host.units.get(owner), Seen):
            owner = ""  # its own item would be missing
        if not owner and not is_whole(scene.target):
            continue
        name = owner.removesuffix(".service") or str(number)
        keys = {
            "title": f"{owner or 'Somebody'} listens on {number}",
            "port": number,
            "service": name,
            **({"owner": owner} if owner else {}),
            **({"reach": "loopback"} if local else {}),
        }
        found = Recorded(f"{name} {number}" if owner else str(number), keys)
        yield again(found, scene, "port", "port", ("service", "processes"))


def _owner(sockets: list[Listener]) -> str:
    """The one unit that holds all sockets of a port; empty where there is none, or several.

    What systemd opened for a service that runs is that service's: systemd only keeps it.
    """
    held = [{*one.units.value} - {SYSTEMD} for one in sockets if isinstance(one.units, Seen)]
    units = {unit for some in held for unit in some if not unit.endswith(".scope")}
    return units.pop() if len(units) == 1 and len(held) == len(sockets) and all(held) else ""


# Every look lists the sockets; a unit that is no item of the contract cannot be named as the owner.
PORTS_THERE = Discovery(
    asks=lambda _: (), names=lambda _scene, _which: (), doubtful=("owner", "reach")
)
