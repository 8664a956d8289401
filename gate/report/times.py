"""When an item was looked at and judged, and what was carried out meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from gate.account.verdict import Line
from gate.contract.model import Promise
from gate.kinds.registry import kinds
from gate.plan.facts import StepRecord
from gate.report.account import Account
from gate.report.facts import fact_of
from gate.sources.fact import Seen
from gate.sources.registry import sources
from gate.sources.rehearsal.facts import CloneFacts, Leg


def stages(fact: object) -> Iterator[StepRecord | Leg | CloneFacts]:
    """Whatever was carried out and timed, anywhere in a fact, in the order of the fact."""
    if isinstance(fact, Seen):
        yield from stages(fact.value)
    elif isinstance(fact, (StepRecord, Leg, CloneFacts)):
        yield fact
    elif isinstance(fact, Mapping):
        for one in fact.values():
            yield from stages(one)
    elif isinstance(fact, tuple):
        for one in fact:
            yield from stages(one)


def span(promise: Promise, line: Line, account: Account) -> tuple[dt.datetime, dt.datetime]:
    """From when to when an item was looked at and judged (UTC).

    A step of the plan has its own times; everything else those of the sources that were asked for
    it, which look at all of their items at once, or of the whole look. What is concluded from other
    items has the time of its judgement, behind the look.
    """
    judged, observed = dt.timedelta(seconds=max(0.0, line.seconds)), account.observed
    if observed is None:
        return account.finished - judged, account.finished
    for one in stages(fact_of(promise, account.scene)):
        if isinstance(one, StepRecord):
            return one.started, one.started + dt.timedelta(seconds=one.seconds)
    asked = {
        name: observed.seconds[name]
        for name in asked_of(promise, account)
        if name in observed.seconds
    }
    if not asked:
        seen = fact_of(promise, account.scene) is not None
        return observed.started if seen else observed.finished, observed.finished + judged
    late = {name for name in asked if sources()[name].late}
    start = observed.finished if late else observed.started
    longest = max(value for name, value in asked.items() if name in late or not late)
    return start, start + dt.timedelta(seconds=longest) + judged


def milliseconds(when: dt.datetime) -> int:
    """A time as Allure and CTRF have it: since 1970."""
    return round(when.timestamp() * 1000)


def asked_of(promise: Promise, account: Account) -> set[str]:
    """The sources that an item's questions went to: a question stands in its source's package.

    What is asked for nothing of its own is part of what the source of its chapter reads anyway.
    """
    try:
        asks = [*kinds()[promise.kind].asks(promise, account.moment, account.target)]
    except Exception:  # noqa: BLE001 - a report must be written whatever a kind does
        return set()
    parts = {part for one in asks for part in type(one).__module__.split(".")}
    return (parts or {promise.chapter}) & sources().keys()
