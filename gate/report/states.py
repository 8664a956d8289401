"""The state of each item in words, so that two looks can be compared item by item.

A state holds what must not change by itself: no PIDs, no durations, no free space.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from gate.catalog.model import Catalog, Index
from gate.contract import kinds
from gate.contract.model import Contract, Promise
from gate.report.duration import moment_of
from gate.report.seen import (
    answer_of,
    chain_of,
    current_of,
    database_of,
    listeners_of,
    path_of,
    pending_of,
    unit_of,
    version_of,
)
from gate.report.text import counted
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.facts import Listener
from gate.sources.observed import Observed
from gate.target import Target


@dataclasses.dataclass(frozen=True)
class State:
    """What an item is: in words, and in parts where the words do not hold everything."""

    text: str
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Place:
    """An item in one look.

    Attributes:
        contract: Columns that have an item of their own are left out of their table's state.
        target: Where the ports are.
    """

    promise: Promise
    contract: Contract
    target: Target
    observed: Observed


Told = State | CannotTell | None
ABSENT = State("absent")


def state_of(place: Place) -> Told:
    """What was seen of an item; ``None`` for one that is no state (a risk, a budget, a step)."""
    return _state(place.promise.at(place.observed.moment), place)


def index_words(one: Index) -> str:
    """An index's definition in words."""
    words = ["unique"] if one.unique else []
    words += [one.method, f"on {one.table} ({', '.join(one.columns)})"]
    words += [f"include ({', '.join(one.include)})"] if one.include else []
    options = ", ".join(f"{key}={value}" for key, value in sorted(one.options.items()))
    words += [f"with ({options})"] if options else []
    words += [f"where {one.predicate}"] if one.predicate else []
    words += [] if one.valid else ["INVALID"]
    words += [] if one.ready else ["NOT READY"]
    return " ".join(words)


@functools.singledispatch
def _state(_item: kinds.Item, _place: Place) -> Told:
    return None


@_state.register
def _(item: kinds.Service, place: Place) -> Told:
    fact = unit_of(place.observed, item)
    if not isinstance(fact, Seen):
        return _not_seen(fact)
    unit, after = fact.value, place.promise.after
    words = [f"{unit.active_state} ({unit.sub_state})"]
    if isinstance(unit.starts_at_boot, Seen):
        words.append("starts at boot" if unit.starts_at_boot.value else "does not start at boot")
    # Only where a restart is promised, or promised not to be, does the start belong to the state.
    if isinstance(after, kinds.Service) and after.restarted is not None and unit.started:
        words.append(f"up since {moment_of(unit.started)}")
    return State(", ".join(words))


@_state.register
def _(item: kinds.ListeningPort, place: Place) -> Told:
    fact = listeners_of(place.observed, item, place.target)
    if isinstance(fact, Absent):
        return State("closed")
    if isinstance(fact, CannotTell):
        return fact
    return State("; ".join(sorted({_listener(one) for one in fact.value})))


def _listener(one: Listener) -> str:
    units = ", ".join(sorted(one.units.value)) if isinstance(one.units, Seen) else ""
    return f"open on {one.address}" + (f", held by {units}" if units else "")


@_state.register
def _(item: kinds.KeyPath, place: Place) -> Told:
    fact = path_of(place.observed, item)
    if not isinstance(fact, Seen):
        return _not_seen(fact)
    path = fact.value
    return State(f"{path.type}, {path.owner}:{path.group}, {path.mode}")


@_state.register
def _(item: kinds.Runtime, place: Place) -> Told:
    fact = version_of(place.observed, place.promise.id, item)
    if isinstance(fact, Absent):
        return State("not installed")
    return fact if isinstance(fact, CannotTell) else State(f"version {fact.value}")


@_state.register
def _(item: kinds.Endpoint, place: Place) -> Told:
    # What an absent endpoint answers is seen all the same: its 404.
    del item
    fact = answer_of(place.observed, place.promise.id)
    if isinstance(fact, Absent):
        return State(f"no answer ({fact.proof})")
    if isinstance(fact, CannotTell):
        return fact
    return State(f"{fact.value.status} {fact.value.content_type}".strip())


@_state.register
def _(item: kinds.Migration, place: Place) -> Told:
    fact: Seen[tuple[str, ...]] | Absent | CannotTell
    if item.current is not None:
        fact = current_of(place.observed)
    elif item.pending is not None:
        fact = pending_of(place.observed, item)
    else:
        chain = chain_of(place.observed, item)
        if not isinstance(chain, Seen):
            return _not_seen(chain)
        head = item.head is not None
        fact = Seen(chain.value.heads if head else tuple(sorted(chain.value.revisions)))
    if isinstance(fact, CannotTell):
        return fact
    revisions = fact.value if isinstance(fact, Seen) else ()
    return State(", ".join(revisions) or "none")


@_state.register
def _(item: kinds.Database, place: Place) -> Told:
    fact = database_of(place.observed)
    if not isinstance(fact, Seen):
        return _unknown(fact)
    if item.tables is not None:
        return State(f"{len(fact.value.catalog.tables)} tables")
    if item.connects_as is not None:
        return State(f"{fact.value.database} as {fact.value.user}")
    return None


@_state.register
def _(item: kinds.Table, place: Place) -> Told:
    del item
    catalog, name = _catalog(place), place.promise.name
    if isinstance(catalog, CannotTell):
        return catalog
    table = catalog.tables.get(name)
    if table is None:
        return ABSENT
    apart = {
        one.before.column
        for one in place.contract.promises.values()
        if isinstance(one.before, kinds.Column) and one.before.table == name
    }
    columns = {
        f"column {one.name}": one.definition
        for one in table.columns.values()
        if one.name not in apart
    }
    keys = {f"key {one.name}": one.definition for one in table.constraints.values()}
    return State(f"{counted(len(columns), 'column')}, {counted(len(keys), 'key')}", columns | keys)


@_state.register
def _(item: kinds.Column, place: Place) -> Told:
    catalog = _catalog(place)
    if isinstance(catalog, CannotTell):
        return catalog
    table = catalog.tables.get(item.table)
    column = table.columns.get(item.column) if table else None
    return State(column.definition) if column else ABSENT


@_state.register
def _(item: kinds.Index, place: Place) -> Told:
    del item
    catalog = _catalog(place)
    if isinstance(catalog, CannotTell):
        return catalog
    index = catalog.indexes.get(place.promise.name)
    return State(index_words(index)) if index else ABSENT


@_state.register
def _(item: kinds.Enum, place: Place) -> Told:
    del item
    catalog = _catalog(place)
    if isinstance(catalog, CannotTell):
        return catalog
    labels = catalog.enums.get(place.promise.name)
    return ABSENT if labels is None else State(", ".join(labels))


@_state.register
def _(item: kinds.Extension, place: Place) -> Told:
    del item
    catalog = _catalog(place)
    if isinstance(catalog, CannotTell):
        return catalog
    version = catalog.extensions.get(place.promise.name)
    return ABSENT if version is None else State(f"version {version}")


def _catalog(place: Place) -> Catalog | CannotTell:
    fact = database_of(place.observed)
    return fact.value.catalog if isinstance(fact, Seen) else _unknown(fact)


def _not_seen(fact: Absent | CannotTell) -> State | CannotTell:
    return fact if isinstance(fact, CannotTell) else ABSENT


def _unknown(fact: Absent | CannotTell) -> CannotTell:
    """A database that is proven to be away tells nothing about what was in it."""
    return fact if isinstance(fact, CannotTell) else CannotTell(fact.proof, Cause.UPSTREAM)
