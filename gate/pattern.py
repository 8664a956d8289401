"""Search a text by a pattern of somebody else's, with a deadline.

Python's own ``re`` knows no deadline: ``(a+)+b`` takes years for 40 letters.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence

import regex

from gate.errors import ObservationError

WITHIN_S = 1.0


def search(pattern: str, text: str, *, within_s: float = WITHIN_S) -> tuple[str, ...] | None:
    """Return the first match and its groups; ``None`` where nothing is like the pattern.

    Args:
        pattern: A regular expression, in Python's syntax.
        text: Where to search.
        within_s: How long that may take, in seconds.

    Raises:
        ObservationError: It took longer, or the pattern is none: nothing is known of the text.
    """
    try:
        match = regex.search(pattern, text, timeout=within_s)
    except TimeoutError:
        raise ObservationError(
            f"cannot tell (timeout): the pattern {pattern!r} did not come to an end within "
            f"{within_s:g} s on a text of {len(text)} characters"
        ) from None
    except (regex.error, RecursionError, MemoryError) as error:
        raise ObservationError(f"cannot tell: the pattern {pattern!r}: {error}") from error
    if match is None:
        return None
    return (match.group(), *(group or "" for group in match.groups()))


def unlike(pattern: str, text: str) -> str:
    """Return why a text is not like a pattern; empty where it is, or where there is no pattern."""
    try:
        found = not pattern or search(pattern, text) is not None
    except ObservationError as error:
        return str(error)
    return "" if found else f"nothing like {pattern!r} in its output"


def first_like(
    patterns: Sequence[str], lines: Iterable[str], *, within_s: float = WITHIN_S
) -> list[str]:
    """Return, for every line, the first pattern that it is like; empty where it is like none.

    Args:
        patterns: Regular expressions, in Python's syntax.
        lines: Where to search, each line by itself.
        within_s: How long all of it may take, in seconds.

    Raises:
        ObservationError: It took longer, or a pattern is none: nothing is known of any line.
    """
    ends = time.monotonic() + within_s

    def found(pattern: str, line: str) -> bool:
        left_s = ends - time.monotonic()
        if left_s <= 0:
            raise ObservationError(
                f"cannot tell (timeout): the pattern {pattern!r} did not come to an end within "
                f"{within_s:g} s on all lines"
            )
        return search(pattern, line, within_s=left_s) is not None

    return [next((one for one in patterns if found(one, line)), "") for line in lines]


def is_pattern(text: str) -> str:
    """Return a regular expression as it is.

    Raises:
        ValueError: It is none.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text
