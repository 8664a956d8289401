"""Where an answer leads, as it is promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit

from gate.sources.api.facts import Answer
from gate.sources.api.promised import PromisedExchange
from gate.target import Target

Origin = tuple[str, str, int]
"""Scheme, host and port."""
PORTS = {"http": 80, "https": 443}


def redirects(item: PromisedExchange, answer: Answer, target: Target) -> Iterator[str]:
    """What is wrong with the redirections that were followed, each with its place in the row."""
    names = _names(target)
    asked = answer.url
    for number, (promised, seen) in enumerate(zip(item.redirects, answer.hops, strict=False), 1):
        if seen.status != promised.status:
            yield f"redirection {number} answered {seen.status}, not {promised.status}"
        if not _same(asked, promised.location, seen.location, names):
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


def location(item: PromisedExchange, answer: Answer, target: Target) -> Iterator[str]:
    """What is wrong with where the last answer leads to."""
    if item.location is None:
        return
    if not _same(answer.url, item.location, answer.location, _names(target)):
        yield f"leads to {answer.location or 'nowhere'}, not to {item.location}"


def _names(target: Target) -> dict[Origin, Origin]:
    """What bases are called, by their addresses, where they are called otherwise."""
    named = [one for one in target.api.named.values() if one.server_name is not None]
    return {_origin(one.base): _origin(one.base, one.server_name) for one in named}


def _same(asked: str, promised: str, seen: str, names: Mapping[Origin, Origin]) -> bool:
    """Whether two locations come to the same, relative ones by what was asked."""

    def place(location: str) -> tuple[Origin, str]:
        url = urljoin(asked, location)
        own = _origin(url)
        return names.get(own, own), urlsplit(url).path or "/"

    try:
        return bool(seen) and place(promised) == place(seen)
    except ValueError:  # what was sent is no address
        return False


def _origin(url: str, name: str | None = None) -> Origin:
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        port = -1
    return parts.scheme, (name or parts.hostname or "").lower(), port
