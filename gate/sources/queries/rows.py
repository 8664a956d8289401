"""What a question of a contract's own is answered by."""

from __future__ import annotations

import pydantic

from gate.sources.fact import Model

Value = str | int | float | bool | None
"""A value of an answer: numbers and truth as such, times in UTC, anything else as text."""


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
