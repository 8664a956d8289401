"""The body of an answer, as it is promised: JSON, texts, token, metrics and size."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from gate.contract.body_schema import complaints
from gate.errors import ObservationError
from gate.kinds.metrics import metrics
from gate.kinds.pointer import places
from gate.kinds.token import token
from gate.pattern import first_like, search
from gate.secrets import known
from gate.sources.api.facts import Answer
from gate.sources.api.metrics import is_exposed, without_comments
from gate.sources.api.promised import PromisedExchange

ALL_WITHIN_S = 5.0
"""So long a pattern may take for all texts of a body."""
MORE = 3
"""Places that are told of what must not be shown."""


def content(item: PromisedExchange, answer: Answer) -> list[str]:
    """What is wrong with the body and what stands in it.

    Raises:
        ObservationError: It was not read, or not kept to its end.
    """
    if answer.unread:
        raise ObservationError(f"cannot tell (upstream): the body of {item.path}: {answer.unread}")
    broken = _body(item, answer)
    broken += [*token(item.token, answer)] if item.token is not None else []
    broken += [*metrics(item.metrics, answer)] if item.metrics else []
    return broken + _size(item, answer)


def _size(item: PromisedExchange, answer: Answer) -> list[str]:
    least, most, size = item.at_least_bytes, item.at_most_bytes, answer.size or 0
    broken = []
    if least is not None and size < least:
        broken.append(f"its body has {size:,} bytes, promised {least:,} at least")
    if most is not None and size > most:
        broken.append(f"its body has {size:,} bytes, promised {most:,} at most")
    return broken


def _body(item: PromisedExchange, answer: Answer) -> list[str]:
    reads_json = bool(item.body or item.without)
    if answer.flaw and (reads_json or answer.body or item.text):
        return [f"the body is no JSON: {answer.flaw}"]
    if reads_json and not answer.is_json:
        return ["the body is no JSON"]
    broken = complaints(item.body, answer.body, known.first) if item.body else []
    broken += [
        f"the answer shows {known.first(where, 120)}"
        for pointer in item.without
        for where, _ in itertools.islice(places(pointer, answer.body), MORE)
    ]
    text = answer.text
    stated = text
    if isinstance(answer.body, str) and is_exposed(text, answer.content_type):
        stated = "\n" + without_comments(text)
    lacks = [
        f"the body lacks {one!r}"
        for one in item.text
        if one not in (text if "#" in one else stated)
    ]
    body = stated if isinstance(answer.body, str) else answer.body
    lacks += _unlike(item.like, body)
    broken += says(item.never, body)
    if (lacks or item.never) and answer.cut and not broken:
        raise ObservationError(
            f"cannot tell (upstream): the first {len(text):,} characters of {item.path} do not "
            f"tell all that is promised, and the rest was not kept"
        )
    return broken + lacks


def _unlike(patterns: Iterable[str], body: object) -> list[str]:
    """Patterns that nothing in a body is like.

    Raises:
        ObservationError: One does not come to an end.
    """
    texts = [*_texts(body)] if patterns else []
    return [
        f"nothing in the body is like {one!r}" for one in patterns if _match(one, texts) is None
    ]


def says(never: Iterable[str], body: object) -> list[str]:
    """What stands in a body that must not: in any of its texts, keys included.

    Raises:
        ObservationError: A pattern does not come to an end.
    """
    if not never:
        return []
    texts = [*_texts(body)]
    found = ((pattern, _match(pattern, texts)) for pattern in never)
    return [
        f"the answer says {known.first(match, 80)!r}, which is like {pattern!r}"
        for pattern, match in found
        if match is not None
    ]


def _match(pattern: str, texts: Sequence[str]) -> str | None:
    """What a pattern finds in the first text that is like it: each by itself, between ^ and $.

    Raises:
        ObservationError: It does not come to an end.
    """
    like = first_like([pattern], texts, within_s=ALL_WITHIN_S)
    text = next((one for one, found in zip(texts, like, strict=True) if found), None)
    match = None if text is None else search(pattern, text)
    return None if match is None else match[0]


def _texts(body: object) -> Iterable[str]:
    """Every text in a body, keys included."""
    pending = [body]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            pending += [*one.values(), *one.keys()]
        elif isinstance(one, list):
            pending += one
