"""The probe that finds the connections of a unit's own processes: of all of them, by the kernel."""

from __future__ import annotations

import collections
import ipaddress
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.probe import Probe
from gate.sources.host.processes import groups_of
from gate.sources.host.section import Section

SCRIPT = """\
limit=; command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 4'
command -v ss >/dev/null 2>&1 || {{ echo 'sh: ss: not found' >&2; exit 127; }}
properties=Id,Names,LoadState,ActiveState,SubState,MainPID,ControlGroup
units=$($limit systemctl show -p $properties -- {units})
printf '%s\\n' "$units" | sed 's/^/U /'
echo "M $(readlink /proc/self/ns/net)"
for pid in $(printf '%s\\n' "$units" | sed -n 's/^MainPID=\\([1-9]\\)/\\1/p'); do
  echo "N $pid $(readlink /proc/$pid/ns/net 2>/dev/null)"
done
grep -Hs '^PPid:' /proc/[0-9]*/status | sed 's/^/S /'
grep -Hs -e '^0::' -e ':name=systemd:' /proc/[0-9]*/cgroup | sed 's/^/G /'
for one in /proc/[0-9]*; do
  [ -e "$one/fd/." ] || {{ [ -e "$one" ] && echo "H ${{one#/proc/}}"; }}
done
tcp='state established'
whole() {{ "$@"; printf 'ended %s\\n' $?; }}
tcp() {{ $limit ss -Htnpe --cgroup $tcp 2>/dev/null || $limit ss -Htnpe $tcp; }}
whole tcp | sed 's/^/T /'
whole $limit ss -Hxp $tcp | sed 's/^/X /'
$limit ss -Hxlp | sed 's/^/L /'
echo 'Z'
"""
MOST_KIB = 4096
ENDED = ("T ended 0", "X ended 0")
"""Both lists are whole: what was ended in between is none."""
TCP = re.compile(r"T +\d+ +\d+ +(\S+):(\d+) +(\S+):(\d+)(.*)")
UNIX = re.compile(r"X +\S+ +(?:ESTAB +)?\d+ +\d+ +(\S+) +(\d+) +(\S+) +(\d+)(.*)")
HEARS = re.compile(r"L +\S+ +LISTEN +\d+ +\d+ +(\S+) +\d+ +(.*)")
PIDS = re.compile(r"pid=([0-9]{1,10}),")
GROUP = re.compile(r"\bcgroup:(\S+)")
PATHS = 3
"""So many Unix sockets that a unit listens on are kept."""
PEERS = 500
"""So many connections of one unit are kept."""


class Connection(Model):
    """A connection of a unit.

    Attributes:
        address, port: Its own end; of a Unix socket, empty and -1.
        peer, peer_port: The other end; of a Unix socket, its path and -1.
        peer_pids: Processes at the other end, where it is on this host and they are shown.
        peer_name: Name of the program there.
    """

    address: str
    port: int
    peer: str
    peer_port: int
    peer_pids: tuple[int, ...] = ()
    peer_name: str = ""


class Connections(Model):
    """The connections of a unit's processes.

    Attributes:
        state: Of the unit, such as ``active (running)``.
        pids: Its processes: of its control group, or its main process with all descendants.
        found: Established connections, at most 500; first those that it opened itself.
        hidden: Why some may not be among them; empty where all are.
        unseen: Whether sockets of its processes are not shown to who looked: then no connection
            through a Unix socket is.
        hears: Unix sockets that they listen on, as far as that is shown.
    """

    state: str
    pids: tuple[int, ...]
    found: tuple[Connection, ...]
    hidden: str = ""
    unseen: bool = False
    hears: tuple[str, ...] = ()


def script(units: Sequence[str]) -> str:
    """Ask for all units at once."""
    return SCRIPT.format(units=shlex.join(units))


def read(section: Section, units: Sequence[str]) -> Mapping[str, Connections | Absent | CannotTell]:
    """What the answer says of each unit."""
    lines = section.text.splitlines()
    if lines[-1:] == ["Z"] and not all(one in lines for one in ENDED):
        said = f": {section.err}" if section.err else ""
        cut = CannotTell(f"the host's connections: ss did not end well{said}", Cause.UPSTREAM)
        return dict.fromkeys(units, cut)
    if lines[-1:] != ["Z"]:
        missing = section.rc == 127  # noqa: PLR2004 - the shell's "not found"
        cause = Cause.TOOL_MISSING if missing else Cause.UPSTREAM
        cause = Cause.TIMEOUT if section.late else cause
        why = CannotTell(f"the host's connections: {section.why}", cause)
        return dict.fromkeys(units, why)
    host = _Host(lines)
    return {unit: host.of(unit) for unit in units}


class _Host:
    """The answer, taken apart."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.units = _units(lines)
        self.parents = dict(_pairs(lines, r"S /proc/(\d+)/status:PPid:\s+(\d+)"))
        told = "\n".join(line[2:] for line in lines if line.startswith("G "))
        self.groups = {str(pid): path for pid, path in groups_of(told).items()}
        self.closed = {line[2:] for line in lines if line.startswith("H ")}
        self.tcp = [match for line in lines if (match := TCP.fullmatch(line))]
        self.unix = [match for line in lines if (match := UNIX.fullmatch(line))]
        self.heard = [match for line in lines if (match := HEARS.fullmatch(line))]
        # A list that names nobody at all says nothing of who is not in it.
        named = any(PIDS.search(one[5]) for one in (*self.tcp, *self.unix))
        self.silent = not named and not any(GROUP.search(one[5]) for one in self.tcp)
        self.anyones = any(not PIDS.search(one[5]) and not GROUP.search(one[5]) for one in self.tcp)
        self.own_net = next((line[2:] for line in lines if line.startswith("M ")), "")
        self.nets = dict(_pairs(lines, r"N (\d+) (\S+)"))
        # Both ends of what is on this host.
        self.far = {_end(one, 1): one for one in self.tcp}
        self.inodes = {one[2]: one for one in self.unix}

    def of(self, name: str) -> Connections | Absent | CannotTell:
        """What one unit is connected to."""
        unit = self.units.get(name)
        if unit is None:
            return CannotTell(f"systemctl show {name}: it is not told of", Cause.UPSTREAM)
        # A process goes on after its unit's file was removed.
        if unit.get("LoadState") == "not-found" and unit.get("MainPID", "0") == "0":
            return Absent(f"systemctl show {name}: LoadState=not-found")
        pid, group = unit.get("MainPID", "0"), unit.get("ControlGroup", "")
        pids = self._pids(pid, group)
        if pid in self.nets and self.own_net and self.nets[pid] != self.own_net:
            return CannotTell(f"{name} has a network of its own", Cause.UPSTREAM)
        tcp = [one for one in self.tcp if self._owns(one[5], pids, group)]
        unix = [one for one in self.unix if self._owns(one[5], pids, group)]
        ends = collections.Counter(_end(one, 1) for one in tcp)
        accepted = [one for one in tcp if ends[_end(one, 1)] > 1]  # several peers at one end
        opened = [one for one in tcp if ends[_end(one, 1)] == 1]
        may_be = (*map(self._tcp, opened), *filter(None, map(self._unix, unix)))
        found = (*may_be, *map(self._tcp, accepted))
        unseen = bool(pids & self.closed)
        dark = bool(pids) and not tcp and (self.silent or (unseen and self.anyones))
        hidden = "processes of connections are not shown" if dark else ""
        return Connections(
            state=f"{unit.get('ActiveState', '')} ({unit.get('SubState', '')})",
            pids=tuple(sorted(map(int, pids))),
            found=found[:PEERS],
            hidden=f"more than {PEERS} connections" if len(may_be) > PEERS else hidden,
            unseen=unseen,
            hears=tuple(one[1] for one in self.heard if pids & set(PIDS.findall(one[2])))[:PATHS],
        )

    def _pids(self, main: str, group: str) -> set[str]:
        if group and group != "/":
            inside = (f"{group}/", group)
            return {pid for pid, path in self.groups.items() if f"{path}/".startswith(inside[0])}
        found, before = ({main} if main in self.parents else set()), set[str]()
        while found != before:
            before = found
            found = found | {pid for pid, parent in self.parents.items() if parent in found}
        return found

    @staticmethod
    def _owns(details: str, pids: set[str], group: str) -> bool:
        if pids & set(PIDS.findall(details)):
            return True
        of = GROUP.search(details)
        return bool(of and group not in ("", "/") and f"{of[1]}/".startswith(f"{group}/"))

    def _tcp(self, one: re.Match[str]) -> Connection:
        far = self.far.get(_end(one, 3))
        return Connection(
            address=plain(one[1]),
            port=int(one[2]),
            peer=plain(one[3]),
            peer_port=int(one[4]),
            **_who(far[5] if far else ""),
        )

    def _unix(self, one: re.Match[str]) -> Connection | None:
        far = self.inodes.get(one[4])
        if far is None or far[1] == "*":
            return None
        return Connection(address="", port=-1, peer=far[1], peer_port=-1, **_who(far[5]))


def _who(details: str) -> dict[str, object]:
    name = re.search(r'users:\(\("([^"]{1,64})"', details)
    pids = tuple(sorted(set(map(int, PIDS.findall(details)))))
    return {"peer_pids": pids, "peer_name": known.first(name[1], 64) if name else ""}


def _end(one: re.Match[str], at: int) -> tuple[str, str]:
    return plain(one[at]), one[at + 1]


def plain(address: str) -> str:
    """An address as PostgreSQL writes it: IPv4 within IPv6 is IPv4, and no device behind it."""
    bare = address.strip("[]").partition("%")[0]
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return bare
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def _units(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    """Properties of units, under every name that they go by."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in (*(one for one in lines if one.startswith("U ")), "U "):
        key, equals, value = line[2:].partition("=")
        if equals:
            current[key] = value
            continue
        for name in {current.get("Id", ""), *current.get("Names", "").split()} - {""}:
            found[name] = current
        current = {}
    return found


def _pairs(lines: Iterable[str], pattern: str) -> Iterable[tuple[str, str]]:
    wanted = re.compile(pattern)
    return ((match[1], match[2]) for line in lines if (match := wanted.fullmatch(line)))


CONNECTIONS = Probe[str, Connections](
    name="gate.connections",
    model=Connections,
    script=script,
    read=read,
    deadline_s=10.0,
    most_kib=MOST_KIB,
    at_the_end=True,  # an application's pool is filled by the first requests
)
