"""Exceptions without secrets, for those who tell an exception in words of their own."""

from __future__ import annotations

from gate.secrets import known

TEXTS = ("filename", "filename2", "strerror", "text", "msg", "doc", "reason")
"""Attributes that exceptions of the standard library make their words from."""


def clean_error(error: BaseException | None) -> None:
    """Take secrets out of an exception's own words, and of those that it came from, in place."""
    pending, seen = [error], set[int]()
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        pending += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        _clean(one)


def _clean(error: BaseException) -> None:
    args = tuple(_word(one) for one in error.args)
    if args != error.args:
        error.args = args
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list):
        notes[:] = [_word(one) for one in notes]
    for name in TEXTS:
        word = getattr(error, name, None)
        if isinstance(word, str) and (cleaned := known.tell(word)) != word:
            try:
                setattr(error, name, cleaned)
            except (AttributeError, TypeError):
                continue  # one of its class's making: the report's text is cleaned anyhow


def _word(value: object) -> object:
    return known.tell(value) if isinstance(value, str) else value
