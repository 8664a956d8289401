"""What was seen of one item, whole, as JSON: the evidence beside its result."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_jsonable_python

from gate.contract.item import Moment
from gate.contract.model import Contract, Promise
from gate.kinds.registry import kinds
from gate.kinds.scene import scene_of
from gate.sources.observed import Observed
from gate.target import Target


def evidence(
    promise: Promise,
    moment: Moment,
    contract: Contract,
    target: Target,
    observed: Observed | None,
) -> Any:
    """The fact behind an item, as JSON-ready data; ``None`` for what is no fact of its own."""
    if observed is None:
        return None
    fact = kinds()[promise.kind].find(promise, scene_of(contract, target, observed, moment))
    return None if fact is None else to_jsonable_python(fact)
