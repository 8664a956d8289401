"""Queues whose engines have a look of their own: each engine once, for all of its queues."""

from __future__ import annotations

from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.queues.engine import AskQueue, key
from gate.sources.queues.facts import QueueFacts, Queues
from gate.sources.queues.promised import QueuePromise
from gate.sources.queues.registry import engines
from gate.sources.source import Looking, Source


def look(looking: Looking) -> Fact[Queues]:
    """Ask each engine that is asked for; what breaks in one spoils its own queues only."""
    wanted: dict[str, dict[str, QueuePromise]] = {}
    for one in looking.asked:
        if isinstance(one, AskQueue):
            wanted.setdefault(one.engine, {})[one.id] = one.queue
    found: dict[str, Fact[QueueFacts]] = {}
    for name, queues in wanted.items():
        told = _asked(name, queues, looking)
        for id_ in queues:
            missing = CannotTell(f"the engine {name} told nothing of this queue", Cause.UPSTREAM)
            found[key(id_, name)] = told.get(id_, missing)
    return Seen(Queues(found=found))


def _asked(
    name: str, queues: dict[str, QueuePromise], looking: Looking
) -> dict[str, Fact[QueueFacts]]:
    engine = engines()[name]
    try:
        return dict(engine.look(queues, looking)) if engine.look else {}
    except ObservationError as error:
        why = CannotTell(str(error), getattr(error, "cause", Cause.UPSTREAM))
    except Exception as error:  # noqa: BLE001 - another package's: it spoils its own queues only
        said = known.first(f"{type(error).__name__}: {error}", 300)
        why = CannotTell(f"the engine {name} failed: {said}", Cause.UPSTREAM)
    return dict.fromkeys(queues, why)


SOURCE = Source(name="queues", rank=35, format=1, facts=Queues, look=look)
