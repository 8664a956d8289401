"""Facts about canaries: what came of each, and what an earlier run left."""

from __future__ import annotations

from gate.sources.api.facts import Answer
from gate.sources.fact import Fact, Model


class Flight(Model):
    """What came of one canary at one place.

    Attributes:
        mark: What its data bear.
        answer: The answer to its request.
        rows: Rows that bear the mark, and after how many seconds; absent: none came in time.
        states: States of its jobs at last; absent: there was no job in time.
        works: Whether anybody works on jobs there; on a clone they are enqueued alone.
        event: How the event showed it; absent: it did not in time, and what was seen instead.
        removed: How it went again; absent: it did not; ``None`` where nothing takes it away.
    """

    mark: str
    answer: Fact[Answer]
    rows: Fact[tuple[int, float]] | None = None
    states: Fact[tuple[str, ...]] | None = None
    works: bool = True
    event: Fact[str] | None = None
    removed: Fact[str] | None = None


class Left(Model):
    """What a canary of an earlier run left.

    Attributes:
        mark: What it bears.
        rows: How many rows.
        age_s: Seconds since its run, by the gate's own clock.
        removed: How it went, or why not; ``None`` where this run may not, or another may be at it.
    """

    mark: str
    rows: int
    age_s: float
    removed: Fact[str] | None = None


class CanaryFacts(Model):
    """Canaries of one look, by item id.

    Attributes:
        flown: What came of those that were let fly.
        left: What earlier runs left.
    """

    flown: dict[str, Fact[Flight]] = {}
    left: dict[str, Fact[tuple[Left, ...]]] = {}
