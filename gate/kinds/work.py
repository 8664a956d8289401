"""Work: proof that a worker works; "active (running)" only says that a process exists."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import Any, Literal

import pydantic

from gate.contract.item import Item, Moment, Name
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds import signs
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
from gate.kinds.queue_states import HOUR_S, Since, open_questions, seen, wrong
from gate.kinds.scene import Scene
from gate.rule import at_least_one
from gate.sources.database.proofs import Proofs
from gate.sources.database.questions import AskWork
from gate.sources.fact import Absent, CannotTell, Cause, Seen, known
from gate.sources.host.facts import Unit
from gate.sources.host.questions import AskUnit
from gate.sources.queues.engine import found, questions
from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.registry import engines
from gate.target import Target

NOT_ASKED = CannotTell("this proof was not asked for in this look", Cause.UPSTREAM)
REFERENCES = ("canary", "log", "session")
STOPPED = ("T", "t")


class Work(Proofs, Item):
    """Proof that a worker works: its queues, and the signs that it is alive, the strongest first.

    A queue that is in a bad state (backlog, stalled, stuck, orphaned, failures, a storm of retries,
    a state that nobody named) is a FAIL whatever else holds. Beyond that the strongest sign that is
    promised and has something to say decides: its queue's own job was taken lately; its canary
    arrived; its cycle left a trace (``cycle``, ``log``); its session polls (``session``, ``poll``).
    A queue with nothing to do has nothing to say.

    Attributes:
        unit: Its systemd unit.
        canary: An item whose keeping shows that a job of ours went through: ``canary.job`` with
            `job` or `event`, or a check. Where it is not tried, the next sign decides.
        log: An item whose keeping shows a line of a cycle: ``log.worker`` with ``says``.
        session: An item whose keeping shows that it polls: ``session.worker`` with
            ``last_statement_within_s``.
        idle: Where nothing was to do and no other sign is promised: ``inconclusive``, or ``warn``.
    """

    unit: Name
    canary: Name | None = None
    log: Name | None = None
    session: Name | None = None
    idle: Literal["inconclusive", "warn"] = "inconclusive"

    def queues(self) -> dict[str, Any]:
        """Its queues, by the engine's name."""
        named = {name: getattr(self, name, None) for name in engines()}
        return {name: one for name, one in named.items() if one is not None}


def _model() -> type[Work]:
    """The model with a key for every engine there is."""
    others = {name: one for name, one in engines().items() if name not in Work.model_fields}
    fields: dict[str, Any] = {name: (one.model | None, None) for name, one in others.items()}
    lines = [
        f"        {name}: {one.says[:1].upper()}{one.says[1:]}." for name, one in others.items()
    ]
    doc = "\n".join([(Work.__doc__ or "").rstrip(), *lines, "    "])
    made = pydantic.create_model("Work", __base__=Work, __doc__=doc, __module__=__name__, **fields)
    made.RULES = (at_least_one(*engines(), "cycle", "poll", *REFERENCES),)
    return made


MODEL = _model()


def work(promise: Promise, scene: Scene) -> Finding:
    """Compare a worker's proofs; what a worker left before it was stopped proves nothing."""
    item = scene.item(promise, Work)
    look = f"journalctl -u {item.unit} -n 20"
    unit = known(scene.unit(item.unit))
    running = not isinstance(unit, Absent) and unit.active_state in ("active", "activating")
    timed = "timer" in item.queues()
    if item.absent:
        broken = (f"{item.unit} is at work",) if running else ()
        return Finding(
            promised="no worker", seen="running" if running else "none", broken=broken, look=look
        )
    if not running and not timed:
        word = "absent" if isinstance(unit, Absent) else f"{unit.active_state} ({unit.sub_state})"
        why = (f"nobody works: {item.unit} is {word}",)
        return Finding(promised="at work", seen=word, broken=why, look=look)
    return _judged(promise, item, unit, scene, look)


def _judged(promise: Promise, item: Work, unit: Unit | Absent, scene: Scene, look: str) -> Finding:
    since = _since(item, unit, scene)
    broken = _stopped(item, unit)
    told: list[str] = []
    open_: list[str] = []
    fresh = False
    for name, queue in item.queues().items():
        fact = found(engines()[name], promise.id, queue, scene.observed)
        facts = known(fact)
        if isinstance(facts, Absent):
            broken.append(f"its queue is not there: {facts.proof}")
            told.append(facts.proof)
            continue
        broken += wrong(queue, facts, since)
        open_ += open_questions(queue, facts)
        told.append(seen(facts))
        fresh = fresh or _is_fresh(queue, facts)
    decided = None if fresh else signs.strongest(promise, item, scene)
    told += [] if fresh else signs.untried(item, scene)
    if decided is not None:
        told.append(decided.seen)
        broken += [] if decided.holds else [decided.seen]
    warnings: tuple[str, ...] = ()
    if not broken:
        nothing = not fresh and decided is None
        why = [
            *open_,
            *([f"nothing shows that {item.unit} works: {signs.IDLE}"] if nothing else []),
        ]
        if why and (open_ or item.idle == "inconclusive"):
            raise ObservationError(f"cannot tell: {'; '.join(why)} ({'; '.join(told)})")
        warnings = tuple(why)
    return Finding(
        promised=_promised(item),
        seen="; ".join(told) or "nothing to do",
        broken=tuple(broken),
        warnings=warnings,
        look=look,
    )


def _is_fresh(queue: Any, facts: QueueFacts) -> bool:
    """Whether the queue's own job shows that somebody works."""
    within = getattr(queue, "ran_within_s", queue.proves_for_s)
    return facts.taken_s is not None and facts.taken_s <= within


def _stopped(item: Work, unit: Unit | Absent) -> list[str]:
    """A process that was stopped (SIGSTOP) does nothing, however its unit is called."""
    state = unit.process_state if isinstance(unit, Unit) else None
    if isinstance(state, Seen) and state.value[:1] in STOPPED:
        return [f"frozen: the process of {item.unit} is in the state {state.value}"]
    return []


def _since(item: Work, unit: Unit | Absent, scene: Scene) -> Since:
    host = scene.observed.host
    clock = host.value.identity.clock if isinstance(host, Seen) else scene.observed.started
    timed = "timer" in item.queues()
    started = unit.started if isinstance(unit, Unit) and not timed else None
    deployed = scene.baseline.finished if scene.baseline else None
    is_after = scene.moment == "postdeploy" and deployed is not None
    return Since(
        worker_s=_age(started, clock) if started else None,
        deployed_s=_age(deployed, scene.observed.started) if is_after and deployed else None,
        back_s=math.inf if timed else HOUR_S,  # how a timer's last run ended holds until its next
    )


def _age(then: dt.datetime, now: dt.datetime) -> float:
    return max(0.0, (now - then).total_seconds())


def _promised(item: Work) -> str:
    queues = [
        f"{name}: nothing due for more than {one.oldest_within_s:g} s, at work for at most "
        f"{one.running_within_s:g} s, at most {one.failed_at_most} failed"
        for name, one in item.queues().items()
    ]
    return "; ".join([*queues, *signs.promised(item)])


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    item = promise.at(moment)
    if not isinstance(item, Work):
        return
    yield AskUnit(item.unit)
    if item.queue or item.cycle or item.poll:
        yield AskWork(promise.id, item)
    for name, queue in item.queues().items():
        yield from questions(engines()[name], promise.id, queue, target)


def _find(promise: Promise, scene: Scene) -> Found:
    item = scene.item(promise, Work)
    queues = item.queues()
    if queues:
        name, queue = next(iter(queues.items()))
        return found(engines()[name], promise.id, queue, scene.observed)
    database = scene.observed.database
    if not (item.cycle or item.poll):
        return None
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
    if not isinstance(item, Work):
        return
    yield from no_such_unit("unit", item.unit, promises)
    yield from signs.mistakes(item, promises)


KIND = Kind(
    name="work",
    chapter="work",
    rank=90,
    model=MODEL,
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
