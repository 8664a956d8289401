"""What a question of a contract's own is answered by."""

from __future__ import annotations

import hashlib

import pydantic

from gate.secrets import known
from gate.sources.fact import Model

LONGEST = 4096
"""Characters of a value that are kept."""

Value = str | int | float | bool | None
"""A value of an answer: numbers and truth as such, times in UTC, anything else as text."""


def kept(text: str) -> str:
    """Return a value of text without secrets; of a long one its beginning, and a digest of it all.

    So two long values that differ behind their beginnings differ.
    """
    clean = known.clean(text)
    if len(clean) <= LONGEST:
        return clean
    digest = hashlib.sha256(clean.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{known.redactor().cut(clean, LONGEST)} (sha256 {digest[:16]})"


class Rows(Model):
    """What a statement answered.

    Attributes:
        columns: Their names.
        rows: All rows, in the order in which they came.
        clock: The time when it was asked (UTC): the database server's, or of a Redis the gate's.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    clock: pydantic.AwareDatetime
