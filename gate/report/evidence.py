"""What was seen of one item, whole, as JSON: the evidence beside its result."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_jsonable_python

from gate.contract import kinds
from gate.contract.kinds import Moment
from gate.contract.model import Promise
from gate.report.seen import (
    answer_of,
    chain_of,
    clock_of,
    current_of,
    database_of,
    listeners_of,
    path_of,
    unit_of,
    version_of,
)
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.observed import Observed
from gate.target import Target

CATALOG = {"table": "tables", "index": "indexes", "enum": "enums", "extension": "extensions"}
"""Where the catalog keeps a kind of item."""


def evidence(promise: Promise, moment: Moment, target: Target, observed: Observed | None) -> Any:
    """The fact behind an item, as JSON-ready data; ``None`` for what is no fact of its own."""
    item = promise.at(moment)
    fact = (
        _of_host(promise.id, item, target, observed)
        or _of_database(promise, item, observed)
        or _of_plan(promise.id, item, observed)
        or _of_rehearsal(promise.id, item, observed)
    )
    return None if fact is None else to_jsonable_python(fact)


def _of_host(id_: str, item: kinds.Item, target: Target, observed: Observed | None) -> object:
    fact: object = None
    if isinstance(item, kinds.Service):
        fact = unit_of(observed, item)
    elif isinstance(item, kinds.ListeningPort):
        fact = listeners_of(observed, item, target)
    elif isinstance(item, kinds.KeyPath):
        fact = path_of(observed, item)
    elif isinstance(item, kinds.Runtime):
        fact = version_of(observed, id_, item)
    elif isinstance(item, kinds.Clock):
        fact = _of_clock(item, observed)
    elif isinstance(item, kinds.Endpoint):
        fact = answer_of(observed, id_)
    elif isinstance(item, kinds.Budget):
        fact = answer_of(observed, f"endpoint.{item.endpoint}")
    elif isinstance(item, kinds.Migration):
        fact = current_of(observed) if item.current is not None else chain_of(observed, item)
    return fact


def _of_clock(item: kinds.Clock, observed: Observed | None) -> object:
    """The time that it told, between the gate's own before and after."""
    fact = clock_of(observed, item)
    if observed is None or not isinstance(fact, Seen):
        return fact
    before, after = observed.under_way(item.of)
    return {"clock": fact.value, "gate_before": before, "gate_after": after}


def _of_database(promise: Promise, item: kinds.Item, observed: Observed | None) -> object:
    database = database_of(observed)
    keeps = CATALOG.get(promise.kind)
    if keeps is None and not isinstance(item, (kinds.Column, kinds.Database, kinds.Work)):
        return None
    if not isinstance(database, Seen):
        return database
    catalog = database.value.catalog
    if isinstance(item, kinds.Work):
        return database.value.work.get(promise.id)
    if isinstance(item, kinds.Database):
        return {
            **database.value.model_dump(exclude={"catalog", "work"}),
            "tables": sorted(catalog.tables),
        }
    if isinstance(item, kinds.Column):
        table = catalog.tables.get(item.table)
        found = table.columns.get(item.column) if table else None
    else:
        found = getattr(catalog, keeps or "").get(promise.name)
    return Absent("not in the catalog") if found is None else found


def _of_rehearsal(id_: str, item: kinds.Item, observed: Observed | None) -> object:
    """The part of the rehearsal that a promise is about; the upgraded catalog is left out."""
    if not isinstance(item, kinds.Rehearsal) or observed is None:
        return None
    if not isinstance(observed.rehearsal, Seen):
        return observed.rehearsal
    facts = observed.rehearsal.value
    parts = {
        "clone": facts.clone,
        "obeys": {"obeys": facts.obeys, "strangers": facts.strangers},
        "reaches": {"up": facts.up, "reached": facts.reached},
        "blocked_at_most_s": {"bystanders": facts.bystanders, "up": facts.up},
        "rewrites": facts.up,
        "vector": facts.vectors.get(id_),
        "serves": facts.serves.get(id_),
        "restores": {"down": facts.down, "receipts": facts.receipts},
        "loses": facts.receipts,
    }
    return next((part for name, part in parts.items() if getattr(item, name) is not None), None)


def _of_plan(
    id_: str, item: kinds.Item, observed: Observed | None
) -> Seen[Any] | Absent | CannotTell | None:
    if not isinstance(item, kinds.Step) or observed is None:
        return None
    return observed.plan.value.steps.get(id_) if isinstance(observed.plan, Seen) else observed.plan
