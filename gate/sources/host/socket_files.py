"""Whether the files of Unix sockets are there: the kernel tells of a socket without its file, too.

Who removed the file, or listens in a view of the file system of his own, listens still, and nobody
reaches him by that path. Who made it under another name and renamed it then (HAProxy does) listens
under the first one for the kernel, and is reached by the second: device and inode tell whose a file
is.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.parts import SEEN, cannot_tell
from gate.sources.host.section import Section


class Rights(Model):
    """Whose a socket's file is, and four octal digits: who may write there may connect."""

    owner: str
    group: str
    mode: str


Place = tuple[int, int, int]
"""Inode, and both numbers of its device."""
PLACE = re.compile(r" ino:(\d+) dev:(\d+)/(\d+)(?= |$)")
"""What ``ss -e`` tells of a socket's file."""

FUNCTIONS = (
    SEEN
    + """\
# inodes PATH...: of those that are there, and in a second line who may connect.
inodes() {
  limited stat -L -c '%i %d %n
=%a %U %G %n' -- "$@" 2>/dev/null; ended=$?
  [ $ended -lt 124 ] || [ $ended = 127 ] || return $ended
}
# inodes_below FOLDER: of every socket.
inodes_below() {
  limited find "$1" -xdev -path "$1/user" -prune -o -type s -printf '%i %D %p\\n' 2>/dev/null
  return 0
}
"""
)


def question(paths: Sequence[str]) -> str:
    """The command that tells of all of them, a line each, by one of `FUNCTIONS`."""
    return f"seen -S {shlex.join(paths)}"


def place_of(line: str) -> Place | None:
    """Which file a socket was bound to, by a line of ``ss -e``; ``None`` where it is not told."""
    told = PLACE.search(line)
    return (int(told[1]), int(told[2]), int(told[3])) if told else None


def places(section: Section) -> Mapping[str, Place]:
    """The files of sockets by their paths, as ``stat`` or ``find`` tells them."""
    words = (line.split(" ", 2) for line in section.text.splitlines())
    return {
        one[2]: (int(one[0]), os.major(int(one[1])), os.minor(int(one[1])))
        for one in words
        if len(one) == 3 and one[0].isdecimal() and one[1].isdecimal()  # noqa: PLR2004 - as asked
    }


def rights(section: Section) -> Mapping[str, Rights]:
    """Who may connect to each, by its path, as `FUNCTIONS` tell it of paths that were asked for."""
    lines = (line[1:].split(" ", 3) for line in section.text.splitlines() if line[:1] == "=")
    return {
        one[3]: Rights(owner=one[1], group=one[2], mode=one[0].zfill(4))
        for one in lines
        if len(one) == 4 and one[0].isdecimal()  # noqa: PLR2004 - as asked
    }


def is_others(lines: Iterable[str], file: Place | None) -> bool:
    """Whether a path is now another socket's than of any of those that were bound to it.

    Told only on the device that they themselves name: an overlay has numbers of its own.
    """
    bound = [place_of(line) for line in lines]
    return (
        bool(bound)
        and file is not None
        and all(one is not None and one[1:] == file[1:] and one != file for one in bound)
    )


def obstacles(section: Section, paths: Sequence[str]) -> Mapping[str, Absent | CannotTell]:
    """Why no socket can be reached by some of the paths that were asked for."""
    words = section.text.split()
    if section.rc or len(words) != len(paths):
        return dict.fromkeys(paths, cannot_tell(section, "test -S"))
    gone = "{} is not there: whoever listens under that name is not reached by it"
    unseen = "test -S {}: a folder above it is not shown to this user"
    found: dict[str, Absent | CannotTell] = {}
    for path, word in zip(paths, words, strict=True):
        if word == "gone":
            found[path] = Absent(gone.format(path))
        elif word != "there":
            found[path] = CannotTell(unseen.format(path), Cause.PERMISSION)
    return found
