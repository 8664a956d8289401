"""The shapes that a secret takes on its way into a text: escaped, quoted, encoded.

A secret is looked for in three ways: as it is, in base64 (alone or between other bytes, as in
``Basic``) and in hexadecimal. Each of these is found through any mixture of escaping, of any depth
that occurs: JSON, Python and shell quotes, HTML and XML entities, URL-encoding.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import html.entities
import re
from collections.abc import Iterator

SHORTEST = 4
"""A shorter secret is not looked for: it would be found everywhere."""
SHORTEST_CORE = 8
"""Fewer characters of base64 or hexadecimal than this are no evidence."""
SHORTEST_ANCHOR = 3
WORD_BELOW = 12
"""A secret of letters only, or digits only, and shorter than this could be any word or number."""

# A word counts as a whole only, but the end of an escape sequence before it is no letter of it.
BEFORE = (
    r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})"
    r"|(?<=\x1b\[[0-9]m)|(?<=\x1b\[[0-9]{2}m))"
)
AFTER = r"(?![A-Za-z0-9_])"

URL = r"%(?:25){0,3}"
ENTITY = r"&(?:amp;){0,3}"
SLASHES = r"\\{1,16}"
CODE = r"[3-7][0-9A-Fa-f];?"
NUMBER = rf"(?:[xX]0{{0,6}}{CODE}|0{{0,6}}(?:4[89]|[5-9][0-9]|1[0-2][0-9]);)"
ONE = rf"(?:{URL}{CODE}|\\(?:x|u00){CODE}|{ENTITY}\#{NUMBER})"
ENCODED = re.compile(rf"{ONE}(?:{ONE}){{{SHORTEST_ANCHOR - 1}}}")
"""Letters and digits that somebody encoded although there was no need.

The first stands by itself: a pattern that begins with one of a few characters is searched for by
these, and one that begins with a repetition is tried at every place.
"""
SIGNS = ("&#", "amp;#", "\\x", "\\u00", "%2", "%3", "%4", "%5", "%6", "%7")
"""One of these stands in everything that `ENCODED` finds, and `str` looks for them faster yet."""
LONGEST, HEAD = 256, 64
"""Of a longer form only the head is looked for through any escaping, and what goes on behind it."""
GOES_ON = r"[^\s\"'<>]*"
BREAKS = {"\n": "n", "\r": "r", "\t": "t"}


@dataclasses.dataclass(frozen=True)
class Form:
    """One way to write a secret.

    Attributes:
        how: Its name, such as ``base64``; what is told of a finding.
        text: The form before anybody escaped it.
        anchor: A part of it that no escaping changes; without it the form is not there. Empty
            where there is none.
        is_word: Whether it counts as a whole word only.
    """

    how: str
    text: str
    anchor: str
    is_word: bool = False

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds it through any escaping; made when it may occur: that takes its time."""
        text = self.text
        if len(text) > LONGEST:
            head, rest = escaped(text[:HEAD]), re.escape(text[HEAD:])
            return re.compile(f"{head}(?:{rest}|{GOES_ON})")
        pattern = escaped(text)
        if self.is_word:
            pattern = f"{BEFORE}{pattern}{AFTER}"
        elif self.how == "hexadecimal":
            pattern = f"(?i:{pattern})"
        return re.compile(pattern)

    def occurs(self, text: str, *, encoded: bool) -> bool:
        """Whether it may occur in a text; ``encoded`` is whether `ENCODED` does."""
        return encoded or not self.anchor or self.anchor in text


def is_encoded(text: str) -> bool:
    """Whether a text holds letters or digits that somebody encoded without need."""
    return any(sign in text for sign in SIGNS) and ENCODED.search(text) is not None


def is_word(secret: str) -> bool:
    """Whether a secret looks like an ordinary word or number, and so counts only as a whole one."""
    return len(secret) < WORD_BELOW and (secret.isalpha() or secret.isdigit())


def forms(secret: str, *, plain: bool = True) -> list[Form]:
    """Every form of a secret that is looked for, the longest first.

    Args:
        secret: At least four characters.
        plain: Whether it is looked for as it is; without, only where somebody encoded it.
    """
    found: dict[str, str] = {}
    for how, text in _texts(secret, plain=plain):
        found.setdefault(text, how)
    made = [_form(how, text) for text, how in found.items()]
    return sorted(made, key=lambda one: -len(one.text))


def _form(how: str, text: str) -> Form:
    runs = re.findall(r"[A-Za-z0-9]+", text)
    anchor = max(runs, key=len, default="")
    if len(anchor) < SHORTEST_ANCHOR:
        anchor = ""
    return Form(how, text, anchor, is_word(text))


def _texts(secret: str, *, plain: bool) -> Iterator[tuple[str, str]]:
    if plain:
        yield "as it is", secret
        for line in secret.splitlines():
            if len(line.strip()) >= SHORTEST:
                yield "a line of it", line.strip()
    raw = secret.encode("utf-8", "surrogatepass")
    for text in _base64(raw):
        if len(text) >= SHORTEST_CORE or plain:
            yield "base64", text
    yield "hexadecimal", raw.hex()
    yield "hexadecimal", raw.hex().upper()


def _base64(raw: bytes) -> Iterator[str]:
    """Base64 of it, alone and in the midst of other bytes (``user:password``)."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
        for ahead in (0, 1, 2):
            # Bits of the neighbours go into the first and the last character: these stay out.
            text = encode(b"\0" * ahead + raw).decode().rstrip("=")
            core = text[ahead + bool(ahead) : (ahead + len(raw)) * 8 // 6]
            if len(core) >= SHORTEST_CORE:
                yield core


def escaped(text: str) -> str:
    """A regular expression that finds a text however its characters are escaped."""
    return "".join(_character(one) for one in text)


def _character(one: str) -> str:
    """Every way to write a character; the lengths are bounded, so that no text takes long."""
    code = ord(one)
    ways = [_plainly(one), rf"{ENTITY}#0{{0,6}}{code};", rf"{ENTITY}#[xX]0{{0,6}}(?i:{code:x});"]
    raw = one.encode("utf-8", "surrogatepass")
    ways.append("".join(rf"{URL}(?i:{byte:02x})" for byte in raw))
    if code < 0x100:  # noqa: PLR2004 - one byte
        ways.append(rf"{SLASHES}x(?i:{code:02x})")
    else:
        ways.append("".join(rf"{SLASHES}x{byte:02x}" for byte in raw))
        ways.append(rf"{SLASHES}U(?i:{code:08x})")
    halves = one.encode("utf-16-be", "surrogatepass").hex()
    units = [halves[at : at + 4] for at in range(0, len(halves), 4)]
    ways.append("".join(rf"{SLASHES}u(?i:{unit})" for unit in units))
    ways += [
        rf"{ENTITY}{name};" for name in sorted({html.entities.codepoint2name.get(code, "")} - {""})
    ]
    if one == "'":
        ways += [rf"{ENTITY}apos;", "'\"'\"'", r"'\\''"]
    return f"(?:{'|'.join(ways)})"


def _plainly(one: str) -> str:
    if one.isascii() and one.isalnum():
        return one
    if one == "\\":
        return SLASHES
    if one in BREAKS:
        return rf"(?:\r?{one}|{SLASHES}{BREAKS[one]}|[ ])"
    if one == " ":
        return r"(?:\\{0,8}[ ]|\+|\n)"
    return rf"\\{{0,8}}{re.escape(one)}"
