"""Definitions of a catalog, and what two of them differ in, in words."""

from __future__ import annotations

LONGEST = 200
"""Characters of a definition in a sentence; the kept look has it whole."""


def words(was: str, is_: str) -> str:
    """What two definitions differ in, such as ``owner shop -> postgres``."""
    old, new = (flat(one).split(", ") if one else [] for one in (was, is_))
    less = [one for one in old if one not in new]
    more = [one for one in new if one not in old]
    if not less and not more:
        less, more = old, new
    return f"{said(', '.join(less)) or 'none'} -> {_less(', '.join(more), less) or 'none'}"


def _less(text: str, less: list[str]) -> str:
    """Leave out the word that both sides begin with, where that is all of the difference."""
    word, blank, rest = said(text).partition(" ")
    alone = len(less) == 1 and word == "owner" and less[0].startswith("owner ")
    return rest if blank and alone else said(text)


def in_words(text: str) -> str:
    """A definition behind what it defines; nothing where it has none."""
    return f" ({said(text)})" if text else ""


def said(text: str) -> str:
    """A definition on one line, and no longer than anybody reads."""
    one = flat(text)
    return one if len(one) <= LONGEST else f"{one[:LONGEST]}…"


def flat(text: str) -> str:
    """A definition on one line."""
    return " ".join(text.split())
