"""Paths: type, owner, group, mode and room."""

from __future__ import annotations

import shlex

from gate.contract.kinds import KeyPath
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, seen, told


def path(promise: Promise, scene: Scene) -> Finding:
    """Compare a path."""
    item = scene.item(promise, KeyPath)
    where = scene.target.placed(item.path)
    if item.path not in scene.host.paths:
        raise ObservationError(f"cannot tell: {item.path} was not asked for in this look")
    found = told(scene.host.paths[item.path])
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
        *_differs("type", item.type, found.type),
        *_differs("owner", scene.target.user(item.owner), found.owner),
        *_differs("group", item.group, found.group),
        *_differs("mode", item.mode, found.mode),
    ]
    if item.free_mb is not None:
        free = seen(found.free_bytes, f"free space of {where}") / 1e6
        words += f", {free:,.0f} MB free"
        broken += [f"only {free:,.0f} MB free"] if free < item.free_mb else []
    return Finding(promised=_promised(item), seen=words, broken=tuple(broken), look=look)


def _differs(name: str, must: str | None, is_: str) -> list[str]:
    return [] if must is None or must == is_ else [f"{name} is {is_}"]


def _promised(item: KeyPath) -> str:
    if item.absent:
        return "absent"
    words: list[str] = [item.type]
    words += [f"owner {item.owner}"] if item.owner else []
    words += [f"group {item.group}"] if item.group else []
    words += [item.mode] if item.mode else []
    words += [f"at least {item.free_mb} MB free"] if item.free_mb else []
    return ", ".join(words)
