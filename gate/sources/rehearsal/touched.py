"""Which tables had rows written, by the server's own count: the others need not be read."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import psycopg

from gate.catalog.names import told
from gate.sources.rehearsal.sessions import APPLICATION

SINCE = 15
"""Major version from which on a session's counts are there when it is gone from the activity."""
SETTLED_S = 3.0
"""How long others are waited for, in seconds, until it is not known what they wrote."""
# What was truncated, rewritten or made anew has another file, or another OID.
COUNTS = """
    SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
           pg_relation_filenode(c.oid), pg_stat_get_tuples_inserted(c.oid),
           pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid),
           ARRAY(SELECT h.inhparent FROM pg_inherits AS h WHERE h.inhrelid = c.oid),
           ARRAY(SELECT a.attnum || ' ' || a.attname FROM pg_attribute AS a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND n.nspname !~ '^pg_(toast|temp)'
"""
OTHERS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND backend_type IN ('client backend', 'parallel worker', 'logical replication worker')
       AND application_name <> ALL (%s)
"""
COUNTED = "SELECT current_setting('track_counts')::bool AND current_setting('is_superuser')::bool"
# This session's own counts are told at once, and not when it is next idle.
OWN = "SELECT pg_stat_force_next_flush()"
WITNESS, HAND = "witness", "hand"
"""Sessions that stay: one only looks, and the other tells what it wrote as soon as it has."""
STAY = [f"{APPLICATION} {one}" for one in (WITNESS, HAND)]

Counts = dict[str, tuple[tuple[Any, ...], frozenset[str]]]
"""By table: what is counted of it, and its columns with their numbers."""


def countable(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server's counts can be relied on."""
    if connection.info.server_version // 10000 < SINCE:
        return False
    row = connection.execute(COUNTED).fetchone()
    return bool(row and row[0])


def tell_counts(connection: psycopg.Connection[Any]) -> None:
    """Have the server know what a session wrote before the session is asked anything more."""
    connection.execute(OWN)


def counts(connection: psycopg.Connection[Any]) -> Counts | None:
    """What is counted of each table, by name; ``None`` where somebody is still at it."""
    until = time.monotonic() + SETTLED_S
    tell_counts(connection)
    while (connection.execute(OTHERS, [STAY], prepare=True).fetchone() or [1])[0]:
        if time.monotonic() > until:
            return None
        time.sleep(0.005)
    rows = connection.execute(COUNTS, prepare=True).fetchall()
    own: dict[int, tuple[Any, ...]] = {row[0]: (row[0], *row[2:6]) for row in rows}
    parts: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        for parent in row[6]:
            parts[parent].append(row[0])
    return {told(row[1]): (_whole(row[0], own, parts), frozenset(map(str, row[7]))) for row in rows}


def _whole(oid: int, own: dict[int, tuple[Any, ...]], parts: dict[int, list[int]]) -> Any:
    """A table's counts with those of its partitions, whose rows are its own."""
    below = tuple(_whole(one, own, parts) for one in sorted(parts.get(oid, ())))
    return (*own.get(oid, ()), *below)


def between(before: Counts | None, after: Counts | None) -> set[str] | None:
    """Tables that are not the same as far as that is counted; ``None`` where it is not known."""
    if before is None or after is None:
        return None
    return {one for one in {*before, *after} if _changed(before.get(one), after.get(one))}


def _changed(before: Any, after: Any) -> bool:
    """Whether a table may have other rows.

    A column that is gone took its values along, also where one of its name comes back: no row is
    counted for that. One that is new changes none of the others.
    """
    if before is None or after is None:
        return True
    return bool(before[0] != after[0] or not before[1] <= after[1])
