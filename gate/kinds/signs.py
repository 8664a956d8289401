"""Signs that a worker is alive beside its queue's own jobs, the strongest first.

A canary that arrived; a trace of a cycle (a column of times, or a log's line); a session that
polls. The strongest that is promised decides, and the weaker ones are not asked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.sources.database.facts import WorkFacts
from gate.sources.database.proofs import Cycle, Poll
from gate.sources.fact import Absent, CannotTell, Cause, Fact, known

IDLE = "there was nothing to do, and nothing to do is no proof"
NOT_ASKED = CannotTell("this proof was not asked for in this look", Cause.UPSTREAM)


class Signs(Protocol):
    """What a worker may promise of signs."""

    @property
    def canary(self) -> str | None:
        """An item."""

    @property
    def log(self) -> str | None:
        """An item."""

    @property
    def session(self) -> str | None:
        """An item."""

    @property
    def cycle(self) -> Cycle | None:
        """A column of times."""

    @property
    def poll(self) -> Poll | None:
        """A session by its name."""


@dataclasses.dataclass(frozen=True)
class Sign:
    """What a sign comes to."""

    seen: str
    holds: bool


def strongest(promise: Promise, item: Signs, scene: Scene) -> Sign | None:
    """The strongest sign that is promised and was looked for; ``None`` where none is.

    Raises:
        ObservationError: It cannot be told.
    """
    ways: list[Callable[[], Sign | None]] = []
    canary, cycle, log = item.canary, item.cycle, item.log
    session, poll = item.session, item.poll
    if canary is not None:
        ways.append(lambda: _of_item("canary", canary, scene))
    if cycle is not None:
        ways.append(lambda: _cycle(cycle, _facts(promise, scene).cycle_s))
    if log is not None:
        ways.append(lambda: _of_item("trace of a cycle", log, scene))
    if session is not None:
        ways.append(lambda: _of_item("session", session, scene))
    if poll is not None:
        ways.append(lambda: _poll(poll, _facts(promise, scene).poll_s))
    # One that was not tried in this run has nothing to say: the next one decides.
    return next((sign for way in ways if (sign := way()) is not None), None)


def promised(item: Signs) -> Iterable[str]:
    """The signs in words, the strongest first."""
    if item.canary is not None:
        yield f"the canary {item.canary} arrives"
    if item.cycle is not None:
        yield f"a cycle within {item.cycle.within_s:g} s"
    if item.log is not None:
        yield f"a trace of a cycle: {item.log}"
    if item.session is not None:
        yield f"it polls: {item.session}"
    if item.poll is not None:
        yield f"a statement of {item.poll.application} within {item.poll.within_s:g} s"


def _of_item(what: str, id_: str, scene: Scene) -> Sign | None:
    """The finding of another item is the sign; one that is of another moment says nothing."""
    other = scene.contract.promises.get(id_)
    if other is None or all(one.id != id_ for one in scene.contract.at(scene.moment)):
        return None
    try:
        finding = compare(other, scene)
    except ObservationError as error:
        raise ObservationError(f"{what} {id_}: {error}") from error
    if finding.holds:
        return Sign(f"{what} {id_}: {finding.seen}", holds=True)
    return Sign(f"{what} {id_}: {'; '.join(finding.broken)}", holds=False)


def _facts(promise: Promise, scene: Scene) -> WorkFacts:
    facts = scene.database.work.get(promise.id)
    if facts is None:
        raise ObservationError(f"cannot tell: {promise.id} was not asked for in this look")
    return facts


def _cycle(cycle: Cycle, fact: Fact[float] | None) -> Sign:
    age: Any = known(fact or NOT_ASKED)
    if isinstance(age, Absent):
        return Sign(f"no trace of any cycle in {cycle.table} ({age.proof})", holds=False)
    return Sign(
        f"last cycle {age:.1f} s ago, by {cycle.table}.{cycle.column}",
        holds=age <= cycle.within_s,
    )


def _poll(poll: Poll, fact: Fact[float] | None) -> Sign:
    age: Any = known(fact or NOT_ASKED)
    if isinstance(age, Absent):
        return Sign(f"{poll.application} is not connected ({age.proof})", holds=False)
    return Sign(f"last statement of {poll.application} {age:.1f} s ago", holds=age <= poll.within_s)
