"""What is kept of an answer beside status and body: no more than is promised of it."""

from __future__ import annotations

import re
from typing import Any

from cryptography import x509

from gate.secrets import known
from gate.secrets.known import HEADERS as SECRET
from gate.sources.api import metrics, token
from gate.sources.api.body import Body, media_type
from gate.sources.api.cookies import jar, set_by
from gate.sources.api.exchange import Reply
from gate.sources.api.facts import Served
from gate.sources.api.promised import PromisedExchange

LONGEST = 4096
"""Characters of a header that are kept."""


def told_of(
    item: PromisedExchange, reply: Reply, body: Body, token_key: str | None
) -> dict[str, Any]:
    """The parts of an `Answer` that are promised of it."""
    found: dict[str, Any] = {"http_version": reply.http_version if item.http_version else ""}
    if item.at_least_bytes is not None or item.at_most_bytes is not None:
        found["size"] = None if reply.unread else len(reply.body)
    if item.headers:
        found["headers"] = _headers(item, reply)
    if item.cookies:
        found["cookies"] = tuple(flags for _, _, flags in set_by(reply))
    if item.token is not None:
        found["token"] = token.read(item.token, body.value, jar(reply), token_key)
    if item.metrics and not body.unread and reply.status == item.status:
        text = reply.body.decode("utf-8", "replace")
        kind = media_type(reply.header("content-type"))
        found["metrics"] = metrics.read(text, kind, [one.name for one in item.metrics])
    if item.days_left is not None and reply.certificate:
        found["certificate"] = _served(reply.certificate)
    return found


def _headers(item: PromisedExchange, reply: Reply) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    promised = {name.lower() for name in item.headers}
    for name, value in reply.headers:
        if name in promised:
            told = "(a credential)" if SECRET.fullmatch(name) else value.strip()
            found.setdefault(name, []).append(known.redactor().cut(told, LONGEST))
    return {name: ", ".join(one)[:LONGEST] for name, one in found.items()}


def _served(der: bytes) -> Served | None:
    """A certificate; ``None`` where nobody can read it."""
    try:
        found = x509.load_der_x509_certificate(der)
        return Served(
            subject=_common(found.subject),
            issuer=_common(found.issuer),
            until=found.not_valid_after_utc,
        )
    except (ValueError, TypeError):
        return None


def _common(name: x509.Name) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", known.first(name.rfc4514_string(), 200))
