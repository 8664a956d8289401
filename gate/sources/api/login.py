"""Log in once for every role that a request needs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gate.sources.api.body import read_body
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.session import Session, reply_to
from gate.sources.api.tokens import LOGIN_BYTES, learn_login, token_of
from gate.sources.fact import Absent, CannotTell, Cause

LIMITED = {
    423: "the account is locked",
    429: "too many requests: a limit, or a locked account",
}


async def log_in(
    session: Session, endpoints: Mapping[str, PromisedExchange], login: PromisedExchange | None
) -> None:
    """Get a token for every role that an endpoint needs; a reason where there is none."""
    roles = sorted({one.role for one in endpoints.values() if one.role})
    if login is None:
        reason = f"the contract has no item endpoint.{session.target.api.login} to log in with"
        session.tokens.update({role: CannotTell(reason, Cause.UPSTREAM) for role in roles})
        return
    found = await asyncio.gather(*(_token(session, login, role) for role in roles))
    session.tokens.update(zip(roles, found, strict=True))


async def _token(session: Session, login: PromisedExchange, role: str) -> str | CannotTell:
    what = f"logging in as {role} ({login.method} {login.path})"
    most = min(login.max_bytes, LOGIN_BYTES)
    asked = login.model_copy(update={"as_role": role, "role": None, "max_bytes": most})
    reply = await reply_to(session, asked)
    if isinstance(reply, CannotTell):
        return CannotTell(f"{what}: {reply.reason}", reply.cause)
    if isinstance(reply, Absent):
        return CannotTell(f"{what}: {reply.proof}", Cause.UNREACHABLE)
    body = read_body(reply.body, reply.header("content-type"))
    learn_login(body.value)
    token = token_of(body.value)
    if token is None:
        why = reply.unread or body.unread or body.flaw
        status = f"{what} answered {reply.status} without a token"
        why = why or LIMITED.get(reply.status, "")
        return CannotTell(f"{status}: {why}" if why else status, Cause.UPSTREAM)
    return token
