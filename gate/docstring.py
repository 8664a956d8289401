"""What a model's docstring says of its keys: one text for readers, editors and the reference."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Mapping

HEAD = "Attributes:"
ENTRY = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<text>.*)")


def summary(model: type) -> str:
    """What stands before the attributes, as one paragraph."""
    text = (inspect.getdoc(model) or "").partition(HEAD)[0]
    return " ".join(text.split())


@functools.cache
def attributes(model: type) -> Mapping[str, str]:
    """The texts of ``Attributes:`` by the attribute's name, those of base classes included.

    One entry may explain several names (``before, after: …``).
    """
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        found |= _own(one.__dict__.get("__doc__") or "")
    return found


def _own(docstring: str) -> dict[str, str]:
    body = inspect.cleandoc(docstring).partition(f"{HEAD}\n")[2]
    found: dict[str, str] = {}
    names: list[str] = []
    for line in body.splitlines():
        indent = len(line) - len(line.lstrip())
        if line.strip() and not indent:
            break
        entry = ENTRY.fullmatch(line.strip()) if indent == 4 else None  # noqa: PLR2004 - Google's
        if entry:
            names = entry["names"].split(", ")
        for name in names if line.strip() else ():
            text = entry["text"] if entry else line.strip()
            found[name] = f"{found[name]} {text}" if name in found and not entry else text
    return found
