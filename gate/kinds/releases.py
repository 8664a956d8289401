"""Releases that stand beside each other on a host, and which one a path lies in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from gate.kinds.host_kind import Differences
from gate.kinds.scene import Scene, asked
from gate.sources.fact import Absent, CannotTell
from gate.sources.host.programs import Program

SCRIPT = 2
"""So many words of a command line name what runs: a program, and a script that it reads."""

NUMBER = "#"
"""What stands for the number, date or commit in a release's name."""
COMMIT = re.compile(r"[0-9a-f]{7,64}")
DIGITS = re.compile(r"[0-9]+(?:[._-][0-9]+)*")


def other_release(named: str, programs: Iterable[Program], scene: Scene) -> Differences:
    """Which processes are of none, or of another release than the one that a path leads to.

    Args:
        named: The path, such as a link ``current``.
        programs: The processes.
        scene: Where they were seen.
    """
    fact = asked(scene.host.paths, named)
    if isinstance(fact, Absent):
        yield f"there is no {named}"
        return
    if isinstance(fact, CannotTell):
        yield fact
        return
    release, link = fact.value.resolved, scene.target.placed(named)
    for one in programs:
        places = [at for at in (one.executable, one.folder) if at.startswith("/")]
        words = [at for at in one.command.split()[:SCRIPT] if at.startswith("/")]
        beside = next((at for at in (*places, *words) if in_another(at, release, link)), None)
        if not any(within(at, release) for at in places):
            yield f"process {one.pid} runs {one.executable} in {one.folder}, not {release}"
        elif beside is not None:
            yield f"process {one.pid} runs {beside}, which is of another release than {release}"


def within(place: str, folder: str) -> bool:
    """Whether an absolute path is a folder, or lies in it."""
    return posixpath.commonpath((folder, place)) == folder


def in_another(place: str, release: str, link: str) -> bool:
    """Whether a path lies in another release than this one, in a folder beside it.

    Args:
        place: An absolute path.
        release: The folder of the release.
        link: The path that led to it: where the release lies in a folder beneath the link's own,
            that one holds nothing but releases; else their names differ in number alone.
    """
    parent, name = posixpath.split(release)
    if place == parent or not within(place, parent) or within(place, release):
        return False
    beside, above = posixpath.relpath(place, parent).partition("/")[0], posixpath.dirname(link)
    if parent != above and within(parent, above):
        return True
    return NUMBER in _form(name) and _form(beside) == _form(name)


def _form(name: str) -> str:
    """A release's name without its number, date or commit."""
    return NUMBER if COMMIT.fullmatch(name) else DIGITS.sub(NUMBER, name)
