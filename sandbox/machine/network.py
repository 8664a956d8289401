"""A machine's own network: one veth pair and four addresses that nobody else here uses.

The addresses are put on both ends by hand. Inside there is no default route: a machine reaches
this host and nothing else.
"""

import ipaddress
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sandbox.machine import command
from sandbox.machine.error import MachineError

POOL = ipaddress.IPv4Network("10.213.0.0/16")
"""Where the networks of machines are taken from: one /30 each."""

INSIDE = "host0"
"""What systemd-nspawn calls the inner end."""

_PLUGGED_WITHIN_S = 10.0


class Link(NamedTuple):
    """The two ends of a machine's network."""

    interface: str
    outer: str
    address: str
    prefix: int


def outside(name: str) -> str:
    """Return what systemd-nspawn calls the outer end of a machine's veth pair."""
    return f"ve-{name}"


def pick(name: str, taken: Iterable[str]) -> Link:
    """Return the first network of the pool that nothing on this host overlaps.

    Args:
        name: The machine's.
        taken: Addresses of the machines that are recorded here, up or not.

    Raises:
        MachineError: All are in use.
    """
    used = [*_routed(), *map(ipaddress.IPv4Network, taken)]
    for network in POOL.subnets(new_prefix=30):
        if not any(network.overlaps(other) for other in used):
            outer, inner = network.hosts()
            return Link(outside(name), str(outer), str(inner), network.prefixlen)
    raise MachineError(f"no free network is left in {POOL}; look at: ip -4 route show table all")


def plug(link: Link, leader: int) -> None:
    """Put the addresses on both ends.

    Args:
        link: What to put where.
        leader: Process id of the machine's init; its network name space is the inner one.

    Raises:
        MachineError: An end did not appear, or an address was refused.
    """
    _await_inside(leader)
    inside = ["nsenter", "--target", str(leader), "--net"]
    ends = [([], link.interface, link.outer), (inside, INSIDE, link.address)]
    for entering, interface, address in ends:
        ip = [*entering, "ip"]
        command.output([*ip, "address", "add", f"{address}/{link.prefix}", "dev", interface])
        command.output([*ip, "link", "set", interface, "up"])


def exists(interface: str) -> bool:
    """Tell whether this host has an interface of that name."""
    return Path(f"/sys/class/net/{interface}").exists()


def unplug(interface: str) -> None:
    """Remove the outer end where it is left; it goes by itself with the machine's last process."""
    if exists(interface):
        command.output(["ip", "link", "delete", interface])


def _await_inside(leader: int) -> None:
    """Wait until the inner end is in the machine's network name space."""
    devices = Path(f"/proc/{leader}/net/dev")
    deadline = time.monotonic() + _PLUGGED_WITHIN_S
    while f"{INSIDE}:" not in devices.read_text():
        if time.monotonic() > deadline:
            raise MachineError(
                f"interface {INSIDE} did not appear in the machine within "
                f"{_PLUGGED_WITHIN_S:g} s; look at: cat {devices}"
            )
        time.sleep(0.02)


def _routed() -> list[ipaddress.IPv4Network]:
    """Return every IPv4 network this host has a route or an address for, the default apart."""
    shown = command.output(["ip", "-json", "-4", "route", "show", "table", "all"])
    routes = {route["dst"] for route in json.loads(shown)} - {"default"}
    return [ipaddress.IPv4Network(route, strict=False) for route in routes]
