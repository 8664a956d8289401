"""Text that came from elsewhere, made harmless: nothing in it moves a cursor or turns a line."""

from __future__ import annotations

import re

ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC: titles, links
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one character
    r"|\x1b[ -/]*[0-~]"  # every other sequence of escape
)
# C0 and C1 controls, lone surrogates, the two non-characters that XML forbids, and the marks that
# turn the direction of the text around them: none of them may reach a reader's screen. The
# separators are line breaks to some readers and to Python.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


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


def prose(text: str) -> str:
    """What a contract or a target file says to its readers, as one line.

    Raises:
        ValueError: Nothing of it can be shown.
    """
    found = line(text)
    if text and not found.strip("\ufffd "):
        raise ValueError("holds nothing that can be shown")
    return found


def json_text(text: str) -> str:
    """A JSON document whose strings hold no such character as it is; it reads back the same."""
    return UNPRINTABLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code > 0xFFFF:  # noqa: PLR2004 - JSON writes two units then
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
