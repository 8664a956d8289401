"""Refuse a credential that is written into a file: it belongs into the environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

KEY = re.compile(
    r"(?:pass(?:word|wd|phrase)?|secret|token|credentials?|(?:api|access|private|secret)_?key)$",
    re.IGNORECASE,
)
"""What a key is called that can only hold a credential."""
FILLED = re.compile(r"\{\w*\}|\$.*|%\w+%|<[^<>]*>|\*+|")
"""What is filled in later, or stands for a credential, and is none."""
ADDRESS = re.compile(r"://[^/\s:@]*:(?P<value>[^/\s@]+)@")
ASSIGNED = re.compile(
    r"(?:(?:\b|_)pass|_pwd|password|passwd|secret|token|api_?key|secret_?key)\s*=\s*"
    r"(?P<quote>['\"]?)(?P<value>[^\s'\"&;|)]+)",
    re.IGNORECASE,
)
SHAPES = re.compile(
    r"(?:A[KS]IA[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}"
    r"|glpat-[\w-]{16,}|sk_live_\w{16,}|(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:Bearer|Basic)\s+[\w+/=.-]{16,})"
)
"""Tokens that are known by their looks."""
NAMES = ("body", "changes", "columns", "definition", "keys", "labels", "listing", "predicate")
"""Keys of a contract below which names and types stand, and no values."""


def literal(data: object, key: str = "") -> tuple[str, str] | None:
    """Find the first literal credential.

    Args:
        data: A table of TOML.
        key: Where in the file it is.

    Returns:
        Its key and what it is, never the value; ``None`` where there is none.
    """
    if isinstance(data, Mapping):
        values = ((name, value) for name, value in data.items() if name not in NAMES)
        return _first(values, lambda name: f"{key}.{name}" if key else str(name), names=True)
    if isinstance(data, (list, tuple)):
        return _first(enumerate(data), lambda number: f"{key}[{number}]")
    return (key, told) if isinstance(data, str) and (told := _told(data)) else None


def _first(
    pairs: Iterable[tuple[object, object]], path: Callable[[object], str], *, names: bool = False
) -> tuple[str, str] | None:
    for name, value in pairs:
        if names and isinstance(value, str) and KEY.search(str(name)) and not _is_filled(value):
            return path(name), "a credential must not be written here"
        found = literal(value, path(name))
        if found is not None:
            return found
    return None


def _told(text: str) -> str | None:
    """What is wrong with a text."""
    if any(not _is_filled(one["value"]) for one in ADDRESS.finditer(text)):
        return "holds a user and password in an address"
    if any(not _is_filled(one["value"]) for one in ASSIGNED.finditer(text)):
        return "holds a password or token: a credential must not be written here"
    return "holds a token: a credential must not be written here" if SHAPES.search(text) else None


def _is_filled(value: str) -> bool:
    return FILLED.fullmatch(value) is not None
