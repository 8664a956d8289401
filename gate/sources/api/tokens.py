"""What a login hands out: used for the requests of its role, learned as secret, kept nowhere."""

from __future__ import annotations

from typing import Any

from gate.secrets import known
from gate.sources.api.exchange import Reply
from gate.sources.api.promised_login import TOKEN_AT
from gate.sources.api.token import at

TOKENS = ("access_token", "refresh_token", "id_token")
LOGIN_BYTES = 256 * 1024
"""More than this is no login's answer."""
LEARNED = 2_000
"""Values of one answer that are learned; each is looked for in everything that is told."""
HEADERS, HEADER_LENGTH = 100, 4096
"""Headers of an answer that are learned from, and so much of each."""


def learn_reply(reply: Reply) -> None:
    """Learn the cookies and tokens that come in the headers of an answer."""
    known.learn_headers([(name, value[:HEADER_LENGTH]) for name, value in reply.headers[:HEADERS]])


def learn_login(answer: Any) -> None:
    """Learn every token or session value of a login's answer, under any key."""
    left, pending = LEARNED, [("", answer)]
    while pending and left > 0:
        key, value = pending.pop()
        left -= 1
        if isinstance(value, dict):
            pending += [(name, one) for name, one in list(value.items())[:left]]
        elif isinstance(value, list):
            pending += [(key, one) for one in value[:left]]
        else:
            known.learn_answered(value, key)


def token_of(answer: Any, where: str = TOKEN_AT) -> str | None:
    """Return the token of a login's answer; ``None`` where it has none that could be sent."""
    token = at(where, answer)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        return None
    return token.strip() or None


def without_tokens(body: Any) -> Any:
    """Replace tokens by their length: what is kept must not open anything."""
    if not isinstance(body, dict):
        return body
    return {
        key: f"<{len(value)} characters>"
        if key in TOKENS and isinstance(value, str) and value
        else value
        for key, value in body.items()
    }
