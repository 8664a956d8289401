"""Something that a schema allows and did not before; and how expressions name columns."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from gate.catalog.expression import normal

WORD = re.compile(r"'(?:[^']|'')*'|\"((?:[^\"]|\"\")+)\"|([A-Za-z_][\w$]*)")
CAST = re.compile(
    r"::(?:character varying|double precision|bit varying|time(?:stamp)? with(?:out)? time zone"
    r"|[\w.]+)(?:\([\d,]+\))?(?:\[\])?"
)
ALONE = re.compile(r"(?<![\w\"])\((\w+)\)")


@dataclasses.dataclass(frozen=True)
class Looser:
    """One thing that is allowed since.

    Attributes:
        table: Where.
        what: The row in words; ``{value}`` stands for what was written.
        columns: That make it what it is.
        values: By column, SQL of values that are worth a try.
        accepted: SQL of whether the schema of before takes a row ``r_``; empty: see ``alike``.
        alike: SQL of whether a row was not to have a second one of its values in these columns.
        replaced: Whether it may be nothing new, where a value is taken that was taken before.
        unique: Columns of which no two rows may have the same, with others or alone.
        key: Columns of the primary key, in both schemas.
    """

    table: str
    what: str
    columns: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    accepted: str = ""
    alike: str = ""
    replaced: bool = False
    unique: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()


def mentioned(text: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Of a table's columns those that an expression names."""
    found = WORD.finditer(CAST.sub("", text))
    words = {(one[1] or "").replace('""', '"') or one[2] for one in found}
    return tuple(one for one in columns if one in words)


def bare(expression: str) -> str:
    """An expression without casts, which come and go with a column's type."""
    return ALONE.sub(r"\1", CAST.sub("", normal(expression)))


def quoted(name: str) -> str:
    """A column's name for SQL."""
    return '"{}"'.format(name.replace('"', '""'))
