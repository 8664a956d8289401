"""A row that the schema of before would have refused: written, counted, and taken away again."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from typing_extensions import LiteralString

from gate.catalog.identifiers import identifier, quoted
from gate.connection.obstacle import first_line
from gate.sources.rehearsal import samples
from gate.sources.rehearsal.attempts import Statement, statements
from gate.sources.rehearsal.looser import Looser

TRIES = 150
"""How many rows are tried."""
SHOWN = 40
"""Characters of a value that are told."""
COMMA = sql.SQL(", ")
STORED = """
    SELECT attname FROM pg_catalog.pg_attribute
     WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
NO_ROW = "no row to begin with"
SILENT = "nothing that was refused before"


@dataclasses.dataclass(frozen=True)
class Newcomer:
    """The row.

    Attributes:
        looser: What it uses.
        what: The same in words.
        values: Texts of its columns.
        key: Its primary key, by column; empty where its table has none.
        original: The row that was there instead, as JSON; ``None`` where it is a new one.
        counts: Rows of the table, and those with its values.
    """

    looser: Looser
    what: str
    values: Mapping[str, str | None]
    key: Mapping[str, str]
    original: str | None
    counts: tuple[int, int]

    def counted(self, connection: psycopg.Connection[Any]) -> Newcomer:
        """The same with what is counted now."""
        return dataclasses.replace(self, counts=count(connection, self))


@dataclasses.dataclass
class _Tried:
    """What came of the rows that were tried."""

    why: str = ""
    taken: bool = False


def write(connection: psycopg.Connection[Any], looser: Looser) -> Newcomer | str:
    """Write a row that uses what is newly allowed; or say why there is none.

    Keys and triggers are in force. A row that was there is altered, or else a copy of one is
    written; what the schema of before would have taken, too, does not stay.

    Args:
        connection: On the upgraded clone.
        looser: What is newly allowed.

    Returns:
        The row; or why there is none, which is empty where nothing is allowed in earnest.
    """
    keys = samples.keys_of(connection)
    why = samples.have(connection, looser.table, keys, set())
    if why:
        return why
    columns = samples.columns_of(connection, looser.table)
    bound = {name for one in keys if one.table == looser.table for name in one.columns}
    tried = _Tried()
    for one in itertools.islice(statements(looser, columns, bound), TRIES):
        found = _written(connection, looser, one, tried)
        if found is not None:
            return found.counted(connection)
    if looser.replaced and tried.taken:
        return ""
    return tried.why or SILENT


def count(connection: psycopg.Connection[Any], one: Newcomer) -> tuple[int, int]:
    """Rows of its table now, and those with its values."""
    texts: list[sql.Composable] = [sql.SQL("true")]
    texts += [
        sql.SQL("{}::text IS NOT DISTINCT FROM {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in one.values.items()
    ]
    row = connection.execute(
        sql.SQL("SELECT count(*), count(*) FILTER (WHERE {}) FROM {}").format(
            sql.SQL(" AND ").join(texts), identifier(one.looser.table)
        )
    ).fetchone() or (0, 0)
    return int(row[0]), int(row[1])


def now(connection: psycopg.Connection[Any], one: Newcomer) -> dict[str, str | None] | None:
    """What its values are now, by column; ``None`` where it is not found."""
    if not one.key:
        return None
    query = sql.SQL("SELECT {} FROM {} WHERE {}").format(
        _texts(one.looser), identifier(one.looser.table), _where(one, "{}::text = {}")
    )
    row = connection.execute(query).fetchone()
    return None if row is None else dict(zip(one.looser.columns, row, strict=True))


def became(one: Newcomer, now: Mapping[str, str | None] | None) -> str:
    """What its values became, in words; a way down may put anybody's there, and none is told."""
    for name, value in (now or {}).items():
        was = one.values[name]
        if value == was:
            continue
        if not value:
            return f"it is {told(value)} then"
        if was is not None and was.startswith(value):
            return f"it is cut to {len(value)} characters then"
        return "it is another value then"
    return "it is another value then" if now is None else "another row is not what it was"


def told(value: str | None) -> str:
    """A value in words."""
    if value is None:
        return "NULL"
    more = f"... ({len(value)} characters)" if len(value) > SHOWN else ""
    return f"'{value[: SHOWN if not more else SHOWN // 2]}'{more}"


def take_away(connection: psycopg.Connection[Any], one: Newcomer) -> bool:
    """Have its table's rows as they were before it, as far as it is known by its key."""
    if not one.key:
        return False
    table = identifier(one.looser.table)
    try:
        with connection.transaction():
            stored = connection.execute(STORED, [quoted(one.looser.table)]).fetchall()
            names = [sql.Identifier(name) for (name,) in stored]
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(sql.SQL("DELETE FROM {} WHERE {}").format(table, _where(one)))
            if one.original is not None:
                connection.execute(
                    sql.SQL(
                        "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {1} "
                        "FROM json_populate_record(NULL::{0}, {2})"
                    ).format(table, COMMA.join(names), sql.Literal(one.original))
                )
    except psycopg.Error:
        return False
    return True


def _where(one: Newcomer, same: LiteralString = "{} = {}") -> sql.Composable:
    return sql.SQL(" AND ").join(
        sql.SQL(same).format(sql.Identifier(name), sql.Literal(value))
        for name, value in one.key.items()
    )


def _texts(looser: Looser) -> sql.Composable:
    return COMMA.join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in looser.columns)


def _written(
    connection: psycopg.Connection[Any],
    looser: Looser,
    attempt: Statement,
    tried: _Tried,
) -> Newcomer | None:
    """Try one row; it stays only where the schema of before would have refused it."""
    (before, statement, ours), found = attempt, None
    try:
        with connection.transaction():
            original = connection.execute(before).fetchone() if before is not None else None
            row = connection.execute(statement).fetchone()
            if row is None:
                tried.why = tried.why or NO_ROW
                raise psycopg.Rollback
            samples.in_force(connection)
            place = sql.SQL("(r_.tableoid, r_.ctid) = ({}::oid, {}::tid)").format(
                sql.Literal(str(row[0])), sql.Literal(str(row[1]))
            )
            was = None if original is None else original[0]
            found = _known(connection, looser, place, was, ours)
            if found is None or not refused(connection, looser, place):
                tried.taken, found = True, None
                raise psycopg.Rollback
    except psycopg.Error as error:
        tried.why = tried.why or first_line(error)
        return None
    return found


def _known(
    connection: psycopg.Connection[Any],
    looser: Looser,
    place: sql.Composed,
    original: str | None,
    ours: tuple[str, ...],
) -> Newcomer | None:
    keys: list[sql.Composable] = [
        sql.SQL("{}::text").format(sql.Identifier(name)) for name in looser.key
    ]
    row = connection.execute(
        sql.SQL("SELECT {} FROM {} AS r_ WHERE {}").format(
            COMMA.join([_texts(looser), *keys]), identifier(looser.table), place
        )
    ).fetchone()
    if row is None:
        return None
    values = dict(zip(looser.columns, row, strict=False))
    key = dict(zip(looser.key, row[len(looser.columns) :], strict=True))
    # What else the row holds is somebody's, and told to nobody.
    what = looser.what.replace("{value}", ", ".join(told(values[name]) for name in ours))
    return Newcomer(looser, what, values, key, original, counts=(0, 0))


def refused(connection: psycopg.Connection[Any], looser: Looser, place: sql.Composable) -> bool:
    """Whether the schema of before would not have taken a row: what it says, or that it raises."""
    if looser.alike:
        return True  # a second row of the same values
    query = sql.SQL("SELECT {} FROM {} AS r_ WHERE {}").format(
        sql.SQL(looser.accepted), identifier(looser.table), place
    )
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL search_path = public")
            row = connection.execute(query).fetchone()
    except (psycopg.errors.DataError, psycopg.errors.IntegrityError):
        return True
    return row is not None and row[0] is False
