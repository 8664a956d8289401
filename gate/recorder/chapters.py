"""Chapters of a contract as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tomli_w

WIDTH = 80
SCHEMAS = "../.gate/schemas"
"""Where ``gate schema --write .gate/schemas`` puts them, seen from the contract's folder."""
Items = Mapping[str, Mapping[str, Any]]


def schema_line(schema: str, folder: str = SCHEMAS) -> str:
    """The first line of a file that the gate writes: its schema, for editors."""
    return f"#:schema {folder}/{schema}.json\n"


def chapter_text(name: str, kinds: Mapping[str, Items], head: str = "") -> str:
    """A whole chapter.

    Args:
        name: The chapter's.
        kinds: Items by name, by kind.
        head: Comments, a line each.
    """
    parts = []
    for kind, items in kinds.items():
        for id_, item in items.items():
            parts.append(tomli_w.dumps({kind: {id_: item}}).replace(f"[{kind}]\n", "", 1))
    text = re.sub(r"\[\n((?:    .*,\n)+)\]", _on_one_line, "\n".join(parts))
    return f"{schema_line(name)}{head}\n{text}"


def _on_one_line(array: re.Match[str]) -> str:
    """Write an array on one line where it is short enough to be read there."""
    line = "[" + ", ".join(one.strip(" ,") for one in array[1].splitlines()) + "]"
    return line if len(line) <= WIDTH else array[0]
