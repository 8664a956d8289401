"""The rehearsal: what the clone showed of the migration and of its way back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gate.contract.item import Item, Moment
from gate.contract.model import Promise
from gate.contract.rehearsal import Rehearsal
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    no_state,
    records_nothing,
)
from gate.kinds.rehearsal.compare import rehearsal
from gate.kinds.rehearsal.serves import references
from gate.kinds.scene import Scene
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.questions import AskRehearsal
from gate.target import Target


def _moments(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    del item, carries_out
    return ("predeploy",)


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    return [AskRehearsal(promise.id, item)] if isinstance(item, Rehearsal) else []


def _find(promise: Promise, scene: Scene) -> Found:
    """The part of the rehearsal that a promise is about; the upgraded catalog is left out."""
    item, fact = scene.item(promise, Rehearsal), scene.observed.rehearsal
    if not isinstance(fact, Seen):
        return fact
    facts = fact.value
    parts: dict[str, Any] = {
        "clone": facts.clone,
        "targets_clone": Seen({"targets_clone": facts.targets_clone, "strangers": facts.strangers}),
        "reaches": Seen({"up": facts.up, "reached": facts.reached, "together": facts.together}),
        "blocked_at_most_s": Seen({"bystanders": facts.bystanders, "up": facts.up}),
        "rewrites": Seen(facts.up),
        "vector": facts.vectors.get(promise.id),
        "serves": _served(promise.id, facts),
        "new_release": _served(promise.id, facts),
        "rolls_back": facts.undone.get(promise.id),
        "restores": Seen({"down": facts.down, "receipts": facts.receipts}),
        "loses": facts.receipts,
    }
    return next((part for name, part in parts.items() if getattr(item, name) is not None), None)


def _served(id_: str, facts: RehearsalFacts) -> Found:
    """Answers, log and canaries of a release."""
    answers = facts.serves.get(id_)
    if not isinstance(answers, Seen):
        return answers
    log, flights = facts.logs.get(id_, ""), facts.flights.get(id_, {})
    return Seen({"answers": answers.value, "log": log, "canaries": flights})


def _row(promise: Promise, scene: Scene) -> Cells:
    del scene
    return {"Rehearsal": promise.title}


KIND = Kind(
    name="rehearsal",
    chapter="rehearsal",
    rank=70,
    model=Rehearsal,
    severity="normal",
    moments=_moments,
    asks=_asks,
    find=_find,
    compare=rehearsal,
    state=no_state,
    row=_row,
    references=references,
    record=records_nothing,
)
