"""What a clone is, and what it lacks of its original."""

from __future__ import annotations

from collections.abc import Collection

from gate.catalog.names import told
from gate.sources.database import look as database
from gate.sources.fact import CannotTell, Seen
from gate.sources.rehearsal import copying, faithful, sample
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.facts import REVISIONS, ROWS, STATISTICS, CloneFacts, Lack
from gate.sources.rehearsal.place import Host

SHOWN = 5
DIFFERENCES = """
    SELECT 'extension ' || extname || ' is version ' || extversion FROM pg_extension
     UNION ALL
    SELECT 'setting ' || unnest(setconfig) FROM pg_db_role_setting
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND setrole = 0
     UNION ALL
    SELECT 'collation ' || datcollate || ', encoding ' || pg_encoding_to_char(encoding)
      FROM pg_database WHERE datname = current_database()
     UNION ALL
    SELECT 'server version ' || current_setting('server_version')
     UNION ALL
    SELECT 'collation version ' || (to_jsonb(d) ->> 'datcollversion')
      FROM pg_database AS d WHERE datname = current_database()
"""
TABLES = """
    SELECT quote_ident(s.schemaname) || '.' || quote_ident(s.relname),
           greatest(s.n_live_tup, c.reltuples::bigint, 0)
      FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid ORDER BY 1
"""
UNSAID = (STATISTICS,)
"""Kinds that the receipt has and no warning tells: nothing is concluded from them."""


def describe(clone: Clone, at: Host, seconds: float) -> CloneFacts:
    """Compare a clone with its original."""
    with clone.live.connect() as live, clone.connect() as connection:
        there = {row[0] for row in live.execute(DIFFERENCES)}
        here = {row[0] for row in connection.execute(DIFFERENCES)}
        lacks = [*faithful.receipt(live, connection), *_not_carried(clone, at)]
        foreign = faithful.foreign(live, connection)
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        tables = connection.execute(TABLES).fetchall()
    return CloneFacts(
        name=clone.name,
        source=words(clone.live.there["dbname"], at),
        seconds=seconds,
        bytes=(size or [0])[0],
        rows={told(table): rows for table, rows in tables},
        differences=(
            *(f"only live: {one}" for one in sorted(there - here)),
            *(f"only here: {one}" for one in sorted(here - there)),
            *(_lack(one) for one in lacks if one.kind not in UNSAID),
        ),
        lacks=tuple(lacks),
        foreign=foreign,
    )


def revisions(
    clone: Clone, facts: CloneFacts, here: Collection[str], version_table: str, *, fresh: bool
) -> CloneFacts:
    """Say where the live database is at other revisions: a backup's, or a branch's, can be old.

    Args:
        clone: The clone.
        facts: What is known of it.
        here: Its revisions.
        version_table: Where they are kept.
        fresh: Whether it was copied just now, so that what cannot be read is the same.
    """
    with clone.live.connect() as live:
        found = database.told(lambda: database.alembic(live, version_table), version_table)
    there = found.value if isinstance(found, Seen) else ()
    if sorted(there) == sorted(here) or (fresh and isinstance(found, CannotTell)):
        return facts
    at = [", ".join(sorted(one)) or "none" for one in (there, here)]
    at[0] = "unknown" if isinstance(found, CannotTell) else at[0]
    lack = Lack(kind=REVISIONS, objects=(f"{at[0]} live, {at[1]} here",))
    return facts.model_copy(
        update={
            "lacks": (*facts.lacks, lack),
            "differences": (*facts.differences, _lack(lack)),
        }
    )


def words(live: str, at: Host) -> str:
    """What a clone is made from."""
    source = at.source
    found = {
        "dump": f"pg_dump of {live}",
        "template": f"template {live}",
        "backup": source.backup,
        "command": "a branch that make made",
        "sample": f"the schema of {live} and {source.rows} rows of each table",
    }[source.kind]
    found += f", {source.jobs} jobs" if source.jobs > 1 else ""
    return found + (", on an embedded server" if source.embedded else "")


def _not_carried(clone: Clone, at: Host) -> list[Lack]:
    """What this kind of source never carries."""
    lacks = []
    if at.source.kind == "sample":
        found = sample.cut(clone)
        lacks += [Lack(kind=ROWS, objects=tuple(found))] if found else []
    copied = at.source.kind in ("template", "command")
    if not copied and not copying.carries_statistics(clone, at):
        lacks.append(Lack(kind=STATISTICS, objects=("made anew by ANALYZE",)))
    return lacks


def _lack(one: Lack) -> str:
    """One sentence about what was not carried."""
    more = f" and {len(one.objects) - SHOWN} more" if len(one.objects) > SHOWN else ""
    return f"{one.kind} are not as live: {', '.join(one.objects[:SHOWN])}{more}"
