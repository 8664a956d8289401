"""Tables and materialized views whose storage is another one since, and how that came."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import psycopg

from gate.catalog.names import told

READ = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.oid::int8, c.relfilenode::int8
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
NOW = "SELECT oid::int8, relkind = 'm', pg_relation_size(oid) = 0 FROM pg_class WHERE oid = ANY(%s)"
REWRITTEN = "rewritten"


@dataclasses.dataclass(frozen=True)
class Moved:
    """One that has another storage.

    Attributes:
        another: Whether it is another one under its name.
        view: Whether it is a materialized view.
        empty: Whether nothing is in it.
        altered: Whether it was written anew by ``ALTER TABLE``; ``None`` where nobody recorded it.
    """

    another: bool
    view: bool
    empty: bool
    altered: bool | None

    @property
    def how(self) -> str:
        """How that came, as far as it can be told: else it is rewritten."""
        if self.another:
            return "dropped and made anew"
        if self.view:
            return "refreshed"
        return "truncated" if self.empty and self.altered is False else REWRITTEN


def read(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, int]]:
    """OID and file by name."""
    rows = connection.execute(READ, prepare=True).fetchall()
    return {name: (oid, file) for name, oid, file in rows}


def moved(
    connection: psycopg.Connection[Any],
    before: Mapping[str, tuple[int, int]],
    altered: Collection[str] | None,
) -> dict[str, str]:
    """How those came by another storage that have one.

    Args:
        connection: To the clone.
        before: What was read then.
        altered: Which ones ``ALTER TABLE`` wrote anew; ``None`` where nobody recorded it.
    """
    now = read(connection)
    changed = [one for one in now if one in before and before[one][1] != now[one][1]]
    if not changed:
        return {}
    rows = connection.execute(NOW, [[now[one][0] for one in changed]]).fetchall()
    seen = {oid: (view, empty) for oid, view, empty in rows}
    found = {}
    for one in sorted(changed):
        view, empty = seen.get(now[one][0], (False, False))
        by_alter = None if altered is None else told(one) in map(told, altered)
        found[told(one)] = Moved(before[one][0] != now[one][0], view, empty, by_alter).how
    return found
