"""A proof that two states of a database look the same to everybody, without looking at either.

Whatever PostgreSQL, `read_catalog` or ``pg_dump`` say of a schema is worked out of the rows of the
system catalogs. Where these are the same rows, OIDs included, so is all that is said of them.
"""

from __future__ import annotations

from typing import Any

import psycopg

CATALOGS = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
       AND c.relname <> ALL (%s) AND a.attnum > 0 AND NOT a.attisdropped
     GROUP BY 1 ORDER BY 1
"""
LEFT_OUT = [
    "pg_database",
    "pg_largeobject",
    "pg_shdepend",
    "pg_statistic",
    "pg_statistic_ext_data",
]
"""What is measured or contained rather than defined, what belongs to others, and what follows from
other rows. Of the databases the own one is looked at."""
VOLATILE = {
    "pg_attribute": ("attmissingval", "atthasmissing"),
    "pg_class": (
        *("relfilenode", "relpages", "reltuples", "relallvisible", "relallfrozen"),
        *("relfrozenxid", "relminmxid", "relnatts"),
        # Set when the first of them comes, and left when the last one goes.
        *("relhasindex", "relhasrules", "relhastriggers", "relhassubclass"),
    ),
    "pg_index": ("indcheckxmin",),
}
"""Columns that change without anything being defined otherwise."""
OF_OWN = {
    "pg_db_role_setting": "x.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database"
    " WHERE datname = current_database()))",
    "pg_shdescription": "x.classoid <> 'pg_catalog.pg_database'::regclass",
    "pg_shseclabel": "x.classoid <> 'pg_catalog.pg_database'::regclass",
    "pg_attribute": "NOT x.attisdropped",
}
"""Rows of a catalog that are looked at: what speaks of other databases is none of this one's."""
OWN = """
    SELECT 'pg_database', 1::bigint, 1::bigint,
           hashtextextended(
               (to_jsonb(d) - '{datfrozenxid,datminmxid,oid,datname}'::text[])::text, 0)
      FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()
"""
# What a cluster began with has the numbers of its first transactions. They are old for as long as
# numbers have not come round: from half-way on an age says nothing of these.
FIRST = """
    SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY found),
           txid_snapshot_xmax(txid_current_snapshot()) < 2000000000
      FROM (SELECT xmin::text::bigint FROM pg_catalog.pg_depend
             WHERE objid < 16384 AND refobjid < 16384
             UNION ALL
            SELECT xmin::text::bigint FROM pg_catalog.pg_description
             WHERE objoid < 16384) AS x(found)
"""

Digest = tuple[tuple[str, int, int, int], ...]
"""By catalog: its name, how many rows it has, how many of them are the first ones, and the others'
hash."""


class Digests:
    """Takes digests of one clone and of its copies."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Learn which catalogs the server has, and which of their rows every database begins with.

        Those can only go, and are counted; all others are looked at.
        """
        found = connection.execute(CATALOGS, [LEFT_OUT]).fetchall()
        row = connection.execute(FIRST).fetchone() or (0, False)
        self._first = str(row[0])
        questions = [_question(name, columns, counted=bool(row[1])) for name, columns in found]
        self._query = " UNION ALL ".join([*questions, OWN]).encode()

    def take(self, connection: psycopg.Connection[Any]) -> Digest | None:
        """The digest of what there is now: where two are equal, nothing is defined otherwise.

        Two that differ say nothing. ``None`` where the role may not read all of the catalogs.
        """
        try:
            rows = connection.execute(self._query, {"first": self._first}, prepare=True)
        except psycopg.errors.InsufficientPrivilege:
            return None
        return tuple((str(one[0]), *map(int, one[1:])) for one in rows.fetchall())  # type: ignore[misc]


def _question(name: str, columns: list[str], *, counted: bool) -> str:
    """The first rows by their number where ``counted``, the others by their content."""
    told = ", ".join(f'x."{one}"' for one in columns if one not in VOLATILE.get(name, ()))
    old = "age(x.xmin) >= age(%(first)s::text::xid)" if counted else "false"
    return (
        f"SELECT '{name}', count(*), count(*) FILTER (WHERE {old}), coalesce("  # noqa: S608 - of the catalog
        f"sum(hashtextextended(ROW({told})::text, 0)) FILTER (WHERE NOT ({old})), 0)"
        f" FROM pg_catalog.{name} AS x"
        f" WHERE {OF_OWN.get(name, 'true')}"
    )


def numbers(digest: Digest | None) -> tuple[tuple[str, int], ...] | None:
    """How many rows each catalog has: the same things made anew have as many."""
    return None if digest is None else tuple((one[0], one[1]) for one in digest)
