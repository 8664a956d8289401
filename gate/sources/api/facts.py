"""Facts about an HTTP API: what each promised request was answered with."""

from __future__ import annotations

from typing import Any

from gate.sources.fact import Fact, Model


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
        elapsed_s: Seconds from sending to the last byte of the first answer.
        samples_s: Seconds of every timed repetition, the first excluded; empty without a budget.
        strain: Share (0 to 1) of the time meanwhile for which the gate's own machine kept waiting
            what could have run: so much of a duration may be the gate's and not the target's.
    """

    method: str
    url: str
    status: int
    content_type: str
    body: Any
    is_json: bool
    elapsed_s: float
    samples_s: tuple[float, ...] = ()
    flaw: str = ""
    unread: str = ""
    cut: bool = False
    strain: float = 0.0


class ApiFacts(Model):
    """Answers by endpoint id.

    An endpoint is *absent* where the host refused the connection, or did not answer within its
    deadline: that is seen. It *cannot be told* where the address could not be reached at all,
    the login that it needs failed, or a value that it needs is missing.

    Attributes:
        wrote: Whether requests that write were sent, too.
    """

    base: str
    wrote: bool = False
    answers: dict[str, Fact[Answer]]
