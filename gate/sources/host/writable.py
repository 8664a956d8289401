"""Whether a user, or a service that runs, may write somewhere: the kernel is asked as that user.

``test -w`` is run with the numbers of the user or process, inside of the process's own view of the
file system: owner, mode, access lists, read-only mounts and systemd's sandboxing all count. It
changes nothing. In a folder nothing can be made by whoever may not search it. AppArmor and SELinux
can only take away: where they confine the process, that it may cannot be told.
"""

from __future__ import annotations

import pathlib
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

Subject = tuple[str, str]
"""A unit (``x.service``) or a user, and a path."""
UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.(service|scope)")
Word = Literal["yes", "no", "missing"]
LINE = re.compile(r"(\d+) (yes|not|there|missing)")
AS = re.compile(r"as (\d+)")
LABEL = re.compile(r"/proc/(\w+)/attr/(?:apparmor/)?current:(.*?)\0?")
FREE = re.compile(r"unconfined|.* \((?:complain|unconfined)\)|kernel")
SELINUX = re.compile(r"[^: ]+:[^: ]+:(?P<type>[^: ]+)(?::.*)?")
UNCONFINED = ("unconfined_t", "unconfined_service_t")
"""Types of SELinux that are kept from nothing."""
WHY = {
    "other": (Cause.PERMISSION, "only root can ask the kernel as somebody else: sudo = true"),
    "hidden": (Cause.PERMISSION, "its process is not shown to this user"),
    "capable": (Cause.UPSTREAM, "its process has rights beyond its user's (capabilities)"),
}
FUNCTIONS = (pathlib.Path(__file__).parent / "writable.sh").read_text("utf-8")


class WritableFacts(Model):
    """What came of it.

    Attributes:
        word: Whether it may write; ``missing`` where there is no such path in its view.
        user: Number of the user that was asked as.
    """

    word: Word
    user: int


def _asked(subjects: Sequence[Subject]) -> tuple[dict[str, list[str]], list[str]]:
    """Paths by who is asked for, and the units among them."""
    paths: dict[str, list[str]] = {}
    for who, path in subjects:
        paths.setdefault(who, []).append(path)
    return paths, [who for who in paths if UNIT.fullmatch(who)]


def script(subjects: Sequence[Subject]) -> str:
    """One question for each user and unit, about all of its paths."""
    paths, units = _asked(subjects)
    commands = {}
    for number, (who, wanted) in enumerate(paths.items()):
        unit = f'unit_may "${{{units.index(who) + 1}-}}"' if who in units else ""
        commands[f"who.{number}"] = f"{unit or f'user_may {shlex.quote(who)}'} {shlex.join(wanted)}"
    commands["labels"] = 'labels "$@"'
    # As many words as units, in their order; else nothing is known of any.
    mains = (
        f"set -- $(mains {shlex.join(units)}); unset gate_told\n[ $# = {len(units)} ] || set --\n"
        if units
        else ""
    )
    return parts(commands, functions=FUNCTIONS + mains)


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, WritableFacts | Absent | CannotTell]:
    """What is said of each."""
    told = read_parts(section)
    found: dict[Subject, WritableFacts | Absent | CannotTell] = {}
    for number, (who, paths) in enumerate(_asked(subjects)[0].items()):
        answer = told[f"who.{number}"]
        pid = next((one[4:] for one in answer.text.splitlines() if one.startswith("pid ")), "")
        kept_from = _kept_from(told["labels"], pid)
        for at, path in enumerate(paths, 1):
            fact = _read(answer, who, path, at)
            if isinstance(fact, WritableFacts) and kept_from.get(fact.word):
                reason = f"test -w {path} as {who}: {kept_from[fact.word]}"
                fact = CannotTell(reason, Cause.UPSTREAM)
            found[who, path] = fact
    return found


def _read(section: Section, who: str, path: str, at: int) -> WritableFacts | Absent | CannotTell:
    lines = section.text.splitlines()
    if "nobody" in lines:
        return Absent(f"id {who}: there is no such user")
    if "stopped" in lines:
        return Absent(f"{who} has no process")
    for obstacle in WHY.keys() & set(lines):
        cause, why = WHY[obstacle]
        return CannotTell(f"test -w {path} as {who}: {why}", cause)
    # What stands before test and fails ends with 1 as well, but complains.
    user = next(filter(None, map(AS.fullmatch, lines)), None)
    said = {match[2] for match in map(LINE.fullmatch, lines) if match and match[1] == str(at)}
    word = WORDS.get(frozenset(said))
    if section.rc != 0 or section.err or user is None or word is None:
        return cannot_tell(section, f"test -w {path} as {who}")
    return WritableFacts(word=word, user=int(user[1]))


def _kept_from(section: Section, pid: str) -> dict[str, str]:
    """Why what the kernel said of a process may not be all, by what it said.

    What confines the process takes away what its user may; what confines the gate itself may have
    answered for its own part.

    Source:
        ``/proc/PID/attr/current`` and ``/sys/fs/selinux/enforce``: ``apparmor(7)``,
        ``selinux(8)``; a kernel without such a module has nothing to say in the former.
    """
    labels: dict[str, set[str]] = {}
    for match in filter(None, map(LABEL.fullmatch, section.text.splitlines())):
        labels.setdefault(match[1], set()).add(match[2])
    enforcing = "/sys/fs/selinux/enforce:0" not in section.text.splitlines()
    its, ours = (
        sorted(one for one in labels.get(name, ()) if _confines(one, enforcing=enforcing))
        for name in (pid, "self")
    )
    found: dict[str, str] = {}
    if its != ours and its:
        found["yes"] = f"its user may, and {_told(its)} confines its process: what that lets it do"
        found["yes"] += " is known to the kernel alone"
    if ours and its != ours:
        found["no"] = found["missing"] = f"{_told(ours)} confines whoever asks"
        found.setdefault("yes", found["no"])
    denied = f"/proc/{pid}/attr/current: Permission denied" in section.err
    if pid and (section.rc not in (0, 1, 2) or denied):
        found.setdefault("yes", f"whether anything confines its process: {section.why}")
    return found


def _told(labels: Sequence[str]) -> str:
    return " and ".join(known.first(one, 100) for one in labels)


def _confines(label: str, *, enforcing: bool) -> bool:
    """Whether a label stands for rules that keep a process from something."""
    if not label or FREE.fullmatch(label):
        return False
    selinux = SELINUX.fullmatch(label)
    return selinux is None or (enforcing and selinux["type"] not in UNCONFINED)


WORDS: dict[frozenset[str], Word] = {
    frozenset(["yes"]): "yes",
    frozenset(["yes", "there"]): "yes",
    frozenset(["not", "there"]): "no",
    frozenset(["not", "missing"]): "missing",
}

WRITABLE = Probe[Subject, WritableFacts](
    name="gate.writable",
    model=WritableFacts,
    script=script,
    read=read,
    format=2,
    deadline_s=8.0,
    properties="Id,MainPID",
    units=lambda subjects: _asked(subjects)[1],
)
