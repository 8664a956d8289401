"""Judge the states of a queue: what waits, what is stuck, what failed, whom it was taken by."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.promised import QueuePromise

HOUR_S = 3600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Since:
    """Ages of what a queue is judged against, in seconds.

    Attributes:
        worker_s: Since the worker's process was started; ``None`` where there is none.
        deployed_s: Since the deployment began, where that is known; older failures are others'.
        back_s: How far back failures count at least where that is not known; infinite where it is
            the last run that counts, whenever that was.
    """

    worker_s: float | None = None
    deployed_s: float | None = None
    back_s: float = HOUR_S

    @property
    def failures_s(self) -> float:
        """How far back failures count."""
        if self.deployed_s is not None:
            return self.deployed_s
        return max(self.worker_s or 0.0, self.back_s)


def wrong(queue: QueuePromise, facts: QueueFacts, since: Since) -> list[str]:
    """What is wrong with a queue, one sentence each."""
    return [
        *facts.broken,
        *_unnamed(facts),
        *_waiting(queue, facts),
        *_running(queue, facts, since),
        *_attempts(queue, facts),
        *_failed(queue, facts, since),
        *_discarded(queue, facts),
    ]


def open_questions(queue: QueuePromise, facts: QueueFacts) -> list[str]:
    """What cannot be told of it although it was looked at."""
    late = facts.oldest_due_s is not None and facts.oldest_due_s > queue.oldest_within_s
    if facts.at_least and not late:
        return [f"{facts.name} holds more than was counted: how old the oldest is cannot be told"]
    return []


def seen(facts: QueueFacts) -> str:
    """The queue in one line."""
    more = "at least " if facts.at_least else ""
    parts = [f"{more}{facts.waiting} due" if facts.waiting else "nothing due"]
    if facts.oldest_due_s is not None:
        parts[0] += f", the oldest for {facts.oldest_due_s:.0f} s"
    if facts.running:
        parts.append(f"{len(facts.running)} at work, the longest for {facts.running[0]:.0f} s")
    if facts.failed:
        parts.append(f"{more}{facts.failed} failed")
    if facts.discarded:
        parts.append(f"{facts.discarded} discarded")
    if facts.taken_s is not None:
        parts.append(f"a job was last taken or finished {facts.taken_s:.0f} s ago")
    return f"{facts.name}: {'; '.join((*parts, *facts.unread))}"


def _unnamed(facts: QueueFacts) -> Iterable[str]:
    for one in facts.unnamed:
        yield f"{facts.name} holds rows in the state {one!r}, which no promised state names"


def _waiting(queue: QueuePromise, facts: QueueFacts) -> Iterable[str]:
    oldest = facts.oldest_due_s
    if oldest is None:
        return
    busy = any(age <= queue.running_within_s for age in facts.running)
    known = [one for one in (facts.taken_s, facts.tried_s) if one is not None]
    idle_s = min(known, default=float("inf"))
    if oldest > queue.stalled_s and idle_s > queue.stalled_s and not busy:
        last = (
            "none was taken that is known of"
            if facts.taken_s is None
            else f"none was for {idle_s:.0f} s"
        )
        yield (
            f"stalled: {facts.waiting} due in {facts.name}, the oldest for {oldest:.0f} s, "
            f"and {last}"
        )
    elif oldest > queue.oldest_within_s:
        yield (
            f"backlog: {facts.waiting} due in {facts.name}, the oldest for {oldest:.0f} s, not "
            f"{queue.oldest_within_s:g} s"
        )


def _running(queue: QueuePromise, facts: QueueFacts, since: Since) -> Iterable[str]:
    stuck = [age for age in facts.running if age > queue.running_within_s]
    if stuck:
        yield (
            f"stuck: {len(stuck)} at work in {facts.name}, the longest for {stuck[0]:.0f} s, not "
            f"{queue.running_within_s:g} s"
        )
    yield from (f"orphaned: {one}" for one in facts.gone)
    if since.worker_s is None:
        return
    lost = [age for age in facts.running if age > since.worker_s + 1]
    if lost and not facts.gone:
        yield (
            f"orphaned: {len(lost)} in {facts.name} were taken before the worker was started "
            f"({lost[0]:.0f} s ago, and it runs for {since.worker_s:.0f} s)"
        )


def _attempts(queue: QueuePromise, facts: QueueFacts) -> Iterable[str]:
    most = queue.attempts_at_most
    if most is not None and facts.attempts > most:
        why = f": {facts.error}" if facts.error else ""
        yield f"retry storm: a job of {facts.name} was tried {facts.attempts} times{why}"


def _failed(queue: QueuePromise, facts: QueueFacts, since: Since) -> Iterable[str]:
    new = [age for age in facts.failures if age <= since.failures_s]
    if len(new) > queue.failed_at_most:
        why = f": {facts.error}" if facts.error else ""
        more = "at least " if facts.at_least else ""
        within = f" in the last {since.failures_s:.0f} s" if math.isfinite(since.failures_s) else ""
        yield (
            f"{more}{len(new)} failed in {facts.name}{within}, the newest {new[0]:.0f} s ago{why}"
        )


def _discarded(queue: QueuePromise, facts: QueueFacts) -> Iterable[str]:
    most = queue.discarded_at_most
    if most is not None and facts.discarded > most:
        yield f"{facts.discarded} were discarded in {facts.name}, not at most {most}"
