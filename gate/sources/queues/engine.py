"""What keeps a queue: its keys in the contract, how it is looked at, and where that is found.

Whoever adds an engine writes one module of `gate.sources.queues` with one ``ENGINE`` in it, or
names one by the entry point ``gate.engines``. Its name is the key of ``[work.NAME.ENGINE]``, its
model says what stands there. It either asks what another source answers (a `Probe` of the host,
say) or has a `look` of its own, which is called once for all of its queues.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.observed import Observed
from gate.sources.queues.facts import QueueFacts, Queues
from gate.sources.queues.promised import QueuePromise
from gate.sources.source import Looking
from gate.target import Target

Q = TypeVar("Q", bound=QueuePromise)

NOT_ASKED = CannotTell("this queue was not asked for in this look", Cause.UPSTREAM)


@dataclasses.dataclass(frozen=True)
class AskQueue:
    """A queue whose engine has a look of its own, kept under its item's id."""

    id: str
    engine: str
    queue: QueuePromise


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine(Generic[Q]):
    """What keeps queues.

    Attributes:
        name: The key in a ``[work.*]`` item.
        model: What stands behind it.
        says: What it is, in one line, for the reference.
        look: Looks at all queues of the engine, by item id; raises nothing for what they do: a
            queue that it leaves out cannot be told.
        asks: Where it has no look of its own: what other sources are asked for one queue.
        find: Where it has none: what they told.
    """

    name: str
    model: type[Q]
    says: str
    look: Callable[[Mapping[str, Q], Looking], Mapping[str, Fact[QueueFacts]]] | None = None
    asks: Callable[[str, Q, Target], Iterable[object]] | None = None
    find: Callable[[str, Q, Observed], Fact[QueueFacts]] | None = None


def questions(engine: Engine[Any], id_: str, queue: Any, target: Target) -> Iterable[object]:
    """What is asked for a queue of an item."""
    if engine.asks is not None:
        return engine.asks(id_, queue, target)
    return [AskQueue(id_, engine.name, queue)]


def found(engine: Engine[Any], id_: str, queue: Any, observed: Observed) -> Fact[QueueFacts]:
    """What was told of a queue of an item."""
    if engine.find is not None:
        return engine.find(id_, queue, observed)
    told: Fact[Queues] = observed.told("queues")
    if not isinstance(told, Seen):
        return told
    return told.value.found.get(key(id_, engine.name), NOT_ASKED)


def key(id_: str, engine: str) -> str:
    """What a queue is kept under."""
    return f"{id_} {engine}"
