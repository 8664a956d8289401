"""Lines of cron: that a command is there, for whom, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import pydantic

from gate.contract.item import Item, Name
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene
from gate.kinds.unplaced import is_whole, user_of
from gate.kinds.user import UserName
from gate.sources.fact import Absent, CannotTell, Cause, Model, Seen
from gate.sources.host import crontabs
from gate.sources.host.crontabs import Crontabs, script, unclear
from gate.sources.host.parts import read_parts
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.target import Target

Subject = tuple[str, str]
"""User, and what stands in the command."""


PROGRAM = re.compile(r"""(?<![^\s;&|(`'"!])(?<!=['"])(?<![<>] )/[A-Za-z0-9_./+-]+""")
"""A program by its path, where a word begins; any other part of a line may be a secret."""


class Cron(Item):
    """A line of a crontab, of the system's or of a user's own, that is not commented out.

    What stands in a file that cron passes over is none: not root's, writable by others, with a
    second name; with Debian's cron also a name with a dot, and no newline at the end. Where
    ``command`` begins with a path, something has to be there.

    Whether cron runs is a ``service``, whether its work is done a ``file`` with ``newest``.

    Attributes:
        command: A text that stands in the line's command.
        user: Who runs it.
        schedule: When, as the line has it: five fields, or ``@daily``.
    """

    command: Name
    user: UserName = "root"
    schedule: Annotated[str, pydantic.Field(pattern=r"^(@[a-z]+|\S+( \S+){4})$")] | None = None


class CronFacts(Model):
    """The lines in which a command stands; the commands themselves are not kept.

    Attributes:
        schedules: When, by file.
        program: Whether the path is there that the promised command begins with: ``there``,
            ``gone``, ``unseen``; empty where it begins with none.
    """

    schedules: dict[str, tuple[str, ...]]
    program: str = ""


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, CronFacts | Absent | CannotTell]:
    """The lines of each command, as far as cron goes by them."""
    tabs = crontabs.read(section)
    words = read_parts(section)["programs"].text.split()
    programs: dict[str | None, str] = dict(zip(_programs(subjects), words, strict=False))
    return {one: _found(one, tabs, programs.get(_program(one[1]), "")) for one in subjects}


def _program(command: str) -> str | None:
    """The path that a promised command begins with; ``None`` where it begins with none."""
    found = PROGRAM.match(command)
    return found[0] if found else None


def _programs(subjects: Sequence[Subject]) -> list[str]:
    return [path for path in dict.fromkeys(_program(one[1]) for one in subjects) if path]


def _script(subjects: Sequence[Subject]) -> str:
    """All crontabs, and whether there is what is started."""
    return script(_programs(subjects))


def _found(one: Subject, tabs: Crontabs, program: str = "") -> CronFacts | Absent | CannotTell:
    user, command = one
    meant = [line for line in tabs.lines if line.user == user and command in line.command]
    schedules: dict[str, tuple[str, ...]] = {}
    for line in meant:
        if line.file not in tabs.over and line.file not in tabs.unknown:
            schedules[line.file] = (*schedules.get(line.file, ()), line.when)
    if schedules:
        return CronFacts(schedules=schedules, program=program)
    for line in meant:
        if line.file in tabs.unknown:
            return unclear(line.file)
    if tabs.why:
        return tabs.why
    where = "; ".join(f"{one.file} has one, and {OVER}: {tabs.over[one.file]}" for one in meant)
    return Absent(where or f"no crontab has a line of {user} with {command!r}")


OVER = "cron passes over it"

CRON = Probe[Subject, CronFacts](name="gate.cron", model=CronFacts, script=_script, read=read)


def _subject(item: Cron, target: Target) -> Subject:
    return (target.user(item.user) or item.user, item.command)


def _differs(item: Cron, found: CronFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    path = _program(item.command)
    if found.program == "gone":
        yield f"there is no {path} to be started"
    elif found.program == "unseen":
        yield CannotTell(f"{path}: a folder above it is not shown to this user", Cause.PERMISSION)
    times = [when for ones in found.schedules.values() for when in ones]
    if item.schedule is not None and item.schedule not in times:
        yield f"it runs at {'; '.join(times)}"


def _text(found: CronFacts) -> str:
    return "; ".join(f"{', '.join(times)} in {file}" for file, times in found.schedules.items())


def _keys(item: Cron, found: CronFacts) -> Mapping[str, Any]:
    times = [when for ones in found.schedules.values() for when in ones]
    return {"command": item.command, "user": item.user, "schedule": times[0]}


class Lines(Model):
    """Lines of crontabs: user and program; nothing else of a command.

    Attributes:
        idle: Those that do nothing where systemd runs: a timer does it there.
        unread: Why there may be more of them; nothing where there are none.
    """

    lines: tuple[tuple[str, str], ...]
    idle: tuple[tuple[str, str], ...] = ()
    unread: CannotTell | None = None


def read_all(section: Section, subjects: Sequence[str]) -> Mapping[str, Lines | CannotTell]:
    """Whose program which line starts, by its path or name, as far as the lines are shown."""
    tabs = crontabs.read(section)
    lines: dict[tuple[str, str], bool] = {}
    for line in tabs.lines:
        program = PROGRAM.search(line.command)
        is_known = line.file not in tabs.over and line.file not in tabs.unknown
        if program and is_known and not line.file.endswith(BASE):
            one, is_idle = (line.user, program[0]), bool(IDLE.search(line.command))
            lines[one] = lines.get(one, True) and is_idle
    idle = tuple(sorted(one for one in lines if lines[one]))
    if tabs.why and not lines:
        return dict.fromkeys(subjects, tabs.why)
    found = Lines(lines=tuple(sorted(lines)), idle=idle, unread=tabs.why)
    return dict.fromkeys(subjects, found)


ALL_LINES = "all"
IDLE = re.compile(r"!\s+-[de]\s+/run/systemd/system\b")
"""What Debian's packages write into a line that is not for hosts with systemd."""
BASE = ("/etc/crontab", "/e2scrub_all", "/anacron", "/popularity-contest", "/sysstat", "/mdadm")
"""Files of the system itself."""
CRON_THERE = Probe[str, Lines](
    name="gate.cron.there", model=Lines, script=lambda _: script(), read=read_all
)


def _asks_all(target: Target) -> Iterator[object]:
    if is_whole(target):
        yield AskProbe(CRON_THERE, ALL_LINES)


def _names(scene: Scene, which: Which) -> Iterator[Recorded | LeftOut | CannotTell]:
    """Each program that cron starts, for each user."""
    del which
    fact = scene.probed(CRON_THERE, ALL_LINES) if is_whole(scene.target) else None
    if isinstance(fact, CannotTell):
        yield fact
    if not isinstance(fact, Seen):
        return
    if fact.value.unread:
        yield fact.value.unread
    for whose, program in fact.value.lines:
        user = user_of(scene.target, whose)
        if (whose, program) in fact.value.idle and scene.host.identity.has_systemd:
            yield LeftOut(f"cron {whose} {program}: it does nothing where systemd runs")
        elif user:
            keys = {"title": f"cron starts {program} for {user}", "command": program, "user": user}
            yield Recorded(f"{user} {program}", keys)


KIND = HostKind(
    name="cron",
    chapter="timers",
    rank=13,
    model=Cron,
    probe=CRON,
    subject=_subject,
    called=lambda item: f"line of {item.user} with {item.command!r}",
    promised=lambda item: listed(user=item.user, schedule=item.schedule),
    differs=_differs,
    text=_text,
    columns={"Schedule": lambda one: "; ".join(sum(one.schedules.values(), ()))},
    look=lambda item, _: f"crontab -l -u {item.user}; grep -r . /etc/crontab /etc/cron.d",
    keys=_keys,
    why_absent=lambda gone: gone.proof if OVER in gone.proof else "",
    discover=Discovery(asks=_asks_all, names=_names, doubtful=("schedule",)),
).kind
