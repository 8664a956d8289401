"""Budgets: how long answers take, alone, beside earlier runs, and beside something slow."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

from gate.contract.item import Item, Moment, Name, Seconds
from gate.contract.model import Promise
from gate.duration import seconds
from gate.kinds.durations import beside, left_by_load, not_open, timing_of
from gate.kinds.endpoint import Endpoint
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Promises,
    always,
    no_state,
    records_nothing,
    shown,
    shows_nothing,
)
from gate.kinds.scene import Scene
from gate.rule import AtLeast, Has, Is, Not, Rule, Some
from gate.sources.api.facts import Answer, PastRuns, Timing, beside_key
from gate.sources.api.questions import AskBeside, AskSamples
from gate.sources.fact import Seen
from gate.target import Target
from gate.timing.quantile import needed
from gate.timing.rules import Past, Rules, Word, judged

CANNED = 10
"""An answer this many times faster than what is typical comes from somewhere else."""
SHARES = {"p95_s": 0.95, "p99_s": 0.99}


def _enough(key: str) -> Rule:
    count, name = needed(SHARES[key]), key.removesuffix("_s")
    return Rule(
        Some(Not(Has(key)), Not(Has("samples")), AtLeast("samples", count)),
        f"{key}: {name} needs {count} samples: with fewer it is their maximum; say "
        f"samples = {count}, leave samples out, or promise limit_s, which is of the median",
    )


class Budget(Item):
    """How long an endpoint may take: three timed answers decide where they are clear, else ten.

    On a side on which it is absent (``before = "absent"``) nothing is promised: its endpoint is yet
    to come.

    Attributes:
        endpoint: Name of the endpoint item (without ``endpoint.``).
        limit_s: Limit for the median; broken by 5 of 5 answers over it, or 9 of 10.
        first_byte_s: The same for the first byte of the body.
        at_most_s: Limit for every timed answer.
        p95_s: Limit for the 95th percentile (nearest rank); it takes 59 samples.
        p99_s: Limit for the 99th percentile; it takes 299.
        relative: No slower than in the last runs that passed, nor than in the first ones.
        slack_s: Seconds of difference that are never a change.
        busy: Where the API is on the gate's own machine, and that is busier than in the runs
            before: whether all that its load may make of an answer is only told (``warn``), or no
            more than 1.10 times (``fail``).
        model: Which model answers, where one does: another one begins a history of its own.
        line: Line of releases that are compared: a new name begins a new history, and a new anchor.
        typical_s: What it takes as a rule; a tenth of it or less comes from somewhere else.
        too_fast: Whether such an answer is broken (``fail``) or odd (``warn``).
        beside: Name of a slow endpoint item: this one is asked while that one runs.
        samples: How many timed answers at most; left out, as many as the promise needs.
    """

    endpoint: Name
    limit_s: Seconds | None = None
    first_byte_s: Seconds | None = None
    at_most_s: Seconds | None = None
    p95_s: Seconds | None = None
    p99_s: Seconds | None = None
    relative: bool = False
    slack_s: Seconds = 0.05
    busy: Literal["fail", "warn"] = "fail"
    model: str = ""
    line: str = ""
    typical_s: Seconds | None = None
    too_fast: Literal["fail", "warn"] = "fail"
    beside: Name | None = None
    samples: Annotated[int, pydantic.Field(ge=1, le=1000)] | None = None

    RULES = (
        Rule(
            Some(
                *map(Has, ("limit_s", "first_byte_s", "at_most_s", *SHARES, "typical_s")),
                Is("relative", True),
            ),
            "needs at least one of limit_s, first_byte_s, at_most_s, p95_s, p99_s, relative, "
            "typical_s",
        ),
        *map(_enough, SHARES),
        Rule(
            Some(Not(Is("relative", True)), Not(Has("samples")), AtLeast("samples", 3)),
            "relative needs 3 samples: leave samples out",
        ),
        Rule(
            Some(Not(Is("busy", "warn")), Is("relative", True)),
            "busy goes with relative: a limit is one on a busy machine, too",
        ),
        Rule(
            Some(Not(Has("beside")), Has("at_most_s")),
            "beside goes with at_most_s: what is asked beside something slow has no median",
        ),
    )

    @property
    def rules(self) -> Rules:
        """The promise as whoever takes the samples needs it."""
        limits = ((share, getattr(self, key)) for key, share in SHARES.items())
        return Rules(
            limit_s=self.limit_s,
            first_byte_s=self.first_byte_s,
            at_most_s=self.at_most_s,
            percentiles=tuple((share, limit) for share, limit in limits if limit is not None),
            relative=self.relative,
            slack_s=self.slack_s,
            lenient=self.busy == "warn",
            samples=self.samples,
        )


def budget(promise: Promise, scene: Scene) -> Finding:
    """Compare the durations of an endpoint's answers with what is promised of them.

    Raises:
        ObservationError: They prove neither that it is kept nor that it is broken.
    """
    item = scene.item(promise, Budget)
    if item.beside is not None:
        return beside(
            f"endpoint.{item.beside}", f"endpoint.{item.endpoint}", item.at_most_s or 0, scene
        )
    timing = timing_of(f"endpoint.{item.endpoint}", scene)
    past = Past(**dict(scene.api.past.get(promise.id, PastRuns())))
    rules = rules_at(item, scene.moment)
    checks = judged(rules, past, timing.samples_s, timing.firsts_s, timing.strain)
    left, firsts = (left_by_load(one, timing) for one in (timing.samples_s, timing.firsts_s))
    at_least = judged(rules, past, left, firsts, timing.strain)
    fast = _too_fast(item, statistics.median(timing.samples_s))
    if not fast or item.too_fast == "warn":
        not_open(checks, timing, at_least)
    broken = [f"{one.seen}, promised {one.promised}" for one in checks if one.word is Word.BROKEN]
    return Finding(
        promised="; ".join([*(one.promised for one in checks), *_typical(item)]),
        seen="; ".join(one.seen for one in checks)
        or f"median {statistics.median(timing.samples_s):.3g} s",
        broken=(*broken, *(fast if item.too_fast == "fail" else ())),
        warnings=(
            *(one.excused for one in checks if one.excused),
            *(fast if item.too_fast == "warn" else ()),
        ),
    )


def rules_at(item: Budget, moment: Moment) -> Rules:
    """The promise at a moment: only before the deployment there may be no run to compare with."""
    return dataclasses.replace(item.rules, begins=moment == "predeploy")


def _too_fast(item: Budget, median: float) -> tuple[str, ...]:
    if item.typical_s is None or median * CANNED > item.typical_s:
        return ()
    return (f"answers in {median:.3g} s, typical are {item.typical_s:g} s: is the model asked?",)


def _typical(item: Budget) -> list[str]:
    return [] if item.typical_s is None else [f"typically {item.typical_s:g} s"]


def _spread(promise: Promise) -> Iterable[Promise]:
    """A budget that is absent on a side promises nothing there: its endpoint is yet to come."""
    moments = tuple(one for one in promise.moments if not promise.at(one).absent)
    yield dataclasses.replace(promise, moments=moments)


def median_of(promise: Promise, scene: Scene) -> float | None:
    """The median of the timed answers, in seconds; ``None`` where there was no answer."""
    found = _find(promise, scene)
    return _median(found.value) if isinstance(found, Seen) else None


def _median(found: Answer | Timing) -> float:
    timing = found if isinstance(found, Timing) else found.timing
    if timing is not None and timing.samples_s:
        return statistics.median(timing.samples_s)
    return found.elapsed_s if isinstance(found, Answer) else 0.0


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    if not isinstance(item, Budget):
        return
    id_ = f"endpoint.{item.endpoint}"
    if item.beside is not None:
        yield AskBeside(f"endpoint.{item.beside}", id_)
    else:
        yield AskSamples(
            promise.id, id_, rules_at(item, moment), subject=(id_, item.model, item.line)
        )


def _find(promise: Promise, scene: Scene) -> Found:
    item = scene.item(promise, Budget)
    answer = scene.answer(f"endpoint.{item.endpoint}")
    api = scene.observed.api
    if item.beside is None or not isinstance(api, Seen):
        return answer
    key = beside_key(f"endpoint.{item.beside}", f"endpoint.{item.endpoint}")
    timing = api.value.beside.get(key)
    return answer if timing is None else Seen(timing)


def _row(promise: Promise, scene: Scene) -> Cells:
    median = shown(_find(promise, scene), "-", lambda found: seconds(_median(found)))
    return {"Budget": promise.id, "Median": median}


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if not isinstance(item, Budget):
        return
    for key, name in (("endpoint", item.endpoint), ("beside", item.beside)):
        if name is not None and f"endpoint.{name}" not in promises:
            yield f"{key}: there is no item 'endpoint.{name}' in endpoints.toml"
    slow = promises.get(f"endpoint.{item.beside}")
    if slow and not any(isinstance(o, Endpoint) and o.slow for o in (slow.before, slow.after)):
        yield f"beside: endpoint.{item.beside} is not slow: say `slow = true` there"


KIND = Kind(
    name="budget",
    chapter="budgets",
    rank=100,
    model=Budget,
    severity="minor",
    moments=always,
    asks=_asks,
    find=_find,
    compare=budget,
    state=no_state,
    row=_row,
    references=_references,
    record=records_nothing,
    measure=median_of,
    spread=_spread,
    shows=shows_nothing,
)
