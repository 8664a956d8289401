"""Endpoints: status, content type and body; a 200 alone is not health."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from gate.contract.body_schema import complaints
from gate.contract.item import Item, Moment
from gate.contract.model import Promise
from gate.duration import seconds
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    State,
    Told,
    always,
    no_references,
    records_nothing,
    shown,
)
from gate.kinds.scene import Scene
from gate.kinds.upstream import cause
from gate.pattern import search
from gate.secrets import known
from gate.sources.api.curl import curl
from gate.sources.api.facts import Answer
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.questions import AskEndpoint
from gate.sources.fact import Absent, CannotTell, Fact, Seen
from gate.sources.fact import known as known_fact
from gate.target import Target

NOT_THERE = (404, 405, 410)
DETAILS = ("detail", "error", "message", "title")
"""Where an error's answer says what happened: FastAPI, Ollama, others, RFC 9457."""


class Endpoint(PromisedExchange, Item):
    """One request and what it must be answered with.

    Attributes:
        method: Of HTTP; any but GET, HEAD and the login's needs ``writes = true``.
        status: That it must be answered with.
        path: Path and query; ``{name}`` is replaced by the target's value of that name.
        role: Whose login goes with it.
        form: Form fields; ``{user}`` and ``{password}`` are those of ``as_role``.
        json_body: JSON to send (key ``json``).
        as_role: Whose credentials fill ``form``.
        writes: It changes something: sent to the rehearsal's clone, to a target with ``--apply``.
        content_type: Media type of the answer.
        body: JSON Schema of the answer's JSON.
        text: Strings that must stand in an answer that is no JSON.
        never: Patterns that no text in the answer may be like, such as what says that it failed.
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
    look = curl(item, scene.target)
    if item.absent:
        return not_served(item.path, answer, look)
    promised = f"{item.status} {item.content_type}".strip()
    if isinstance(answer, Absent):
        return Finding(promised=promised, seen=answer.proof, broken=(answer.proof,), look=look)
    broken = []
    if answer.status != item.status:
        broken.append(f"answered {answer.status}{detail(answer)}{cause(answer, item.role)}")
    elif item.content_type and answer.content_type != item.content_type:
        broken.append(f"answered with {answer.content_type or 'no content type'}")
    elif answer.unread:
        raise ObservationError(f"cannot tell (upstream): the body of {item.path}: {answer.unread}")
    else:
        broken += _body(item, answer)
    seen = f"{answer.status} {answer.content_type} in {answer.elapsed_s:.3g} s"
    return Finding(promised=promised, seen=seen, broken=tuple(broken), look=look)


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


def _body(item: Endpoint, answer: Answer) -> list[str]:
    if answer.flaw and (item.body or answer.body or item.text):
        return [f"the body is no JSON: {answer.flaw}"]
    if item.body and not answer.is_json:
        return ["the body is no JSON"]
    broken = complaints(item.body, answer.body, known.first) if item.body else []
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    lacks = [f"the body lacks {one!r}" for one in item.text if one not in text]
    broken += says(item.never, answer.body)
    if (lacks or item.never) and answer.cut and not broken:
        raise ObservationError(
            f"cannot tell (upstream): the first {len(text):,} characters of {item.path} do not "
            f"tell all that is promised, and the rest was not kept"
        )
    return broken + lacks


def says(never: Iterable[str], body: object) -> list[str]:
    """What stands in a body that must not: in any of its texts, keys included.

    Raises:
        ObservationError: A pattern does not come to an end.
    """
    if not never:
        return []
    texts = "\n\0\n".join(_texts(body))
    found = ((pattern, search(pattern, texts)) for pattern in never)
    return [
        f"the answer says {known.first(match[0], 80)!r}, which is like {pattern!r}"
        for pattern, match in found
        if match is not None
    ]


def _texts(body: object) -> Iterable[str]:
    """Every text in a body."""
    pending = [body]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            pending += [*one.values(), *one.keys()]
        elif isinstance(one, list):
            pending += one


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
    return State(f"{fact.value.status} {fact.value.content_type}".strip())


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Endpoint), scene.answer(promise.id)
    remark = _remark(item.remark, fact.value) if isinstance(fact, Seen) else ""
    answer = shown(fact, "no answer", lambda one: str(one.status))
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
    return isinstance(item, Endpoint) and not (item.absent or item.status in NOT_THERE)


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
    record=records_nothing,
    shows=_shows,
)
