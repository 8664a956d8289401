"""Values that a row may be tried with: of a column's type, and of what its checks name."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from psycopg import sql

from gate.catalog.identifiers import identifier

VALUES = {
    "uuid": ("gen_random_uuid()",),
    "boolean": ("true", "false"),
    "json": ("'{}'::json", "'[]'::json"),
    "jsonb": ("'{}'::jsonb", "'[]'::jsonb"),
    "date": ("current_date",),
    "inet": ("'127.0.0.1'::inet",),
    "cidr": ("'127.0.0.0/8'::cidr",),
    "macaddr": ("'00:00:00:00:00:01'::macaddr",),
    "bytea": ("'x'::bytea",),
    "tsvector": ("''::tsvector",),
    "interval": ("'1 s'::interval",),
    "bit": ("B'1'",),
    "money": ("1::money",),
    **dict.fromkeys(
        ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
        ("1", "0", "100", "1000", "-1"),
    ),
}
TIMES = re.compile(r"'[^']*'::(?:date|time[a-z ]*)")
TEXTS = ("text", "character varying", "character", "name", "citext")


@dataclasses.dataclass(frozen=True)
class Column:
    """A column that is to be filled, as the catalog tells it."""

    name: str
    kind: str
    type: str
    base: str
    needed: bool
    has_default: bool
    checks: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Key:
    """A foreign key: its table, the one that it leads to, and the columns of both.

    Attributes:
        needed: Whether none of its columns may be left empty.
    """

    table: str
    parent: str
    columns: tuple[str, ...]
    refers_to: tuple[str, ...]
    needed: bool = True


def values_of(column: Column, keys: list[Key], table: str) -> list[Any]:
    """Values of a column that are worth a try, the likely ones first."""
    for key in keys:
        if column.name in key.columns:
            if key.parent == table:
                return ["NULL"] if not column.needed else ["1"]
            refers = key.refers_to[key.columns.index(column.name)]
            return [
                sql.SQL("(SELECT {} FROM {} ORDER BY ctid LIMIT 1)").format(
                    sql.Identifier(refers), identifier(key.parent)
                )
            ]
    if column.base.startswith(("date", "time")):
        times = [one for text in column.checks for one in TIMES.findall(text)]
        return [*dict.fromkeys(times), *_plain(column)]
    told = told_by(column.checks, text=column.base.partition("(")[0] in TEXTS)
    plain = _plain(column)
    return [*told, *plain] if column.checks else [plain[0]]


def _plain(column: Column) -> tuple[str, ...]:
    """Values of a column's type alone."""
    base, _, size = column.base.partition("(")
    size = size.rstrip(")")
    length = size if size.isdigit() else ("1" if base == "character" else "100")
    by_kind = {
        "e": f"(enum_range(NULL::{column.type}))[1]",
        "r": f"'empty'::{column.type}",
        "m": f"'{{}}'::{column.type}",
        "c": "NULL",
    }
    if column.base.endswith("[]"):
        found: tuple[str, ...] = (f"'{{}}'::{column.type}",)
    elif column.kind in by_kind:
        found = (by_kind[column.kind],)
    elif base == "vector":
        found = (f"array_fill(0.5::real, ARRAY[{size or 3}])::{column.base}",)
    elif base.startswith(("timestamp", "time")):
        found = ("now()",)
    elif base in TEXTS:
        found = (f"left('gate witness', {length})", "'a'", "'1'", "'a@example.com'", "''")
    else:
        found = VALUES.get(base, (f"NULL::{column.type}",))
    return found


def told_by(checks: tuple[str, ...], *, text: bool) -> list[str]:
    """Values that a check itself names, and their neighbours."""
    found: list[str] = []
    for check in checks:
        found += [f"'{one}'" for one in re.findall(r"'((?:[^']|'')*)'::", check)] if text else []
        numbers = re.findall(r"(?<![\w.])\(?(-?\d+(?:\.\d+)?)", check) if not text else []
        for number in numbers:
            found += [number, f"({number} + 1)", f"({number} - 1)"]
    return list(dict.fromkeys(found))[:12]
