"""Look once at everything: every source at the same time, then judge from memory."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import nullcontext
from typing import Any

from gate.connection.carrier import Carrier, open_carrier
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact
from gate.sources.observed import Observed
from gate.sources.registry import sources
from gate.sources.source import Looking, Source
from gate.target import Target
from gate.under_way import doing


def look_at(
    target: Target,
    moment: Moment,
    asked: Sequence[object],
    *,
    contract: Contract | None = None,
    carrier: Carrier | None = None,
    given: Mapping[str, Fact[Any]] | None = None,
) -> Observed:
    """Look at a target once, all of it through one carrier.

    Args:
        target: Where.
        moment: Which moment it is.
        asked: Questions; each source answers its own.
        contract: What is promised, where there is one; without it nothing is sent that writes.
        carrier: The way to the target's host, where one is open already.
        given: What is known already, by the name of its source.

    Returns:
        Everything that was seen, absent, or could not be told.
    """
    started = dt.datetime.now(dt.timezone.utc)
    seconds: dict[str, float] = {}
    facts: dict[str, Fact[Any]] = {
        name: Absent(one.unasked) for name, one in sources().items() if one.late or not one.look
    }
    asked_now = [one for one in sources().values() if one.look and not one.late]
    with nullcontext(carrier) if carrier else open_carrier(target) as way:
        answers: dict[str, Future[Fact[Any]]] = {one.name: Future() for one in asked_now}
        looking = Looking(
            target=target,
            moment=moment,
            asked=asked,
            carrier=way,
            contract=contract,
            writes=contract is not None and not contract.withheld,
            tell=lambda _: None,
            of=lambda name: answers[name].result(),
        )
        _start(asked_now, looking, answers, seconds)
        for one in asked_now:
            facts[one.name] = _answer(one, target, answers[one.name], started)
    return Observed(
        target=target.name,
        instance=target.instance,
        moment=moment,
        started=started,
        sources={name: {**facts, **(given or {})}[name] for name in sources()},
        seconds={name: seconds[name] for name in facts if name in seconds},
        finished=dt.datetime.now(dt.timezone.utc),
    )


def look_after(
    observed: Observed, looking: Callable[[Callable[[str], Fact[Any]]], Looking]
) -> Observed:
    """Ask the sources that look when the look is over.

    Args:
        observed: The look.
        looking: What they may use, made with what the look knows of every source.
    """
    for source in sources().values():
        if not source.late or source.look is None:
            continue
        began = time.perf_counter()
        fact = _asked(source, looking(observed.told))
        if fact != observed.told(source.name):
            seconds = {**observed.seconds, source.name: round(time.perf_counter() - began, 3)}
            observed = observed.model_copy(update={source.name: fact, "seconds": seconds})
    return observed


def _asked(source: Source[Any], looking: Looking) -> Fact[Any]:
    """What a source tells; one that fails spoils no other."""
    try:
        return source.look(looking) if source.look else Absent(source.unasked)
    except ObservationError as error:
        if looking.carrier.interrupted.is_set():
            raise
        return CannotTell(str(error), Cause.UPSTREAM)
    except Exception as error:  # noqa: BLE001 - it may be anybody's
        words = known.first(str(error), 300)
        reason = f"the look at {source.name} failed: {type(error).__name__}: {words}"
        return CannotTell(reason, Cause.UPSTREAM)


def _start(
    asked_now: Iterable[Source[Any]],
    looking: Looking,
    answers: Mapping[str, Future[Fact[Any]]],
    seconds: dict[str, float],
) -> None:
    """Ask each source in a thread of its own, which the end of the process does not wait for."""

    def ask(source: Source[Any], answer: Future[Fact[Any]]) -> None:
        began = time.perf_counter()
        try:
            with doing(source.name, _budget_s(source, looking.target)):
                fact = _asked(source, looking)
        except ObservationError as error:  # interrupted: whoever asked goes no further, too
            fact = CannotTell(str(error), Cause.UPSTREAM)
        seconds[source.name] = round(time.perf_counter() - began, 3)
        answer.set_result(fact)

    for one in asked_now:
        words = (one, answers[one.name])
        threading.Thread(target=ask, args=words, name=f"look-{one.name}", daemon=True).start()


def _budget_s(source: Source[Any], target: Target) -> float | None:
    """How long a source may take: by its own word, or by the target's ``[deadlines]``."""
    if source.deadline is not None:
        return source.deadline(target)
    found = getattr(target.deadlines, f"{source.name}_s", None)
    return found if isinstance(found, float) else None


def _answer(
    source: Source[Any], target: Target, answer: Future[Fact[Any]], started: dt.datetime
) -> Fact[Any]:
    """What a source told, in its time."""
    if source.deadline is None:
        return answer.result()
    allowed = source.deadline(target)
    gone = (dt.datetime.now(dt.timezone.utc) - started).total_seconds()
    try:
        return answer.result(max(0.0, allowed - gone))
    except Late:
        return CannotTell(f"{source.name} did not answer within {allowed:g} s", Cause.TIMEOUT)
