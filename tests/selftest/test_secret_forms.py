"""Whether a text may hold an encoded secret: told fast, and the same as told plainly."""

from __future__ import annotations

import random
import re

from gate.secrets.forms import is_encoded

PLAINLY = re.compile(
    r"(?:(?:%(?:25){0,3}|\\x|\\u00|&(?:amp;){0,3}\#[xX]0{0,6})[3-7][0-9A-Fa-f];?"
    r"|&(?:amp;){0,3}\#0{0,6}(?:4[89]|[5-9][0-9]|1[0-2][0-9]);){3}"
)
PARTS = (
    *("%", "25", "\\", "x", "u00", "&", "amp;", "#", "0", "00", "41", "7a", "5F", "30", "2f", ";"),
    *("%41", "%2541", "\\x41", "\\u0041", "&#65;", "&#x41;", "&amp;#065;", "&#X0041", "&#39;", "a"),
)


def test_said_fast_is_said_plainly() -> None:
    """Over 50,000 texts made of what encodings are made of; one in sixteen is encoded."""
    chance, encoded = random.Random(7), 0  # noqa: S311 - texts, no secrets
    for _ in range(50_000):
        text = "".join(chance.choices(PARTS, k=chance.randrange(1, 9)))
        assert is_encoded(text) == bool(PLAINLY.search(text)), text
        encoded += is_encoded(text)
    assert encoded > 2_000


def test_long_text_takes_no_time_per_sign() -> None:
    """A megabyte that is full of beginnings is no encoded text."""
    assert not is_encoded("%4 &amp;amp;#6 \\u004 " * 50_000)
