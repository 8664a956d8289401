"""What a kind tells of one item: its fact, its state, its columns, how long it takes.

A kind that raises where it should tell, one from outside perhaps, spoils its own item only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic_core import to_jsonable_python

from gate.contract.model import Promise
from gate.kinds.kind import Cells, Found, Kind, Told
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.sources.fact import CannotTell, Cause, Seen

T = TypeVar("T")


def fact_of(promise: Promise, scene: Scene) -> Found:
    """The fact behind an item, three-valued; ``None`` for what has none of its own."""
    return _asked(lambda kind: kind.find(promise, scene), promise)


def evidence(promise: Promise, scene: Scene) -> Any:
    """The fact behind an item, as JSON-ready data; ``None`` for what is no fact of its own."""
    fact = fact_of(promise, scene)
    return None if fact is None else to_jsonable_python(fact)


def state_of(promise: Promise, scene: Scene) -> Told:
    """What was seen of an item; ``None`` for one that is no state (a risk, a budget, a step)."""
    return _asked(lambda kind: kind.state(promise, scene), promise)


def cells_of(promise: Promise, scene: Scene) -> Cells:
    """The columns of an item's table, by heading."""
    cells = _asked(lambda kind: kind.row(promise, scene), promise)
    return {"Item": promise.id, "Seen": cells} if isinstance(cells, CannotTell) else cells


def measured(promise: Promise, scene: Scene) -> float | None:
    """How long it takes, in seconds; ``None`` for what is not measured, or was not seen."""
    found = _asked(lambda kind: kind.measure(promise, scene), promise)
    return None if isinstance(found, CannotTell) else found


def carries(promise: Promise, scene: Scene) -> bool:
    """Whether an item, as it was seen, can carry what stands on it; a doubt is none."""
    fact = fact_of(promise, scene)
    if fact is not None and not isinstance(fact, Seen):
        return False
    return _asked(lambda kind: kind.carries(promise, scene), promise) is not False


def stands_on(promise: Promise, scene: Scene) -> tuple[str, ...]:
    """Ids of the items that an item's kind says it stands on."""
    found = _asked(lambda kind: tuple(kind.stands_on(promise, scene)), promise)
    return () if isinstance(found, CannotTell) else found


def _asked(ask: Callable[[Kind], T], promise: Promise) -> T | CannotTell:
    try:
        return ask(kinds()[promise.kind])
    except Exception as error:  # noqa: BLE001 - a report must be written whatever a kind does
        return CannotTell(
            f"the kind {promise.kind!r} could not tell of {promise.id}: "
            f"{type(error).__name__}: {error}",
            Cause.UPSTREAM,
        )
