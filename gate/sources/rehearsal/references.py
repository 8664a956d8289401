"""Foreign keys of a sample: the rows that it refers to are fetched until none is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from gate.sources.rehearsal.tables import Table

ROUNDS = 50
"""How often what was fetched is looked through for what it refers to in its turn."""
BATCH = 5000
"""Keys that are asked for at once."""
KEYS = """
    SELECT k.conrelid::bigint, k.confrelid::bigint,
           (SELECT array_agg(quote_ident(a.attname) ORDER BY o.i)
              FROM unnest(k.conkey) WITH ORDINALITY AS o(n, i)
              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = o.n),
           (SELECT array_agg(quote_ident(a.attname) ORDER BY o.i)
              FROM unnest(k.confkey) WITH ORDINALITY AS o(n, i)
              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = o.n),
           (SELECT array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY o.i)
              FROM unnest(k.confkey) WITH ORDINALITY AS o(n, i)
              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = o.n)
      FROM pg_catalog.pg_constraint AS k
     WHERE k.contype = 'f' AND k.convalidated AND k.conparentid = 0
     ORDER BY k.oid
"""
LEAVES = """
    SELECT relid::bigint FROM pg_catalog.pg_partition_tree(%s::oid::regclass) WHERE isleaf
"""


class Key:
    """A foreign key.

    Attributes:
        names: The tables at its two ends, quoted.
        parents: Tables that hold the rows that it refers to.
    """

    def __init__(self, child: str, parent: str, parents: list[Table], columns: Any) -> None:
        """Take what the catalog says of it."""
        self.names, self.parents = (child, parent), parents
        self._own, self._their, self._types = columns

    def missing(self, here: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
        """Keys that rows of the clone have and no row there answers to, as texts."""
        own = sql.SQL(", ").join(sql.SQL("c.{}::text").format(sql.SQL(one)) for one in self._own)
        return here.execute(
            sql.SQL("SELECT DISTINCT {}{}").format(own, self._dangling())
        ).fetchall()

    def drop(self, here: psycopg.Connection[Any]) -> int:
        """Remove the rows whose key nothing answers to; return how many there were."""
        statement = sql.SQL(
            "DELETE FROM {} WHERE (tableoid, ctid) IN (SELECT c.tableoid, c.ctid{})"
        ).format(sql.SQL(self.names[0]), self._dangling())
        return here.execute(statement).rowcount

    def _dangling(self) -> sql.Composed:
        same = [
            sql.SQL("p.{} = c.{}").format(sql.SQL(their), sql.SQL(own))
            for own, their in zip(self._own, self._their, strict=True)
        ]
        full = [sql.SQL("c.{} IS NOT NULL").format(sql.SQL(one)) for one in self._own]
        return sql.SQL(
            " FROM {} AS c WHERE {} AND NOT EXISTS (SELECT FROM {} AS p WHERE {})"
        ).format(
            sql.SQL(self.names[0]),
            sql.SQL(" AND ").join(full),
            sql.SQL(self.names[1]),
            sql.SQL(" AND ").join(same),
        )

    def query(self, table: Table, keys: Sequence[tuple[Any, ...]]) -> sql.Composed:
        """A statement that reads the rows of a table that keys refer to."""
        lists = [
            sql.SQL("{}::text[]").format(sql.Literal([one[number] for one in keys]))
            for number in range(len(self._their))
        ]
        names = [sql.SQL(f"k{number}") for number in range(len(self._their))]
        typed = [
            sql.SQL("u.{}::{} AS {}").format(name, sql.SQL(type_), name)
            for name, type_ in zip(names, self._types, strict=True)
        ]
        same = [
            sql.SQL("p.{} = k.{}").format(sql.SQL(their), name)
            for their, name in zip(self._their, names, strict=True)
        ]
        columns = [sql.SQL("p.{}").format(sql.Identifier(one)) for one in table.columns]
        comma = sql.SQL(", ")
        return sql.SQL(
            "SELECT {} FROM (SELECT DISTINCT {} FROM unnest({}) AS u({})) AS k "
            "JOIN ONLY {} AS p ON {}"
        ).format(
            comma.join(columns),
            comma.join(typed),
            comma.join(lists),
            comma.join(names),
            table.itself,
            sql.SQL(" AND ").join(same),
        )


Copy = Callable[[Table, sql.Composed], None]


def satisfy(
    live: psycopg.Connection[Any],
    here: psycopg.Connection[Any],
    tables: Sequence[Table],
    copy: Copy,
    check: Callable[[], None],
) -> None:
    """Fetch the rows that a sample refers to; what is still missing then goes with who refers.

    Args:
        live: A session on the live database, in the sample's transaction.
        here: A session on the clone; its foreign keys are not made yet.
        tables: What is sampled.
        copy: Copies what a statement reads into a table.
        check: Raises where there is no time left.
    """
    keys = _keys(live, tables)
    asked: dict[Key, list[tuple[Any, ...]]] = {}
    for _ in range(ROUNDS):
        fetched = False
        for key in keys:
            check()
            wanted = key.missing(here)
            for start in range(0, len(wanted), BATCH):
                for table in key.parents:
                    copy(table, key.query(table, wanted[start : start + BATCH]))
            fetched = fetched or (bool(wanted) and sorted(wanted) != asked.get(key))
            asked[key] = sorted(wanted)
        if not fetched:
            return
    while sum(key.drop(here) for key in keys):
        check()


def _keys(live: psycopg.Connection[Any], tables: Sequence[Table]) -> list[Key]:
    by_oid = {one.oid: one for one in tables}
    found = []
    for child, parent, *columns in live.execute(KEYS).fetchall():
        leaves = [oid for (oid,) in live.execute(LEAVES, [parent]).fetchall()] or [parent]
        parents = [by_oid[one] for one in leaves if one in by_oid]
        names = [
            (live.execute("SELECT %s::oid::regclass::text", [one]).fetchone() or [""])[0]
            for one in (child, parent)
        ]
        found.append(Key(names[0], names[1], parents, columns))
    return found
