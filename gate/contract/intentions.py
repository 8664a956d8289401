"""What is declared of single revisions: each with its reason, and checked both ways."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.contract.item import Name
from gate.toml import Strict


class OneWay(Strict):
    """A revision that is not meant to be taken back.

    Attributes:
        revision: Its id.
        reason: Why; shown in every report.
    """

    revision: Name
    reason: Name


class DataChange(OneWay):
    """A revision that changes rows which its way down does not bring back.

    Attributes:
        tables: Whose rows.
    """

    tables: Annotated[tuple[Name, ...], pydantic.Field(min_length=1)]


class Removal(OneWay):
    """A revision that removes content which its way down does not bring back.

    Attributes:
        objects: Tables and columns (``table.column``).
    """

    objects: Annotated[tuple[Name, ...], pydantic.Field(min_length=1)]
