"""The request that an endpoint item describes, on a target, with a role's token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import httpx

from gate.secrets import known
from gate.sources.api.inflate import ASKED
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.values import MissingError, filled
from gate.target import Target

HEADERS = {
    "accept": "*/*",
    "accept-encoding": ASKED,
    "connection": "close",
    "user-agent": "atum-desk-gate",
}


def build(
    item: PromisedExchange, target: Target, environ: Mapping[str, str], token: str | None
) -> httpx.Request:
    """Build a request.

    Args:
        item: What to ask.
        target: Where, with the values of its paths and the names of its credentials.
        environ: Where the credentials are.
        token: The bearer token of the item's role.

    Raises:
        MissingError: It cannot be built.
    """
    headers = dict(HEADERS)
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    form = _form(item, target, environ)
    base = target.api.base.rstrip("/")
    try:
        request = httpx.Request(
            item.method,
            base + filled(item.path, target, environ),
            headers=headers,
            data=form or None,
            json=item.json_body,
        )
        request.read()
    except (httpx.InvalidURL, ValueError) as error:  # what a value or a token brings along
        raise MissingError(f"{item.method} {item.path} cannot be sent: {error}") from error
    known.learn_headers(request.headers)
    return request


def _form(item: PromisedExchange, target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    if not item.form:
        return {}
    words = {"{wrong_password}": f"wrong-{secrets.token_hex(8)}"}
    if item.as_role is not None:
        role = target.api.roles.get(item.as_role)
        if role is None:
            raise MissingError(f"the target file has no [api.roles.{item.as_role}]")
        for word, variable in (("{user}", role.user_env), ("{password}", role.password_env)):
            if variable not in environ:
                raise MissingError(f"the environment variable {variable} is not set")
            words[word] = environ[variable]
        known.learn(words["{password}"])
    return {key: words.get(text, text) for key, text in item.form.items()}
