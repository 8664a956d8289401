"""Rows that a migration's way down has to cope with: written as an application would write them."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection, Iterator
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.catalog.model import Catalog
from gate.catalog.queries import NAME
from gate.connection.obstacle import first_line

TRIES = 80
"""How many rows are tried until one satisfies a table's checks."""
COLUMNS = f"""
    SELECT a.attname, t.typtype::text, format_type(a.atttypid, a.atttypmod),
           format_type(COALESCE(NULLIF(t.typbasetype, 0), a.atttypid),
                       CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END),
           a.attnotnull, a.atthasdef OR a.attidentity <> '',
           COALESCE((SELECT array_agg(pg_get_constraintdef(k.oid))
                       FROM pg_catalog.pg_constraint AS k
                      WHERE k.contypid = t.oid AND k.contype = 'c'), '{{}}'),
           COALESCE((SELECT array_agg(pg_get_constraintdef(k.oid))
                       FROM pg_catalog.pg_constraint AS k
                      WHERE k.conrelid = c.oid AND k.contype = 'c'
                        AND a.attnum = ANY (k.conkey)), '{{}}')
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
      JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
     WHERE {NAME} = %s AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' AND a.attidentity <> 'a'
     ORDER BY a.attnum
"""  # noqa: S608 - constants
KEYS = f"""
    SELECT {NAME}, (
               SELECT {NAME.replace("c.", "p.").replace("n.", "m.")} FROM pg_catalog.pg_class AS p
                 JOIN pg_catalog.pg_namespace AS m ON m.oid = p.relnamespace
                WHERE p.oid = k.confrelid),
           (SELECT array_agg(a.attname::text ORDER BY o.place)
              FROM unnest(k.conkey) WITH ORDINALITY AS o(number, place)
              JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = o.number),
           (SELECT array_agg(a.attname::text ORDER BY o.place)
              FROM unnest(k.confkey) WITH ORDINALITY AS o(number, place)
              JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = k.confrelid AND a.attnum = o.number)
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE k.contype = 'f'
"""  # noqa: S608 - constants
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
TEXTS = ("text", "character varying", "character", "name", "citext")


@dataclasses.dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    type: str
    base: str
    needed: bool
    has_default: bool
    checks: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Key:
    table: str
    parent: str
    columns: tuple[str, ...]
    refers_to: tuple[str, ...]


def leave(
    connection: psycopg.Connection[Any],
    before: Catalog,
    after: Catalog,
    without: Collection[str] = (),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write a row into every new table and a value into every new column of one row.

    Keys and triggers are in force, and tables that others refer to come first.

    Args:
        connection: On the upgraded clone.
        before: Its catalog before the upgrade.
        after: Its catalog now.
        without: Tables that are Alembic's own.

    Returns:
        What was written to; and what could not be, and why.
    """
    found = connection.execute(KEYS).fetchall()
    keys = [_Key(one[0], one[1], tuple(one[2]), tuple(one[3])) for one in found]
    written: list[str] = []
    unwritten: list[str] = []
    for name in _ordered([one for one in after.tables if one not in without], keys):
        known = before.tables.get(name)
        new = [one for one in after.tables[name].columns if known and one not in known.columns]
        if (known and not new) or " partition" in f" {after.tables[name].partition}"[:11]:
            continue
        rows = [_column(one) for one in
                connection.execute(COLUMNS, [name]).fetchall()]  # fmt: skip
        own = [one for one in keys if one.table == name]
        chosen = [one for one in rows if not known or one.name in new]
        if not chosen and known:
            continue
        why = _try(connection, name, chosen, own, new=not known)
        what = f"{name}.{', '.join(new)}" if known else name
        if why:
            unwritten.append(f"{what}: {why}")
        else:
            written.append(what)
    return tuple(written), tuple(unwritten)


def _column(row: tuple[Any, ...]) -> _Column:
    name, kind, type_, base, needed, has_default, own, tables = row
    return _Column(name, kind, type_, base, needed, has_default, (*own, *tables))


def _ordered(tables: list[str], keys: list[_Key]) -> list[str]:
    """Tables after those that they refer to; what runs in a circle comes last."""
    left, order = set(tables), []
    while left:
        ready = [
            one
            for one in tables
            if one in left
            and not any(k.table == one and k.parent in left and k.parent != one for k in keys)
        ]
        ready = ready or [one for one in tables if one in left]
        order += ready
        left -= set(ready)
    return order


def _try(
    connection: psycopg.Connection[Any],
    table: str,
    columns: list[_Column],
    keys: list[_Key],
    *,
    new: bool,
) -> str:
    """Try rows until one is taken; say why none is."""
    why = ""
    for statement in itertools.islice(_statements(table, columns, keys, new=new), TRIES):
        error = _taken(connection, statement)
        if error is None:
            return ""
        why = why or first_line(error)
        if not isinstance(error, (psycopg.errors.IntegrityError, psycopg.errors.DataError)):
            break
    return why or "no row could be made up"


def _taken(connection: psycopg.Connection[Any], statement: sql.Composed) -> psycopg.Error | None:
    """Write one row; ``None`` where it was taken."""
    try:
        with connection.transaction():
            connection.execute(statement)
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return error
    return None


def _statements(
    table: str, columns: list[_Column], keys: list[_Key], *, new: bool
) -> Iterator[sql.Composed]:
    """Rows of different values: everything filled, then only what must be."""
    named = identifier(table)
    for filled in (
        [one for one in columns if not one.has_default or not new],
        [one for one in columns if one.needed and not one.has_default],
    ):
        if new and not filled:
            yield sql.SQL("INSERT INTO {} DEFAULT VALUES").format(named)
            continue
        choices = [_values(one, keys, table) for one in filled]
        for values in itertools.product(*choices):
            names = [sql.Identifier(one.name) for one in filled]
            texts = [sql.SQL(one) if isinstance(one, str) else one for one in values]
            if new:
                yield sql.SQL("INSERT INTO {} ({}) SELECT {}").format(
                    named, sql.SQL(", ").join(names), sql.SQL(", ").join(texts)
                )
            else:
                pairs = [
                    sql.SQL("{0} = coalesce({0}, {1})").format(name, text)
                    for name, text in zip(names, texts, strict=True)
                ]
                yield sql.SQL(
                    "UPDATE {0} SET {1} WHERE ctid = (SELECT ctid FROM {0} LIMIT 1)"
                ).format(named, sql.SQL(", ").join(pairs))


def _values(column: _Column, keys: list[_Key], table: str) -> list[Any]:
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
    told = _told(column.checks, text=column.base.partition("(")[0] in TEXTS)
    plain = _plain(column)
    return [*told, *plain] if column.checks else [plain[0]]


def _plain(column: _Column) -> tuple[str, ...]:
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


def _told(checks: tuple[str, ...], *, text: bool) -> list[str]:
    """Values that a check itself names, and their neighbours."""
    found: list[str] = []
    for check in checks:
        found += [f"'{one}'" for one in re.findall(r"'((?:[^']|'')*)'::", check)] if text else []
        numbers = re.findall(r"(?<![\w.])\(?(-?\d+(?:\.\d+)?)", check) if not text else []
        for number in numbers:
            found += [number, f"({number} + 1)", f"({number} - 1)"]
    return list(dict.fromkeys(found))[:12]
