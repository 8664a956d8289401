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
from gate.sources.fact import Absent, CannotTell, Model, Seen
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.target import Target

Subject = tuple[str, str]
"""User, and what stands in the command."""
WHEN = r"(@\w+|\S+[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+\S+)[ \t]+"
SYSTEM = re.compile(WHEN + r"(\S+)[ \t]+(.+)")
OWN = re.compile(WHEN + r"(.+)")
SPOOL = ("/var/spool/cron/crontabs", "/var/spool/cron")


class Cron(Item):
    """A line of a crontab, of the system's or of a user's own, that is not commented out.

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
    """

    schedules: dict[str, tuple[str, ...]]


def script(subjects: Sequence[Subject]) -> str:
    """Every crontab there is, in one command."""
    del subjects
    return parts({"tabs": "tabs", "spool": "spool"}, functions=FUNCTIONS)


FUNCTIONS = r"""
tabs() {
  set --
  for file in /etc/crontab /etc/cron.d/*; do [ ! -f "$file" ] || set -- "$@" "$file"; done
  limited grep -HZa '' /dev/null "$@"
}
spool() {
  for folder in /var/spool/cron/crontabs /var/spool/cron; do
    [ ! -d "$folder" ] || { limited ls -- "$folder" >/dev/null || return; }
    for file in "$folder"/*; do [ ! -f "$file" ] || limited grep -HZa '' /dev/null "$file"; done
  done
  echo .
}
"""


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, CronFacts | Absent | CannotTell]:
    """The lines of each command."""
    told = read_parts(section)
    lines = [*_lines(told["tabs"]), *_lines(told["spool"])]
    found: dict[Subject, CronFacts | Absent | CannotTell] = {}
    for one in subjects:
        user, command = one
        schedules: dict[str, tuple[str, ...]] = {}
        for file, whose, when, what in lines:
            if whose == user and command in what:
                schedules[file] = (*schedules.get(file, ()), when)
        found[one] = CronFacts(schedules=schedules) if schedules else _none(one, told)
    return found


def _none(one: Subject, told: Mapping[str, Section]) -> Absent | CannotTell:
    tabs, spool = told["tabs"], told["spool"]
    if tabs.err or tabs.rc not in (0, 1):
        return cannot_tell(tabs, "the system's crontabs")
    if tabs.rc == 0 and "\0" not in tabs.text:
        return cannot_tell(tabs, "the system's crontabs")
    if spool.err or spool.rc or not spool.text.endswith(".\n"):
        return cannot_tell(spool, "the users' crontabs")
    return Absent(f"no crontab has a line of {one[0]} with {one[1]!r}")


def _lines(section: Section) -> Iterator[tuple[str, str, str, str]]:
    """File, user, schedule and command of each line."""
    for line in section.text.splitlines():
        file, nul, text = line.partition("\0")
        if not nul or text.lstrip().startswith("#"):
            continue
        folder, _, name = file.rpartition("/")
        if folder in SPOOL:
            match = OWN.fullmatch(text.strip())
            if match:
                yield file, name, " ".join(match[1].split()), match[2]
        elif match := SYSTEM.fullmatch(text.strip()):
            yield file, match[2], " ".join(match[1].split()), match[3]


CRON = Probe[Subject, CronFacts](name="gate.cron", model=CronFacts, script=script, read=read)


def _subject(item: Cron, target: Target) -> Subject:
    return (target.user(item.user) or item.user, item.command)


def _differs(item: Cron, found: CronFacts, scene: Scene) -> Iterator[str]:
    del scene
    times = [when for ones in found.schedules.values() for when in ones]
    if item.schedule is not None and item.schedule not in times:
        yield f"it runs at {'; '.join(times)}"


def _text(found: CronFacts) -> str:
    return "; ".join(f"{', '.join(times)} in {file}" for file, times in found.schedules.items())


def _keys(item: Cron, found: CronFacts) -> Mapping[str, Any]:
    times = [when for ones in found.schedules.values() for when in ones]
    return {"command": item.command, "user": item.user, "schedule": times[0]}


class Lines(Model):
    """Lines of crontabs: user and program; nothing else of a command."""

    lines: tuple[tuple[str, str], ...]


def read_all(section: Section, subjects: Sequence[str]) -> Mapping[str, Lines | CannotTell]:
    """Whose program which line starts, by its path or name."""
    told = read_parts(section)
    for part, what in (("tabs", "the system's crontabs"), ("spool", "the users' crontabs")):
        if told[part].err or told[part].rc not in (0, 1):
            return dict.fromkeys(subjects, cannot_tell(told[part], what))
    lines = {
        (whose, program[0])
        for part in ("tabs", "spool")
        for file, whose, _, what in _lines(told[part])
        if not file.endswith(BASE) and (program := PROGRAM.search(what))
    }
    return dict.fromkeys(subjects, Lines(lines=tuple(sorted(lines))))


ALL_LINES = "all"
BASE = ("/etc/crontab", "/e2scrub_all", "/anacron", "/popularity-contest", "/sysstat", "/mdadm")
"""Files of the system itself."""
PROGRAM = re.compile(r"(?<![\\w=/.-])/[A-Za-z0-9_./+-]+")
"""A program by its path; what stands behind it may be a secret."""
CRON_THERE = Probe[str, Lines](
    name="gate.cron.there", model=Lines, script=lambda _: script(()), read=read_all
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
    for whose, program in fact.value.lines if isinstance(fact, Seen) else ():
        user = user_of(scene.target, whose)
        if user:
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
    discover=Discovery(asks=_asks_all, names=_names, doubtful=("schedule",)),
).kind
