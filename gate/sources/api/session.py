"""What all requests of one look share: where, as whom, and what may still be kept."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Mapping

import httpx

from gate.secrets import known
from gate.sources.api.body import VALUES, Body, media_type, read_body, values_in
from gate.sources.api.cookies import jar
from gate.sources.api.exchange import Limits, Reply, connected, exchange
from gate.sources.api.facts import Answer
from gate.sources.api.failure import FAILURES, slept_through, unanswered
from gate.sources.api.gate_load import Strain
from gate.sources.api.grant import NOTHING, Grant
from gate.sources.api.hops import Trail, followed, without_query
from gate.sources.api.line import Line, Ways, beyond, line
from gate.sources.api.page import hidden
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.promised_login import Login
from gate.sources.api.request import build
from gate.sources.api.tokens import learn_login, learn_reply, without_tokens
from gate.sources.api.told import told_of
from gate.sources.api.values import MissingError
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target

AT_ONCE = 8
"""Requests under way at a time; the application is asked, not put under load."""
NO_BODY = (204, 304)
CSRF = "{csrf}"
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
        ways: The forwards to the target's bases.
        grants: What each role carries; a reason where it carries nothing.
        lines: The lines to bases, by their names, from the first request on.
        kept: Bytes of large bodies so far.
        values: Values that they may hold.
    """

    target: Target
    environ: Mapping[str, str]
    ways: Ways
    gateway: asyncio.Semaphore
    strain: Strain
    grants: dict[str, Grant | CannotTell] = dataclasses.field(default_factory=dict)
    lines: dict[str, Line] = dataclasses.field(default_factory=dict)
    kept: int = 0
    values: int = 0

    def line(self, name: str) -> Line:
        """The line to a base.

        Raises:
            MissingError: There is none.
        """
        if name not in self.lines:
            self.lines[name] = line(self.target, name, self.ways, self.environ)
        return self.lines[name]


async def ask(session: Session, item: PromisedExchange) -> Fact[Answer]:
    """Ask one request and keep its answer; every way it can end is a fact."""
    if item.closed:
        return await knock(session, item)
    trail = await led_to(session, item)
    if isinstance(trail, (Absent, CannotTell)):
        return trail
    reply = trail.reply
    body = _body(session, item, reply)
    if hands_out(item):
        learn_login(body.value)
    return Seen(
        Answer(
            method=item.method,
            url=trail.asked,
            status=reply.status,
            content_type=media_type(reply.header("content-type")),
            body=without_tokens(body.value),
            is_json=body.is_json,
            elapsed_s=reply.elapsed_s,
            first_byte_s=reply.first_byte_s,
            location=without_query(reply.header("location")),
            hops=trail.hops,
            stayed=trail.stayed,
            flaw=body.flaw,
            unread=body.unread,
            cut=body.cut,
            **told_of(item, reply, body, token_key(session)),
        )
    )


async def reply_to(session: Session, item: PromisedExchange) -> Reply | Absent | CannotTell:
    """Ask one request, with what it leads to; what is no reply is a fact."""
    found = await led_to(session, item)
    return found.reply if isinstance(found, Trail) else found


async def led_to(session: Session, item: PromisedExchange) -> Trail | Absent | CannotTell:
    """Ask one request and follow where it leads to, as far as that is promised."""
    grant = session.grants.get(item.role, NOTHING) if item.role else NOTHING
    if isinstance(grant, CannotTell):
        return grant
    to: Line | None = None
    started = time.perf_counter()
    try:
        to = session.line(item.base)
        async with session.gateway:
            started = time.perf_counter()
            return await _sent(session, item, grant, to)
    except MissingError as error:
        return CannotTell(str(error), error.cause)
    except FAILURES as error:
        stood = session.strain.stood_still(started)
        if slept_through(error, stood, _limits(session, item, item.deadline_s)):
            reason = f"{item.method} {item.path}: the gate itself stood still for {stood:.1f} s"
            return CannotTell(reason, Cause.TIMEOUT)
        return unanswered(item, error, to or session.line(item.base))
    except Exception as error:  # noqa: BLE001 - one odd answer spoils its own item only
        reason = (
            f"{item.method} {item.path}: {type(error).__name__}: {known.first(str(error), 200)}"
        )
        return CannotTell(f"its answer cannot be read: {reason}", Cause.UPSTREAM)


async def _sent(session: Session, item: PromisedExchange, grant: Grant, to: Line) -> Trail:
    """Send a request, with the page before it and the redirections behind it."""
    until = time.monotonic() + item.deadline_s

    async def send(request: httpx.Request, line: Line) -> Reply:
        limits = _limits(session, item, max(0.001, until - time.monotonic()))
        reply = await exchange(request, limits, line)
        learn_reply(reply)
        return reply

    words: dict[str, str] = {}
    if item.login is not None and item.login.page is not None:
        page = PromisedExchange(
            path=item.login.page, base=item.base, request_headers=_worded(item.request_headers)
        )
        before = await send(build(page, session.target, session.environ, grant, line=to), to)
        grant = Grant(grant.headers, {**grant.cookies, **jar(before)})
        words = _csrf(item.login, before)
    request = build(item, session.target, session.environ, grant, line=to, words=words)
    began = time.perf_counter()
    reply = await send(request, to)
    asked = known.first(str(request.url), 2000)
    if not item.redirects:
        return Trail(reply, asked=asked, cookies=grant.cookies)
    ways, target = session.ways, session.target
    found = await followed(
        reply, request, to, send, lambda url: beyond(url, target, ways, session.environ)
    )
    before_s = time.perf_counter() - began - found.reply.elapsed_s
    whole = dataclasses.replace(
        found.reply,
        elapsed_s=before_s + found.reply.elapsed_s,
        first_byte_s=before_s + found.reply.first_byte_s,
    )
    return dataclasses.replace(found, reply=whole, asked=asked)


def _limits(session: Session, item: PromisedExchange, deadline_s: float) -> Limits:
    connect_s = session.target.deadlines.connect_s
    return Limits(deadline_s=deadline_s, connect_s=connect_s, max_bytes=item.max_bytes)


def _worded(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that can be sent before the page is read."""
    return {name: text for name, text in headers.items() if CSRF not in text}


def _csrf(login: Login, page: Reply) -> dict[str, str]:
    """What ``{csrf}`` stands for.

    Raises:
        MissingError: The page does not say.
    """
    if login.csrf_cookie is not None:
        value = jar(page).get(login.csrf_cookie)
        where = f"sets no cookie {login.csrf_cookie}"
    elif login.csrf is not None:
        value = hidden(page.body.decode("utf-8", "replace"), login.csrf)
        where = f"has no hidden field {login.csrf}"
    else:
        return {}
    if not value:
        raise MissingError(f"{login.page} answered {page.status} and {where}")
    known.learn(value)
    return {CSRF: value}


async def knock(session: Session, item: PromisedExchange) -> Fact[Answer]:
    """Try to connect, and send nothing: whether anybody takes the connection from outside."""
    started = time.perf_counter()
    to: Line | None = None
    try:
        to = session.line(item.base)
        if to.forward is not None:
            reason = "closed is looked at from outside, and this base is reached by a forward"
            return CannotTell(f"{item.path}: {reason}", Cause.UPSTREAM)
        async with session.gateway:
            started = time.perf_counter()
            await connected(to.address, _limits(session, item, item.deadline_s))
    except MissingError as error:
        return CannotTell(str(error), error.cause)
    except FAILURES as error:
        stood = session.strain.stood_still(started)
        if slept_through(error, stood, _limits(session, item, item.deadline_s)):
            return CannotTell(f"the gate itself stood still for {stood:.1f} s", Cause.TIMEOUT)
        return unanswered(item, error, to or session.line(item.base))
    elapsed = time.perf_counter() - started
    return Seen(
        Answer(
            method="connect",
            url=to.address,
            status=0,
            content_type="",
            body="",
            is_json=False,
            elapsed_s=elapsed,
        )
    )


def hands_out(item: PromisedExchange) -> bool:
    """Whether what it is answered with may be credentials."""
    return item.as_role is not None or item.login is not None or item.token is not None


def token_key(session: Session) -> str | None:
    """What tokens are verified by; a variable that is not set was refused before the look."""
    variable = session.target.api.token_key_env
    return session.environ.get(variable) if variable else None


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
