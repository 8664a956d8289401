"""What the processes of a unit really are: program, folder, rights, limits, names of variables."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Mapping, Sequence

import pydantic

from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host.accounts import called
from gate.sources.host.newest import newest
from gate.sources.host.parts import NOT_THERE, cannot_tell, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.program_questions import SHOWN, Subject, script, units_of
from gate.sources.host.script import Answers
from gate.sources.host.section import Section
from gate.sources.host.unit_times import since_boot, time_of
from gate.sources.host.zones import zone_of

STAT = re.compile(r"(\d+) \((.*)\) (\S) (\d+) .*", re.DOTALL)
START, PARENT = 19, 1
"""Places of the start time and of the parent among the words behind the name, in
``/proc/PID/stat``."""
LIMIT = re.compile(r"(.+?)\s{2,}(\d+|unlimited)\s+(\d+|unlimited)(?:\s.*)?")


class Program(Model):
    """One process.

    Attributes:
        executable: Where its program is; it ends in `` (deleted)`` where that is no more. Empty
            where it is not shown to this user.
        folder: Its working folder; empty likewise.
        command: Its command line, without secrets.
        started_s: How long after the host's boot it was started, in seconds.
        parent: PID of the process that made it; 0 where that was not kept.
        state: The kernel's letter: ``T`` where a signal stopped it; empty where that was not kept.
    """

    pid: int
    executable: str
    folder: str
    command: str
    started_s: float
    parent: int = 0
    state: str = ""


class ProgramFacts(Model):
    """The processes of a unit; what is told of rights, limits and variables is the main one's.

    Attributes:
        main: PID of the main process.
        programs: All of them, the main one first.
        changed: When systemd last started or reloaded the unit (UTC), to the second.
        changed_s: The same in seconds after the host's boot, and exactly; where systemd told it.
        reload: How its last reload by systemd ended, where that failed (``exit-code``): what it was
            to read, it did not; empty where there was none since the start, or it went well.
        drop_ins: Files that change its unit file.
        user: Name, or number, of who it runs as.
        groups: Names, or numbers, of its groups, the first one first.
        limits: Soft limits by the kernel's name of them, in lower case; -1 for none.
        variables: Names of its environment's variables; never a value.
        zone: Time zone that its environment names (``TZ``), else the host's.
        replaced: Libraries that it uses and that are no more.
        sha256: Digest of the program that it runs.
        newest: The file that it reads that changed last, and when (UTC).
    """

    main: int
    programs: tuple[Program, ...]
    changed: pydantic.AwareDatetime | None
    changed_s: float | None = None
    reload: str = ""
    drop_ins: tuple[str, ...]
    user: Fact[str]
    groups: Fact[tuple[str, ...]]
    limits: Fact[dict[str, int]]
    variables: Fact[tuple[str, ...]]
    zone: Fact[str] = CannotTell("it was not asked for", Cause.UPSTREAM)
    replaced: Fact[tuple[str, ...]]
    sha256: Fact[str] | None = None
    newest: Fact[tuple[str, pydantic.AwareDatetime]] | None = None


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, ProgramFacts | Absent | CannotTell]:
    """What is said of each unit; they are told in the order of asking."""
    told = read_parts(section)
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in told["units"].text.split("\n\n")
    ]
    units = dict(zip(units_of(subjects), blocks, strict=False))
    return {
        one: _unit(one, number, units.get(one[0], {}), told) for number, one in enumerate(subjects)
    }


def _unit(
    subject: Subject, number: int, block: Mapping[str, str], told: Answers
) -> ProgramFacts | Absent | CannotTell:
    unit, section = subject[0], told["units"]
    if section.rc != 0 or not {"LoadState", "ActiveState", "MainPID"} <= block.keys():
        return cannot_tell(section, f"systemctl show {unit}")
    if block["LoadState"] == "not-found":
        return Absent(f"{unit}: LoadState=not-found")
    main = int(block["MainPID"]) if block["MainPID"].isdigit() else 0
    if not main:
        return Absent(f"{unit} has no process: it is {block['ActiveState']}")
    try:
        return _facts(subject, number, block, told)
    except (LookupError, ValueError) as error:
        if any(told[name].late for name in ("stats", "commands", "status", "limits")):
            return CannotTell(f"{unit}: /proc/{main} was not read in time", Cause.TIMEOUT)
        return CannotTell(f"{unit}: /proc/{main}: an odd answer: {error}", Cause.UPSTREAM)


def _facts(
    subject: Subject, number: int, block: Mapping[str, str], told: Answers
) -> ProgramFacts | CannotTell:
    _, digest, files = subject
    main = int(block["MainPID"])
    pids = dict.fromkeys((main, *_members(block, told["members"])))
    programs = [_program(one, told, ends=one != main) for one in pids]
    unclear = next((one for one in programs if isinstance(one, CannotTell)), None)
    if unclear is not None:
        return unclear
    if programs[0] is None:
        return CannotTell(f"/proc/{main} ended while it was looked at", Cause.UPSTREAM)
    status = dict(
        line.split(":\t", 1)
        for line in _file(told["status"], main, "status").splitlines()
        if ":\t" in line
    )
    users = called("passwd", [status["Uid"].split()[1]], told["accounts"])
    gids = [status["Gid"].split()[0], *status.get("Groups", "").split()]
    return ProgramFacts(
        main=main,
        programs=tuple(one for one in programs if isinstance(one, Program)),
        changed=time_of(block.get("StateChangeTimestamp", "")),
        changed_s=since_boot(block.get("StateChangeTimestampMonotonic", "")),
        reload=block.get("ReloadResult", "").removeprefix("success"),
        drop_ins=tuple(shlex.split(block.get("DropInPaths", ""))),
        user=Seen(users.value[0]) if isinstance(users, Seen) else users,
        groups=called("group", gids, told["accounts"]),
        limits=_limits(main, told["limits"]),
        variables=_variables(main, told["variables"]),
        zone=_zone(main, told),
        replaced=_replaced(main, told["maps"]),
        sha256=_digest(main, told["digests"]) if digest else None,
        newest=newest(files, told["newest"], told[f"newest.{number}"]) if files else None,
    )


def _members(block: Mapping[str, str], section: Section) -> list[int]:
    """The processes of a unit's control group; where none is kept, its main process's children."""
    lines = (line.split(" ", 1) for line in section.text.splitlines())
    group = block.get("ControlGroup", "")
    held = [group] if group.strip("/") else [f"of:{block['MainPID']}"]
    return [int(one[0]) for one in lines if one[0].isdigit() and one[1:] == held]


def _file(section: Section, pid: int, name: str) -> str:
    """A file below ``/proc`` as ``grep -Zz`` prints it, record by record."""
    begin = f"/proc/{pid}/{name}\0"
    records = section.text.split("\0")
    found = [
        behind for one, behind in itertools.pairwise(records) if one.lstrip("\n") + "\0" == begin
    ]
    if not found:
        raise LookupError(f"{name} was not read")
    return "\0".join(found)


def _program(pid: int, told: Answers, *, ends: bool) -> Program | CannotTell | None:
    """One process; ``None`` where it has ended: any but the main one may, between readings."""
    links = dict(
        one.split("\0")[:2] for one in told["links"].text.split("\0\n") if one.count("\0") == 1
    )
    executable, folder = (links.get(f"/proc/{pid}/{one}", "") for one in ("exe", "cwd"))
    if not executable or not folder:
        why = _hidden(pid, told["links"])
        if why is None or why.cause is not Cause.PERMISSION:
            return why
        executable = folder = ""
    if ends and _was_gone(pid, told):
        return None
    match = STAT.fullmatch(_file(told["stats"], pid, "stat").strip())
    ticks = told["ticks"].text.strip()
    if match is None or not ticks.isdigit():
        return CannotTell(f"/proc/{pid}/stat: an odd answer", Cause.UPSTREAM)
    words = match[0].rpartition(") ")[2].split()
    command = _file(told["commands"], pid, "cmdline").replace("\0", " ").strip()
    return Program(
        pid=pid,
        executable=executable,
        folder=folder,
        command=known.first(command, 500),
        started_s=int(words[START]) / int(ticks),
        parent=int(words[PARENT]),
        state=words[0],
    )


def _was_gone(pid: int, told: Answers) -> bool:
    """Whether one of what everybody may read of a process was there no more."""
    asked = {"stats": f"/proc/{pid}/stat\0", "commands": f"/proc/{pid}/cmdline\0"}
    late = any(told[part].late for part in asked)
    return not late and any(begin not in told[part].text for part, begin in asked.items())


def _hidden(pid: int, section: Section) -> CannotTell | None:
    """Why the links of a process were not told; ``None`` where it is proven to be gone."""
    path = f"/proc/{pid}/exe"
    if section.rc not in (0, 1):
        return cannot_tell(section, path)
    ended = (one for one in section.err.splitlines() if one.rstrip().endswith(NOT_THERE))
    if any(re.search(rf"/proc/{pid}/(exe|cwd)\b", one) for one in ended):
        return None
    return CannotTell(f"{path} is not shown to this user", Cause.PERMISSION)


def _limits(pid: int, section: Section) -> Fact[dict[str, int]]:
    found = {}
    for line in _file(section, pid, "limits").splitlines()[1:]:
        if match := LIMIT.fullmatch(line.rstrip()):
            found[match[1].lower()] = -1 if match[2] == "unlimited" else int(match[2])
    return Seen(found) if found else cannot_tell(section, f"/proc/{pid}/limits")


def _variables(pid: int, section: Section) -> Fact[tuple[str, ...]]:
    begin = f"/proc/{pid}/environ:"
    names = {one.removeprefix(begin) for one in section.text.split("\0") if one.startswith(begin)}
    if names:
        return Seen(tuple(sorted(names)))
    return cannot_tell(section, f"/proc/{pid}/environ")


def _zone(pid: int, told: Answers) -> Fact[str]:
    """What ``TZ`` says; where it is not set, what the host's own zone is."""
    variables = _variables(pid, told["variables"])
    if not isinstance(variables, Seen):
        return variables
    begin = f"/proc/{pid}/environ:TZ="
    own = [one for one in told["zones"].text.split("\0") if one.startswith(begin)]
    if own:
        name = zone_of(own[0].removeprefix(begin))
        return Seen(name) if name else CannotTell("TZ is set, and names no zone", Cause.UPSTREAM)
    if "TZ" in variables.value:
        return cannot_tell(told["zones"], f"/proc/{pid}/environ")
    name = zone_of(told["localtime"].text.strip())
    return Seen(name) if name else cannot_tell(told["localtime"], "/etc/localtime")


def _replaced(pid: int, section: Section) -> Fact[tuple[str, ...]]:
    if section.rc not in (0, 1):
        return cannot_tell(section, f"/proc/{pid}/maps")
    begin = f"/proc/{pid}/maps:"
    paths = {
        line.split(None, 5)[-1].removesuffix(" (deleted)")
        for line in section.text.splitlines()
        if line.startswith(begin)
    }
    return Seen(tuple(sorted(paths)))


def _digest(pid: int, section: Section) -> Fact[str]:
    match = re.search(rf"^([0-9a-f]{{64}})  /proc/{pid}/exe$", section.text, re.MULTILINE)
    return Seen(match[1]) if match else cannot_tell(section, f"sha256sum /proc/{pid}/exe")


PROGRAMS = Probe[Subject, ProgramFacts](
    name="gate.programs",
    model=ProgramFacts,
    script=script,
    read=read,
    most_kib=4096,
    properties=SHOWN,
    units=units_of,
)
