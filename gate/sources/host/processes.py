"""Read the process table of a host: who is whose child, since when, in which control group."""

from __future__ import annotations

import bisect
import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping

from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Identity, Process
from gate.sources.host.section import Section

STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "disk sleep",
    "T": "stopped",
    "t": "tracing stop",
    "Z": "zombie",
    "X": "dead",
    "I": "idle",
}
STAT = re.compile(
    r"^(\d{1,10}) \((.{0,64}?)\) ([A-Za-z]) (\d{1,10}) ((?:-?\d{1,20} ){17})(\d{1,12}) ",
    re.MULTILINE | re.DOTALL | re.ASCII,
)
"""``proc(5)``, /proc/PID/stat: pid (comm) state ppid … starttime, the 22nd field.

A name can hold anything, line feeds and brackets too, and has up to 64 bytes.
"""
PID = re.compile(r"[0-9]{1,10}")
LONGEST = 4096
"""Of a control group, as of any path: what is longer is none."""


class Table:
    """Every process of the host that could be seen."""

    def __init__(
        self,
        answers: Mapping[str, Section],
        identity: Identity,
        ticks: int,
        *,
        no_sudo: str = "",
        shell: int = 0,
    ) -> None:
        """Read the sections ``stats``, ``cgroups``, ``links``, ``commands`` and, if any, ``early``.

        Args:
            answers: Sections by name.
            identity: Who looked, and since when the host is up.
            ticks: Clock ticks per second.
            no_sudo: Why there is no sudo, where it was asked for.
            shell: The process that answered: a table without it is none; 0 where it is not known.
        """
        sudo = f" (sudo: {no_sudo})" if no_sudo else ""
        self.viewer = f"the user {identity.user}{sudo}"
        self._booted, self._ticks = identity.booted, ticks
        self._privileged = identity.privileges != "user"
        self._stats = _stats(answers["stats"])
        self._early = _stats(answers["early"]) if "early" in answers else {}
        self._groups = groups_of(answers["cgroups"].text)
        self._sorted = sorted((group, pid) for pid, group in self._groups.items())
        self._shell = shell
        self._users, self._links = _links(answers["links"].out)
        self._commands = _commands(answers["commands"].out)
        self._children: dict[int, list[int]] = {}
        for pid, (_, parent, _) in self._stats.items():
            self._children.setdefault(parent, []).append(pid)

    def group(self, pid: int) -> str | None:
        """The control group of a process, such as ``/system.slice/x.service``."""
        return self._groups.get(pid)

    def within(self, group: str) -> Fact[tuple[int, ...]]:
        """Every process of a control group and of those below it."""
        if self._shell and self._shell not in self._groups:
            reason = "/proc/*/cgroup: the shell that read it is not in what was read"
            return CannotTell(reason, Cause.UPSTREAM)
        own = self._between((group, -1), (group, math.inf))
        below = self._between((f"{group}/", -1), (f"{group}0", -1))  # "0" is next to "/"
        return Seen(tuple(sorted(own + below)))

    def _between(self, low: tuple[str, float], high: tuple[str, float]) -> list[int]:
        begin = bisect.bisect_left(self._sorted, low)
        return [pid for _, pid in self._sorted[begin : bisect.bisect_left(self._sorted, high)]]

    @property
    def whole(self) -> bool:
        """Whether what must be there is: the shell that read the table."""
        return bool(self._stats) and (not self._shell or self._shell in self._stats)

    @property
    def privileged(self) -> bool:
        """Whether every process is shown to who looks."""
        return self._privileged

    def knows(self, pid: int) -> bool:
        """Whether a process was there, at the start of the settling window or at its end."""
        return pid in self._stats or pid in self._early

    def lived(self, pid: int) -> bool | None:
        """Whether a process is the same one at the end of the settling window as at its start.

        Returns:
            Nothing where it was not seen at the start, or no process at all at the end.
        """
        if pid not in self._early or not self._stats:
            return None
        return pid in self._stats and self._stats[pid][2] == self._early[pid][2]

    def descendants(self, pid: int) -> Fact[tuple[int, ...]]:
        """A process with its children and theirs, where it is alive."""
        if not self.whole:
            reason = "/proc/*/stat: the shell that read it is not in what was read"
            return CannotTell(reason, Cause.UPSTREAM)
        found: list[int] = []
        stack = [pid] if pid in self._stats else []
        while stack:
            one = stack.pop()
            found.append(one)
            stack += set(self._children.get(one, [])) - set(found)
        return Seen(tuple(sorted(found)))

    def state(self, pid: int) -> Fact[str]:
        """Its state, such as ``S (sleeping)``."""
        if pid in self._stats:
            letter = self._stats[pid][0]
            return Seen(f"{letter} ({STATES.get(letter, 'unknown')})")
        if self._privileged and self.whole:
            return Seen("X (dead)")
        return CannotTell(f"process {pid} is not shown to {self.viewer}", Cause.PERMISSION)

    def executable(self, pid: int) -> Fact[str]:
        """The program that it runs."""
        return self._link(pid, "exe")

    def facts(self, pids: Iterable[int]) -> dict[int, Process]:
        """Everything that is known of some processes; those that are gone are left out."""
        return {pid: self._process(pid) for pid in sorted(set(pids)) if pid in self._stats}

    def _process(self, pid: int) -> Process:
        state, parent, start = self._stats[pid]
        return Process(
            pid=pid,
            parent=parent,
            user=self._users.get(pid, ""),
            started=self._booted + dt.timedelta(seconds=start / self._ticks),
            state=f"{state} ({STATES.get(state, 'unknown')})",
            executable=self._link(pid, "exe"),
            cwd=self._link(pid, "cwd"),
            command=self._commands.get(pid, ""),
        )

    def _link(self, pid: int, name: str) -> Fact[str]:
        found = self._links.get((pid, name), "")
        if found:
            return Seen(found)
        return CannotTell(f"/proc/{pid}/{name} is not shown to {self.viewer}", Cause.PERMISSION)


def _stats(section: Section) -> dict[int, tuple[str, int, int]]:
    """State, parent and start (in ticks since the host came up) of every process."""
    return {
        int(pid): (state, int(parent), int(start))
        for pid, _, state, parent, _, start in STAT.findall(section.text)
    }


def groups_of(text: str) -> dict[int, str]:
    """Lines ``/proc/PID/cgroup:0::/path``; systemd's own hierarchy, in version 1 or 2.

    Where both are there, the root of one is no group: systemd keeps its units in the other.
    """
    found: dict[int, str] = {}
    for number, hierarchy, path in re.findall(
        r"^/proc/(\d{1,10})/cgroup:\d{1,10}:(name=systemd)?:(/.*)$", text, re.MULTILINE | re.ASCII
    ):
        if len(path) > LONGEST:
            continue
        pid, root = int(number), "/"
        if found.get(pid, root) == root or (hierarchy and path != root):
            found[pid] = path
    return found


def _links(out: bytes) -> tuple[dict[int, str], dict[tuple[int, str], str]]:
    users: dict[int, str] = {}
    links: dict[tuple[int, str], str] = {}
    for record in out.decode("utf-8", "backslashreplace").split("\0"):
        path, _, rest = record.partition("\t")
        user, _, link = rest.partition("\t")
        parts = path.split("/")
        if len(parts) < 3 or not PID.fullmatch(parts[2]):  # noqa: PLR2004 - "", "proc", PID
            continue
        if len(parts) == 3:  # noqa: PLR2004 - "", "proc", PID
            users[int(parts[2])] = user
        elif len(parts) == 4 and parts[3] in ("exe", "cwd"):  # noqa: PLR2004
            links[int(parts[2]), parts[3]] = link
    return users, links


def _commands(out: bytes) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for record in out.decode("utf-8", "backslashreplace").split("\0"):
        path, _, word = record.partition(":")
        match = re.fullmatch(r"/proc/(\d{1,10})/cmdline", path, re.ASCII)
        if match:
            found.setdefault(int(match[1]), []).append(word)
    return {pid: " ".join(words) for pid, words in found.items()}
