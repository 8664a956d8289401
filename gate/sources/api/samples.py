"""Time a request again and again; what is not answered like the first time ends the timing."""

from __future__ import annotations

import time

from gate.sources.api.exchange import Reply
from gate.sources.api.facts import Answer
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.session import Session, reply_to
from gate.sources.fact import Fact, Seen


async def timed(
    session: Session, item: PromisedExchange, first: Fact[Answer], count: int
) -> Fact[Answer]:
    """Repeat a request one after the other.

    Returns:
        The first answer with the durations of the repetitions, and how far the gate's own machine
        was in their way; of bodies only that they came whole is looked at.
    """
    if not isinstance(first, Seen):
        return first
    durations, started = [], time.perf_counter()
    for _ in range(count):
        again = await reply_to(session, item)
        if not isinstance(again, Reply) or again.unread or again.status != first.value.status:
            break
        durations.append(again.elapsed_s)
    strain = session.strain.since(started)
    taken = {"samples_s": tuple(durations), "strain": strain}
    return Seen(first.value.model_copy(update=taken))
