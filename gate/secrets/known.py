"""What this process knows to be secret: learned at the start and while it runs.

There is one such knowledge per process, since a secret that one part has learned must not be told
by any other. Whoever comes across a secret calls `learn`, and whoever tells something `clean`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

from gate.secrets.forms import SHORTEST
from gate.secrets.patterns import names_secret
from gate.secrets.redactor import Redactor
from gate.text import printable

SENTINEL = "ATUM_GATE_SENTINEL_TOKEN"
"""Environment variable of the planted secret: workers inherit it, started programs do not."""
SHORTEST_TOKEN = 20
"""A value of a login's answer of so many characters, without a blank, is one whatever its key."""
HEADERS = re.compile(
    r"(?:proxy-)?authorization|(?:set-)?cookie|(?:[\w-]*-)?(?:api-?key|token|secret|auth|session)"
    r"|x-auth-[\w-]+|x-amz-security-token",
    re.IGNORECASE,
)
ORDINARY = re.compile(
    r"[a-z][a-z0-9+.-]*://.*|[^@\s]+@[^@\s]+|\d{4}-\d\d-\d\d.*|[A-Za-z_.-]+|[0-9.:+-]+",
    re.IGNORECASE,
)
"""Values that are no token: addresses, times, words, numbers."""
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_known = Redactor(())


def redactor() -> Redactor:
    """What is known now, and whatever is learned later."""
    return _known


def begin(
    values: Iterable[str],
    public: str = "",
    titles: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Redactor:
    """Begin a run: forget what an earlier one knew, and know these values.

    Args:
        values: Usually `gate.secrets.credentials.credentials`.
        public: As `Redactor` takes it.
        titles: As `Redactor` takes them.
    """
    global _known  # noqa: PLW0603 - one knowledge per process
    _known = Redactor(values, public, titles)
    return _known


def learn(*values: object) -> None:
    """Take values for secret from now on; nothing that is told later holds them.

    Args:
        values: Texts or bytes; anything else, and what is empty, is left out.
    """
    found = [one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in values]
    _known.add(one for one in found if isinstance(one, str))


def learn_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
    """Learn what goes into, or comes with, headers that carry credentials.

    Args:
        headers: Of a request or an answer; ``Authorization``, ``Cookie``, ``Set-Cookie`` and every
            header of an API key, a token or a session count.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        if not HEADERS.fullmatch(name):
            continue
        if "cookie" in name.lower():
            learn_cookies(value)
        else:
            learn(value, *(one for one in value.split() if len(one) >= SHORTEST + SHORTEST))


def learn_cookies(value: str) -> None:
    """Learn the values of a ``Cookie`` or ``Set-Cookie`` header, without its attributes."""
    for part in value.split(";"):
        name, equals, found = part.strip().partition("=")
        if equals and name.lower() not in ATTRIBUTES:
            learn(found.strip('"'))


AHEAD = 20_000
"""Characters beyond what is told that are cleaned: whatever is taken out leaves enough."""
ATTRIBUTES = ("path", "domain", "expires", "max-age", "samesite", "version", "priority")


def learn_answered(value: object, key: str) -> None:
    """Learn a value of a login's answer, where it is a token or the value of a session.

    Args:
        value: One of the answer's JSON that is neither an object nor a list.
        key: Under which it stands.
    """
    if isinstance(value, str) and _is_token(key, value):
        learn(value)


def _is_token(key: str, value: str) -> bool:
    if names_secret(key):
        return len(value) >= SHORTEST
    if UUID.fullmatch(value):
        return not re.search(r"(?:^|_)id$|Id$", key)
    return len(value) >= SHORTEST_TOKEN and not re.search(r"\s", value) and not is_ordinary(value)


def is_ordinary(value: str) -> bool:
    """Whether a text is an address, a time, a word or a number rather than a token."""
    return ORDINARY.fullmatch(value) is not None


def plant(environ: MutableMapping[str, str]) -> str:
    """Plant the run's sentinel among the credentials; what is planted already stays."""
    sentinel = environ.get(SENTINEL) or f"sentinel-{secrets.token_hex(16)}"
    environ[SENTINEL] = sentinel
    learn(sentinel)
    return sentinel


def clean(text: str) -> str:
    """Take every known secret, and what looks like one, out of a text."""
    return _known.clean(text)


def tell(text: str) -> str:
    """Make a text fit to be told: no control characters, no secrets, nor the rest of a cut one."""
    return _known.clean_cut(printable(text))


def first(text: str, limit: int) -> str:
    """The beginning of a text as one line fit to be told: cleaned before it is cut."""
    return " ".join(tell(_known.cut(text, limit + AHEAD)).split())[:limit]


def last(text: str, limit: int) -> str:
    """The end of a text as one line fit to be told: cleaned before it is cut."""
    return " ".join(tell(text).split())[-limit:]


def tell_json(value: Any) -> Any:
    """The same for nested JSON."""
    return _known.clean_json(_printable(value))


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_printable(key): _printable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(one) for one in value]
    return value


def values() -> list[str]:
    """Every value that is known, for a process that works with this one; never to be told."""
    return _known.values()
