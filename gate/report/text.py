"""Text that came from a target, made fit for a terminal line, a Markdown cell or an XML file."""

from __future__ import annotations

import re

ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
# C0 and C1 controls, lone surrogates, the two non-characters that XML forbids, and the marks that
# turn the direction of the text around them: none of them may reach a reader's screen.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
MARKDOWN = re.compile(r"([\\`*\[\]<>|])")


def printable(text: str) -> str:
    """Take out escape sequences and put U+FFFD for every other character that is not to be seen.

    Line feeds and tabs stay.
    """
    if text.isprintable():  # most are, and Python says so at once
        return text
    return UNPRINTABLE.sub("\ufffd", ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str) -> str:
    """The text as one line: every run of white space is one blank."""
    return " ".join(printable(text).split())


def short(text: str, limit: int = 80) -> str:
    """The text as one line of at most ``limit`` characters, the cut marked by an ellipsis."""
    whole = line(text)
    return whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "…"


def markdown(text: str) -> str:
    """The text as one line that Markdown shows as it is, in a table's cell too.

    Underscores stay: inside of a word they mean nothing, and names of tables are full of them.
    """
    return MARKDOWN.sub(r"\\\1", line(text))


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


def _cause(match: re.Match[str]) -> str:
    return f"{match.group(1)}: " if match.group(1) else ""
