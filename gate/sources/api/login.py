"""Have what every role carries that a request needs: each logs in once, if it has to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from urllib.parse import urljoin

from gate.secrets import known
from gate.sources.api.body import read_body
from gate.sources.api.cookies import jar
from gate.sources.api.exchange import Reply
from gate.sources.api.grant import Grant, carried
from gate.sources.api.hops import without_query
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.promised_login import PLAIN
from gate.sources.api.session import Session, led_to
from gate.sources.api.tokens import LOGIN_BYTES, learn_login, token_of
from gate.sources.api.values import MissingError
from gate.sources.fact import Absent, CannotTell, Cause

LIMITED = {
    423: "the account is locked",
    429: "too many requests: a limit, or a locked account",
}


async def log_in(
    session: Session, needed: Iterable[PromisedExchange], logins: Mapping[str, PromisedExchange]
) -> None:
    """Have what every role carries that a request needs; a reason where there is nothing.

    Args:
        session: Where it is kept.
        needed: The requests.
        logins: Endpoints by item id; those among them that roles log in by.
    """
    roles = sorted({one.role for one in needed if one.role and one.role not in session.grants})
    found = await asyncio.gather(*(_grant(session, logins, role) for role in roles))
    session.grants.update(zip(roles, found, strict=True))


async def _grant(
    session: Session, logins: Mapping[str, PromisedExchange], role: str
) -> Grant | CannotTell:
    try:
        known_role = session.target.api.roles.get(role)
        carries = None if known_role is None else carried(known_role, session.environ)
    except MissingError as error:
        return CannotTell(str(error), error.cause)
    if carries is not None:
        return carries
    name = session.target.api.login_of(role)
    login = logins.get(f"endpoint.{name}")
    if login is None:
        reason = f"the contract has no item endpoint.{name} to log in with"
        return CannotTell(reason, Cause.UPSTREAM)
    return await _logged_in(session, login, role)


async def _logged_in(session: Session, login: PromisedExchange, role: str) -> Grant | CannotTell:
    what = f"logging in as {role} ({login.method} {login.path})"
    most = min(login.max_bytes, LOGIN_BYTES)
    asked = login.model_copy(
        update={"as_role": role, "role": None, "max_bytes": most, "redirects": ()}
    )
    trail = await led_to(session, asked)
    if isinstance(trail, CannotTell):
        return CannotTell(f"{what}: {trail.reason}", trail.cause)
    if isinstance(trail, Absent):
        return CannotTell(f"{what}: {trail.proof}", Cause.UNREACHABLE)
    reply, how = trail.reply, login.login or PLAIN
    body = read_body(reply.body, reply.header("content-type"))
    learn_login(body.value)
    headers: dict[str, str] = {}
    if how.token is not None:
        token = token_of(body.value, how.token)
        if token is None:
            return _refused(what, reply, "a token", reply.unread or body.unread or body.flaw)
        known.learn(token)
        headers = {how.header: how.prefix + token}
    set_here = jar(reply)
    if how.cookie is not None:
        # A refused form is answered with a page and an anonymous session, too.
        other = _first_hop(login, reply)
        if how.cookie not in set_here or other:
            return _refused(what, reply, f"the cookie {how.cookie}", other)
        return Grant(headers, {**trail.cookies, **set_here})
    return Grant(headers)


def _first_hop(login: PromisedExchange, reply: Reply) -> str:
    """What is other than the login promises of its answer; empty where nothing is."""
    status, location = login.status, login.location
    if login.redirects:
        status, location = login.redirects[0].status, login.redirects[0].location
    if reply.status != status:
        return f"{status} is promised"
    seen = without_query(reply.header("location"))
    if location is not None and _joined(reply.url, location) != _joined(reply.url, seen):
        return f"it leads to {seen or 'nowhere'}, and {location} is promised"
    return ""


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:  # what was sent is no address
        return location


def _refused(what: str, reply: Reply, lacks: str, why: str) -> CannotTell:
    status = f"{what} answered {reply.status} without {lacks}"
    why = why or LIMITED.get(reply.status, "")
    return CannotTell(f"{status}: {why}" if why else status, Cause.UPSTREAM)
