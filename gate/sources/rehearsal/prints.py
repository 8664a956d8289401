"""What is known of the rows of the clone as it is now, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from gate.catalog.names import told
from gate.sources.rehearsal import rows, touched
from gate.sources.rehearsal.rows import Print

SMALL = 4 << 20
"""Bytes up to which a table is read when it is there anyway."""
SMALL_ONES = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE (c.relkind = 'r' AND NOT c.relhassubclass AND pg_relation_size(c.oid) < %(most)s)
        OR (c.relkind = 'p' AND (SELECT coalesce(sum(pg_relation_size(t.relid)), 0)
                                   FROM pg_partition_tree(c.oid) AS t) < %(most)s)
"""

Columns = tuple[str, ...]
Known = dict[str, tuple[Columns, Print]]


class Prints:
    """Fingerprints of tables that nobody has written to since they were taken.

    Attributes:
        known: By table, with the columns that they are of.
        counted: Whether the server counts reliably; else everything is read each time.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Know nothing yet."""
        self.known: Known = {}
        self.counted = touched.countable(connection)
        self._counts = touched.counts(connection) if self.counted else None

    def mark(self, connection: psycopg.Connection[Any]) -> set[str] | None:
        """Tables that were written to since the last mark; what was known of them is forgotten."""
        counts = touched.counts(connection) if self.counted else None
        found = touched.between(self._counts, counts)
        self._counts = counts
        gone = set(self.known) if found is None else found
        self.known = {name: one for name, one in self.known.items() if name not in gone}
        return found

    def of(
        self, connection: psycopg.Connection[Any], tables: Mapping[str, Columns]
    ) -> dict[str, Print]:
        """Fingerprints of tables and columns as they are now; what is known is not read again."""
        unknown = {
            name: columns
            for name, columns in tables.items()
            if self.known.get(name, ((), ()))[0] != columns
        }
        read = rows.fingerprints(connection, unknown)
        for name, columns in unknown.items():
            if name not in self.known:
                self.known[name] = columns, read[name]
        kept = {name: self.known[name][1] for name in tables if name not in unknown}
        return {**read, **kept}

    def small(
        self, connection: psycopg.Connection[Any], tables: Mapping[str, Columns]
    ) -> dict[str, Print]:
        """Of the tables those that are known or quickly read; all where nothing is counted."""
        if not self.counted:
            return self.of(connection, tables)
        names = {
            told(name) for (name,) in connection.execute(SMALL_ONES, {"most": SMALL}, prepare=True)
        }
        return self.of(connection, {
            name: columns for name, columns in tables.items()
            if name in names or self.known.get(name, ((), ()))[0] == columns
        })  # fmt: skip
