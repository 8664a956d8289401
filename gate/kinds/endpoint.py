"""Endpoints: status, content type and body; a 200 alone is not health."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from gate.contract.item import Item, Moment
from gate.contract.model import Promise
from gate.duration import number, seconds, still
from gate.errors import ObservationError
from gate.kinds.body import content
from gate.kinds.finding import Finding
from gate.kinds.headers import cookies, headers
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    State,
    Told,
    always,
    no_references,
    shown,
)
from gate.kinds.pasted import asked
from gate.kinds.recorded_endpoints import NOT_THERE, record_endpoints
from gate.kinds.redirects import location, redirects
from gate.kinds.scene import Scene
from gate.kinds.upstream import cause
from gate.secrets import known
from gate.sources.api.facts import Answer
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.questions import AskEndpoint
from gate.sources.fact import Absent, CannotTell, Fact, Seen
from gate.sources.fact import known as known_fact
from gate.target import Target

DETAILS = ("detail", "error", "message", "title")
"""Where an error's answer says what happened: FastAPI, Ollama, others, RFC 9457."""


class Endpoint(PromisedExchange, Item):
    """One request and what it must be answered with.

    Attributes:
        base: Name of the base that is asked (``[api.bases.NAME]``); the API's own where it is left
            out.
        method: Of HTTP; any but GET, HEAD, OPTIONS and the login's needs ``writes = true``.
        status: That it must be answered with.
        path: Path and query; ``{name}`` is replaced by the target's value of that name.
        role: Whose login goes with it.
        request_headers: Headers to send; ``{name}`` is the target's value of that name, so a
            credential is named by ``[api.values_env]``.
        form: Form fields; ``{user}`` and ``{password}`` are those of ``as_role``, ``{csrf}`` is
            what ``login`` reads.
        json_body: JSON to send (key ``json``); the same words may stand alone in its strings.
        as_role: Whose credentials fill ``form`` and ``json``.
        login: How a login works that is more than a form and an ``access_token``.
        writes: It changes something: sent to the rehearsal's clone, to a target with ``--apply``.
        content_type: Media type of the answer; empty for any.
        body: JSON Schema of the answer's JSON.
        text: Strings that must stand in an answer that is no JSON; comment lines of metrics count
            only for a string with ``#`` in it.
        like: Patterns that a text in the answer must be like, each of them.
        never: Patterns that no text in the answer may be like, such as what says that it failed.
        without: JSON Pointers at which nothing may stand, not even null; ``*`` is every member,
            ``**`` any number of levels.
        at_least_bytes, at_most_bytes: Bounds of the body's size, unpacked.
        headers: Headers of the answer: the very value, ``true`` for any, ``false`` for none, or
            patterns (``like``, ``never``). Several of one name are joined by a comma.
        cookies: Cookies that it sets, by name; ``*`` is each that it sets.
        location: Where it leads, without the query.
        redirects: Redirections that are followed, one after the other, to what the rest promises.
            None is followed to what is no base of the target; credentials stay at their origin.
        http_version: That it must be spoken in; ``2`` needs ``http2 = true`` at the base.
        days_left: For how many days its certificate must still be good, by this machine's clock.
        token: What a token of the answer says.
        metrics: Metrics that it exposes.
        closed: Nobody must take the connection, from where the gate runs; nothing is sent.
        deadline_s: How long to wait for the whole answer.
        max_bytes: How long its body may be, as it comes and unpacked; more cannot be told.
        slow: Runs alone, after the others.
        label: Its line in the snapshot's health check, where it has one.
        remark: What the snapshot adds in parentheses; ``{seconds}`` is the seen duration.
    """

    WORDS: ClassVar[frozenset[str]] = Item.WORDS | {"label", "remark"}


def endpoint(promise: Promise, scene: Scene) -> Finding:
    """Compare an answer."""
    item = scene.item(promise, Endpoint)
    id_ = promise.id
    answer = answered(scene, id_)
    look = asked(item, scene)
    if item.closed:
        return _closed(answer, look)
    if item.absent:
        return not_served(item.path, answer, look)
    promised = f"{item.status} {item.content_type}".strip()
    if isinstance(answer, Absent):
        return Finding(promised=promised, seen=answer.proof, broken=(answer.proof,), look=look)
    broken = [] if scene.api.alone else _in_front(item, answer, scene)
    if answer.status != item.status:
        broken.append(f"answered {answer.status}{detail(answer)}{cause(answer, item.role)}")
    elif item.content_type and answer.content_type != item.content_type:
        broken.append(f"answered with {answer.content_type or 'no content type'}")
    elif not (answer.unread and broken):
        broken += content(item, answer)
    seen = f"{answer.status} {answer.content_type} in {answer.elapsed_s:.3g} s"
    return Finding(promised=promised, seen=seen, broken=tuple(broken), look=look)


def _closed(answer: Answer | Absent, look: str) -> Finding:
    """Nobody takes the connection: it is refused, or dropped where its host answers otherwise."""
    if isinstance(answer, Absent):
        return Finding(promised="closed", seen=answer.proof, look=look)
    return Finding(
        promised="closed",
        seen="open",
        broken=(f"{answer.url} takes connections from here",),
        look=look,
    )


def _in_front(item: Endpoint, answer: Answer, scene: Scene) -> list[str]:
    """What is wrong with what may stand in front of the application."""
    broken = [*redirects(item, answer, scene.target)]
    if answer.status == item.status:
        broken += [
            *location(item, answer, scene.target),
            *headers(item, answer),
            *cookies(item, answer),
        ]
    if item.http_version is not None and answer.http_version != item.http_version:
        broken.append(f"spoken in HTTP/{answer.http_version}, not HTTP/{item.http_version}")
    if item.days_left is not None:
        broken += _days_left(item.days_left, answer, scene)
    return broken


def _days_left(days: float, answer: Answer, scene: Scene) -> list[str]:
    served = answer.certificate
    if served is None:
        return [f"no certificate came with it, and {number(days)} days are promised of one"]
    left = served.until - scene.observed.started
    if left >= dt.timedelta(days=days):
        return []
    whose = f"its certificate ({served.subject})"
    if left < dt.timedelta(0):
        return [f"{whose} expired on {served.until:%Y-%m-%d}"]
    until = f"until {served.until:%Y-%m-%d}"
    return [f"{whose} is good for only {still(left)}, {until}; promised {number(days)} days"]


def answered(scene: Scene, id_: str) -> Answer | Absent:
    """Return the answer of an endpoint item, or that there was none.

    Raises:
        ObservationError: It cannot be told.
    """
    return known_fact(scene.answer(id_))


def not_served(path: str, answer: Answer | Absent, look: str) -> Finding:
    """An endpoint is not there where the API says so, or hands out its web front end instead.

    Raises:
        ObservationError: Nobody answered.
    """
    if isinstance(answer, Absent):
        raise ObservationError(f"cannot tell whether {path} is served: {answer.proof}")
    front_end = answer.status == 200 and answer.content_type == "text/html"  # noqa: PLR2004 - HTTP
    there = answer.status not in NOT_THERE and not front_end
    seen = f"{answer.status} {answer.content_type}"
    return Finding(
        promised="not served",
        seen=seen + (" (the web front end)" if front_end else ""),
        broken=(f"{path} is served: {seen}",) if there else (),
        look=look,
    )


def detail(answer: Answer) -> str:
    """What an error's answer says of it, in parentheses; empty where it says nothing."""
    body = answer.body if isinstance(answer.body, dict) else {}
    said = next((body[key] for key in DETAILS if body.get(key)), None)
    return f" ({json.dumps(known.tell_json(said))[:200]})" if said else ""


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    return [AskEndpoint(promise.id, item)] if isinstance(item, Endpoint) else []


def _find(promise: Promise, scene: Scene) -> Found:
    return scene.answer(promise.id)


def _state(promise: Promise, scene: Scene) -> Told:
    return state_of(scene.answer(promise.id))


def state_of(fact: Fact[Answer]) -> State | CannotTell:
    """What was answered; what an absent endpoint answers is seen all the same: its 404."""
    if isinstance(fact, Absent):
        return State(f"no answer ({fact.proof})")
    if isinstance(fact, CannotTell):
        return fact
    if not fact.value.status:
        return State("takes connections")
    return State(f"{fact.value.status} {fact.value.content_type}".strip())


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Endpoint), scene.answer(promise.id)
    remark = _remark(item.remark, fact.value) if isinstance(fact, Seen) else ""
    answer = shown(fact, "no answer", lambda one: str(one.status or "open"))
    return {"Endpoint": item.label or item.path, "Answer": answer, "Remark": remark}


def _remark(template: str, answer: Answer) -> str:
    """Fill in ``{seconds}``, or a top-level value of the answer by its name."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        return seconds(answer.elapsed_s) if name == "seconds" else _value(answer, name)

    return re.sub(r"\{(\w+)\}", value, template)


def _value(answer: Answer, key: str) -> str:
    found = answer.body.get(key) if isinstance(answer.body, Mapping) else None
    return known.first(str(found), 40) if isinstance(found, (str, int, float)) else f"no {key}"


def _shows(promise: Promise, moment: Moment) -> bool:
    """Any web server answers that something is not there."""
    item = promise.at(moment)
    return isinstance(item, Endpoint) and not (
        item.absent or item.closed or item.status in NOT_THERE
    )


KIND = Kind(
    name="endpoint",
    chapter="endpoints",
    rank=80,
    model=Endpoint,
    severity="critical",
    moments=always,
    asks=_asks,
    find=_find,
    compare=endpoint,
    state=_state,
    row=_row,
    references=no_references,
    record=record_endpoints,
    shows=_shows,
)
