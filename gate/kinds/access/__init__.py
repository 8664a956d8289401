"""Access: the same request for many roles and tenants, and what must not be shown to some."""

from __future__ import annotations

from collections.abc import Iterable

from gate.contract.item import Moment
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.access.compare import OK, access
from gate.kinds.access.promised import Access, Cell, spread
from gate.kinds.access.shown import shown
from gate.kinds.endpoint import state_of
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    State,
    Told,
    always,
    no_references,
    records_nothing,
)
from gate.kinds.kind import shown as cell
from gate.kinds.scene import Scene
from gate.sources.api.facts import Answer
from gate.sources.api.questions import AskEndpoint
from gate.sources.fact import Seen
from gate.target import Target


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    return [AskEndpoint(promise.id, item.request)] if isinstance(item, Cell) else []


def _find(promise: Promise, scene: Scene) -> Found:
    return scene.answer(promise.id)


def _state(promise: Promise, scene: Scene) -> Told:
    fact = scene.answer(promise.id)
    told = state_of(fact)
    if isinstance(told, State) and isinstance(fact, Seen) and scene.item(promise, Cell).hides:
        return State(f"{told.text}, {_shown(promise, fact.value, scene)}")
    return told


def _shown(promise: Promise, answer: Answer, scene: Scene) -> str:
    """Whether an answer shows any of what only some may see."""
    try:
        there = any(shown(one, answer, scene.target) for one in scene.item(promise, Cell).hides)
    except ObservationError:
        return "shows what cannot be told"
    return "shows what is hidden" if there else "shows nothing hidden"


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Cell), scene.answer(promise.id)
    return {
        "Endpoint": f"{item.method} {item.path}",
        "Role": item.role,
        "Promised": "not served" if item.absent else str(item.expects),
        "Answer": cell(fact, "no answer", lambda one: str(one.status)),
        "Hidden": cell(fact, "-", lambda one: _shown(promise, one, scene)) if item.hides else "",
    }


def _shows(promise: Promise, moment: Moment) -> bool:
    """Any web server refuses."""
    item = promise.at(moment)
    if not isinstance(item, Cell) or item.absent:
        return False
    return item.expects in ("allowed", "sees", "hidden") or item.expects in OK


KIND = Kind(
    name="access",
    chapter="access",
    rank=85,
    model=Access,
    severity="critical",
    moments=always,
    asks=_asks,
    find=_find,
    compare=access,
    state=_state,
    row=_row,
    references=no_references,
    record=records_nothing,
    shows=_shows,
    spread=spread,
)
