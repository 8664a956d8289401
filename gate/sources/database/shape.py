"""What a table is like, by the catalog alone: whether it is small, and by what it can be read."""

from __future__ import annotations

import dataclasses
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier

SMALL = 4 << 20
"""Bytes of a table that is read whole."""
SHAPE = """
    SELECT pg_relation_size(c.oid), c.relkind::text,
           coalesce((SELECT jsonb_agg((SELECT jsonb_agg(
                           jsonb_build_array(a.attname, i.indoption[k.n - 1]) ORDER BY k.n)
                       FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(field, n)
                       JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.field
                      WHERE k.n <= 2))
              FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
              JOIN pg_am AS m ON m.oid = x.relam
             WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
               AND i.indexprs IS NULL AND m.amname = 'btree'), '[]')
      FROM pg_class AS c WHERE c.oid = %s::regclass
"""
ODD_ENDS = (1, 2)
"""``indoption``: descending with nulls last, or ascending with nulls first."""


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a table is like.

    Attributes:
        small: Whether it may be read whole.
        size: Its bytes.
        indexes: The first columns of each index, at most two, with ``indoption`` of each.
    """

    small: bool
    size: int
    indexes: tuple[tuple[tuple[str, int], ...], ...]

    def leads(self, *columns: str) -> bool:
        """Whether an index begins with these columns."""
        return self._leading(columns) is not None

    def oldest_first(self, *columns: str) -> sql.Composable:
        """The order by the last of these columns that their index has."""
        nulls = "FIRST" if self._leading(columns) in ODD_ENDS else "LAST"
        return sql.SQL(f"ORDER BY {{}} NULLS {nulls}").format(sql.Identifier(columns[-1]))

    def newest_first(self, *columns: str) -> sql.Composable:
        """The same from its other end; without ``NULLS FIRST`` most indexes would not be used."""
        nulls = "LAST" if self._leading(columns) in ODD_ENDS else "FIRST"
        return sql.SQL(f"ORDER BY {{}} DESC NULLS {nulls}").format(sql.Identifier(columns[-1]))

    def _leading(self, columns: tuple[str, ...]) -> int | None:
        """How the last of these columns is sorted by an index that begins with them."""
        length = len(columns)
        found = [one for one in self.indexes if tuple(x for x, _ in one[:length]) == columns]
        return found[0][length - 1][1] if found else None


def shape_of(connection: psycopg.Connection[Any], table: str) -> Shape:
    """What a table is like, by the catalog alone."""
    name = identifier(table).as_string(connection)
    size, kind, indexes = connection.execute(SHAPE, [name]).fetchone() or (0, "r", [])
    # Of a view or a partitioned table nothing is known beforehand: the deadline of each question
    # bounds it.
    small = int(size) <= SMALL or kind in ("v", "f", "p")
    columns = (tuple((name, int(option)) for name, option in one or ()) for one in indexes)
    return Shape(small, int(size), tuple(columns))
