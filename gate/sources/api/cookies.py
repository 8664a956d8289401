"""Cookies that an answer sets: their flags are told, their values go along and are kept nowhere."""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Iterator

from gate.secrets import known
from gate.sources.api.exchange import Reply
from gate.sources.api.facts import SetCookie

MOST = 100
"""So many cookies of one answer are read."""
LONGEST = 8192


def set_by(reply: Reply) -> Iterator[tuple[str, str, SetCookie]]:
    """Name, value and flags of each cookie that an answer sets (RFC 6265, 5.2)."""
    headers = [value for name, value in reply.headers if name == "set-cookie"]
    for header in headers[:MOST]:
        pair, *rest = header[:LONGEST].split(";")
        name, equals, value = pair.strip().partition("=")
        if not equals or not name.strip():
            continue
        given = {key.strip().lower(): one.strip() for key, _, one in map(_parted, rest)}
        yield name.strip(), value.strip().strip('"'), _flags(name.strip(), given)


def jar(reply: Reply, before: dict[str, str] | None = None) -> dict[str, str]:
    """What a client holds after an answer: values by name, those that it takes back left out."""
    found = dict(before or {})
    for name, value, flags in set_by(reply):
        if flags.lives_s is not None and flags.lives_s <= 0:
            found.pop(name, None)
        else:
            found[name] = value
    return found


def _parted(attribute: str) -> tuple[str, str, str]:
    return attribute.partition("=")


def _flags(name: str, given: dict[str, str]) -> SetCookie:
    return SetCookie(
        name=known.first(name, 100),
        secure="secure" in given,
        http_only="httponly" in given,
        same_site=known.first(given.get("samesite", ""), 20).capitalize(),
        path=known.first(given.get("path", ""), 200),
        domain=known.first(given.get("domain", ""), 200).lower().removeprefix("."),
        lives_s=_lives(given),
    )


def _lives(given: dict[str, str]) -> int | None:
    """How long a cookie lives, in seconds; ``None`` for the session alone."""
    age = given.get("max-age", "")
    if age.lstrip("-").isdigit() and len(age) < len("999999999999"):
        return int(age)
    try:
        ends = email.utils.parsedate_to_datetime(given.get("expires", "").replace("-", " "))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    ends = ends if ends.tzinfo else ends.replace(tzinfo=dt.timezone.utc)
    return int((ends - dt.datetime.now(dt.timezone.utc)).total_seconds())
