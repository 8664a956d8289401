"""Signs that a worker is alive beside its queue's own jobs, the strongest first.

A canary that arrived; a trace of a cycle (a column of times, or a log's line); a session that
polls. The strongest that is promised and was tried decides, and the weaker ones are not asked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from gate.contract.item import Item
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.canary import Canary
from gate.kinds.check import Check
from gate.kinds.judge import compare
from gate.kinds.kind import Promises
from gate.kinds.log import Log, trace
from gate.kinds.scene import Scene
from gate.kinds.session import Session
from gate.sources.database.facts import WorkFacts
from gate.sources.database.proofs import Cycle, Poll
from gate.sources.fact import Absent, CannotTell, Cause, Fact, known

IDLE = "there was nothing to do, and nothing to do is no proof"
NOT_ASKED = CannotTell("this proof was not asked for in this look", Cause.UPSTREAM)
SHOWS: dict[str, tuple[Callable[[Item], bool], str]] = {
    "canary": (
        lambda item: isinstance(item, Check) or (isinstance(item, Canary) and item.leads_on),
        "a check, or a canary with `job` or `event`: one that is only stored is nobody's work",
    ),
    "log": (
        lambda item: isinstance(item, Log) and item.says is not None,
        "a log with `says`: one that only keeps quiet is no trace of a cycle",
    ),
    "session": (
        lambda item: isinstance(item, Session) and item.last_statement_within_s is not None,
        "a session with `last_statement_within_s`: one that is only open polls nothing",
    ),
}
"""What the keeping of an item must be to show that somebody works, and how that is called."""


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
        ways.append(lambda: _of_item("canary", "canary", canary, scene))
    if cycle is not None:
        ways.append(lambda: _cycle(cycle, _facts(promise, scene).cycle_s))
    if log is not None:
        ways.append(lambda: _of_item("log", "trace of a cycle", log, scene))
    if session is not None:
        ways.append(lambda: _of_item("session", "session", session, scene))
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


def untried(item: Signs, scene: Scene) -> Iterable[str]:
    """A canary that this run was not allowed to fly: it shows nothing, and that is told."""
    if item.canary is not None and any(
        one.id == item.canary for one in scene.contract.not_tried(scene.moment)
    ):
        yield f"canary {item.canary}: not tried, it writes"


def mistakes(item: Signs, promises: Promises) -> Iterable[str]:
    """Items that are named as signs, and whose keeping shows nothing at any moment."""
    for key, (shows, what) in SHOWS.items():
        name = getattr(item, key)
        if name is None:
            continue
        other = promises.get(name)
        if other is None:
            yield f"{key}: {name!r} names no item"
        elif not any(shows(side) for side in (other.before, other.after) if not side.absent):
            yield f"{key}: {name!r} shows no work: it must be {what}"


def _of_item(key: str, what: str, id_: str, scene: Scene) -> Sign | None:
    """The finding of another item is the sign; one that is of another moment says nothing.

    Nor does one that promises at this moment that there is none, or nothing that shows work.
    """
    other = scene.contract.promises.get(id_)
    if other is None or scene.moment not in other.moments:
        return None
    side, (shows, _) = other.at(scene.moment), SHOWS[key]
    if side.absent or not shows(side):
        return None
    try:
        finding = trace(other, scene) if key == "log" else compare(other, scene)
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
