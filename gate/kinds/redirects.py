"""Where an answer leads, as it is promised."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from gate.sources.api.facts import Answer
from gate.sources.api.promised import PromisedExchange

PORTS = {"http": 80, "https": 443}


def redirects(item: PromisedExchange, answer: Answer) -> Iterator[str]:
    """What is wrong with the redirections that were followed, each with its place in the row."""
    asked = answer.url
    for number, (promised, seen) in enumerate(zip(item.redirects, answer.hops, strict=False), 1):
        if seen.status != promised.status:
            yield f"redirection {number} answered {seen.status}, not {promised.status}"
        if not _same(asked, promised.location, seen.location):
            yield f"redirection {number} leads to {seen.location}, not to {promised.location}"
        asked = seen.url
    lacking = item.redirects[len(answer.hops) :]
    if lacking:
        at = len(answer.hops) + 1
        yield f"redirection {at} is none: {answer.status} instead of {lacking[0].status}"
    for number, seen in enumerate(answer.hops[len(item.redirects) :], len(item.redirects) + 1):
        yield f"redirection {number} to {seen.location} is one too many"
    if answer.stayed and answer.hops:
        yield f"{answer.hops[-1].location} was not asked: {answer.stayed}"


def location(item: PromisedExchange, answer: Answer) -> Iterator[str]:
    """What is wrong with where the last answer leads to."""
    if item.location is not None and not _same(answer.url, item.location, answer.location):
        yield f"leads to {answer.location or 'nowhere'}, not to {item.location}"


def _same(asked: str, promised: str, seen: str) -> bool:
    """Whether two locations come to the same, relative ones by what was asked."""
    return bool(seen) and _place(urljoin(asked, promised)) == _place(urljoin(asked, seen))


def _place(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").lower(), port, parts.path or "/"
