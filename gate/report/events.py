"""What took place in a deployment, and when: looks, steps, starts, revisions, locks, waits.

All times are by the gate's clock; what a host tells by its own is moved by the difference between
the two, as the look saw it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from gate.duration import seconds
from gate.report.account import Account
from gate.sources.fact import Seen
from gate.sources.observed import Observed
from gate.sources.registry import sources
from gate.sources.rehearsal.facts import Leg, RehearsalFacts

LANES = ("look", "rehearsal", "lock", "bystander", "step", "start")
"""What there is, in the order of its telling."""
CLOCKS_AGREE = dt.timedelta(seconds=2)
"""A look begins and reads the host's clock a moment later: so much is no difference."""
MOST = 400
"""Events that are told; the longest of them."""


@dataclasses.dataclass(frozen=True, order=True)
class Event:
    """Something that took place.

    Attributes:
        start, end: From when to when (UTC).
        lane: Which of `LANES`.
        row: What it is a row of, such as ``looked at: host``.
        words: What it was, in a few words.
        bad: Whether it failed, or kept somebody waiting.
    """

    start: dt.datetime
    end: dt.datetime
    lane: str
    row: str
    words: str
    bad: bool = False


def events(told: Sequence[Account]) -> tuple[list[Event], int]:
    """What took place in the moments of a deployment, by time, and how many more there were."""
    found: list[Event] = []
    for account in told:
        observed = account.observed
        if observed is not None:
            found += _looks(account.moment, observed)
            found += _steps(observed)
            rehearsal = observed.rehearsal
            found += _rehearsal(rehearsal.value) if isinstance(rehearsal, Seen) else []
    found += _starts(told)
    kept = sorted(found, key=lambda one: one.start - one.end)[:MOST]
    return sorted(kept), len(found) - len(kept)


def _looks(moment: str, observed: Observed) -> Iterator[Event]:
    known = sources()
    for name, took in observed.seconds.items():
        late = name in known and known[name].late
        start = observed.finished if late else observed.started
        if took > 0:
            words = f"{moment}: {name} was looked at for {seconds(took)}"
            yield _event(start, took, "look", f"looked at: {name}", words)
    if not observed.seconds:
        took = (observed.finished - observed.started).total_seconds()
        yield _event(observed.started, took, "look", "looked", f"{moment}: looked")


def _steps(observed: Observed) -> Iterator[Event]:
    plan = observed.plan
    if not isinstance(plan, Seen):
        return
    for id_, fact in plan.value.steps.items():
        if not isinstance(fact, Seen):
            continue
        record = fact.value
        words = f"{id_}: {record.state}"
        if record.state in ("done", "failed"):
            words += f" after {seconds(record.seconds)}, exit status {record.exit_status}"
        words += f"; {record.unmet}" if record.unmet else ""
        bad = record.state == "failed"
        yield _event(record.started, record.seconds, "step", "steps of the plan", words, bad=bad)


def _rehearsal(facts: RehearsalFacts) -> Iterator[Event]:
    for leg in (*facts.up, *facts.down):
        if leg.started is None:
            continue
        verb = "upgrade" if leg.direction == "up" else "downgrade"
        bad = leg.exit_status != 0
        words = f"rehearsal: {verb} {leg.revision}, {seconds(leg.seconds)}"
        words += f", exit status {leg.exit_status}" if bad else ""
        yield _event(leg.started, leg.seconds, "rehearsal", "rehearsed on a clone", words, bad=bad)
        yield from _locks(leg, leg.started)
    for one in facts.bystanders:
        for wait in one.waits:
            words = f"who {one.does} {one.table} on the clone waited {seconds(wait.seconds)}"
            yield _event(wait.at, wait.seconds, "bystander", "bystanders wait", words, bad=True)


def _locks(leg: Leg, started: dt.datetime) -> Iterator[Event]:
    for lock in leg.locks:
        if lock.at_s is None:
            continue
        at = started + dt.timedelta(seconds=lock.at_s)
        behind = f" behind {lock.blocked_by[0]}" if lock.blocked_by else ""
        if lock.waited_s > 0:
            words = f"{lock.mode} on {lock.table} is waited for {seconds(lock.waited_s)}{behind}"
            yield _event(at, lock.waited_s, "lock", "locks on the clone", words, bad=True)
        at += dt.timedelta(seconds=lock.waited_s)
        words = f"{lock.mode} on {lock.table} is held {seconds(lock.held_s)}"
        yield _event(at, lock.held_s, "lock", "locks on the clone", words)


def _starts(told: Sequence[Account]) -> Iterator[Event]:
    """What was started since the first look: the host, the database server, units."""
    looks = [one.observed for one in told if one.observed is not None]
    if not looks:
        return
    since, seen = looks[0].started, set[tuple[str, dt.datetime]]()
    for observed in looks:
        for name, when in _started(observed):
            rounded = when.replace(microsecond=0)
            near = {(name, rounded + dt.timedelta(seconds=one)) for one in (-2, -1, 0, 1, 2)}
            if since <= when <= observed.finished and not near & seen:
                yield _event(when, 0.0, "start", "starts", f"{name} was started")
            seen.add((name, rounded))


def _started(observed: Observed) -> Iterable[tuple[str, dt.datetime]]:
    host, database = observed.host, observed.database
    if isinstance(host, Seen):
        identity = host.value.identity
        ahead = identity.clock - observed.started
        ahead = dt.timedelta() if abs(ahead) <= CLOCKS_AGREE else ahead
        yield f"the host {identity.hostname}", identity.booted - ahead
        for name, unit in host.value.units.items():
            if isinstance(unit, Seen) and unit.value.started is not None:
                yield name, unit.value.started - ahead
    if isinstance(database, Seen):
        ahead = database.value.clock - observed.started
        ahead = dt.timedelta() if abs(ahead) <= CLOCKS_AGREE else ahead
        yield f"the server of {database.value.database}", database.value.started - ahead


def _event(
    start: dt.datetime, took: float, lane: str, row: str, words: str, *, bad: bool = False
) -> Event:
    took = took if 0 <= took < 10**7 else 0.0
    return Event(start, start + dt.timedelta(seconds=took), lane, row, words, bad)
