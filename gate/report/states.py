"""The state of each item in words, so that two looks can be compared item by item."""

from __future__ import annotations

from gate.contract.model import Promise
from gate.kinds.kind import Told
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene


def state_of(promise: Promise, scene: Scene) -> Told:
    """What was seen of an item; ``None`` for one that is no state (a risk, a budget, a step)."""
    return kinds()[promise.kind].state(promise, scene)
