"""Time a request again and again, as long as its rules need more; what else it answers ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from gate.sources.api.exchange import Reply
from gate.sources.api.facts import Answer, Timing
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.questions import AskSamples
from gate.sources.api.session import Session, reply_to
from gate.sources.fact import Absent, CannotTell, Fact, Seen
from gate.timing.rules import wanted
from gate.under_way import doing

DEADLINES = 10
"""All timed answers of an endpoint together may take so many of its deadlines."""
EVERY_S = 1.0
"""How often a cheap endpoint is asked while a slow one runs."""
KEPT = 1000
"""So many of these answers are kept."""


async def timed(
    session: Session, item: PromisedExchange, first: Fact[Answer], asked: Sequence[AskSamples]
) -> Fact[Answer]:
    """Repeat a request, one after the other, until every budget that asks can be decided.

    Returns:
        The first answer with the durations of the repetitions, and how far the gate's own machine
        was in their way; of bodies only that they came whole is looked at.
    """
    if not isinstance(first, Seen):
        return first
    answer, started = first.value, time.perf_counter()
    totals, firsts = [], []
    if item.slow or item.writes:
        totals, firsts = [answer.elapsed_s], [answer.first_byte_s]
        started -= answer.elapsed_s
    within_s = DEADLINES * item.deadline_s
    until, ended = time.monotonic() + within_s, ""
    with doing(asked[0].endpoint if asked else item.path, within_s) as activity:
        while len(totals) < (needed := _needed(asked, totals, firsts)) and not ended:
            activity.detail = f"sample {len(totals) + 1} of {needed}"
            if item.writes:
                ended = "it writes, so it is sent once"
            elif time.monotonic() > until:
                ended = f"they took longer than {DEADLINES} times its deadline together"
            else:
                again = await reply_to(session, item)
                ended = _other(again, answer.status)
                if isinstance(again, Reply) and not ended:
                    totals.append(again.elapsed_s)
                    firsts.append(again.first_byte_s)
    timing = Timing(
        samples_s=tuple(totals),
        firsts_s=tuple(firsts),
        strain=session.strain.since(started),
        ended=ended,
    )
    return Seen(answer.model_copy(update={"timing": timing}))


def _needed(asked: Sequence[AskSamples], totals: list[float], firsts: list[float]) -> int:
    return max((wanted(one.rules, one.past, totals, firsts) for one in asked), default=0)


def _other(reply: Reply | Absent | CannotTell, status: int) -> str:
    """What is other than at the first time; empty where nothing is."""
    if isinstance(reply, Absent):
        return reply.proof
    if isinstance(reply, CannotTell):
        return reply.reason
    if reply.status != status:
        return f"it was answered {reply.status}, and {status} at first"
    return reply.unread


async def beside(session: Session, item: PromisedExchange, over: asyncio.Event) -> Timing:
    """Ask a cheap endpoint now and then, until what runs beside it is over.

    Returns:
        Its durations; ``ended`` is the first answer that was none, or another than is promised.
    """
    totals: list[float] = []
    ended, started = "", time.perf_counter()
    while not over.is_set() and len(totals) < KEPT:
        reply = await reply_to(session, item)
        if isinstance(reply, Reply):
            totals.append(reply.elapsed_s)
        ended = ended or _other(reply, item.status)
        try:
            await asyncio.wait_for(over.wait(), EVERY_S)
        except (asyncio.TimeoutError, TimeoutError):
            continue
    return Timing(samples_s=tuple(totals), strain=session.strain.since(started), ended=ended)
