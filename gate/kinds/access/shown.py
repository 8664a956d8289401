"""What of something hidden stands in an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gate.errors import ObservationError
from gate.kinds.access.promised import Hidden
from gate.kinds.pointer import places
from gate.secrets import known
from gate.sources.api.facts import Answer
from gate.sources.api.values import MissingError, filled
from gate.target import Target

MORE = 3
"""Places that are told of one thing."""


def shown(hidden: Hidden, answer: Answer, target: Target) -> list[str]:
    """Where it stands in an answer, at most `MORE` places; nothing where it does not.

    Raises:
        ObservationError: It cannot be told: the body was not read, or not kept to its end.
    """
    text = None if hidden.text is None else _filled(hidden.text, target)
    if answer.unread:
        raise ObservationError(f"cannot tell (upstream): the body of {answer.url}: {answer.unread}")
    found = []
    for where, value in places(hidden.at, answer.body) if hidden.at else [("", answer.body)]:
        if hidden.value is not None:
            holds = _same(value, hidden.value)
        else:
            holds = text is None or any(text in one for one in _texts(value))
        if holds:
            what = f" {json.dumps(hidden.value)}" if hidden.value is not None else ""
            what = f" {text!r}" if text is not None else what
            place = f" at {known.first(where, 120)}" if where else ""
            found.append(f"{known.first(what.strip(), 80)}{place}".strip())
            if len(found) == MORE:
                break
    if not found and answer.cut:
        raise ObservationError(
            f"cannot tell (upstream): the answer of {answer.url} went on, and was not kept"
        )
    return found


def described(hidden: Hidden) -> str:
    """The thing, in words of the contract."""
    what = json.dumps(hidden.value) if hidden.value is not None else ""
    what = repr(hidden.text) if hidden.text is not None else what
    return " at ".join(one for one in (what, hidden.at or "") if one)


def _filled(text: str, target: Target) -> str:
    try:
        return filled(text, target)
    except MissingError as error:
        raise ObservationError(f"cannot tell: {error}") from error


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one in JSON; there, true is no 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _texts(value: Any) -> Iterator[str]:
    """Every string in a value: names of keys, and numbers as JSON writes them."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from map(str, one)
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        else:
            yield json.dumps(one)
