"""Paths: type, owner, group, mode and room."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

import pydantic

from gate.contract.item import AbsolutePath, Item, Moment, Name
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.host_kind import Differences, judged
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    always,
    no_references,
    not_seen,
)
from gate.kinds.recorded_paths import PATHS_THERE
from gate.kinds.scene import Scene, asked
from gate.kinds.unplaced import user_of
from gate.sources.fact import Absent, CannotTell, Seen, known, require
from gate.sources.host.facts import Path
from gate.sources.host.paths import NAMELESS
from gate.sources.host.probe import AskProbe
from gate.sources.host.questions import AskPath
from gate.sources.host.writable import UNIT, WRITABLE
from gate.target import Target

LINK = "symbolic link"
Who = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9:_.@\\-]*\$?$")]
"""A unit's name or a user's."""


class KeyPath(Item):
    """A path of the host; links are followed.

    Attributes:
        path: Where it is on the host; a target puts its ``prefix`` before it.
        group: Its group.
        purpose: What it is for; it stands in the snapshot's table.
        type: What it leads to, a directory where nothing is said; with ``symbolic link`` the path
            itself has to be one, too.
        leads_to: The path that it leads to; both are followed to their ends.
        owner: Its owner, by the contract's name for him.
        mode: Four octal digits, such as ``0750``. An access list (ACL) that lets others read leaves
            them as they are: that somebody cannot read is a ``check`` as that user.
        free_mb: How much room its file system must have for ordinary users, in MB (10^6 bytes).
        writable_by: Services that run (``shop.service``: its main process, in its own view of the
            file system) and users that must be able to write there. The kernel is asked as each;
            nothing is written. Where AppArmor or SELinux confines the process, that it may cannot
            be told.
        not_writable_by: The same of those that must not be able to.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"purpose"}

    path: AbsolutePath
    purpose: Name
    type: Literal["directory", "regular file", "symbolic link", "socket"] = "directory"
    leads_to: AbsolutePath | None = None
    owner: str | None = None
    group: str | None = None
    mode: Annotated[str, pydantic.Field(pattern=r"^[0-7]{4}$")] | None = None
    free_mb: Annotated[int, pydantic.Field(gt=0)] | None = None
    writable_by: tuple[Who, ...] = ()
    not_writable_by: tuple[Who, ...] = ()


def path(promise: Promise, scene: Scene) -> Finding:
    """Compare a path."""
    item = scene.item(promise, KeyPath)
    where = scene.target.placed(item.path)
    found = known(_path(promise, scene))
    look = f"stat {shlex.quote(where)}"
    if isinstance(found, Absent):
        return Finding(
            promised=_promised(item),
            seen=f"absent ({found.proof})",
            broken=() if item.absent else (f"there is no {where}",),
            look=look,
        )
    words = f"{found.type}, {found.owner}:{found.group}, {found.mode}"
    if item.absent:
        return Finding(promised="absent", seen=words, broken=(f"{where} is there",), look=look)
    broken = [
        *_type(item, found, scene),
        *_leads_to(item, found, scene),
        *_differs("owner", scene.target.user(item.owner), found.owner),
        *_differs("group", item.group, found.group),
        *_differs("mode", item.mode, found.mode),
    ]
    if item.free_mb is not None:
        free = require(found.free_bytes, f"free space of {where}") / 1e6
        words += f", {free:,.0f} MB free"
        broken += [f"only {free:,.0f} MB free"] if free < item.free_mb else []
    if item.writable_by or item.not_writable_by:
        look += f"; namei -l {shlex.quote(where)}"
    broken_or_not = (*broken, *_writers(item, scene))
    return Finding(promised=_promised(item), seen=words, broken=judged(broken_or_not), look=look)


def _writers(item: KeyPath, scene: Scene) -> Differences:
    """Who may not write there and must, and who may and must not."""
    for wanted, names in ((True, item.writable_by), (False, item.not_writable_by)):
        for name in names:
            fact = scene.probed(WRITABLE, _writer(name, item, scene.target))
            if isinstance(fact, CannotTell):
                yield fact
            elif isinstance(fact, Absent):
                yield fact.proof
            elif fact.value.word == "missing":
                yield f"there is no {item.path} in the view of {name}"
            elif (fact.value.word == "yes") != wanted:
                yield f"{name} {'can' if fact.value.word == 'yes' else 'cannot'} write there"


def _writer(name: str, item: KeyPath, target: Target) -> tuple[str, str]:
    who = name if UNIT.fullmatch(name) else target.user(name) or name
    return (who, target.placed(item.path))


def _type(item: KeyPath, found: Path, scene: Scene) -> list[str]:
    """A path is a link where it does not lead to its own name in the folder that it is in.

    Raises:
        ObservationError: What its folder leads to cannot be told.
    """
    if item.type != LINK:
        return _differs("type", item.type, found.type)
    folder, name = posixpath.split(posixpath.normpath(item.path))
    resolved = _followed(folder, scene)
    return [f"it is no {LINK}"] if found.resolved == posixpath.join(resolved, name) else []


def _leads_to(item: KeyPath, found: Path, scene: Scene) -> list[str]:
    """Two paths are one where they end at the same place."""
    if item.leads_to is None or found.resolved == _followed(item.leads_to, scene):
        return []
    return [f"it leads to {found.resolved}"]


def _followed(path: str, scene: Scene) -> str:
    """Where a path ends when every link in it is followed; one that is not there is as it stands.

    Raises:
        ObservationError: It cannot be told.
    """
    found = known(asked(scene.host.paths, path))
    return scene.target.placed(path) if isinstance(found, Absent) else found.resolved


def _differs(name: str, must: str | None, is_: str) -> list[str]:
    return [] if must is None or must == is_ else [f"{name} is {is_}"]


def _promised(item: KeyPath) -> str:
    if item.absent:
        return "absent"
    words: list[str] = [item.type]
    words += [f"leads to {item.leads_to}"] if item.leads_to else []
    words += [f"owner {item.owner}"] if item.owner else []
    words += [f"group {item.group}"] if item.group else []
    words += [item.mode] if item.mode else []
    words += [f"at least {item.free_mb} MB free"] if item.free_mb else []
    words += [f"writable by {', '.join(item.writable_by)}"] if item.writable_by else []
    words += [f"not writable by {', '.join(item.not_writable_by)}"] if item.not_writable_by else []
    return ", ".join(words)


def _path(promise: Promise, scene: Scene) -> Seen[Path] | Absent | CannotTell:
    """A path of the host; kept under its name in the contract."""
    host = scene.observed.host
    key = scene.item(promise, KeyPath).path
    return asked(host.value.paths, key) if isinstance(host, Seen) else host


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    item = promise.at(moment)
    if isinstance(item, KeyPath):
        yield AskPath(item.path)
        for name in (*item.writable_by, *item.not_writable_by):
            yield AskProbe(WRITABLE, _writer(name, item, target))
        if item.type == LINK:
            yield AskPath(posixpath.dirname(posixpath.normpath(item.path)))
        if item.leads_to is not None:
            yield AskPath(item.leads_to)


def _find(promise: Promise, scene: Scene) -> Found:
    return _path(promise, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = _path(promise, scene)
    if not isinstance(fact, Seen):
        return not_seen(fact)
    found, item = fact.value, scene.item(promise, KeyPath)
    words = f"{found.type}, {found.owner}:{found.group}, {found.mode}"
    words += "".join(
        _writes(one, item, scene) for one in (*item.writable_by, *item.not_writable_by)
    )
    if item.type == LINK or item.leads_to:
        words += f", leads to {found.resolved.removeprefix(scene.target.prefix)}"
    return State(words)


def _writes(name: str, item: KeyPath, scene: Scene) -> str:
    """Whether somebody may write there, where that can be told."""
    fact = scene.probed(WRITABLE, _writer(name, item, scene.target))
    if not isinstance(fact, Seen):
        return ""
    return f", {'' if fact.value.word == 'yes' else 'not '}writable by {name}"


def _row(promise: Promise, scene: Scene) -> Cells:
    item = scene.item(promise, KeyPath)
    return {"Path": item.path, "Purpose": item.purpose}


def _record(scene: Scene) -> Iterable[Recorded]:
    """The paths that the contract names already, as they are."""
    for promise in scene.contract.of(KeyPath, scene.moment):
        item = scene.contract.of(KeyPath, scene.moment)[promise]
        fact = asked(scene.host.paths, item.path)
        if isinstance(fact, Seen):
            found, owner = fact.value, fact.value.owner
            keys = {
                "title": item.title,
                "path": item.path,
                "purpose": item.purpose,
                "type": found.type,
                "owner": None if owner == NAMELESS else user_of(scene.target, owner),
                "group": None if found.group == NAMELESS else found.group,
                "mode": found.mode,
                **_recorded_writers(item, scene),
            }
            told = {key: value for key, value in keys.items() if value is not None}
            yield Recorded(promise.partition(".")[2], told)


def _recorded_writers(item: KeyPath, scene: Scene) -> dict[str, list[str]]:
    """Those of whom the contract speaks already, as they are."""
    found: dict[str, list[str]] = {}
    for name in (*item.writable_by, *item.not_writable_by):
        fact = scene.probed(WRITABLE, _writer(name, item, scene.target))
        if isinstance(fact, Seen) and fact.value.word != "missing":
            key = "writable_by" if fact.value.word == "yes" else "not_writable_by"
            found.setdefault(key, []).append(name)
    return found


KIND = Kind(
    name="path",
    chapter="paths",
    rank=30,
    model=KeyPath,
    severity="minor",
    moments=always,
    asks=_asks,
    find=_find,
    compare=path,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
    discover=PATHS_THERE,
    named_by=("path", "file", "folder", "cwd"),
)
