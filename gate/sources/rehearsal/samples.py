"""Rows that a migration's way down has to cope with: written as an application would write them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from typing import Any

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.catalog.model import Catalog
from gate.catalog.queries import NAME
from gate.connection.obstacle import first_line
from gate.sources.rehearsal.inside.server import WROTE
from gate.sources.rehearsal.values import Column, Key, values_of

TRIES = 80
"""How many rows are tried until one satisfies a table's checks."""
OF_THE_SERVER = "a row of it changes {} of the server"
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
                        AND a.attnum = ANY (k.conkey)), '{{}}'),
           COALESCE((SELECT array_agg(pg_get_partition_constraintdef(i.inhrelid))
                       FROM pg_catalog.pg_partitioned_table AS p
                       JOIN pg_catalog.pg_inherits AS i ON i.inhparent = p.partrelid
                      WHERE p.partrelid = c.oid AND a.attnum = ANY (p.partattrs)), '{{}}')
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
                ON a.attrelid = k.confrelid AND a.attnum = o.number),
           (SELECT bool_and(a.attnotnull) FROM pg_catalog.pg_attribute AS a
             WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey))
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE k.contype = 'f'
"""  # noqa: S608 - constants


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
    keys = keys_of(connection)
    written: list[str] = []
    unwritten: list[str] = []
    held: set[str] = set()
    for name in _ordered([one for one in after.tables if one not in without], keys):
        known = before.tables.get(name)
        new = [one for one in after.tables[name].columns if known and one not in known.columns]
        if (known and not new) or "partition of " in (after.tables[name].partition or ""):
            continue
        rows = columns_of(connection, name)
        own = [one for one in keys if one.table == name]
        chosen = [one for one in rows if not known or one.name in new]
        if not chosen and known:
            continue
        # A new column needs a row to be filled in, and a key a row to lead to.
        why = have(connection, name, keys, held, whole=bool(known))
        why = why or _try(connection, name, chosen, own, new=not known)
        what = f"{name}.{', '.join(new)}" if known else name
        if why:
            unwritten.append(f"{what}: {why}")
        else:
            written.append(what)
    return tuple(written), tuple(unwritten)


def keys_of(connection: psycopg.Connection[Any]) -> list[Key]:
    """All foreign keys."""
    found = connection.execute(KEYS, prepare=True).fetchall()
    return [Key(one[0], one[1], tuple(one[2]), tuple(one[3]), one[4]) for one in found]


def columns_of(connection: psycopg.Connection[Any], table: str) -> list[Column]:
    """Columns of a table that may be filled."""
    return [_column(one) for one in connection.execute(COLUMNS, [table], prepare=True).fetchall()]


def have(
    connection: psycopg.Connection[Any],
    table: str,
    keys: list[Key],
    held: set[str],
    *,
    whole: bool = True,
) -> str:
    """Have a row in all tables that a table's keys lead to; say why there is none.

    Args:
        connection: On the clone.
        table: Whose.
        keys: All foreign keys.
        held: Tables that are known to have a row.
        whole: Whether there is to be one in the table itself, too.
    """
    upwards = _upwards(table, keys, whole=whole)
    return next(filter(None, (_hold(connection, one, keys, held) for one in upwards)), "")


def _upwards(name: str, keys: list[Key], *, whole: bool) -> list[str]:
    """Tables that a table's keys lead to, the farthest first, and itself where that is asked.

    Where it is not, those of a circle that wait for a row of it are left out.
    """
    found = [name]
    for one in found:
        parents = [key.parent for key in keys if key.table == one]
        found += [parent for parent in dict.fromkeys(parents) if parent not in found]
    ordered = _ordered(found[::-1], keys)
    return ordered if whole else ordered[: ordered.index(name)]


def filled(connection: psycopg.Connection[Any], table: str) -> bool:
    """Whether a table has a row.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: A part of it is elsewhere.
    """
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(identifier(table))
    return bool((connection.execute(query).fetchone() or [False])[0])


def _hold(connection: psycopg.Connection[Any], table: str, keys: list[Key], held: set[str]) -> str:
    """Have at least one row in a table; say why there is none."""
    if table in held:
        return ""
    try:
        there = filled(connection, table)
    except psycopg.errors.ObjectNotInPrerequisiteState as error:  # of a part that is elsewhere
        return f"no row in {table}: {first_line(error)}"
    why = ""
    if not there:
        columns = columns_of(connection, table)
        why = _try(connection, table, columns, [k for k in keys if k.table == table], new=True)
    if not why:
        held.add(table)
    return f"no row in {table}: {why}" if why else ""


def _column(row: tuple[Any, ...]) -> Column:
    name, kind, type_, base, needed, has_default, *checks = row
    told = tuple(text for found in checks for text in found if text)
    return Column(name, kind, type_, base, needed, has_default, told)


def _ordered(tables: list[str], keys: list[Key]) -> list[str]:
    """Tables after those that they refer to.

    A circle is begun where a row may be written that refers to none yet.
    """
    left, order = set(tables), []
    needed = [one for one in keys if one.needed]
    while left:
        ready = _ready(tables, left, keys)
        if not ready:
            first = _ready(tables, left, needed)
            led_to = {one.parent for one in needed if one.table in left and one.table != one.parent}
            ready = [*(one for one in first if one in led_to), *first][:1]
            ready = ready or [one for one in tables if one in left]
        order += ready
        left -= set(ready)
    return order


def _ready(tables: list[str], left: set[str], keys: list[Key]) -> list[str]:
    """Which of those that are left refer to no other one of them."""
    waits = {one.table for one in keys if one.parent in left and one.parent != one.table}
    return [one for one in tables if one in left and one not in waits]


def _try(
    connection: psycopg.Connection[Any],
    table: str,
    columns: list[Column],
    keys: list[Key],
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
    """Write one row; ``None`` where it was taken. One whose trigger makes a role does not stay."""
    try:
        with connection.transaction():
            connection.execute(statement)
            in_force(connection)
    except psycopg.Error as error:
        return error
    return None


def in_force(connection: psycopg.Connection[Any]) -> None:
    """Have keys and triggers say now what they would at the end of a transaction.

    Raises:
        psycopg.Error: They refuse what was written, or change something of the whole server.
    """
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    wrote = connection.execute(WROTE, prepare=True).fetchone()
    if wrote and wrote[0]:
        raise psycopg.errors.RaiseException(OF_THE_SERVER.format(wrote[0]))


def _statements(
    table: str, columns: list[Column], keys: list[Key], *, new: bool
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
        choices = [values_of(one, keys, table) for one in filled]
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
