"""Read a database's catalog in a few set-returning queries, read-only."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from gate.catalog.model import Catalog, Column, Constraint, Index, Table

USER_SCHEMAS = """
    n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname !~ '^pg_(toast|temp)'
"""
NOT_OF_EXTENSION = """
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS x
         WHERE x.classid = {catalog}::regclass AND x.objid = {oid} AND x.deptype = 'e'
    )
"""
NAME = "CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END"
IDENTITY = {"": "", "a": "always", "d": "by default"}
PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}

TABLES = f"""
    SELECT c.oid, {NAME} AS name, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
           c.relpersistence AS persistence, c.relrowsecurity AS row_security,
           c.reltuples::float8 AS rows, pg_catalog.pg_total_relation_size(c.oid) AS bytes
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND {USER_SCHEMAS}
       AND {NOT_OF_EXTENSION.format(catalog="'pg_class'", oid="c.oid")}
     ORDER BY 2
"""  # noqa: S608 - constants
COLUMNS = """
    SELECT a.attrelid, a.attname AS name,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
           NOT a.attnotnull AS nullable,
           pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default,
           a.attidentity AS identity, a.attgenerated AS generated,
           CASE WHEN a.attcollation <> t.typcollation THEN l.collname ELSE '' END AS collation
      FROM pg_catalog.pg_attribute AS a
      JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
     WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY(%s)
     ORDER BY a.attrelid, a.attnum
"""
# Kind n, a NOT NULL as a constraint (PostgreSQL 18), is told by the column itself.
CONSTRAINTS = """
    SELECT k.conrelid, k.conname AS name, k.convalidated AS validated,
           pg_catalog.pg_get_constraintdef(k.oid) AS definition
      FROM pg_catalog.pg_constraint AS k
     WHERE k.contype <> 'n' AND k.conrelid = ANY(%s)
     ORDER BY k.conrelid, k.conname
"""
INDEXES = f"""
    SELECT i.relname, {NAME.replace("c.", "i.")} AS name, {NAME} AS table, m.amname AS method,
           x.indisunique AS unique, x.indisvalid AS valid, x.indisready AS ready,
           x.indnkeyatts AS keys, i.reloptions AS options,
           COALESCE(pg_catalog.pg_get_expr(x.indpred, x.indrelid), '') AS predicate,
           EXISTS (
               SELECT FROM pg_catalog.pg_constraint AS k
                WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')
           ) AS constraint,
           ARRAY(
               SELECT pg_catalog.pg_get_indexdef(x.indexrelid, p.n, false)
                      || CASE WHEN p.n > x.indnkeyatts OR o.opcdefault THEN ''
                              ELSE ' ' || o.opcname END
                      || CASE WHEN p.n > x.indnkeyatts THEN ''
                              WHEN x.indoption[p.n - 1] & 3 = 3 THEN ' desc'
                              WHEN x.indoption[p.n - 1] & 3 = 1 THEN ' desc nulls last'
                              WHEN x.indoption[p.n - 1] & 3 = 2 THEN ' nulls first'
                              ELSE '' END
                 FROM generate_series(1, x.indnatts) AS p(n)
                 LEFT JOIN pg_catalog.pg_opclass AS o ON o.oid = x.indclass[p.n - 1]
                ORDER BY p.n
           ) AS columns
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
      JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
      JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
     WHERE x.indrelid = ANY(%s)
     ORDER BY 2
"""  # noqa: S608 - constants
ENUMS = f"""
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || t.typname AS name,
           array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
      FROM pg_catalog.pg_enum AS e
      JOIN pg_catalog.pg_type AS t ON t.oid = e.enumtypid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
     WHERE {USER_SCHEMAS} AND {NOT_OF_EXTENSION.format(catalog="'pg_type'", oid="t.oid")}
     GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - constants
EXTENSIONS = "SELECT extname AS name, extversion AS version FROM pg_catalog.pg_extension ORDER BY 1"


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """Read everything in the schemas that are not PostgreSQL's own.

    The search path is set to ``public`` for the transaction: what PostgreSQL prints of types and
    defaults depends on it.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SET LOCAL search_path = public")
        tables = cursor.execute(TABLES).fetchall()
        oids = [one["oid"] for one in tables]
        columns = _grouped(cursor.execute(COLUMNS, [oids]).fetchall(), "attrelid")
        constraints = _grouped(cursor.execute(CONSTRAINTS, [oids]).fetchall(), "conrelid")
        indexes = cursor.execute(INDEXES, [oids]).fetchall()
        enums = cursor.execute(ENUMS).fetchall()
        extensions = cursor.execute(sql.SQL(EXTENSIONS)).fetchall()
    return Catalog(
        tables={
            one["name"]: _table(one, columns[one["oid"]], constraints[one["oid"]]) for one in tables
        },
        indexes={one["name"]: _index(one) for one in indexes},
        enums={one["name"]: tuple(one["labels"]) for one in enums},
        extensions={one["name"]: one["version"] for one in extensions},
    )


Row = dict[str, Any]


def _grouped(rows: list[Row], key: str) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.pop(key)].append(row)
    return found


def _table(row: Row, columns: list[Row], constraints: list[Row]) -> Table:
    return Table(
        name=row["name"],
        columns={one["name"]: _column(one) for one in columns},
        constraints={one["name"]: Constraint(**one) for one in constraints},
        owner=row["owner"],
        persistence=PERSISTENCE[row["persistence"]],
        row_security=row["row_security"],
        rows=row["rows"],
        bytes=row["bytes"],
    )


def _column(row: Row) -> Column:
    identity, generated = IDENTITY[row["identity"]], "stored" if row["generated"] else ""
    return Column(**{**row, "identity": identity, "generated": generated})


def _index(row: Row) -> Index:
    keys = row["keys"]
    return Index(
        name=row["name"],
        table=row["table"],
        method=row["method"],
        columns=tuple(row["columns"][:keys]),
        include=tuple(row["columns"][keys:]),
        unique=row["unique"],
        options=dict(one.split("=", 1) for one in row["options"] or ()),
        predicate=row["predicate"],
        valid=row["valid"],
        ready=row["ready"],
        constraint=row["constraint"],
    )
