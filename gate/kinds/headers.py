"""Headers and cookies of an answer, as they are promised."""

from __future__ import annotations

from collections.abc import Iterator

from gate.pattern import search
from gate.secrets import known
from gate.sources.api.facts import Answer, SetCookie
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.promised_answer import CookiePromise, HeaderPromise

EVERY = "*"
"""The cookies that an answer sets, each of them."""


def headers(item: PromisedExchange, answer: Answer) -> Iterator[str]:
    """What is wrong with the headers.

    Raises:
        ObservationError: A pattern does not come to an end.
    """
    for name, promised in item.headers.items():
        seen = answer.headers.get(name.lower())
        if promised.absent:
            yield from () if seen is None else (f"the header {name} says {_told(seen)}",)
        elif seen is None:
            yield f"there is no header {name}"
        else:
            value = promised.value
            if value is not None and " ".join(seen.split()) != " ".join(value.split()):
                yield f"the header {name} says {_told(seen)}, not {value!r}"
            yield from _like(name, promised, seen)


def _like(name: str, promised: HeaderPromise, seen: str) -> Iterator[str]:
    for pattern in promised.like:
        if search(pattern, seen) is None:
            yield f"the header {name} says {_told(seen)}, which is not like {pattern!r}"
    for pattern in promised.never:
        if search(pattern, seen) is not None:
            yield f"the header {name} says {_told(seen)}, which is like {pattern!r}"


def _told(value: str) -> str:
    return repr(known.first(value, 200))


def cookies(item: PromisedExchange, answer: Answer) -> Iterator[str]:
    """What is wrong with the cookies that an answer sets; their values are never told."""
    for name, promised in item.cookies.items():
        found = [one for one in answer.cookies if name in (EVERY, one.name)]
        if promised.absent:
            yield from (f"the cookie {one.name} is set" for one in found)
            continue
        if not found:
            yield "no cookie is set" if name == EVERY else f"no cookie {name} is set"
        for one in found:
            yield from (f"the cookie {one.name} {text}" for text in _flags(promised, one))


def _flags(promised: CookiePromise, seen: SetCookie) -> Iterator[str]:
    for key, word in (("secure", "Secure"), ("http_only", "HttpOnly")):
        wanted = getattr(promised, key)
        if wanted is not None and wanted != getattr(seen, key):
            yield f"is set {'without' if wanted else 'with'} {word}"
    for key, word in (("same_site", "SameSite"), ("path", "Path"), ("domain", "Domain")):
        wanted = getattr(promised, key)
        if wanted is not None and wanted != getattr(seen, key):
            yield f"is set with {word} {getattr(seen, key) or 'left out'}, not {wanted}"
    most, lives = promised.lives_at_most_s, seen.lives_s
    if most is not None and lives is not None and lives > most:
        yield f"lives {lives} s, promised {most} s at most"
