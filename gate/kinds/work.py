"""Work: proof that a worker works; "active (running)" only says that a process exists."""

from __future__ import annotations

from collections.abc import Iterable

from gate.contract.item import Item, Moment, Name
from gate.contract.model import Promise
from gate.errors import ObservationError
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
)
from gate.kinds.port import no_such_unit
from gate.kinds.scene import Scene
from gate.rule import at_least_one
from gate.sources.database.facts import QueueFacts, WorkFacts
from gate.sources.database.proofs import Cycle, Poll, Proofs, Queue
from gate.sources.database.questions import AskWork
from gate.sources.fact import Absent, CannotTell, Cause, Seen, known, require
from gate.sources.host.questions import AskUnit
from gate.target import Target

NOT_ASKED = CannotTell("this proof was not asked for in this look", Cause.UPSTREAM)


class Work(Proofs, Item):
    """Proof that a worker works; at least one of queue, cycle and poll.

    Attributes:
        unit: Its systemd unit.
    """

    unit: Name

    RULES = (at_least_one("queue", "cycle", "poll"),)


def work(promise: Promise, scene: Scene) -> Finding:
    """Compare a worker's proofs; what a worker left before it was stopped proves nothing."""
    item = scene.item(promise, Work)
    id_ = promise.id
    look = f"journalctl -u {item.unit} -n 20"
    unit = known(scene.unit(item.unit))
    running = not isinstance(unit, Absent) and unit.active_state == "active"
    if item.absent:
        broken = (f"{item.unit} is at work",) if running else ()
        return Finding(
            promised="no worker", seen="running" if running else "none", broken=broken, look=look
        )
    if not running:
        word = "absent" if isinstance(unit, Absent) else f"{unit.active_state} ({unit.sub_state})"
        return Finding(
            promised="at work",
            seen=word,
            broken=(f"nobody works: {item.unit} is {word}",),
            look=look,
        )
    facts = scene.database.work.get(id_)
    if facts is None:
        raise ObservationError(f"cannot tell: {id_} was not asked for in this look")
    checks = [*_queue(item.queue, facts), *_cycle(item.cycle, facts), *_poll(item.poll, facts)]
    return Finding(
        promised="; ".join(must for must, _, _ in checks),
        seen="; ".join(is_ for _, is_, _ in checks),
        broken=tuple(is_ for _, is_, holds in checks if not holds),
        look=look,
    )


Check = tuple[str, str, bool]
"""What is promised, what is seen, whether that holds."""


def _queue(queue: Queue | None, facts: WorkFacts) -> list[Check]:
    if queue is None:
        return []
    found: QueueFacts = require(facts.queue or NOT_ASKED, f"queue {queue.table}")
    return [
        (
            f"nothing waits in {queue.table} for more than {queue.oldest_within_s:g} s",
            _waiting(queue, found),
            (found.oldest_pending_s or 0.0) <= queue.oldest_within_s,
        ),
        (
            f"at most {queue.failed_at_most} failed",
            f"{found.failed} failed",
            found.failed <= queue.failed_at_most,
        ),
    ]


def _waiting(queue: Queue, found: QueueFacts) -> str:
    if found.oldest_pending_s is None:
        return f"{queue.table} is drained ({found.done} done)"
    return f"{found.pending} wait in {queue.table}, the oldest for {found.oldest_pending_s:.0f} s"


def _cycle(cycle: Cycle | None, facts: WorkFacts) -> list[Check]:
    if cycle is None:
        return []
    promised = f"a cycle within {cycle.within_s:g} s"
    age = known(facts.cycle_s or NOT_ASKED)
    if isinstance(age, Absent):
        return [(promised, f"no trace of any cycle in {cycle.table} ({age.proof})", False)]
    return [(promised, f"last cycle {age:.1f} s ago", age <= cycle.within_s)]


def _poll(poll: Poll | None, facts: WorkFacts) -> list[Check]:
    if poll is None:
        return []
    promised = f"a statement of {poll.application} within {poll.within_s:g} s"
    age = known(facts.poll_s or NOT_ASKED)
    if isinstance(age, Absent):
        return [(promised, f"{poll.application} is not connected ({age.proof})", False)]
    return [(promised, f"last statement {age:.1f} s ago", age <= poll.within_s)]


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    return [AskUnit(item.unit), AskWork(promise.id, item)] if isinstance(item, Work) else []


def _find(promise: Promise, scene: Scene) -> Found:
    database = scene.observed.database
    if not isinstance(database, Seen):
        return database
    facts = database.value.work.get(promise.id)
    return NOT_ASKED if facts is None else Seen(facts)


def _row(promise: Promise, scene: Scene) -> Cells:
    item = scene.item(promise, Work)
    unit = scene.unit(item.unit)
    status = shown(unit, "not found", lambda one: f"{one.active_state} ({one.sub_state})")
    return {"Worker": item.unit, "Status": status}


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if isinstance(item, Work):
        yield from no_such_unit("unit", item.unit, promises)


KIND = Kind(
    name="work",
    chapter="work",
    rank=90,
    model=Work,
    severity="critical",
    moments=always,
    asks=_asks,
    find=_find,
    compare=work,
    state=no_state,
    row=_row,
    references=_references,
    record=records_nothing,
)
