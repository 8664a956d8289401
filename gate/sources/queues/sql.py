"""A queue in a table of the target's database; `gate.sources.database` reads it."""

from __future__ import annotations

from collections.abc import Iterable

from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.proofs import Queue
from gate.sources.fact import Fact, Seen
from gate.sources.observed import Observed
from gate.sources.queues.engine import NOT_ASKED, Engine
from gate.sources.queues.facts import QueueFacts
from gate.target import Target


def _asks(id_: str, queue: Queue, target: Target) -> Iterable[object]:
    """Asked for with the item's other proofs that stand in the database."""
    del id_, queue, target
    return ()


def _find(id_: str, queue: Queue, observed: Observed) -> Fact[QueueFacts]:
    del queue
    database: Fact[DatabaseFacts] = observed.database
    if not isinstance(database, Seen):
        return database
    work = database.value.work.get(id_)
    return (work.queue if work else None) or NOT_ASKED


ENGINE = Engine(
    name="queue", model=Queue, says="its queue, a table of the database", asks=_asks, find=_find
)
