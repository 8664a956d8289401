"""What is asked of a log: where it is, since when, and which lines count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

ERRORS = "errors"
"""Stands, among patterns, for what the common formats write of an error."""
SIEVE = (
    r"error|crit|fatal|panic|traceback|exception|severe|alert|emerg|failure|unhandled|uncaught"
    r"|[^a-z]err[^a-z]|(level|severity|levelno|priority|lvl)[^a-z]*[0-9]"
    r"|(^|[^a-z0-9])[ef][0-9][0-9][0-9][0-9] |<[0-3]>|priority.:.[0-3]"
)
"""Lets everything through that `levels.is_error` may call an error; in lower case, for any awk."""
UNTEXT = r'"message":(\[|null)'
"""What the journal has for a message that is no plain text: it is let through, and read here."""
EVERYTHING = ""
SAFE = re.compile(r"[A-Za-z0-9 _=,/-]+")
PLAIN_ESCAPES = re.compile(r"\\[dDwWsSbB.\[\](){}*+?^$|/\"' -]")
QUANTIFIED = "*?{"


class Subject(NamedTuple):
    """A log.

    Attributes:
        kind: ``journal``, ``file`` or ``container``.
        place: The unit, the path (with wildcards) or the container's name.
        unit: Whose start begins the period, where it is a file's.
        since: ``start``, ``deployment``, or a number of seconds as text.
        never: Patterns that no line may be like; `ERRORS` stands for the common formats.
        but: Patterns of lines that are let pass all the same.
        says: Pattern of a line that is looked for; empty for none.
    """

    kind: str
    place: str
    unit: str
    since: str
    never: tuple[str, ...]
    but: tuple[str, ...]
    says: str


def sieve(one: Subject) -> str:
    """What lets every line through that must not be, and as few others as can be told."""
    parts = [SIEVE if pattern == ERRORS else literal(pattern) for pattern in one.never]
    if EVERYTHING in parts:
        return EVERYTHING
    return "|".join(dict.fromkeys([*parts, UNTEXT]))


def word(one: Subject) -> str:
    """The same for what is looked for, of which the newest lines do; ``-`` for nothing."""
    return literal(one.says) if one.says else "-"


def literal(pattern: str) -> str:
    """A text that stands in whatever a pattern finds, in lower case; empty where none is sure."""
    bare = pattern.removeprefix("(?i)")
    if re.search(r"[|(\[]", re.sub(r"\\.", "", bare)):
        return EVERYTHING
    parts = PLAIN_ESCAPES.sub("\0", bare)
    if "\\" in parts:
        return EVERYTHING
    return max(_runs(parts), key=len, default=EVERYTHING)


def _runs(text: str) -> Iterable[str]:
    for match in SAFE.finditer(re.sub(r"\{[^}]*\}", "{", text)):
        behind = match.string[match.end() : match.end() + 1]
        run = match[0][:-1] if behind and behind in QUANTIFIED else match[0]
        if len(run.strip()) >= 3:  # noqa: PLR2004 - shorter ones stand in every other line
            yield run.strip().lower()
