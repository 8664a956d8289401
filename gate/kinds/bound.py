"""Where sockets are bound, and how far they can be reached from."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from gate.errors import ObservationError
from gate.sources.fact import Cause
from gate.sources.host.facts import Listener

LOOPBACK = "lo"
"""What Linux calls the network device of the host itself."""
IPV6_ALONE = "it can be reached by IPv6 only"
ANY_IPV4 = ipaddress.IPv4Address(0)
"""Every IPv4 address of the host."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(one: Listener) -> Address:
    """Where a socket is bound; one that is bound to an IPv4 address by IPv6 is bound to that."""
    address = ipaddress.ip_address(one.address.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _device(one: Listener) -> str:
    """The network device that a socket is bound to (``lo``); empty where it is bound to none."""
    return one.address.partition("%")[2]


def takes_ipv4(one: Listener) -> bool | None:
    """Whether a client can reach a socket by IPv4; ``None`` where it cannot be told."""
    address = address_of(one)
    if isinstance(address, ipaddress.IPv4Address):
        return True
    if not address.is_unspecified:
        return False
    return None if one.v6only is None else not one.v6only


def reach(wanted: str | None, found: Sequence[Listener]) -> list[str]:
    """What is wrong with how far sockets can be reached.

    Args:
        wanted: ``loopback`` (nothing wider), ``any`` (a wildcard), or ``None``.
        found: The sockets of a port.

    Raises:
        ObservationError: It is not told whether one takes IPv4.
    """
    bound = ", ".join(one.address for one in found)
    inside = [address_of(one).is_loopback or _device(one) == LOOPBACK for one in found]
    wide = [one.address for one, within in zip(found, inside, strict=True) if not within]
    if wanted == "loopback" and wide:
        return [f"it can be reached from outside: bound to {', '.join(wide)}"]
    if wanted != "any":
        return []
    wildcards = [one for one in found if address_of(one).is_unspecified and not _device(one)]
    everywhere = [takes_ipv4(one) for one in wildcards]
    if not everywhere:
        return [f"it is bound to {bound} only"]
    if True in everywhere:
        return []
    if None in everywhere:
        raise _untold(found)
    return [f"{IPV6_ALONE}: bound to {bound} with v6only"]


def _untold(found: Sequence[Listener]) -> ObservationError:
    bound = ", ".join(one.address for one in found)
    reason = f"whether the socket on {bound} takes IPv4 is not told (v6only)"
    return ObservationError(f"cannot tell ({Cause.UPSTREAM.value}): {reason}")


def unheard(wanted: Sequence[Address], found: Sequence[Listener], number: int) -> list[str]:
    """Addresses that nothing listens on; any of IPv4 is in any of IPv6 where a socket takes both.

    Args:
        wanted: The addresses.
        found: The sockets of a port.
        number: The port, for the words.

    Raises:
        ObservationError: It is not told whether one takes IPv4.
    """
    bound = {address_of(one) for one in found}
    if ANY_IPV4 in wanted and ANY_IPV4 not in bound:
        wildcards = [one for one in found if address_of(one).is_unspecified and not _device(one)]
        both = [takes_ipv4(one) for one in wildcards]
        if True in both:
            bound.add(ANY_IPV4)
        elif None in both:
            raise _untold(wildcards)
    return [f"nothing listens on {one} port {number}" for one in wanted if one not in bound]
