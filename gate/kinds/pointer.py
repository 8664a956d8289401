"""Places of a JSON, by JSON Pointers with wildcards: ``*`` for a member, ``**`` for any depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def places(pointer: str, body: Any) -> Iterator[tuple[str, Any]]:
    """Every place that a pointer names, and what stands there."""
    parts = pointer.split("/")[1:]
    pending: list[tuple[str, Any, int]] = [("", body, 0)]
    while pending:
        where, value, number = pending.pop()
        if number == len(parts):
            yield where, value
            continue
        part, below = parts[number], list(_below(value))
        if part == "**":
            pending.append((where, value, number + 1))
            pending += [(f"{where}/{key}", one, number) for key, one in reversed(below)]
            continue
        wanted = part.replace("~1", "/").replace("~0", "~")
        pending += [
            (f"{where}/{key}", one, number + 1)
            for key, one in reversed(below)
            if part == "*" or key == wanted
        ]


def _below(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((str(key), one) for key, one in value.items())
    elif isinstance(value, list):
        yield from ((str(number), one) for number, one in enumerate(value))
