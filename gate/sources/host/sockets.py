"""Read a host's listening TCP sockets, from ``ss`` or, where it is missing, ``/proc/net``."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Identity, Listener, Unit
from gate.sources.host.processes import Table
from gate.sources.host.section import Section

SYSTEMD = "init.scope"
"""Where systemd itself runs, which opens the sockets that it passes on to services."""
LISTEN = 5
"""Fields of a line of ``ss`` before the details: state, two queues, local, peer."""
INODE = 9
"""Field of a line of ``/proc/net/tcp`` that holds the socket's inode."""
SL = re.compile(r"[0-9]{1,10}:")
"""The first field of such a line."""
PORT = re.compile(r"[0-9]{1,5}")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Kernel = frozenset[tuple[Address, int]]


@dataclasses.dataclass(frozen=True)
class Sockets:
    """What listens.

    Attributes:
        listeners: Every listening socket that could be read.
        unsure: Ports of which ``ss`` and the kernel do not say the same, with why; of port 0 where
            it may be any.
    """

    listeners: Fact[tuple[Listener, ...]]
    unsure: Mapping[int, str]


def read_sockets(
    answers: Mapping[str, Section], units: Iterable[Fact[Unit]], table: Table, identity: Identity
) -> Sockets:
    """Read every listening socket with its processes and their units.

    Args:
        answers: Holds the section ``listeners``, and what the kernel says before and after it.
        units: What is known of units.
        table: The host's processes.
        identity: Who looked.
    """
    section = answers["listeners"]
    if section.rc != 0:
        late = Cause.TIMEOUT if section.late else Cause.UPSTREAM
        return Sockets(CannotTell(f"ss -Hltnpe: {section.why}", late), {})
    owners = [one.value for one in units if isinstance(one, Seen)]
    lines = section.text.splitlines()
    from_proc = lines[:1] == ["/proc/net"]
    rows, odd = _rows(_from_proc(lines) if from_proc else map(_from_ss, lines), lines)
    kernel = [_kernel(answers[name]) for name in ("kernel", "kernel.2")]
    if odd and (from_proc or None in kernel):
        why = f"the list of sockets cannot be read: {known.first(odd[0], 80)!r}"
        return Sockets(CannotTell(why, Cause.UPSTREAM), {})
    if not rows and any(kernel):
        why = "ss -Hltnpe printed no socket, but /proc/net/tcp has some that listen"
        return Sockets(CannotTell(why, Cause.UPSTREAM), {})
    told = {(_plain(one["address"]), int(one["port"])) for one in rows}
    unsure = {} if from_proc else _unsure(told, [one for one in kernel if one is not None])
    found = tuple(_listener(one, owners, table, identity) for one in rows)
    return Sockets(Seen(found), unsure)


def _rows(
    found: Iterable[dict[str, str] | None], lines: list[str]
) -> tuple[list[dict[str, str]], list[str]]:
    """Sockets, and lines that are none."""
    rows, odd = [], []
    for row, line in zip(found, lines, strict=False):
        if row is None:
            odd.append(line)
        elif row:
            rows.append(row)
    return rows, odd


def _kernel(section: Section) -> Kernel | None:
    """What the kernel says that listens; ``None`` where it cannot be read."""
    found = [_proc_address(line.split()) for line in section.text.splitlines()]
    if section.rc != 0 or None in found:
        return None
    return frozenset(one for one in found if one is not None)


def _unsure(told: set[tuple[Address, int]], kernel: list[Kernel]) -> dict[int, str]:
    """Ports of sockets that one of them has alone, all the time."""
    if not kernel:
        return {}
    always, ever = frozenset.intersection(*kernel), frozenset.union(*kernel)
    missing = "/proc/net/tcp has a listening socket {}:{}, which ss does not tell"
    invented = "ss tells a listening socket {}:{}, which /proc/net/tcp does not have"
    return {one[1]: missing.format(*one) for one in sorted(always - told, key=str)} | {
        one[1]: invented.format(*one) for one in sorted(told - ever, key=str)
    }


def _plain(address: str) -> Address:
    """An address without the device that it is bound to."""
    return ipaddress.ip_address(address.partition("%")[0])


def _from_ss(line: str) -> dict[str, str] | None:
    """A line of ``ss -Hltnpe``; ``None`` where it is like none."""
    words = line.split(None, LISTEN)
    if len(words) < LISTEN or words[0] != "LISTEN":
        return None
    details = words[LISTEN] if len(words) > LISTEN else ""
    address, _, port = words[3].rpartition(":")
    bare = re.sub(r"^\[(.*)\]", r"\1", address)
    bare = "::" if bare == "*" else bare
    if not _is_address(bare, port):
        return None
    group = re.search(r"\bcgroup:(\S+)", details)
    return {
        "address": bare,
        "port": port,
        "v6only": _one(r"\bv6only:([01])", details) or ("0" if address == "*" else ""),
        "pids": " ".join(re.findall(r'",pid=([0-9]{1,10}),fd=[0-9]+\)', details)),
        "uid": _one(r"\buid:([0-9]{1,10})\b", details) or "0",
        "cgroup": group[1] if group and "users:" not in group[1] else "",
    }


def _is_address(text: str, port: str) -> bool:
    try:
        _plain(text)
    except ValueError:
        return False
    return bool(PORT.fullmatch(port)) and 0 < int(port) < 1 << 16


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _from_proc(lines: list[str]) -> Iterator[dict[str, str] | None]:
    """The same from ``/proc/net/tcp`` and from what every process holds open, line by line."""
    holders: dict[str, set[str]] = {}
    for line in lines:
        match = re.match(r"/proc/([0-9]{1,10})/fd/[0-9]+ socket:\[([0-9]+)\]", line)
        if match:
            holders.setdefault(match[2], set()).add(match[1])
    for line in lines:
        words = line.split()
        if line.startswith("/proc/") or not words:
            yield {}
            continue
        found = _proc_address(words)
        if found is None or len(words) <= INODE or not re.fullmatch("[0-9]{1,10}", words[7]):
            yield None
            continue
        yield {
            "address": str(found[0]),
            "port": str(found[1]),
            "v6only": "",
            "pids": " ".join(sorted(holders.get(words[INODE], set()))),
            "uid": words[7],
            "cgroup": "",
        }


def _proc_address(words: list[str]) -> tuple[Address, int] | None:
    """Where a socket of ``/proc/net/tcp`` listens; ``None`` where the line is like none.

    The kernel writes 32-bit words in the host's byte order: little-endian on what is gated.
    """
    if len(words) < 4 or not SL.fullmatch(words[0]):  # noqa: PLR2004 - sl, local, remote, state
        return None
    address, _, port = words[1].partition(":")
    try:
        parts = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
        found, number = ipaddress.ip_address(b"".join(parts)), int(port, 16)
    except ValueError:
        return None
    return (found, number) if 0 < number < 1 << 16 else None


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
    if not pids and found == {SYSTEMD}:
        reason = f"systemd opened port {one['port']}; for whom is not shown to {table.viewer}"
        return CannotTell(reason, Cause.PERMISSION)
    if not found and not pids and not groups:
        reason = f"whose port {one['port']} is, is not shown to {table.viewer}"
        return CannotTell(reason, Cause.PERMISSION)
    unread = next((one.pids for one in units if isinstance(one.pids, CannotTell)), None)
    if not found and unread is not None:
        return unread
    if not found and identity.has_systemd and any(table.group(pid) is None for pid in pids):
        reason = f"the control groups of who holds port {one['port']} are not in what was read"
        return CannotTell(f"/proc/*/cgroup: {reason}", Cause.UPSTREAM)
    if not found and not units and not identity.has_systemd:
        reason = f"PID 1 is {identity.init}, not systemd: port {one['port']} has no unit to tell"
        return CannotTell(reason, Cause.TOOL_MISSING)
    return Seen(tuple(sorted(found)))


def _unit_of(group: str) -> str:
    """The unit that a control group belongs to; empty for slices and the root."""
    names = [one for one in group.split("/") if one.endswith((".service", ".scope", ".socket"))]
    return names[0] if names else ""
