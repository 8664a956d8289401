"""A proof that two states of a database look the same to everybody, without looking at either.

Whatever PostgreSQL, `read_catalog` or ``pg_dump`` say of a schema is worked out of the rows of the
system catalogs. Where these are the same rows, OIDs included, so is all that is said of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg

from gate.catalog import places
from gate.catalog.alike import Young

CATALOGS = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attnum > 0),
           bool_or(a.attname = 'oid')
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
       AND c.relname <> ALL (%s) AND NOT a.attisdropped
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
               (to_jsonb(d) - '{datfrozenxid,datminmxid,oid,datname}'::text[])::text, 0),
           0::numeric, NULL::text[], NULL::bigint[], NULL::text[]
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
NEXT = """
    SELECT moment, set_config('gate.since', coalesce(nullif(%s, ''), moment), false)
      FROM (SELECT (txid_snapshot_xmax(txid_current_snapshot()) %% 4294967296)::text) AS x(moment)
"""
# The moment is a setting and no parameter: for a statement with parameters the server compares the
# costs of plans, and where the catalogs have grown it plans each time anew, which is half the work.
AGES = """
    WITH ages AS (
        SELECT age('{first}'::xid) AS first, age(current_setting('gate.since')::xid) AS since)
"""


class Taken(NamedTuple):
    """A digest, what it was taken of that is young, and the moment: what comes is younger."""

    digest: Digest | None
    young: Young | None
    moment: str


class Digests:
    """Takes digests of one clone and of its copies."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Learn which catalogs the server has, and which of their rows every database begins with.

        Those can only go, and are counted; all others are looked at.
        """
        found = connection.execute(CATALOGS, [LEFT_OUT]).fetchall()
        row = connection.execute(FIRST).fetchone() or (0, False)
        ages = AGES.format(first=int(row[0]))
        questions = [
            _question(name, columns, counted=bool(row[1]), numbered=bool(numbered))
            for name, columns, numbered in found
        ]
        self._query = (ages + " UNION ALL ".join([*questions, OWN])).encode()

    def take(self, connection: psycopg.Connection[Any]) -> Digest | None:
        """The digest of what there is now: where two are equal, nothing is defined otherwise.

        Two that differ say nothing. ``None`` where the role may not read all of the catalogs.
        """
        return self.taken(connection).digest

    def taken(self, connection: psycopg.Connection[Any], since: str = "") -> Taken:
        """The digest, and all rows that are younger than a moment.

        Args:
            connection: On the clone.
            since: A moment that was told before; without one nothing is young.
        """
        row = connection.execute(NEXT, [since], prepare=True).fetchone() or ("",)
        moment = str(row[0])
        try:
            rows = connection.execute(self._query, prepare=True).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            return Taken(None, None, moment)
        digest: list[tuple[str, int, int, int]] = []
        older: list[tuple[str, int, int]] = []
        young: list[tuple[str, tuple[tuple[str, int | None], ...]]] = []
        slots: list[tuple[int, int, int]] = []
        for name, number, first, old, new, texts, oids, placed in rows:
            digest.append((str(name), int(number), int(first), int(old) + int(new)))
            older.append((str(name), int(number) - len(texts or ()), int(old)))
            young.append((str(name), tuple(zip(texts or (), oids or (), strict=True))))
            slots += [places.told(one) for one in placed or ()]
        if not since:
            return Taken(tuple(digest), None, moment)
        return Taken(tuple(digest), Young(tuple(older), tuple(young), tuple(slots)), moment)


def _question(name: str, columns: list[str], *, counted: bool, numbered: bool) -> str:
    """Where ``counted``, the first rows by their number, and the young ones one by one."""
    lasting = [one for one in columns if one not in VOLATILE.get(name, ())]
    told = ", ".join(f'x."{one}"' for one in lasting)
    ranks = places.PLACES.get(name, {})
    placed = ", ".join(ranks.get(one, f'x."{one}"') for one in lasting)
    # From half-way on an age says nothing: then none is a first one, and none is young.
    later = "age(x.xmin) < (SELECT first FROM ages)" if counted else "true"
    young = "age(x.xmin) <= (SELECT since FROM ages)" if counted else "false"
    number = "x.oid::bigint" if numbered else "NULL::bigint"
    # Asked for young rows alone, of which there are few: the others are thousands.
    ranked = f", CASE WHEN {young} THEN ROW({placed})::text END AS placed" if ranks else ""
    slot = places.SLOT.get(name)
    slots = f", CASE WHEN {young} THEN {slot} END AS slot" if slot else ""
    new = "FILTER (WHERE young AND told IS NOT NULL)"
    return (
        f"SELECT '{name}', count(*), count(*) FILTER (WHERE told IS NULL),"  # noqa: S608 - of the catalog
        " coalesce(sum(hashtextextended(told, 0)) FILTER (WHERE NOT young), 0),"
        f" coalesce(sum(hashtextextended(told, 0)) {new}, 0),"
        f" array_agg({'placed' if ranks else 'told'}) {new}, array_agg(number) {new},"
        f" {f'array_agg(slot) {new}' if slot else 'NULL::text[]'} FROM ("
        f"SELECT CASE WHEN {later} THEN ROW({told})::text END AS told, {young} AS young,"
        f" {number} AS number{ranked}{slots} FROM pg_catalog.{name} AS x"
        f" WHERE {OF_OWN.get(name, 'true')} OFFSET 0) AS x"
    )


def numbers(digest: Digest | None) -> tuple[tuple[str, int], ...] | None:
    """How many rows each catalog has: the same things made anew have as many."""
    return None if digest is None else tuple((one[0], one[1]) for one in digest)
