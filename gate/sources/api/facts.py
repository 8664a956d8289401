"""Facts about an HTTP API: what each promised request was answered with."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from gate.sources.fact import Fact, Model


class Timing(Model):
    """Durations of one request that was sent again and again.

    Attributes:
        samples_s: Seconds from sending to the last byte, one per answer, in their order.
        firsts_s: Seconds to the first byte of the body of each.
        strain: Share (0 to 1) of the time meanwhile for which the gate's own machine kept waiting
            what could have run: so much of a duration may be the gate's and not the target's.
        ended: Why there are fewer than were needed.
    """

    samples_s: tuple[float, ...] = ()
    firsts_s: tuple[float, ...] = ()
    strain: float = 0.0
    ended: str = ""


class PastRuns(Model):
    """Medians of a budget's earlier runs that passed, in seconds, as they were known at this look.

    Attributes:
        last: The newest ones.
        anchor: The first ones there were.
        strain: Mean of the newest ones' strain; ``None`` where it is not known or explains nothing.
    """

    last: tuple[float, ...] = ()
    anchor: tuple[float, ...] = ()
    strain: float | None = None


class SetCookie(Model):
    """A cookie that an answer sets, without its value.

    Attributes:
        same_site: Its ``SameSite``; empty where it has none.
        lives_s: Its ``Max-Age``, or until its ``Expires``; ``None`` for the session alone.
    """

    name: str
    secure: bool = False
    http_only: bool = False
    same_site: str = ""
    path: str = ""
    domain: str = ""
    lives_s: int | None = None


class Followed(Model):
    """A redirection that was followed.

    Attributes:
        location: Where it led, as it stood there; without its query.
        url: What that comes to.
    """

    status: int
    location: str
    url: str


class Token(Model):
    """A token that was handed out: what it says, never itself.

    Attributes:
        algorithm: What it says that it is signed by.
        claims: Its payload.
        lives_s: From its ``iat`` (or the answer) to its ``exp``; ``None`` where it has none.
        verified: Whether its signature is right; ``None`` where there was no key.
        flaw: Why it is no token.
        unknown: Why its signature could not be looked at.
    """

    algorithm: str = ""
    claims: dict[str, Any] = {}
    lives_s: int | None = None
    verified: bool | None = None
    flaw: str = ""
    unknown: str = ""


class Sample(Model):
    """One value of a metric.

    Attributes:
        value: As Python writes it; NaN and infinities, too.
    """

    name: str
    labels: dict[str, str] = {}
    value: str


class Metrics(Model):
    """What an answer exposes of the metrics that are promised of it.

    Attributes:
        types: Declared types by the family's name.
        flaw: Why it is no exposition of metrics.
        unread: Why it cannot be told what it exposes.
    """

    samples: tuple[Sample, ...] = ()
    types: dict[str, str] = {}
    flaw: str = ""
    unread: str = ""


class Served(Model):
    """The certificate that came with an answer.

    Attributes:
        until: When it ends (UTC).
    """

    subject: str
    issuer: str
    until: dt.datetime


class Answer(Model):
    """The answer to one request.

    Attributes:
        url: The address that was asked, without credentials.
        status: HTTP status.
        content_type: Media type without parameters, lower case.
        body: The parsed JSON, or the text (at most 256 Ki characters) where it is none; tokens
            replaced.
        is_json: Whether the body was parsed.
        flaw: Why the body is no JSON although it says that it is.
        unread: Why it cannot be told what the body says, such as its size.
        cut: Whether the text went on.
        location: Where a redirection leads, without its query.
        hops: Redirections that were followed to it; `location` is then of the last answer.
        stayed: Why the last redirection was not followed.
        http_version: That was spoken, such as ``1.1``.
        size: Bytes of the body, unpacked; ``None`` where it was not read whole.
        headers: Those that are promised, by name in lower case; several of one name joined.
        cookies: That it sets, where any are promised.
        token: What its token says, where that is promised.
        metrics: What it exposes, where that is promised.
        certificate: That it came with, where that is promised.
        elapsed_s: Seconds from sending to the last byte of the first answer.
        first_byte_s: The same to the first byte of its body.
        timing: Its timed repetitions; the first answer is among them where the endpoint is slow,
            and warms up where it is not. ``None`` without a budget.
    """

    method: str
    url: str
    status: int
    content_type: str
    body: Any
    is_json: bool
    elapsed_s: float
    first_byte_s: float = 0.0
    timing: Timing | None = None
    location: str = ""
    hops: tuple[Followed, ...] = ()
    stayed: str = ""
    http_version: str = ""
    size: int | None = None
    headers: dict[str, str] = {}
    cookies: tuple[SetCookie, ...] = ()
    token: Token | None = None
    metrics: Metrics | None = None
    certificate: Served | None = None
    flaw: str = ""
    unread: str = ""
    cut: bool = False

    @property
    def text(self) -> str:
        """Its body as text: JSON with its letters as they are, ``Zürich`` and no escapes."""
        return (
            self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        )


class ApiFacts(Model):
    """Answers by endpoint id.

    An endpoint is *absent* where the host refused the connection, or did not answer within its
    deadline: that is seen. It *cannot be told* where the address could not be reached at all,
    the login that it needs failed, or a value that it needs is missing.

    Attributes:
        wrote: Whether requests that write were sent, too.
        alone: Whether a release was asked by itself: nothing stood in front of it.
        past: What a budget is compared with, by the id of its item.
        beside: How a cheap endpoint was answered while a slow one ran, by ``beside_key`` of both.
    """

    base: str
    wrote: bool = False
    alone: bool = False
    answers: dict[str, Fact[Answer]]
    past: dict[str, PastRuns] = {}
    beside: dict[str, Timing] = {}


def beside_key(slow: str, probed: str) -> str:
    """What the answers of a probed endpoint beside a slow one are kept under."""
    return f"{probed} beside {slow}"
