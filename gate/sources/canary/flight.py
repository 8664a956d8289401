"""Let one canary fly: send it, wait for what comes of it, and take it away whatever came."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from gate.contract.body_schema import complaints
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.api.facts import Answer
from gate.sources.canary import mark as marks
from gate.sources.canary.facts import Flight
from gate.sources.canary.place import Place, Row, until
from gate.sources.canary.promised import Event, PromisedCanary, Sent
from gate.sources.canary.removal import marked, remove
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen

AFTER_ALL_S = 2.0
"""How long rows are looked for where the request was not answered as promised."""

ON_A_CLONE_S = 15.0
"""All that a canary may take where nobody works: the release there does not live for long."""


def fly(canary: PromisedCanary, place: Place) -> Flight:
    """Let a canary fly.

    Whatever comes of it, what bears its mark is taken away again, also where the run is ended
    meanwhile; what is left all the same is found by its mark.
    """
    mark = marks.new()
    words = {"mark": mark}
    request = marks.filled(canary.request, words).exchange(writes=True)
    answer = place.ask(request, place.interrupted)
    flight = Flight(mark=mark, answer=answer, works=place.works)
    try:
        flight = _watched(canary, place, flight, words)
    finally:
        # Not the run's own event: a run that is ended takes its canary away all the same.
        removed = remove(canary, place, mark, threading.Event()) if canary.remove else None
    return flight.model_copy(update={"removed": removed})


def _watched(
    canary: PromisedCanary, place: Place, flight: Flight, words: Mapping[str, str]
) -> Flight:
    """Wait for everything that must come of it, all within one time."""
    answer = flight.answer.value if isinstance(flight.answer, Seen) else None
    well = answer is not None and answer.status == canary.request.status
    words = {**(marks.words_of(answer.body) if answer else {}), **words}
    began = time.monotonic()

    def left_s() -> float:
        most = min(canary.within_s, canary.within_s if place.works else ON_A_CLONE_S)
        most = most if well else min(AFTER_ALL_S, most)
        return max(0.0, most - (time.monotonic() - began))

    found: dict[str, Fact[object] | None] = {}
    if canary.find is not None:
        rows: list[Row] = []
        found["rows"] = _rows(canary.find, place, words, rows, left_s())
        words = {**words, **(rows[0] if rows else {}), "mark": words["mark"]}
    if canary.job is not None and well:
        found["states"] = _states(canary, place, words, left_s())
    if canary.event is not None and well:
        found["event"] = _event(canary.event, place, words, left_s())
    return flight.model_copy(update=found)


def _rows(
    find: str, place: Place, words: Mapping[str, str], rows: list[Row], within_s: float
) -> Fact[tuple[int, float]]:
    """Wait for rows that bear the mark."""
    began = time.monotonic()

    def there() -> bool:
        rows[:] = marked(place.rows(find, words, place.interrupted), words["mark"])
        return bool(rows)

    try:
        if until(there, within_s, place.interrupted):
            return Seen((len(rows), round(time.monotonic() - began, 3)))
    except ObservationError as error:
        return CannotTell(str(error), Cause.UPSTREAM)
    return _not(f"no row bears {words['mark']} after {within_s:.0f} s", place)


def _states(
    canary: PromisedCanary, place: Place, words: Mapping[str, str], within_s: float
) -> Fact[tuple[str, ...]]:
    """Wait until every job is done, or one has failed; on a clone, until there is one."""
    job = canary.job
    if job is None:
        raise TypeError("there is no job")
    states: list[str] = []

    def ended() -> bool:
        rows = place.rows(job.query, words, place.interrupted)
        states[:] = [next(iter(row.values()), "NULL") for row in rows]
        if not states or not place.works:
            return bool(states)
        return all(one in job.done for one in states) or any(one in job.failed for one in states)

    try:
        until(ended, within_s, place.interrupted)
    except ObservationError as error:
        return CannotTell(str(error), Cause.UPSTREAM)
    return Seen(tuple(states)) if states else _not(f"no job after {within_s:.0f} s", place)


def _event(event: Event, place: Place, words: Mapping[str, str], within_s: float) -> Fact[str]:
    """Wait until another request shows it."""
    request = marks.filled(event, words)
    began, last = time.monotonic(), [""]

    def there() -> bool:
        answer = place.ask(request.exchange(writes=False), place.interrupted)
        last[0] = (
            _lacks(request, answer.value)
            if isinstance(answer, Seen)
            else (answer.proof if isinstance(answer, Absent) else answer.reason)
        )
        if isinstance(answer, CannotTell):
            raise ObservationError(answer.reason)
        return not last[0]

    try:
        if until(there, within_s, place.interrupted):
            return Seen(f"{event.path} shows it after {time.monotonic() - began:.1f} s")
    except ObservationError as error:
        return CannotTell(str(error), Cause.UPSTREAM)
    return _not(f"{event.path} does not show it after {within_s:.0f} s: {last[0]}", place)


def _lacks(request: Sent, answer: Answer) -> str:
    """What an answer lacks of what is promised of it; empty where it lacks nothing.

    Raises:
        ObservationError: Its body was not read.
    """
    if answer.status != request.status:
        return f"it answers {answer.status}"
    if request.content_type and answer.content_type != request.content_type:
        return f"it answers with {answer.content_type or 'no content type'}"
    if answer.unread and (request.text or request.body):
        raise ObservationError(f"the body of {request.path}: {answer.unread}")
    lacking = [one for one in request.text if one not in answer.text]
    wrong = complaints(request.body, answer.body, known.first) if request.body else []
    return "; ".join([*(f"it lacks {one!r}" for one in lacking), *wrong])


def _not(why: str, place: Place) -> Absent | CannotTell:
    """It did not come; where the run was ended, nobody knows whether it would have."""
    if place.interrupted.is_set():
        return CannotTell("the run was ended meanwhile", Cause.UPSTREAM)
    return Absent(why)
