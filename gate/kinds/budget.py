"""Budgets: how long answers take, alone and against the run before the deployment."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Annotated

import pydantic

from gate.contract.item import Item, Moment, Name, Seconds
from gate.contract.model import Promise
from gate.duration import seconds
from gate.errors import ObservationError
from gate.kinds.endpoint import answered, endpoint
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
from gate.rule import at_least_one
from gate.sources.api.facts import Answer
from gate.sources.api.questions import AskSamples
from gate.sources.fact import Absent, Seen, require
from gate.target import Target

CANNED = 10
"""An answer this many times faster than what is typical is suspicious."""
OVERLOADED = 0.25
"""From this strain on the gate's own machine counts as overloaded."""


class Budget(Item):
    """How long an endpoint may take.

    Attributes:
        endpoint: Name of the endpoint item (without ``endpoint.``).
        samples: How many timed requests; 1 for a slow endpoint (its own answer is the sample).
        p95_s: Limit for the 95th percentile (nearest rank) of the samples.
        limit_s: Limit for every sample.
        change: Factor to the before-run's median that may not be exceeded after.
        slack_s: Seconds of difference that are never a change.
        typical_s: What it takes as a rule; a tenth of it or less is suspicious (WARN).
    """

    endpoint: Name
    samples: Annotated[int, pydantic.Field(ge=1, le=1000)] = 20
    p95_s: Seconds | None = None
    limit_s: Seconds | None = None
    change: Annotated[float, pydantic.Field(gt=1)] | None = None
    slack_s: Seconds = 0.05
    typical_s: Seconds | None = None

    RULES = (at_least_one("p95_s", "limit_s", "change"),)


def budget(promise: Promise, scene: Scene) -> Finding:
    """Compare the durations of an endpoint's answers."""
    item = scene.item(promise, Budget)
    id_ = f"endpoint.{item.endpoint}"
    answer = answered(scene, id_)
    if isinstance(answer, Absent):
        raise ObservationError(f"cannot tell how long {id_} takes: {answer.proof}")
    _answered_well(scene, id_)
    durations = samples(answer, item.samples)
    checks = _checks(item, scene, durations)
    typical = item.typical_s
    median = statistics.median(durations)
    fast = typical is not None and median * CANNED <= typical
    _not_for_overload(item, scene, durations, answer.strain)
    return Finding(
        promised="; ".join(must for must, _, _ in checks),
        seen="; ".join(is_ for _, is_, _ in checks),
        broken=tuple(f"{is_}, promised {must}" for must, is_, holds in checks if not holds),
        warnings=(f"answers in {median:.3g} s, typical are {typical:g} s: is the model asked?",)
        if fast
        else (),
    )


def samples(answer: Answer, wanted: int) -> tuple[float, ...]:
    """Return the durations to judge: the timed repetitions, or the one answer.

    Raises:
        ObservationError: Fewer than promised: a budget without its samples says nothing.
    """
    durations = answer.samples_s or (answer.elapsed_s,)
    if len(durations) < wanted:
        raise ObservationError(
            f"cannot tell: only {len(durations)} of {wanted} timed answers of {answer.url}"
        )
    return durations


def percentile(durations: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile: the smallest sample that ``share`` do not exceed."""
    ordered = sorted(durations)
    return ordered[math.ceil(share * len(ordered)) - 1]


Check = tuple[str, str, bool]
"""What is promised, what is seen, whether that holds."""


def _checks(item: Budget, scene: Scene, durations: Sequence[float]) -> list[Check]:
    checks = _absolute(item, durations)
    if item.change is not None and scene.moment == "postdeploy":
        checks.append(_change(item, scene, durations))
    return checks


def _answered_well(scene: Scene, id_: str) -> None:
    """Let no budget be kept by an answer that is not the promised one.

    Raises:
        ObservationError: It is not.
    """
    finding = endpoint(scene.contract.promise(id_), scene)
    if not finding.holds:
        raise ObservationError(
            f"cannot tell how long {id_} takes: it is not answered as promised: {finding.broken[0]}"
        )


def _not_for_overload(
    item: Budget, scene: Scene, durations: Sequence[float], strain: float
) -> None:
    """Let no budget be broken by what the gate's own machine may have added to the durations.

    Raises:
        ObservationError: It is broken, and would not be without the share of the time for which
            that machine kept waiting what could have run.
    """
    if strain < OVERLOADED or all(holds for _, _, holds in _checks(item, scene, durations)):
        return
    left = [one * (1 - strain) for one in durations]
    if all(holds for _, _, holds in _checks(item, scene, left)):
        raise ObservationError(
            f"cannot tell: the gate's own machine was overloaded: what could run on it waited "
            f"{strain:.0%} of the time; a median of {statistics.median(durations):.3g} s may be its"
        )


def _absolute(item: Budget, durations: Sequence[float]) -> list[Check]:
    checks = []
    if item.p95_s is not None:
        p95 = percentile(durations, 0.95)
        checks.append((f"p95 within {item.p95_s:g} s", f"p95 {p95:.3g} s", p95 <= item.p95_s))
    if item.limit_s is not None:
        most = max(durations)
        checks.append((f"within {item.limit_s:g} s", f"{most:.3g} s", most <= item.limit_s))
    return checks


def _change(item: Budget, scene: Scene, durations: Sequence[float]) -> Check:
    before = scene.before(f"how {item.endpoint} changed")
    facts = require(before.api, "look at the API before")
    old = require(facts.answers[f"endpoint.{item.endpoint}"], f"answer of {item.endpoint} before")
    was = statistics.median(samples(old, item.samples))
    now = statistics.median(durations)
    limit = max(was * (item.change or 1), was + item.slack_s)
    return (
        f"at most {item.change:g} times the median before",
        f"median {now:.3g} s, before {was:.3g} s",
        now <= limit,
    )


def median_of(promise: Promise, scene: Scene) -> float | None:
    """The median of the timed answers, in seconds; ``None`` where there was no answer."""
    fact = scene.answer(f"endpoint.{scene.item(promise, Budget).endpoint}")
    return _median(fact.value) if isinstance(fact, Seen) else None


def _median(answer: Answer) -> float:
    return statistics.median(answer.samples_s or (answer.elapsed_s,))


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    if isinstance(item, Budget):
        yield AskSamples(f"endpoint.{item.endpoint}", item.samples)


def _find(promise: Promise, scene: Scene) -> Found:
    return scene.answer(f"endpoint.{scene.item(promise, Budget).endpoint}")


def _row(promise: Promise, scene: Scene) -> Cells:
    median = shown(_find(promise, scene), "-", lambda answer: seconds(_median(answer)))
    return {"Budget": promise.id, "Median": median}


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if isinstance(item, Budget) and f"endpoint.{item.endpoint}" not in promises:
        yield f"endpoint: there is no item 'endpoint.{item.endpoint}' in endpoints.toml"


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
    shows=shows_nothing,
)
