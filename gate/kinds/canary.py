"""Canaries: written on purpose, waited for, and taken away again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from gate.contract.body_schema import complaints
from gate.contract.item import Item, Moment
from gate.contract.model import MOMENTS, Promise
from gate.contract.rehearsal import Rehearsal
from gate.errors import ObservationError
from gate.kinds.endpoint import detail
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Promises,
    no_state,
    records_nothing,
    shown,
)
from gate.kinds.scene import Scene, asked
from gate.secrets import known as secrets
from gate.sources.api.facts import Answer
from gate.sources.api.promised import PromisedExchange
from gate.sources.canary.facts import CanaryFacts, Flight, Left
from gate.sources.canary.mark import filled
from gate.sources.canary.promised import PromisedCanary
from gate.sources.canary.questions import AskCanary, AskLeft
from gate.sources.canary.source import SOURCE
from gate.sources.fact import Absent, CannotTell, Cause, Seen, known, require
from gate.target import Target

ERROR = 400


class Canary(PromisedCanary, Item):
    """A request that writes, what must come of it, and how it is taken away again.

    ``{mark}`` in its request stands for a token of this very flight: everything is found by it.
    It flies on the rehearsal's clone; on a target with ``--apply`` alone, and only with ``remove``.
    What an earlier run left is looked for by every run, as an item by itself: ``canary.NAME.left``.

    Attributes:
        writes: Must be ``true``: it writes, and says so.
        request: The request.
        within_s: How long everything that comes of it may take, counted from the answer.
        find: A query whose rows bear the mark, in a session that only reads, such as
            ``SELECT id, name AS mark FROM orders WHERE name LIKE {mark}``. It needs
            ``LIKE``, since it finds what earlier runs left as well, and the mark, alone, as the
            column ``mark``: what only quotes it is let alone. Its columns are words (``{id}``) for
            what follows.
        job: A job that it leads to. On a clone, where nobody works, it is enqueued alone.
        event: Another request that shows it.
        remove: How it goes again: only rows with the mark, and seen to be gone.
    """

    @property
    def requests(self) -> tuple[PromisedExchange, ...]:
        """All that is sent and writes."""
        removing = self.remove.requests if self.remove else ()
        return tuple(one.exchange(writes=True) for one in (self.request, *removing))

    @property
    def leads_on(self) -> bool:
        """Whether more must come of it than its row."""
        return self.job is not None or self.event is not None


class LeftBehind(Item):
    """What earlier runs left of a canary; it only reads."""

    canary: PromisedCanary


def canary(promise: Promise, scene: Scene) -> Finding:
    """Compare what came of a canary, or what earlier runs left."""
    item = promise.at(scene.moment)
    facts = require(scene.observed.of(SOURCE), "flight of canaries")
    if isinstance(item, LeftBehind):
        return _left(known(asked(facts.left, promise.id)), facts)
    flight = require(asked(facts.flown, promise.id), "flight")
    return judged(scene.item(promise, Canary), flight)


def judged(item: Canary, flight: Flight) -> Finding:
    """Compare what came of a canary at one place.

    Raises:
        ObservationError: It cannot be told.
    """
    open_: list[str] = []
    broken = _answer(item, flight, open_)
    seen = [_seen(flight)]
    for fact, missing in (
        (flight.rows, "row"),
        (flight.states, "job"),
        (flight.event, "event"),
        (flight.removed, "removal"),
    ):
        if isinstance(fact, CannotTell):
            open_.append(f"{missing}: {fact.reason}")
        elif isinstance(fact, Absent) and not (missing == "row" and broken):
            broken.append(f"not removed: {fact.proof}" if missing == "removal" else fact.proof)
    if item.job is not None and isinstance(flight.states, Seen):
        seen.append(f"jobs {', '.join(flight.states.value)}")
        broken += _jobs(item, flight.states.value) if flight.works else []
    seen += [one.value for one in (flight.event, flight.removed) if isinstance(one, Seen)]
    if open_ and not broken:
        raise ObservationError(f"cannot tell (upstream): {'; '.join(open_)}")
    return Finding(promised=_promised(item), seen="; ".join(seen), broken=(*broken, *open_))


def _promised(item: Canary) -> str:
    parts = [f"{item.request.method} {item.request.path} is answered {item.request.status}"]
    parts += ["a row bears its mark"] if item.find else []
    parts += [f"its job comes to {' or '.join(item.job.done)}"] if item.job else []
    parts += [f"{item.event.path} shows it"] if item.event else []
    parts += ["it is gone again"] if item.remove else []
    return f"{', '.join(parts)}, within {item.within_s:g} s"


def _seen(flight: Flight) -> str:
    if not isinstance(flight.answer, Seen):
        return "no answer"
    rows = flight.rows.value if isinstance(flight.rows, Seen) else None
    answer = flight.answer.value
    row = f", {rows[0]} row{'s' if rows[0] > 1 else ''} after {rows[1]:.1f} s" if rows else ""
    return f"{answer.status} in {answer.elapsed_s:.3g} s{row}"


def _answer(item: Canary, flight: Flight, open_: list[str]) -> list[str]:
    """What is wrong with the answer; one that says "failed" of what was written is the worst."""
    committed = isinstance(flight.rows, Seen)
    although = " although its row was committed" if committed else ""
    if isinstance(flight.answer, CannotTell):
        open_.append(flight.answer.reason)
        return []
    if isinstance(flight.answer, Absent):
        return [f"no answer{although}: {flight.answer.proof}"]
    answer = flight.answer.value
    if answer.status != item.request.status:
        although = although if answer.status >= ERROR else ""
        return [f"answered {answer.status}{although}{detail(answer)}"]
    return _body(item, flight.mark, answer, open_)


def _body(item: Canary, mark: str, answer: Answer, open_: list[str]) -> list[str]:
    request = filled(item.request, {"mark": mark})
    if request.content_type and answer.content_type != request.content_type:
        return [f"answered with {answer.content_type or 'no content type'}"]
    if not request.body and not request.text:
        return []
    if answer.unread:
        open_.append(f"the body of {request.path}: {answer.unread}")
        return []
    if request.body and not answer.is_json:
        return [f"the body is no JSON{': ' if answer.flaw else ''}{answer.flaw}"]
    lacking = [f"the body lacks {one!r}" for one in request.text if one not in answer.text]
    if lacking and answer.cut:
        open_.append(f"the body of {request.path} went on, and was not kept")
        return []
    return lacking + (complaints(request.body, answer.body, secrets.first) if request.body else [])


def _jobs(item: Canary, states: tuple[str, ...]) -> list[str]:
    done = item.job.done if item.job else ()
    odd = [one for one in states if one not in done]
    if not odd:
        return []
    return [f"{len(odd)} of {len(states)} jobs came to {', '.join(dict.fromkeys(odd))}"]


def _left(found: tuple[Left, ...] | Absent, facts: CanaryFacts) -> Finding:
    """What earlier runs left is told; that it cannot be taken away is broken."""
    del facts
    lefts = () if isinstance(found, Absent) else found
    broken, told = [], []
    for one in lefts:
        what = f"{one.mark} ({one.rows} row{'s' if one.rows > 1 else ''}, {one.age_s:.0f} s old)"
        if isinstance(one.removed, Seen):
            told.append(f"an earlier run left {what}; this one removed it")
        elif one.removed is None:
            told.append(
                f"an earlier run left {what}, or one that is under way: a later run with --apply "
                f"removes it"
            )
        else:
            why = one.removed.proof if isinstance(one.removed, Absent) else one.removed.reason
            broken.append(f"an earlier run left {what}, and it cannot be removed: {why}")
    return Finding(
        promised="nothing is left of an earlier run",
        seen=", ".join(one.mark for one in lefts) or "nothing",
        broken=tuple(broken),
        warnings=tuple(told),
    )


def _moments(item: Item, carries_out: bool) -> tuple[Moment, ...]:  # noqa: FBT001 - one shape for all
    """What cannot be taken away again flies on a clone alone, and is told there."""
    del carries_out
    return MOMENTS if isinstance(item, PromisedCanary) and item.remove else ()


def _spread(promise: Promise) -> Iterable[Promise]:
    """The canary itself, and what earlier runs left of it; neither where it is absent."""
    moments = tuple(one for one in promise.moments if not promise.at(one).absent)
    promise = dataclasses.replace(promise, moments=moments)
    yield promise
    if moments:
        before, after = (_left_behind(one) for one in (promise.before, promise.after))
        yield Promise(
            id=f"{promise.id}.left",
            kind=promise.kind,
            chapter=promise.chapter,
            moments=promise.moments,
            differs=promise.differs,
            before=before,
            after=after,
        )


def _left_behind(item: Item) -> LeftBehind:
    if not isinstance(item, Canary):
        raise TypeError(f"{item.title} is no canary")
    shared = {name: getattr(item, name) for name in Item.model_fields}
    title = f"Nothing that an earlier run wrote is left: {item.title}"
    return LeftBehind.model_construct(**{**shared, "title": title}, canary=item)


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if isinstance(item, Canary) and not item.remove and not item.absent:
        rehearsed = (one.before for one in promises.values() if isinstance(one.before, Rehearsal))
        if not any(one.serves or one.new_release for one in rehearsed):
            yield (
                "remove: without it, it flies on a clone alone, and no rehearsal has a release "
                "that serves there"
            )


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    if isinstance(item, LeftBehind):
        return [AskLeft(promise.id, item.canary)]
    return [AskCanary(promise.id, item)] if isinstance(item, Canary) else []


def _find(promise: Promise, scene: Scene) -> Found:
    fact = scene.observed.of(SOURCE)
    if not isinstance(fact, Seen):
        return CannotTell(fact.proof, Cause.UPSTREAM) if isinstance(fact, Absent) else fact
    is_left = isinstance(promise.at(scene.moment), LeftBehind)
    return asked(fact.value.left if is_left else fact.value.flown, promise.id)


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = promise.at(scene.moment), _find(promise, scene)
    sent = item.canary if isinstance(item, LeftBehind) else scene.item(promise, Canary)
    what = f"{sent.request.method} {sent.request.path}"

    def told(value: Flight | tuple[Left, ...]) -> str:
        if isinstance(value, Flight):
            return _seen(value)
        return ", ".join(one.mark for one in value) or "nothing is left"

    return {"Canary": what, "Seen": shown(fact, "-", told)}


def _shows(promise: Promise, moment: Moment) -> bool:
    return isinstance(promise.at(moment), Canary)


KIND = Kind(
    name="canary",
    chapter="canaries",
    rank=87,
    model=Canary,
    severity="critical",
    moments=_moments,
    asks=_asks,
    find=_find,
    compare=canary,
    state=no_state,
    row=_row,
    references=_references,
    record=records_nothing,
    shows=_shows,
    spread=_spread,
)
