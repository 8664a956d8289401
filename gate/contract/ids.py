"""What an item may be called: one id, one item, on every channel that carries it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

LONGEST = 200
"""Characters of a name; it stands in file names, test ids and columns."""
REFUSED = {
    "\\": "a backslash",
    "::": "'::', which parts a test's id",
    "`": "a backquote",
}


def flaw(name: str) -> str | None:
    """Why an item cannot be called so; ``None`` where it can.

    A name may hold letters and digits of any script, blanks, dots, slashes, brackets, quotes. It
    may hold no control or format character (line breaks among them), no backslash, no backquote
    and no ``::``; no blank at its ends; and not more than 200 characters.
    """
    if not name:
        return "an item needs a name"
    if name != name.strip():
        return "a name must not begin or end with a blank"
    if len(name) > LONGEST:
        return f"a name has at most {LONGEST} characters, not {len(name)}"
    odd = [one for one in name if unicodedata.category(one)[0] == "C" or one in "\u2028\u2029"]
    if odd:
        return f"a name must not hold the control character U+{ord(odd[0]):04X}"
    return next(
        (f"a name must not hold {what}" for text, what in REFUSED.items() if text in name), None
    )


def same(id_: str) -> str:
    """What two ids have in common that are one: they are compared without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", id_).casefold())


def twins(places: Iterable[tuple[str, str]]) -> Mapping[str, list[tuple[str, str]]]:
    """Ids that are one and stand in several places.

    Args:
        places: Pairs of id and where it stands.

    Returns:
        Those pairs, by what they have in common.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for id_, place in places:
        found.setdefault(same(id_), []).append((id_, place))
    return {key: pairs for key, pairs in found.items() if len(pairs) > 1}
