"""Read a host's listening TCP sockets, from ``ss`` or, where it is missing, ``/proc/net``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Identity, Listener, Unit
from gate.sources.host.processes import Table
from gate.sources.host.script import Section

LISTEN = 5
"""Fields of a line of ``ss`` before the details: state, two queues, local, peer."""
INODE = 9
"""Field of a line of ``/proc/net/tcp`` that holds the socket's inode."""


def read_listeners(
    section: Section, units: Iterable[Fact[Unit]], table: Table, identity: Identity
) -> Fact[tuple[Listener, ...]]:
    """Read every listening socket with its processes and their units."""
    if section.rc != 0:
        return CannotTell(f"ss -Hltnpe: {section.why}", Cause.UPSTREAM)
    known = [one.value for one in units if isinstance(one, Seen)]
    lines = section.text.splitlines()
    try:
        found = _from_proc(lines) if lines[:1] == ["/proc/net"] else list(map(_from_ss, lines))
    except (ValueError, IndexError) as error:
        return CannotTell(f"the list of sockets cannot be read: {error}", Cause.UPSTREAM)
    return Seen(tuple(_listener(one, known, table, identity) for one in found))


def _from_ss(line: str) -> dict[str, str]:
    words = line.split(None, LISTEN)
    details = words[LISTEN] if len(words) > LISTEN else ""
    address, _, port = words[3].rpartition(":")
    bare = re.sub(r"\[(.*)\]", r"\1", address)
    group = re.search(r"\bcgroup:(\S+)", details)
    return {
        "address": "::" if bare == "*" else bare,
        "port": port,
        "v6only": _one(r"\bv6only:([01])", details) or ("0" if bare == "*" else ""),
        "pids": " ".join(re.findall(r'",pid=(\d+),fd=\d+\)', details)),
        "uid": _one(r"\buid:(\d+)", details) or "0",
        "cgroup": group[1] if group and "users:" not in group[1] else "",
    }


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _from_proc(lines: list[str]) -> list[dict[str, str]]:
    holders: dict[str, set[str]] = {}
    for pid, inode in re.findall(
        r"^/proc/(\d+)/fd/\d+ socket:\[(\d+)\]", "\n".join(lines), re.MULTILINE
    ):
        holders.setdefault(inode, set()).add(pid)
    found = []
    for line in lines:
        words = line.split()
        if not re.match(r"\d+:$", words[0] if words else ""):
            continue
        address, _, port = words[1].partition(":")
        found.append(
            {
                "address": str(_address(address)),
                "port": str(int(port, 16)),
                "v6only": "",
                "pids": " ".join(sorted(holders.get(words[INODE], set()))),
                "uid": words[7],
                "cgroup": "",
            }
        )
    return found


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The kernel writes 32-bit words in the host's byte order: little-endian on what is gated."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    return ipaddress.ip_address(b"".join(words))


def _listener(
    one: Mapping[str, str], units: list[Unit], table: Table, identity: Identity
) -> Listener:
    family: Literal["ipv4", "ipv6"] = "ipv6" if ":" in one["address"] else "ipv4"
    pids = tuple(sorted(map(int, one["pids"].split())))
    return Listener(
        address=one["address"],
        port=int(one["port"]),
        family=family,
        v6only=one["v6only"] == "1" if one["v6only"] else None,
        pids=Seen(pids) if pids else _unseen(one, table, identity),
        units=_owners(one, pids, units, table, identity),
        uid=int(one["uid"]) if one["uid"] else None,
    )


def _unseen(one: Mapping[str, str], table: Table, identity: Identity) -> Fact[tuple[int, ...]]:
    if identity.privileges == "user":
        reason = f"processes of port {one['port']} are not shown to {table.viewer}"
        return CannotTell(reason, Cause.PERMISSION)
    return Seen(())


def _owners(
    one: Mapping[str, str],
    pids: tuple[int, ...],
    units: list[Unit],
    table: Table,
    identity: Identity,
) -> Fact[tuple[str, ...]]:
    """By the processes' units, else by the control group that the socket was opened in."""
    found = {
        unit.id
        for unit in units
        if isinstance(unit.pids, Seen) and set(pids) & set(unit.pids.value)
    }
    groups = {group for pid in pids if (group := table.group(pid))} or {one["cgroup"]} - {""}
    if identity.has_systemd:  # else the groups are those of a world outside of the container
        found |= {name for group in groups if (name := _unit_of(group))}
    if not found and not pids and not groups:
        reason = f"whose port {one['port']} is, is not shown to {table.viewer}"
        return CannotTell(reason, Cause.PERMISSION)
    if not found and not units and not identity.has_systemd:
        reason = f"PID 1 is {identity.init}, not systemd: port {one['port']} has no unit to tell"
        return CannotTell(reason, Cause.TOOL_MISSING)
    return Seen(tuple(sorted(found)))


def _unit_of(group: str) -> str:
    """The unit that a control group belongs to; empty for slices and the root."""
    names = [one for one in group.split("/") if one.endswith((".service", ".scope", ".socket"))]
    return names[0] if names else ""
