"""Follow redirections of what only reads: to the target's own bases, and nowhere else."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urljoin, urlsplit

import httpx

from gate.secrets import known
from gate.sources.api.exchange import Reply
from gate.sources.api.facts import Followed
from gate.sources.api.line import Line, origin
from gate.sources.api.request import follow
from gate.sources.api.values import MissingError
from gate.text import printable

MOST = 10
"""So many redirections are followed."""
REDIRECTIONS = (301, 302, 303, 307, 308)
Send = Callable[[httpx.Request, Line], Awaitable[Reply]]
Beyond = Callable[[str], "Line | None"]


@dataclasses.dataclass(frozen=True)
class Trail:
    """Where a request led to.

    Attributes:
        reply: The last answer.
        hops: What was followed to it.
        stayed: Why the last redirection was not followed.
        asked: The address that was asked first.
        cookies: That went with the request.
    """

    reply: Reply
    hops: tuple[Followed, ...] = ()
    stayed: str = ""
    asked: str = ""
    cookies: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)


async def followed(
    reply: Reply, request: httpx.Request, line: Line, send: Send, beyond: Beyond
) -> Trail:
    """Follow an answer's redirections to their end.

    Args:
        reply: The first answer.
        request: What it answers.
        line: The line that it came on.
        send: Sends a request on a line.
        beyond: The line to an address of another origin; ``None`` where nobody is asked there.
    """
    hops: list[Followed] = []
    asked, stays = request, True
    while reply.status in REDIRECTIONS and reply.header("location"):
        url = urljoin(str(asked.url), reply.header("location")[:2000].strip())
        hops.append(
            Followed(
                status=reply.status,
                location=without_query(reply.header("location")),
                url=without_query(url),
            )
        )
        if len(hops) > MOST:
            return Trail(reply, tuple(hops), f"more than {MOST} redirections")
        same = _origin(url) in line.origins
        to = line if same else _beyond(beyond, url)
        if to is None:
            return Trail(reply, tuple(hops), f"{_where(url)} is no base of the target")
        stays = stays and same  # once elsewhere, a way back is no proof of who asks
        line = to
        try:
            asked = follow(url, request, line, same_origin=stays)
        except (httpx.InvalidURL, ValueError):
            return Trail(reply, tuple(hops), "that is no address")
        reply = await send(asked, line)
    return Trail(reply, tuple(hops))


def _beyond(beyond: Beyond, url: str) -> Line | None:
    try:
        return beyond(url)
    except (ValueError, MissingError):
        return None


def _origin(url: str) -> tuple[str, str, int]:
    try:
        return origin(url)
    except ValueError:  # a port that is none
        return ("", "", -1)


def _where(url: str) -> str:
    parts = urlsplit(url)
    return known.first(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", 200)


def without_query(location: str) -> str:
    """Where a redirection leads; what it hands over may be a secret."""
    return printable(known.first(re.split(r"[?#]", location[:1000])[0], 200))
