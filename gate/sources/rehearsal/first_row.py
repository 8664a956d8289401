"""The first row of a table that has none: the way down makes again over it what the step took."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Literal

import psycopg
from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.catalog.model import Catalog, Table
from gate.sources.rehearsal import newcomer, samples
from gate.sources.rehearsal.looser import Looser
from gate.sources.rehearsal.newly import Newly
from gate.sources.rehearsal.ways import MOST, UNTRIED, Ways, line

COUNT = "SELECT count(*) FROM {}"


def made_again(before: Catalog, after: Catalog, without: Collection[str] = ()) -> list[str]:
    """Tables of both catalogs of which something is not there any more as it was.

    A column that was dropped, or is of another type, and a constraint that went: what the way down
    makes of nothing where there is no row, and over the rows where there is one.

    Args:
        before: The schema that a step was applied to.
        after: The schema that it led to.
        without: Tables that are Alembic's own.
    """
    return [
        name for name, now in after.tables.items()
        if name not in without and "partition of " not in now.partition
        and name in before.tables and _lacks(before.tables[name], now)
    ]  # fmt: skip


def _lacks(was: Table, now: Table) -> bool:
    kept = {one.definition for one in now.constraints.values()}
    return any(now.columns.get(name) != one for name, one in was.columns.items()) or any(
        one.definition not in kept for one in was.constraints.values()
    )


def go(
    ways: Ways, tables: Iterable[str], loose: Sequence[Looser], tidy: Callable[[], None]
) -> list[str]:
    """Go down over an ordinary row of each table, and note what does not come through.

    Args:
        ways: The clone, at the state that the step led to.
        tables: Those without a row of which something is to be made again.
        loose: What the step newly allows: a row that uses it is no ordinary one.
        tidy: Takes the rows away again.

    Returns:
        The tables whose row does not come through: no other row of theirs will.
    """
    written = _write(ways, tables, loose)
    came = _round(ways, written, tidy) if written else None
    if came is None:
        return []
    bad: list[tuple[str, tuple[str, str]]] = []
    for number, table in enumerate(written if len(written) > 1 else ()):
        if number == MOST or not ways.clean():
            ways.unwritten += [line(f"a row of {one}", UNTRIED) for one in written[number:]]
            break
        tidy()
        alone = _round(ways, [table], tidy) if _write(ways, [table], loose) else None
        bad += [] if alone is None else [(table, alone)]
    for table, (how, why) in bad or [(" and ".join(written), came)]:
        ways.newly.append(_newly(table, how, why))
    return [one for one, _ in bad] or written


def _newly(table: str, how: str, came: str) -> Newly:
    kind: Literal["failed", "lost"] = "failed" if how == "failed" else "lost"
    return Newly(what=f"the first row of {table}", table=table, how=kind, came=came, first=True)


def _write(ways: Ways, tables: Iterable[str], loose: Sequence[Looser]) -> list[str]:
    """Tables that had no row, and have an ordinary one now."""
    written = []
    with ways.stage.hand() as session:
        keys = samples.keys_of(session)
        for table in tables:
            if samples.have(session, table, keys, set()):
                continue  # where none can be written there may be none on the live database
            if not any(_odd(session, one) for one in loose if one.table == table):
                written.append(table)
    return written


def _odd(session: psycopg.Connection[Any], looser: Looser) -> bool:
    return not looser.alike and newcomer.refused(session, looser, sql.SQL("true"))


def _round(ways: Ways, tables: Sequence[str], tidy: Callable[[], None]) -> tuple[str, str] | None:
    """Go down and up once; what does not end well."""
    before = _counts(ways, tables)
    why = ways.walk("down")
    if why:
        ways.dirty = ways.dirty or not ways.same()
        tidy()
        return "failed", why
    gone = [one for one, many in _counts(ways, tables).items() if many < before[one]]
    why = ways.walk("up")
    if why:
        ways.dirty = True
        return "failed", f"going up again: {why}"
    return ("lost", "the row is deleted") if gone else None


def _counts(ways: Ways, tables: Iterable[str]) -> dict[str, int]:
    with ways.stage.hand() as session:
        rows = {one: session.execute(sql.SQL(COUNT).format(identifier(one))).fetchone()
                for one in tables}  # fmt: skip
    return {one: int((row or [0])[0]) for one, row in rows.items()}
