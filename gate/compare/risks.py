"""Risks and rollback triggers: what it means for them that other items break."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable

from gate.contract.kinds import Endpoint, Trigger
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.sources.fact import Absent

Compare = Callable[[Promise, Scene], Finding]


def risk(promise: Promise, scene: Scene, compare: Compare) -> Finding:
    """A risk materialises when an item that names it breaks."""
    guards = [
        one for one in scene.contract.at(scene.moment) if promise.id in one.at(scene.moment).risk
    ]
    broken, unknown = _broken(guards, scene, compare)
    if unknown and not broken:
        raise ObservationError(unknown[0])
    return Finding(
        promised=f"{len(guards)} items guard it, and all hold",
        seen=f"{len(guards) - len(broken)} of {len(guards)} hold",
        broken=tuple(f"the risk materialised: {one}" for one in broken),
    )


def trigger(promise: Promise, scene: Scene, compare: Compare) -> Finding:
    """A rollback trigger fires when one of its items breaks."""
    item = scene.item(promise, Trigger)
    watched = [
        one
        for one in scene.contract.at(scene.moment)
        if any(fnmatch.fnmatch(one.id, pattern) for pattern in item.when)
    ]
    if item.status_from is not None:
        return _by_status(item.status_from, watched, scene)
    broken, unknown = _broken(watched, scene, compare)
    if unknown and not broken:
        raise ObservationError(unknown[0])
    return Finding(
        promised=f"none of {len(watched)} items breaks",
        seen=f"{len(broken)} of {len(watched)} are broken",
        broken=tuple(f"roll back: {one}" for one in broken),
    )


def _broken(
    promises: Iterable[Promise], scene: Scene, compare: Compare
) -> tuple[list[str], list[str]]:
    """Return what is broken, and what cannot be told."""
    broken, unknown = [], []
    for one in promises:
        try:
            finding = compare(one, scene)
        except ObservationError as error:
            unknown.append(str(error))
            continue
        if not finding.holds:
            broken.append(f"{one.id}: {finding.broken[0]}")
    return broken, unknown


def _by_status(status: int, watched: list[Promise], scene: Scene) -> Finding:
    answers = [
        (one.id, scene.api.answers.get(one.id))
        for one in watched
        if isinstance(one.at(scene.moment), Endpoint)
    ]
    fired = [
        f"roll back: {id_} answered {fact.value.status}"
        for id_, fact in answers
        if fact is not None and fact.fact == "seen" and fact.value.status >= status
    ]
    fired += [
        f"roll back: {id_}: {fact.proof}" for id_, fact in answers if isinstance(fact, Absent)
    ]
    unknown = [fact.reason for _, fact in answers if fact and fact.fact == "cannot tell"]
    if unknown and not fired:
        raise ObservationError(f"cannot tell: {unknown[0]}")
    return Finding(
        promised=f"none of {len(answers)} endpoints answers {status} or above",
        seen=f"{len(fired)} of {len(answers)} do",
        broken=tuple(fired),
    )
