"""The request that an endpoint item describes, on a target, with what its role carries."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import httpx

from gate.secrets import known
from gate.sources.api.grant import NOTHING, Grant, role_of, variable
from gate.sources.api.inflate import ASKED
from gate.sources.api.line import Line
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.values import WORD, MissingError, filled
from gate.target import Target

HEADERS = {
    "accept": "*/*",
    "accept-encoding": ASKED,
    "connection": "close",
    "user-agent": "atum-desk-gate",
}


def build(
    item: PromisedExchange,
    target: Target,
    environ: Mapping[str, str],
    grant: Grant = NOTHING,
    *,
    line: Line,
    words: Mapping[str, str] = MappingProxyType({}),
) -> httpx.Request:
    """Build a request.

    Args:
        item: What to ask.
        target: Where, with the values of its paths and the names of its credentials.
        environ: Where the credentials are.
        grant: What the item's role carries.
        line: The line to the item's base.
        words: What further words of its form, JSON and headers stand for, braces included.

    Raises:
        MissingError: It cannot be built.
    """
    known_words = {**_credentials(item, target, environ), **words}

    def value_of(match: re.Match[str]) -> str:
        return known_words.get(match[0]) or filled(match[0], target, environ)

    said = json.dumps([item.form, item.json_body, item.request_headers])
    if "{csrf}" in said and "{csrf}" not in known_words:
        raise MissingError(f"{item.path}: nothing says what {{csrf}} stands for: login.csrf does")
    form = {key: known_words.get(text, text) for key, text in item.form.items()}
    try:
        request = httpx.Request(
            item.method,
            line.address + filled(item.path, target, environ),
            headers=_headers(item, grant, line, value_of),
            data=form or None,
            json=_worded(item.json_body, known_words),
        )
        request.read()
    except (httpx.InvalidURL, ValueError) as error:  # what a value or a token brings along
        raise MissingError(f"{item.method} {item.path} cannot be sent: {error}") from error
    known.learn_headers(request.headers)
    return request


def follow(url: str, first: httpx.Request, line: Line, *, same_origin: bool) -> httpx.Request:
    """Build the request that a redirection leads to; no credential goes to another origin."""
    headers = dict(HEADERS)
    if same_origin:
        left_out = ("host", "content-length", "content-type")
        headers = {key: one for key, one in first.headers.items() if key not in left_out}
    if line.host:
        headers["host"] = line.host
    if line.base.http2:
        headers.pop("connection", None)
    return httpx.Request(first.method, line.placed(url), headers=headers)


def _headers(
    item: PromisedExchange,
    grant: Grant,
    line: Line,
    value_of: Callable[[re.Match[str]], str],
) -> dict[str, str]:
    headers = {
        key: one for key, one in HEADERS.items() if key != "connection" or not line.base.http2
    }
    if line.host:
        headers["host"] = line.host
    headers |= {key.lower(): one for key, one in grant.headers.items()}
    cookies = "; ".join(f"{key}={one}" for key, one in grant.cookies.items())
    headers |= {"cookie": cookies} if cookies else {}
    for name, text in item.request_headers.items():
        headers[name.lower()] = WORD.sub(value_of, text)
    return headers


def _worded(value: Any, words: Mapping[str, str]) -> Any:
    """A JSON with the words that stand alone in its strings."""
    if isinstance(value, str):
        return words.get(value, value)
    if isinstance(value, Mapping):
        return {key: _worded(one, words) for key, one in value.items()}
    return [_worded(one, words) for one in value] if isinstance(value, (list, tuple)) else value


def _credentials(
    item: PromisedExchange, target: Target, environ: Mapping[str, str]
) -> dict[str, str]:
    """What ``{user}``, ``{password}`` and ``{wrong_password}`` stand for."""
    words = {"{wrong_password}": f"wrong-{secrets.token_hex(8)}"}
    said = json.dumps([item.form, item.json_body, item.request_headers])
    if item.as_role is None or not any(word in said for word in ("{user}", "{password}")):
        return words
    role = role_of(target, item.as_role)
    for word, name in (("{user}", role.user_env), ("{password}", role.password_env)):
        if name is None:
            raise MissingError(
                f"[api.roles.{item.as_role}] has no user and password to log in with"
            )
        words[word] = variable(name, environ)
    known.learn(words["{password}"])
    return words
