"""Text as a stream can carry it: where a character has no place in its encoding, an ASCII one."""

from __future__ import annotations

import codecs
import os
import unicodedata
from collections.abc import Mapping

ASCII = str.maketrans(
    {
        "…": "...",
        "⋯": "...",
        "—": "--",
        "\u2013": "-",
        "\u2011": "-",
        "\u2212": "-",
        "→": "->",
        "←": "<-",
        "\u2018": "'",
        "\u2019": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "\u00d7": "x",
        "·": "-",
        "•": "*",
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "±": "+-",
        "µ": "u",
        "μ": "u",
        "°": " deg",
        "✓": "ok",
        "✅": "ok",
        "✕": "x",
        "❌": "x",
        "❔": "?",
        "⚠": "!",
        "\ufe0f": "",
        "€": "EUR",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
)
"""What stands for signs that ASCII lacks."""
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l"})
"""Letters that do not fall apart into one of ASCII and an accent."""
PLAIN = ("C", "POSIX")
"""Locales of a terminal that shows ASCII alone."""


def encodable(text: str, encoding: str | None, *, plain: bool = False) -> str:
    """The text with nothing in it that the encoding has no place for.

    Args:
        text: Any.
        encoding: Of the stream; an unknown one is taken for ASCII, and none for all of Unicode.
        plain: Whether typographic signs are spelled in ASCII although the encoding has them.
    """
    if text.isascii():
        return text
    if plain:
        text = text.translate(ASCII)
    codec = _known(encoding or "utf-8")
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return "".join([_spelled(one, codec) for one in text])
    return text


def is_plain(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether whoever reads said that his terminal shows ASCII alone (``LC_ALL=C``, ``LANG=C``).

    Python itself puts ``LC_CTYPE=C.UTF-8`` over ``LANG=C``; that was nobody's choice.
    """
    if environ.get("LC_ALL"):
        return environ["LC_ALL"] in PLAIN
    said = environ.get("LC_CTYPE", "")
    if said and not (said == "C.UTF-8" and environ.get("LANG") in PLAIN):
        return said in PLAIN
    return environ.get("LANG", "") in PLAIN


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "ascii"


def _spelled(sign: str, codec: str) -> str:
    """One character, by itself or by what stands for it."""
    for one in (sign, sign.translate({**ASCII, **LETTERS}), unicodedata.normalize("NFKD", sign)):
        told = one.encode(codec, "ignore").decode(codec)
        if one == sign and told == sign:
            return sign
        if one != sign and (told or not one):
            return told
    return "?"
