"""Read what is at some paths of a host; answers and complaints are paired with them by name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host.facts import Path
from gate.sources.host.section import Section

NOT_FOUND = 127
"""Exit status of a shell that finds no such tool."""
ROOT = "/"
STAT_FIELDS, ROOM_FIELDS = 5, 3
TYPES = frozenset(
    {
        "directory",
        "regular file",
        "regular empty file",
        "symbolic link",
        "socket",
        "fifo",
        "block special file",
        "character special file",
    }
)
"""What GNU ``stat`` calls them."""
MODE = re.compile(r"[0-7]{1,4}")
NUMBER = re.compile(r"[0-9]{1,18}")
COMPLAINT = re.compile(r"^(?:\S*/)?stat: cannot stat[x]? (.*): ([^:]+)$", re.MULTILINE)
"""``stat: cannot statx '/a path': No such file or directory``, the path quoted as for a shell."""
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|\$'((?:[^'\\]|\\.)*)'|\\(.)|([^'\"$\\])")
ESCAPED = re.compile(r"\\([0-7]{3}|.)")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def read_paths(
    places: Sequence[str], answers: Mapping[str, Section], token: str
) -> dict[str, Fact[Path]]:
    """Return what is at each of the paths; what is not told of one cannot be told.

    Args:
        places: Absolute paths, as they were asked for.
        answers: Holds the sections ``stat``, ``room`` and ``resolved``.
        token: What stands in the marks between resolved paths.
    """
    if not places:
        return {}
    stats = {name: fields for name, *fields in _records(answers["stat"], STAT_FIELDS)}
    rooms = {name: fields for name, *fields in _records(answers["room"], ROOM_FIELDS)}
    said = {unquoted(name): why for name, why in COMPLAINT.findall(answers["stat"].err)}
    resolved = _resolved(answers["resolved"], token)
    believed = ROOT in stats and stats[ROOT][0] == "directory"
    found: dict[str, Fact[Path]] = {}
    for number, place in enumerate(places):
        if place in stats:
            there = resolved.get(number, place)
            found[place] = _there(place, stats[place], there, _room(place, rooms, answers["room"]))
        else:
            found[place] = _missing(place, said.get(place), answers["stat"], believed=believed)
    return found


def _records(section: Section, fields: int) -> list[list[str]]:
    """Records of NUL-terminated fields, each with a line feed behind it; odd ones are left out."""
    found = (one.split("\0") for one in section.text.split("\0\n"))
    return [one for one in found if len(one) == fields]


def _resolved(section: Section, token: str) -> dict[int, str]:
    """Where each path leads to, by its number: it stands behind its mark."""
    words = section.text.split("\0")
    found: dict[int, str] = {}
    for one, behind in itertools.pairwise(words):
        number = one.removeprefix(f"/{token}/")
        is_mark = number != one and NUMBER.fullmatch(number)
        if is_mark and behind.startswith("/") and not behind.startswith(f"/{token}/"):
            found[int(number)] = behind
    return found


NAMELESS = "UNKNOWN"
"""What ``stat`` calls an owner or a group that has a number and no name."""


def _there(place: str, fields: list[str], resolved: str, free: Fact[int]) -> Fact[Path]:
    type_, owner, group, mode = fields
    if type_ not in TYPES or not owner or not group or not MODE.fullmatch(mode):
        said = known.first(", ".join(fields), 100)
        return CannotTell(f"stat {place}: no answer of it is like {said!r}", Cause.UPSTREAM)
    return Seen(
        Path(
            path=place,
            resolved=resolved,
            type=type_.replace("regular empty file", "regular file"),
            owner=owner,
            group=group,
            mode=mode.zfill(4),
            free_bytes=free,
        )
    )


def _room(place: str, rooms: Mapping[str, list[str]], section: Section) -> Fact[int]:
    blocks = rooms.get(place, [])
    if len(blocks) == 2 and all(map(NUMBER.fullmatch, blocks)):  # noqa: PLR2004 - free, and their size
        return Seen(int(blocks[0]) * int(blocks[1]))
    return CannotTell(f"stat -f {place}: {_why(section)}", Cause.UPSTREAM)


def _missing(place: str, complaint: str | None, section: Section, *, believed: bool) -> Fact[Path]:
    if complaint is None:
        if section.late:
            return CannotTell(f"stat {place}: it did not end in time", Cause.TIMEOUT)
        cause = Cause.TOOL_MISSING if section.rc == NOT_FOUND else Cause.UPSTREAM
        return CannotTell(f"stat {place}: {_why(section)}", cause)
    reason = f"stat: {place}: {complaint}"
    if complaint in ("No such file or directory", "Not a directory"):
        if believed:
            return Absent(reason)
        return CannotTell(f"{reason}; but it finds no / either", Cause.UPSTREAM)
    cause = Cause.PERMISSION if complaint == "Permission denied" else Cause.UPSTREAM
    return CannotTell(reason, cause)


def _why(section: Section) -> str:
    return section.why if section.rc not in (0, 1) else "nothing was said of it"


def unquoted(text: str) -> str:
    r"""A name as GNU tools quote it for a shell: ``'a path'``, ``"it's"``, ``'a'$'\n''b'``."""
    return "".join(
        plain or double or _unescaped(escaped) or one or other
        for plain, double, escaped, one, other in QUOTED.findall(text)
    )


def _unescaped(text: str) -> str:
    """What ``$'…'`` stands for; bytes that are no UTF-8 stay escaped as sections keep them."""
    octal = re.sub(r"(?:\\[0-7]{3})+", _bytes, text)
    return ESCAPED.sub(lambda one: ESCAPES.get(one[1], one[1]), octal)


def _bytes(match: re.Match[str]) -> str:
    values = bytes(int(one, 8) & 0xFF for one in match[0].split("\\")[1:])
    return values.decode("utf-8", "backslashreplace").replace("\\", "\\\\")
