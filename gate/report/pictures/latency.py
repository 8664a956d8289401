"""Timed answers of every budget beside its limit and the medians of earlier runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gate.account.verdict import Outcome
from gate.contract.model import Promise
from gate.duration import seconds
from gate.report.account import Account, lines_by_id
from gate.report.facts import fact_of, measured
from gate.report.pictures.draw import diamond, dot, fitted, rule, text
from gate.report.pictures.picture import WIDTH, Picture
from gate.sources.api.facts import Answer, PastRuns, Timing
from gate.sources.fact import Seen

LEFT, ROW = 230.0, 24.0
LIMITS = ("limit_s", "at_most_s", "p95_s", "p99_s")
MOST_ROWS, MOST_DOTS = 60, 100
SHORTEST_S = 0.0001
NOTE = (
    "A dot is one timed answer and the thick tick their median; a diamond is the median of an "
    "earlier run that passed; the red stroke is what is promised. The scale is logarithmic: each "
    "line is ten times the one before it."
)


class Timed(NamedTuple):
    """What is drawn of one budget, in seconds."""

    id: str
    samples: tuple[float, ...]
    past: tuple[float, ...]
    limits: tuple[tuple[str, float], ...]
    held: bool

    @property
    def median(self) -> float:
        """Of the samples."""
        return statistics.median(self.samples)


def latency(account: Account) -> Picture | None:
    """The picture, where anything was timed."""
    lines = lines_by_id(account.verdict)
    found = []
    for promise in account.contract.at(account.moment):
        if measured(promise, account.scene) is None:
            continue
        line = lines.get(promise.id)
        one = _timed(promise, account, held=line is None or line.outcome is not Outcome.FAIL)
        found += [one] if one.samples else []
    if not found:
        return None
    shown = sorted(found, key=lambda one: one.held)[:MOST_ROWS]
    over = [one.id for one in found if not one.held]
    words = f"{len(found)} budgets were timed; "
    words += f"over their limit: {', '.join(over[:10])}." if over else "none is over its limit."
    return Picture(
        name="latency",
        title="Answer times against their budgets and earlier runs",
        description=words,
        drawing="".join(_drawn(shown)),
        height=len(shown) * ROW + 34,
        heads=("Budget", "Median", "Fastest", "Slowest", "Answers", "Promised", "Earlier medians"),
        rows=[_row(one) for one in shown],
        note=NOTE,
    )


def _timed(promise: Promise, account: Account, *, held: bool) -> Timed:
    fact, item = fact_of(promise, account.scene), promise.at(account.moment)
    value = fact.value if isinstance(fact, Seen) else None
    timing = value.timing if isinstance(value, Answer) else value
    samples = timing.samples_s if isinstance(timing, Timing) else ()
    api = account.scene.observed.api
    past = api.value.past.get(promise.id, PastRuns()) if isinstance(api, Seen) else PastRuns()
    limits = ((key, getattr(item, key, None)) for key in LIMITS)
    return Timed(
        promise.id,
        samples,
        tuple(dict.fromkeys((*past.anchor, *past.last))),
        tuple((key.removesuffix("_s"), value) for key, value in limits if value is not None),
        held,
    )


def _row(one: Timed) -> tuple[str, ...]:
    return (
        one.id,
        seconds(one.median),
        seconds(min(one.samples)),
        seconds(max(one.samples)),
        str(len(one.samples)),
        ", ".join(f"{name.replace('_', ' ')} {seconds(value)}" for name, value in one.limits),
        ", ".join(map(seconds, one.past)),
    )


def _drawn(found: Sequence[Timed]) -> Iterator[str]:
    every = [
        max(SHORTEST_S, value)
        for one in found
        for value in (*one.samples, *one.past, *(limit for _, limit in one.limits))
    ]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)) + 1e-9)
    high = max(high, low + 1)
    wide, bottom = WIDTH - LEFT - 40, len(found) * ROW + 8

    def at(value: float) -> float:
        share = (math.log10(max(SHORTEST_S, value)) - low) / (high - low)
        return LEFT + wide * min(1.0, max(0.0, share))

    for power in range(low, high + 1):
        x = at(10.0**power)
        yield rule((x, 4), (x, bottom))
        yield text(x - 4, bottom + 16, f"{10.0**power:g} s", name="muted")
    for number, one in enumerate(found):
        y = 8 + number * ROW + ROW / 2
        yield text(LEFT - 10, y + 4, fitted(one.id, LEFT - 14), end=True)
        name = "link" if one.held else "fail"
        for value in one.past:
            yield diamond(at(value), y, "muted", f"earlier run: median {seconds(value)}")
        for value in one.samples[:MOST_DOTS]:
            yield dot(at(value), y, name, f"{one.id}: {seconds(value)}")
        yield rule((at(one.median), y - 8), (at(one.median), y + 8), name, 2.5)
        for key, value in one.limits:
            yield rule((at(value), y - 10), (at(value), y + 10), "fail", 2)
            yield f"<g><title>{key.replace('_', ' ')}: {seconds(value)}</title></g>"
