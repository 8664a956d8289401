"""What became of a row that only the new release writes, on the way down."""

from __future__ import annotations

from typing import Literal

from gate.sources.fact import Model


class Newly(Model):
    """Something that a step newly allows, and that its way down does not leave as it is.

    Attributes:
        what: What was written, such as ``NULL in users.email``.
        table: Where.
        how: Whether the way down ``failed``, whether what the row held was ``lost``, or a NULL was
            only ``filled``, as the schema from before asks for.
        came: What came of it.
        first: Whether it was the first row of a table, and an ordinary one.
    """

    what: str
    table: str
    how: Literal["failed", "lost", "filled"]
    came: str
    first: bool = False
