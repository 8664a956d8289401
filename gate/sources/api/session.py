"""What all requests of one look share: where, as whom, and what may still be kept."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from collections.abc import Mapping

from gate.connection.ssh import Forward
from gate.secrets import known
from gate.sources.api.body import VALUES, Body, media_type, read_body, values_in
from gate.sources.api.exchange import Limits, Reply, exchange
from gate.sources.api.facts import Answer
from gate.sources.api.failure import FAILURES, LATE, unanswered
from gate.sources.api.gate_load import Strain
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.request import build
from gate.sources.api.tokens import learn_login, learn_reply, without_tokens
from gate.sources.api.values import MissingError
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target
from gate.text import printable

AT_ONCE = 8
"""Requests under way at a time; the application is asked, not put under load."""
NO_BODY = (204, 304)
STOOD_STILL, STOOD_STILL_S = 0.25, 1.0
"""A deadline of which the gate itself slept through that share and so many seconds (on a machine
that was paused, say) tells nothing of the target."""
KEPT = 16 * 1024 * 1024
"""Bytes of large bodies that one look keeps in all; the rest of them cannot be told."""
VALUES_IN_ALL = 2 * VALUES
"""The same of the values in them."""
SMALL, SMALL_VALUES = 64 * 1024, 2_000
"""Bodies that are no larger are always kept: whatever others answer, they are told."""


@dataclasses.dataclass(kw_only=True)
class Session:
    """One look's way of asking.

    Attributes:
        tokens: By role; a reason where there is none.
        kept: Bytes of large bodies so far.
        values: Values that they may hold.
    """

    target: Target
    environ: Mapping[str, str]
    forward: Forward | None
    gateway: asyncio.Semaphore
    strain: Strain
    tokens: dict[str, str | CannotTell] = dataclasses.field(default_factory=dict)
    kept: int = 0
    values: int = 0


async def ask(session: Session, item: PromisedExchange) -> Fact[Answer]:
    """Ask one request and keep its answer; every way it can end is a fact."""
    reply = await reply_to(session, item)
    if isinstance(reply, (Absent, CannotTell)):
        return reply
    body = _body(session, item, reply)
    if "{password}" in item.form.values():
        learn_login(body.value)
    return Seen(
        Answer(
            method=item.method,
            url=reply.url,
            status=reply.status,
            content_type=media_type(reply.header("content-type")),
            body=without_tokens(body.value),
            is_json=body.is_json,
            elapsed_s=reply.elapsed_s,
            first_byte_s=reply.first_byte_s,
            location=_without_query(reply.header("location")),
            flaw=body.flaw,
            unread=body.unread,
            cut=body.cut,
        )
    )


def _without_query(location: str) -> str:
    """Where a redirection leads; what it hands over may be a secret."""
    return printable(known.first(re.split(r"[?#]", location[:1000])[0], 200))


async def reply_to(session: Session, item: PromisedExchange) -> Reply | Absent | CannotTell:
    """Ask one request; what is no reply is a fact."""
    token = session.tokens.get(item.role) if item.role else None
    if isinstance(token, CannotTell):
        return token
    uds = str(session.forward.socket) if session.forward else None
    limits = Limits(
        deadline_s=item.deadline_s,
        connect_s=session.target.deadlines.connect_s,
        max_bytes=item.max_bytes,
    )
    started = time.perf_counter()
    try:
        request = build(item, session.target, session.environ, token)
        async with session.gateway:
            started = time.perf_counter()
            reply = await exchange(request, limits, uds)
    except MissingError as error:
        return CannotTell(str(error), Cause.UPSTREAM)
    except FAILURES as error:
        stood = session.strain.stood_still(started)
        if isinstance(error, LATE) and stood > max(STOOD_STILL_S, limits.deadline_s * STOOD_STILL):
            reason = f"{item.method} {item.path}: the gate itself stood still for {stood:.1f} s"
            return CannotTell(reason, Cause.TIMEOUT)
        return unanswered(item, session.target.api.base, error, session.forward)
    except Exception as error:  # noqa: BLE001 - one odd answer spoils its own item only
        reason = (
            f"{item.method} {item.path}: {type(error).__name__}: {known.first(str(error), 200)}"
        )
        return CannotTell(f"its answer cannot be read: {reason}", Cause.UPSTREAM)
    learn_reply(reply)
    return reply


def _body(session: Session, item: PromisedExchange, reply: Reply) -> Body:
    """Read a body, as long as the look has room for it."""
    if reply.unread:
        return Body(unread=reply.unread)
    if item.method == "HEAD" or reply.status in NO_BODY:
        return Body()
    body = read_body(reply.body, reply.header("content-type"))
    size, values = len(reply.body), values_in(reply.body) if body.is_json else 0
    if body.unread or (size <= SMALL and values <= SMALL_VALUES):
        return body
    session.kept, session.values = session.kept + size, session.values + values
    if session.kept > KEPT or session.values > VALUES_IN_ALL:
        return Body(unread="the large answers of this look are more than it keeps in all")
    return body
