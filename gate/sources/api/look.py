"""Look at the API: log in, ask every promised request at once, time some, the slow ones alone."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import httpx

from gate.connection.obstacle import INTERRUPTED, POLL_S
from gate.connection.ssh import Forward
from gate.contract.kinds import Endpoint
from gate.contract.writes import READING
from gate.sources.api.facts import Answer, ApiFacts
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target

TEXT_LIMIT = 64 * 1024
TOKENS = ("access_token", "refresh_token", "id_token")
AT_ONCE = 8
"""Requests under way at a time; the application is asked, not put under load."""

UNTRIED = CannotTell("not tried: it writes", Cause.UPSTREAM)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Look:
    """What all requests of one look share."""

    client: httpx.AsyncClient
    target: Target
    environ: Mapping[str, str]
    forward: Forward | None
    gateway: asyncio.Semaphore
    tokens: dict[str, str | CannotTell]


class _MissingError(Exception):
    """Something that a request needs is not given; the text says what."""


def look(
    target: Target,
    endpoints: Mapping[str, Endpoint],
    samples: Mapping[str, int],
    environ: Mapping[str, str] = os.environ,
    *,
    forward: Forward | None = None,
    interrupted: threading.Event | None = None,
    writes: bool = False,
) -> Fact[ApiFacts]:
    """Ask every endpoint once, and the budgeted ones again for their durations.

    Args:
        target: Where the API is and what the roles' credentials are called.
        endpoints: What to ask, by item id.
        samples: How many timed repetitions, by item id; none for what is not named.
        environ: Where the credentials are.
        forward: The way to an API that is reached through the host.
        interrupted: Set, by another thread, when there is no need to go on.
        writes: Whether what writes is sent; where it is not, no such request leaves the gate.

    Returns:
        Answers by item id, each three-valued. It never raises for what the target does.
    """
    sent = {
        id_: one for id_, one in endpoints.items() if writes or not _is_a_write(id_, one, target)
    }
    looking = _look(target, sent, samples, environ, forward)
    found = asyncio.run(_unless(interrupted or threading.Event(), looking))
    if not isinstance(found, Seen):
        return found
    answers = {id_: found.value.answers.get(id_, UNTRIED) for id_ in endpoints}
    wrote = any(_is_a_write(id_, one, target) for id_, one in sent.items())
    return Seen(ApiFacts(base=found.value.base, wrote=wrote, answers=answers))


def _is_a_write(id_: str, item: Endpoint, target: Target) -> bool:
    """Whether a request may change something; the login alone is none although it is a POST."""
    is_login = id_ == f"endpoint.{target.api.login}"
    return item.writes or not (is_login or item.method in READING)


async def _unless(
    interrupted: threading.Event, looking: Coroutine[Any, Any, Fact[ApiFacts]]
) -> Fact[ApiFacts]:
    """Look, and leave it where the run was interrupted: an answer can take a minute."""
    task = asyncio.create_task(looking)
    while not task.done():
        await asyncio.wait({task}, timeout=POLL_S)
        if interrupted.is_set() and not task.done():
            task.cancel()
            await asyncio.wait({task})
            return CannotTell(INTERRUPTED, Cause.UPSTREAM)
    return task.result()


async def _look(
    target: Target,
    endpoints: Mapping[str, Endpoint],
    samples: Mapping[str, int],
    environ: Mapping[str, str],
    forward: Forward | None,
) -> Fact[ApiFacts]:
    async with _client(target, forward) as client:
        shared = _Look(
            client=client,
            target=target,
            environ=environ,
            forward=forward,
            gateway=asyncio.Semaphore(AT_ONCE),
            tokens={},
        )
        await _log_in(shared, endpoints)
        quick = {id_: one for id_, one in endpoints.items() if not one.slow}
        asked = await asyncio.gather(*(_ask(shared, one) for one in quick.values()))
        answers: dict[str, Fact[Answer]] = dict(zip(quick, asked, strict=True))
        timed = {id_: count for id_, count in samples.items() if id_ in quick and count > 1}
        again = await asyncio.gather(
            *(_time(shared, quick[id_], answers[id_], count) for id_, count in timed.items())
        )
        answers.update(zip(timed, again, strict=True))
        for id_, one in endpoints.items():
            if one.slow:
                answers[id_] = await _ask(shared, one)
        found = {id_: answers[id_] for id_ in endpoints}
        return Seen(ApiFacts(base=target.api.base, answers=found))


def _client(target: Target, forward: Forward | None) -> httpx.AsyncClient:
    """A client that goes straight to the API, each time on a connection of its own.

    A kept one may be closed by the server just as it is used again, which would look like a broken
    endpoint; and with a server without TCP_NODELAY every answer on it waits 40 ms for this side's
    delayed acknowledgement.
    """
    uds = str(forward.socket) if forward else None
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(
        base_url=target.api.base,
        timeout=httpx.Timeout(10.0, connect=target.deadlines.connect_s),
        transport=httpx.AsyncHTTPTransport(uds=uds, limits=limits, trust_env=False),
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "atum-desk-gate"},
    )


def wait_for(
    target: Target, endpoint: Endpoint, limit_s: float, forward: Forward | None = None
) -> str:
    """Wait until an endpoint that needs no login answers with its promised status.

    Args:
        target: Where the API is.
        endpoint: What to ask.
        limit_s: How long, in seconds.
        forward: The way to an API that is reached through the host.

    Returns:
        Nothing, or what it answered last when the time was over.
    """
    until, last = time.monotonic() + limit_s, "nothing was asked"
    url = target.api.base + endpoint.path
    way = httpx.HTTPTransport(uds=str(forward.socket) if forward else None, trust_env=False)
    limit = target.deadlines.connect_s
    with httpx.Client(timeout=limit, trust_env=False, transport=way) as client:
        while True:
            try:
                last = str(client.request(endpoint.method, url).status_code)
            except httpx.HTTPError as error:
                last = f"{type(error).__name__}: {error}"
            if last == str(endpoint.status):
                return ""
            if time.monotonic() >= until:
                return f"{endpoint.method} {url} did not answer {endpoint.status}: {last}"
            time.sleep(POLL_S)


async def _log_in(shared: _Look, endpoints: Mapping[str, Endpoint]) -> None:
    """Get a token for every role that an endpoint needs."""
    roles = sorted({one.role for one in endpoints.values() if one.role})
    login = endpoints.get(f"endpoint.{shared.target.api.login}")
    if login is None:
        reason = f"the contract has no item endpoint.{shared.target.api.login} to log in with"
        shared.tokens.update({role: CannotTell(reason, Cause.UPSTREAM) for role in roles})
        return
    found = await asyncio.gather(*(_token(shared, login, role) for role in roles))
    shared.tokens.update(zip(roles, found, strict=True))


async def _token(shared: _Look, login: Endpoint, role: str) -> str | CannotTell:
    what = f"logging in as {role} ({login.method} {login.path})"
    try:
        response = await _send(shared, login.model_copy(update={"as_role": role}))
        token = response.json()["access_token"]
    except _MissingError as error:
        return CannotTell(f"{what}: {error}", Cause.UPSTREAM)
    except httpx.HTTPError as error:
        return CannotTell(f"{what}: {_describe(error, shared)}", _cause(error))
    except (ValueError, KeyError, TypeError):
        return CannotTell(f"{what} answered {response.status_code} without a token", Cause.UPSTREAM)
    return str(token)


async def _ask(shared: _Look, item: Endpoint) -> Fact[Answer]:
    """Ask one request; every way it can end is a fact."""
    token = shared.tokens.get(item.role) if item.role else None
    if isinstance(token, CannotTell):
        return token
    try:
        async with shared.gateway:
            started = time.perf_counter()
            response = await asyncio.wait_for(_send(shared, item), item.deadline_s)
            elapsed = time.perf_counter() - started
    except _MissingError as error:
        return CannotTell(str(error), Cause.UPSTREAM)
    except (asyncio.TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
        return Absent(f"no answer to {item.method} {item.path} within {item.deadline_s:g} s")
    except httpx.HTTPError as error:
        return _unanswered(shared, item, error)
    return Seen(_answer(item, response, elapsed))


def _unanswered(shared: _Look, item: Endpoint, error: httpx.HTTPError) -> Fact[Answer]:
    """What a request that failed tells: of the host, or only of the way there."""
    what, forward = f"{item.method} {item.path}", shared.forward
    obstacle = forward.obstacle() if forward else None
    if obstacle is not None:
        return CannotTell(f"{what}: {obstacle[1]}", obstacle[0])
    if forward is not None and forward.refused():
        return Absent(f"{what}: the host refuses connections to {forward.leads_to}")
    reason = f"{what}: {_describe(error, shared)}"
    return Absent(reason) if _is_seen(error) else CannotTell(reason, _cause(error))


async def _time(shared: _Look, item: Endpoint, first: Fact[Answer], count: int) -> Fact[Answer]:
    """Repeat a request one after the other; a repetition without an answer ends the timing."""
    if not isinstance(first, Seen):
        return first
    durations = []
    for _ in range(count):
        again = await _ask(shared, item)
        if not isinstance(again, Seen) or again.value.status != first.value.status:
            break
        durations.append(again.value.elapsed_s)
    return Seen(first.value.model_copy(update={"samples_s": tuple(durations)}))


async def _send(shared: _Look, item: Endpoint) -> httpx.Response:
    token = shared.tokens.get(item.role) if item.role else None
    headers = {"authorization": f"Bearer {token}"} if isinstance(token, str) else {}
    request = shared.client.build_request(
        item.method,
        _path(shared, item),
        headers=headers,
        data=_form(shared, item) or None,
        json=item.json_body,
        timeout=httpx.Timeout(item.deadline_s, connect=shared.target.deadlines.connect_s),
    )
    return await shared.client.send(request)


def _path(shared: _Look, item: Endpoint) -> str:
    def value(match: re.Match[str]) -> str:
        found = shared.target.value(match[1], shared.environ)
        if found is None:
            raise _MissingError(
                f"{item.path} needs a value for {match[0]}: give it in the target file under "
                f"[api.values], or name its environment variable under [api.values_env]"
            )
        return found

    return re.sub(r"\{(\w+)\}", value, item.path)


def _form(shared: _Look, item: Endpoint) -> dict[str, str]:
    if not item.form:
        return {}
    words = {"{wrong_password}": f"wrong-{secrets.token_hex(8)}"}
    if item.as_role is not None:
        role = shared.target.api.roles.get(item.as_role)
        if role is None:
            raise _MissingError(f"the target file has no [api.roles.{item.as_role}]")
        for word, variable in (("{user}", role.user_env), ("{password}", role.password_env)):
            if variable not in shared.environ:
                raise _MissingError(f"the environment variable {variable} is not set")
            words[word] = shared.environ[variable]
    return {key: words.get(text, text) for key, text in item.form.items()}


def _answer(item: Endpoint, response: httpx.Response, elapsed: float) -> Answer:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    body: Any = response.text[:TEXT_LIMIT]
    is_json = content_type == "application/json" or content_type.endswith("+json")
    if is_json:
        try:
            body = _without_tokens(response.json())
        except json.JSONDecodeError:
            is_json = False
    return Answer(
        method=item.method,
        url=str(response.url),
        status=response.status_code,
        content_type=content_type,
        body=body,
        is_json=is_json,
        elapsed_s=elapsed,
    )


def _without_tokens(body: Any) -> Any:
    """Replace tokens by their length: what is kept must not open anything."""
    if not isinstance(body, dict):
        return body
    return {
        key: f"<{len(value)} characters>"
        if key in TOKENS and isinstance(value, str) and value
        else value
        for key, value in body.items()
    }


def _describe(error: httpx.HTTPError, shared: _Look) -> str:
    return f"{type(error).__name__} at {shared.client.base_url}: {str(error) or 'no details'}"


def _errno(error: BaseException) -> int | None:
    """The operating system's error number behind an httpx error."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno is not None:
            return seen.errno
        group = getattr(seen, "exceptions", None)
        seen = group[0] if group else (seen.__cause__ or seen.__context__)
    return None


def _is_seen(error: httpx.HTTPError) -> bool:
    """Whether the host itself gave this answer: it refused, or hung up in the middle."""
    if isinstance(error, httpx.ConnectError):
        return _errno(error) == errno.ECONNREFUSED
    return isinstance(error, (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError))


def _cause(error: httpx.HTTPError) -> Cause:
    return Cause.TIMEOUT if isinstance(error, httpx.TimeoutException) else Cause.UNREACHABLE
