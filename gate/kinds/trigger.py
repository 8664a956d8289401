"""Rollback triggers: they fire when one of the items that they watch breaks."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Annotated

import pydantic

from gate.contract.item import Item, Moment
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.endpoint import Endpoint
from gate.kinds.finding import Finding
from gate.kinds.judge import AWAY, broken_among, compare
from gate.kinds.kind import (
    Cells,
    Kind,
    Promises,
    asks_nothing,
    no_fact,
    no_state,
    records_nothing,
    shows_nothing,
)
from gate.kinds.scene import Scene, asked
from gate.rule import never_absent
from gate.sources.fact import Absent, CannotTell, Seen

NOTHING = "it watches no item at this moment: nothing shows that there is no reason to roll back"


class Trigger(Item):
    """A reason to roll back, as ids (or ``kind.*``) of items; it fires when one of them breaks.

    It fires as well where one of them cannot be reached while the host can: a database that is
    away is no reason to wait. What cannot be told for another reason leaves it open.

    Attributes:
        when: The items.
        status_from: For endpoints: only an answer with at least this status fires it.
    """

    RULES = (never_absent("a trigger"),)

    when: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    status_from: int | None = None


def trigger(promise: Promise, scene: Scene) -> Finding:
    """A rollback trigger fires when one of its items breaks."""
    item = scene.item(promise, Trigger)
    watched = [
        one
        for one in scene.contract.at(scene.moment)
        if any(fnmatch.fnmatch(one.id, pattern) for pattern in item.when)
    ]
    if item.status_from is not None:
        return _by_status(item.status_from, watched, scene)
    broken, unknown = broken_among(watched, scene, away=_host_is_there(scene))
    if unknown and not broken:
        raise ObservationError(unknown[0])
    return Finding(
        promised=f"none of {len(watched)} items breaks",
        seen=f"{len(broken)} of {len(watched)} are broken",
        broken=tuple(f"roll back: {one}" for one in broken),
        warnings=() if watched else (NOTHING,),
    )


def _by_status(status: int, watched: list[Promise], scene: Scene) -> Finding:
    answers = [
        (one.id, asked(scene.api.answers, one.id))
        for one in watched
        if isinstance(one.at(scene.moment), Endpoint)
    ]
    kept = {one.id for one in watched if _is_as_promised(one, scene)}
    fired = [
        f"roll back: {id_} answered {fact.value.status}"
        for id_, fact in answers
        if isinstance(fact, Seen) and fact.value.status >= status and id_ not in kept
    ]
    fired += [
        f"roll back: {id_}: {fact.proof}"
        for id_, fact in answers
        if isinstance(fact, Absent) and id_ not in kept
    ]
    away = {
        id_: fact
        for id_, fact in answers
        if isinstance(fact, CannotTell) and fact.cause in AWAY and _host_is_there(scene)
    }
    fired += [f"roll back: {id_}: {fact.reason}" for id_, fact in away.items()]
    unknown = [
        fact.reason for id_, fact in answers if isinstance(fact, CannotTell) and id_ not in away
    ]
    if unknown and not fired:
        raise ObservationError(f"cannot tell: {unknown[0]}")
    return Finding(
        promised=f"none of {len(answers)} endpoints answers {status} or above",
        seen=f"{len(fired)} of {len(answers)} do",
        broken=tuple(fired),
        warnings=() if answers else (NOTHING,),
    )


def _is_as_promised(one: Promise, scene: Scene) -> bool:
    """Whether a 404 or a closed port is what is promised: that is no reason to roll back."""
    try:
        return compare(one, scene).holds
    except ObservationError:
        return False


def _host_is_there(scene: Scene) -> bool:
    """Whether it is not just the way to the host that is cut."""
    return not isinstance(scene.observed.host, CannotTell)


def _moments(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    del item, carries_out
    return ("postdeploy",)


def _row(promise: Promise, scene: Scene) -> Cells:
    return {"Trigger": promise.title, "Watches": ", ".join(scene.item(promise, Trigger).when)}


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if not isinstance(item, Trigger):
        return
    for pattern in item.when:
        named = [promises[one] for one in fnmatch.filter(promises, pattern)]
        if not named:
            yield f"when: {pattern!r} names no item"
        elif item.status_from is not None and not any(map(_answers, named)):
            yield f"when: {pattern!r} names no endpoint, and status_from is of endpoints' answers"


def _answers(promise: Promise) -> bool:
    return any(isinstance(one, Endpoint) for one in (promise.before, promise.after))


KIND = Kind(
    name="trigger",
    chapter="plan",
    rank=121,
    model=Trigger,
    severity="critical",
    moments=_moments,
    asks=asks_nothing,
    find=no_fact,
    compare=trigger,
    state=no_state,
    row=_row,
    references=_references,
    record=records_nothing,
    shows=shows_nothing,
)
