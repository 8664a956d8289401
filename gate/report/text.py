"""Text that came from a target, made fit for a terminal line, a Markdown cell or an XML file."""

from __future__ import annotations

import json
import re
from typing import Any

import pydantic_core

from gate.text import line, printable

__all__ = [
    "cell",
    "counted",
    "indented",
    "line",
    "markdown",
    "obstacle",
    "plain",
    "printable",
    "row",
    "short",
]

MARKDOWN = re.compile(r"([\\`*\[\]<>|])")


def short(text: str, limit: int = 80) -> str:
    """The text as one line of at most ``limit`` characters, the cut marked by an ellipsis."""
    whole = line(text)
    return whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…"


def markdown(text: str) -> str:
    """The text as one line that Markdown shows as it is, in a table's cell too.

    Underscores stay: inside of a word they mean nothing, and names of tables are full of them.
    """
    return MARKDOWN.sub(r"\\\1", line(text))


def plain(text: str) -> str:
    """Markdown without its escapes."""
    return re.sub(r"\\([\\`*\[\]<>|])", r"\1", text)


def cell(text: str, limit: int = 160) -> str:
    """A Markdown cell: shortened, escaped, and ``-`` where there is nothing to say."""
    return markdown(short(text, limit)) or "-"


def row(*cells: str) -> str:
    """A row of a Markdown table, from finished cells."""
    return "| " + " | ".join(cells) + " |"


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 item``, ``2 items``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def obstacle(reason: str) -> str:
    """Why something could not be told, without the words that it could not."""
    return re.sub(r"\Acannot tell(?: \(([a-z ]+)\))?: ", _cause, line(reason))


def indented(document: Any, indent: int) -> str:
    """JSON with a line for each value, as `json.dumps` has it, in a tenth of its time."""
    try:
        return pydantic_core.to_json(document, indent=indent).decode()
    except ValueError:  # half a pair of surrogates is no UTF-8
        return json.dumps(document, indent=indent, ensure_ascii=False)


def _cause(match: re.Match[str]) -> str:
    return f"{match.group(1)}: " if match.group(1) else ""
