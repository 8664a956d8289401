"""Values that a column may newly take: longer, larger, finer than its old type, or of no check."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gate.sources.rehearsal.values import told_by

SIZE = re.compile(r"\b(?:var|char|bit|numeric|varying)[a-z ]*\((\d+)(?:,(\d+))?\)")
NUMBER = re.compile(r"(?<![\w.'])(\d{1,6})(?![\w.'])")
LONGEST = 100_000
"""Characters of the longest text that is written."""
PLAIN = (
    *("40000", "3000000000", "10000000000000000000", "0.5", "3.141592653589793", "-1", "0", "1"),
    *("2001-02-03 04:05:06.789012", "gate witness", "w", "", "a@example.com", "{}"),
    *("7d3b5d0e-5f0b-4b7e-9a55-6a0f3a9d4c11", "true", "false"),
)
"""Of every type; what a column's own type does not take is passed over."""


def values(old: str, new: str, texts: Iterable[str]) -> tuple[str, ...]:
    """SQL of values of any type, those first that the old type is least likely to have taken.

    Args:
        old: The type that a column had.
        new: The type that it has.
        texts: Checks of the column, before and now.
    """
    texts = tuple(texts)
    checks = tuple(one for one in texts if "CHECK" in one)
    numbers = [int(one) for text in (old, *texts) for one in NUMBER.findall(text)]
    sizes = [one for one in dict.fromkeys(numbers) if one <= LONGEST]
    wide = SIZE.search(new)
    most = int(wide[1]) if wide and "numeric" not in new else LONGEST
    found = [sign * (size + 1) for size in sizes for sign in ("w", "1") if size < most]
    found += ["w" * most] if most < LONGEST else []
    sized = SIZE.search(old)
    if sized and "numeric" in old:
        scale = int(sized[2] or 0)
        found = [f"1{'0' * (int(sized[1]) - scale)}", f"0.{'0' * scale}5"]
    told = [one for text in (True, False) for one in told_by(checks, text=text)]
    plain = [one[:most] for one in PLAIN]
    if new.endswith("[]"):
        found, plain = ([f"{{{one}}}" for one in many if one != "{}"] for many in (found, plain))
    return tuple(dict.fromkeys((*map(literal, found), *told, *map(literal, plain))))


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'{}'".format(text.replace("'", "''"))
