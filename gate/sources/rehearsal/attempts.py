"""Statements that may write a row that uses what a schema newly allows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from psycopg import sql

from gate.catalog.identifiers import identifier
from gate.sources.rehearsal.looser import Looser
from gate.sources.rehearsal.values import TEXTS, Column

LENGTH = 40
"""Characters of a text that is made up, where its column has no limit."""
COMMA = sql.SQL(", ")
FRESH = {
    **dict.fromkeys(
        ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
        "(SELECT coalesce(max({0}), 0) + 1 FROM {1})",
    ),
    **dict.fromkeys(TEXTS, "left('gate ' || md5(random()::text), {2})"),
    "uuid": "gen_random_uuid()",
    "date": "current_date + (random() * 10000)::integer",
    "timestamp with time zone": "now() + random() * interval '1000 days'",
    "timestamp without time zone": "now() + random() * interval '1000 days'",
}
"""A value that no row has, by a column's type: of a column, its table, and its length."""

Statement = tuple["sql.Composed | None", sql.Composed, tuple[str, ...]]


def statements(looser: Looser, columns: list[Column], bound: set[str]) -> Iterator[Statement]:
    """Rows to try: what was there before, the statement, and the columns with values of ours."""
    table = identifier(looser.table)
    first = sql.SQL("SELECT r_.tableoid, r_.ctid FROM {} AS r_{} LIMIT 1")
    if looser.alike:
        path = sql.SQL(" WHERE {}").format(sql.SQL(looser.alike))
        one = first.format(table, path)
        other = first.format(table, sql.SQL(" WHERE (r_.tableoid, r_.ctid) <> ({})").format(one))
        source = sql.SQL("{} AS r_ WHERE (r_.tableoid, r_.ctid) = ({})").format(table, one)
        taken: dict[str, sql.Composable] = {
            name: sql.Identifier("r_", name) for name in looser.columns
        }
        given: list[dict[str, sql.Composable]] = [taken]
    else:
        other = first.format(table, sql.SQL(""))
        source = sql.SQL("{} AS r_ WHERE (r_.tableoid, r_.ctid) = ({})").format(table, other)
        given = list(_choices(looser))
    for values in given:
        where = sql.SQL("(tableoid, ctid) = ({})").format(other)
        before = sql.SQL("SELECT to_json(o_)::text FROM {} AS o_ WHERE {}").format(table, where)
        names = COMMA.join(map(sql.Identifier, values))
        ours = () if looser.alike else tuple(values)
        update = sql.SQL(
            "UPDATE {0} SET ({1}) = ROW({2}) WHERE {3} RETURNING tableoid, ctid"
            if not looser.alike else
            "UPDATE {0} SET ({1}) = (SELECT {2} FROM {4}) WHERE {3} RETURNING tableoid, ctid"
        ).format(table, names, COMMA.join(values.values()), where, source)  # fmt: skip
        yield before, update, ours
        filled = {**_copied(looser, columns, bound), **values}
        insert = sql.SQL(
            "INSERT INTO {} ({}) SELECT {} FROM {} RETURNING tableoid, ctid"
        ).format(
            table, COMMA.join(map(sql.Identifier, filled)), COMMA.join(filled.values()), source
        )  # fmt: skip
        yield None, insert, ours


def _choices(looser: Looser) -> Iterator[dict[str, sql.Composable]]:
    """Values to try, of one column and then of all."""
    for name, values in looser.values.items():
        for value in values:
            yield {name: sql.SQL(value)}
    if len(looser.values) > 1:
        for chosen in itertools.product(*looser.values.values()):
            yield {name: sql.SQL(value) for name, value in zip(looser.values, chosen, strict=True)}


def _copied(looser: Looser, columns: list[Column], bound: set[str]) -> dict[str, sql.Composable]:
    """The other columns of a copy of a row: fresh where no two rows may have the same."""
    found: dict[str, sql.Composable] = {}
    for one in columns:
        name = sql.Identifier(one.name)
        found[one.name] = sql.Identifier("r_", one.name)
        if one.name in looser.unique and one.name not in bound:
            base, _, size = one.base.partition("(")
            fresh = FRESH.get(base if "timestamp" not in base else one.base)
            length = sql.Literal(int(size[:-1]) if size[:-1].isdigit() else LENGTH)
            if one.has_default:
                del found[one.name]
            elif fresh:
                found[one.name] = sql.SQL(fresh).format(name, identifier(looser.table), length)
    return found
