"""The crontabs of a host, line by line, without those that cron passes over.

Cron reads no file of which it cannot be sure: somebody else's, one that others may write to, one
with a second name. Debian's also wants plain names in ``/etc/cron.d`` and a newline at the end.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gate.sources.fact import CannotTell, Cause
from gate.sources.host.parts import SEEN, cannot_tell, parts, read_parts
from gate.sources.host.section import Section

WHEN = r"(@\w+|\S+[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+\S+)[ \t]+"
SYSTEM = re.compile(WHEN + r"(\S+)[ \t]+(.+)")
OWN = re.compile(WHEN + r"(.+)")
SPOOL = ("/var/spool/cron/crontabs", "/var/spool/cron")
FILE = re.compile(r"(whole|unended|unread)\0(\d+)\0([0-7]+)\0(\d+)")
PLAIN = re.compile(r"[A-Za-z0-9_-]+")
LEFTOVER = ("~", ".rpmsave", ".rpmorig", ".rpmnew")
OTHERS_WRITE = 0o022
OWN_ONLY = 0o600

SCRIPT = r"""
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
# How each file ends, whose it is, who may write to it, and how many names it has.
files() {
  newline='
'
  # Asked of what is always there, too: a stat that says nothing has not said that there are none.
  limited stat -L --printf '%n\0whole\0%u\0%a\0%h\n' -- /dev/null || return
  for file in /etc/crontab /etc/cron.d/* /var/spool/cron/crontabs/* /var/spool/cron/*; do
    [ -f "$file" ] || continue
    end=$(limited tail -c 1 -- "$file"; echo .)
    case $end in .) end=unread ;; "$newline".) end=whole ;; *) end=unended ;; esac
    printf '%s\0%s\0' "$file" $end
    limited stat -L --printf '%u\0%a\0%h' -- "$file" || return
    echo
  done
}
daemon() {
  for name in cron crond; do command -v $name >/dev/null 2>&1 && echo $name; done
  return 0
}
"""


class Line(NamedTuple):
    """A line that cron goes by: its file, who runs it, when, and the command."""

    file: str
    user: str
    when: str
    command: str


class Crontabs(NamedTuple):
    """All that a host's crontabs say.

    Attributes:
        lines: Those of every file.
        over: Why cron passes over a file, by the file.
        unknown: Files of which that cannot be told; one that is gone meanwhile is none of them.
        why: Why there may be lines that were not read; nothing where there are none.
    """

    lines: tuple[Line, ...]
    over: Mapping[str, str]
    unknown: frozenset[str]
    why: CannotTell | None


def script(programs: Sequence[str] = ()) -> str:
    """Every crontab there is, what cron asks of its file, and whether some paths are there."""
    commands = {"tabs": "tabs", "spool": "spool", "files": "files", "daemon": "daemon"}
    if programs:
        commands["programs"] = f"seen -e {shlex.join(programs)}"
    return parts(commands, functions=SCRIPT + SEEN)


def read(section: Section) -> Crontabs:
    """What is said of them."""
    told = read_parts(section)
    lines = (*_lines(told["tabs"]), *_lines(told["spool"]))
    files = _files(told["files"])
    debian = told["daemon"].text.split() == ["cron"]
    files.pop("/dev/null", None)
    over = {file: why for file, one in files.items() if (why := _over(file, *one, debian=debian))}
    whole = told["files"].rc == 0
    named = {one.partition("\0")[0] for one in told["files"].text.splitlines()}
    unknown = frozenset(
        line.file
        for line in lines
        if files.get(line.file, ("unread",))[0] == "unread" and (line.file in named or not whole)
    )
    return Crontabs(lines, over, unknown - over.keys(), _unread(told))


def _unread(told: Mapping[str, Section]) -> CannotTell | None:
    tabs, spool = told["tabs"], told["spool"]
    if tabs.err or tabs.rc not in (0, 1) or (tabs.rc == 0 and "\0" not in tabs.text):
        return cannot_tell(tabs, "the system's crontabs")
    if spool.err or spool.rc or not spool.text.endswith(".\n"):
        return cannot_tell(spool, "the users' crontabs")
    return None


def _lines(section: Section) -> list[Line]:
    found = []
    for line in section.text.splitlines():
        file, nul, text = line.partition("\0")
        if not nul or text.lstrip().startswith("#"):
            continue
        folder, _, name = file.rpartition("/")
        if folder in SPOOL:
            if match := OWN.fullmatch(text.strip()):
                found.append(Line(file, name, " ".join(match[1].split()), match[2]))
        elif match := SYSTEM.fullmatch(text.strip()):
            found.append(Line(file, match[2], " ".join(match[1].split()), match[3]))
    return found


def _files(section: Section) -> dict[str, tuple[str, int, int, int]]:
    """How each file ends, the number of its owner, its mode, and how many names it has."""
    found = {}
    for line in section.text.splitlines():
        file, _, rest = line.partition("\0")
        if match := FILE.fullmatch(rest):
            found[file] = (match[1], int(match[2]), int(match[3], 8), int(match[4]))
    return found


def _over(file: str, end: str, owner: int, mode: int, names: int, *, debian: bool) -> str:
    """Why cron passes over a file; empty where it reads it.

    Source:
        ``cron(8)`` of Debian (3.0pl1) and of cronie; tried with Debian's.
    """
    folder, _, name = file.rpartition("/")
    system = folder not in SPOOL
    reasons = {
        "its name ends as that of what was replaced": name.endswith(LEFTOVER),
        "its name is none of letters, digits, _ and -": debian
        and folder == "/etc/cron.d"
        and not PLAIN.fullmatch(name),
        "it is not root's": system and owner != 0,
        "others than its owner may write to it": bool(mode & OTHERS_WRITE),
        "others than its owner may read it": debian and not system and mode != OWN_ONLY,
        "it has more than one name": names > 1,
        "its last line has no end": debian and end == "unended",
    }
    return next((why for why, is_so in reasons.items() if is_so), "")


def unclear(file: str) -> CannotTell:
    """Whether cron goes by a file cannot be told."""
    return CannotTell(f"whether cron reads {file}, which could not be looked at", Cause.UPSTREAM)
