"""The tables of a live database, as large as its server believes them to be."""

from __future__ import annotations

import dataclasses
from typing import Any

import psycopg
from psycopg import sql

TABLES = """
    SELECT c.oid::bigint, n.nspname, c.relname, c.reltuples::float8, c.relpages::bigint,
           ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    AND a.attgenerated = '' ORDER BY a.attnum)
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't'
       AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND n.nspname NOT LIKE 'pg\\_toast%'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')
     ORDER BY 1
"""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of the live database that holds rows itself.

    Attributes:
        rows: About how many, as the server estimates; negative where it never counted.
        pages: Its size as the server last saw it.
        columns: Those that are written.
    """

    oid: int
    schema: str
    name: str
    rows: float
    pages: int
    columns: tuple[str, ...]

    @property
    def itself(self) -> sql.Identifier:
        """Its name in a statement."""
        return sql.Identifier(self.schema, self.name)

    @property
    def written(self) -> sql.Composed:
        """Its columns in a statement."""
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


def find_tables(session: psycopg.Connection[Any]) -> list[Table]:
    """Those of its own that hold rows, by age; not what belongs to an extension."""
    return [
        Table(oid, schema, name, rows, pages, tuple(columns))
        for oid, schema, name, rows, pages, columns in session.execute(TABLES).fetchall()
    ]
