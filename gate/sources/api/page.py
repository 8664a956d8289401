"""What a page hands out for a form that is sent next: its hidden fields."""

from __future__ import annotations

import html
import re

TAG = re.compile(r"<(?:input|meta)\b([^<>]{1,4000})>", re.IGNORECASE)
ATTRIBUTE = re.compile(
    r"([A-Za-z_:][\w:.-]{0,100})\s{0,10}=\s{0,10}(?:\"([^\"]{0,4000})\"|'([^']{0,4000})'|([^\s\"'=<>`]{1,4000}))"
)
TAGS = 10_000
"""So many fields of a page are read."""


def hidden(text: str, name: str) -> str | None:
    """Return the value of a page's hidden field, or the content of its ``meta``, by its name.

    Returns:
        ``None`` where there is none; the first where there are several.
    """
    for number, tag in enumerate(TAG.finditer(text)):
        if number >= TAGS:
            return None
        found = {
            one[1].lower(): html.unescape(one[2] or one[3] or one[4] or "")
            for one in ATTRIBUTE.finditer(tag[1])
        }
        if found.get("name") == name:
            return found.get("value", found.get("content"))
    return None
