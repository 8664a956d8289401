"""The shapes that a secret takes on its way into a text: escaped, quoted, encoded."""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Iterator

SHORTEST = 4
"""A shorter secret is not looked for: it would be found everywhere."""
SHORTEST_CORE = 8
"""Fewer characters of base64 than this are no evidence."""
WORD_BELOW = 12
"""A secret of letters only, or digits only, and shorter than this could be any word or number."""


def is_word(secret: str) -> bool:
    """Whether a secret looks like an ordinary word or number, and so counts only as a whole one."""
    return len(secret) < WORD_BELOW and (secret.isalpha() or secret.isdigit())


def forms(secret: str) -> dict[str, str]:
    """Every form of a secret that is looked for, with how it is written.

    The plain form comes first, and a form keeps the first name that it got.
    """
    found: dict[str, str] = {}
    for how, form in _forms(secret):
        if len(form) >= SHORTEST:
            found.setdefault(form, how)
    return found


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    yield "as it is", secret
    for line in secret.splitlines():
        yield "a line of it", line.strip()
    yield from _escaped(secret)
    yield from _quoted(secret)
    yield from _encoded(secret.encode("utf-8", "surrogateescape"))


def _escaped(secret: str) -> Iterator[tuple[str, str]]:
    for ascii_only in (True, False):
        once = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield "JSON-escaped", once
        yield "JSON-escaped twice", json.dumps(once, ensure_ascii=ascii_only)[1:-1]
    yield "as a Python literal", repr(secret)[1:-1]
    yield "HTML-escaped", html.escape(secret)
    yield "HTML-escaped", html.escape(secret, quote=False)
    yield "XML-escaped", html.escape(secret, quote=False).replace('"', "&quot;")
    yield "Markdown-escaped", re.sub(r"([\\`*\[\]<>|])", r"\\\1", secret)
    yield "shell-quoted", secret.replace("'", "'\"'\"'")


def _quoted(secret: str) -> Iterator[tuple[str, str]]:
    for safe in ("", "/", "-._~!$&'()*+,;=:@"):
        for text in (
            urllib.parse.quote(secret, safe=safe, errors="surrogateescape"),
            urllib.parse.quote_plus(secret, safe=safe, errors="surrogateescape"),
        ):
            yield "URL-encoded", text
            yield "URL-encoded", re.sub(r"%[0-9A-F]{2}", lambda one: one.group().lower(), text)


def _encoded(raw: bytes) -> Iterator[tuple[str, str]]:
    """Base64 of it, alone and in the midst of other bytes (``user:password``), and hexadecimal."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield "base64", encode(raw).decode().rstrip("=")
        for ahead in (1, 2):
            # Bits of the neighbours go into the first and the last character: these stay out.
            text = encode(b"\0" * ahead + raw).decode().rstrip("=")
            whole = (ahead + len(raw)) * 8 // 6
            core = text[ahead + 1 : whole]
            if len(core) >= SHORTEST_CORE:
                yield "base64", core
        core = encode(raw).decode()[: len(raw) * 8 // 6]
        if len(core) >= SHORTEST_CORE:
            yield "base64", core
    if len(raw.hex()) >= SHORTEST_CORE:
        yield "hexadecimal", raw.hex()
        yield "hexadecimal", raw.hex().upper()
