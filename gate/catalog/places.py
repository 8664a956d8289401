"""Columns of tables by their rank: a number is used once, and who adds a dropped one has another.

A system catalog tells of a column by its number. Where the same one is dropped and added again, all
that is said of it is the same, in the same order, and its number is not.
"""

from __future__ import annotations

CLASS = "'pg_catalog.pg_class'::pg_catalog.regclass"


def _rank(table: str, number: str) -> str:
    """SQL of how many columns a table has up to one; a number that is no column's is itself."""
    return f"""CASE WHEN {number} > 0 THEN (
        SELECT count(*) FROM pg_catalog.pg_attribute AS r
         WHERE r.attrelid = {table} AND r.attnum BETWEEN 1 AND {number} AND NOT r.attisdropped
    ) ELSE {number} END"""  # noqa: S608 - names of the catalog


def _part(catalog: str, object_: str, number: str) -> str:
    """The same of a part of an object, which is a column where the object is a table."""
    return f"CASE WHEN {catalog} = {CLASS} THEN {_rank(object_, number)} ELSE {number} END"


def _ranks(table: str, numbers: str) -> str:
    """The same of several, in their order."""
    return f"""(SELECT array_agg({_rank(table, "u.one")} ORDER BY u.place)
        FROM unnest({numbers}::int2[]) WITH ORDINALITY AS u(one, place))"""  # noqa: S608


PLACES = {
    "pg_attribute": {"attnum": _rank("x.attrelid", "x.attnum")},
    "pg_attrdef": {"adnum": _rank("x.adrelid", "x.adnum")},
    "pg_constraint": {
        "conkey": _ranks("x.conrelid", "x.conkey"),
        "confkey": _ranks("x.confrelid", "x.confkey"),
    },
    "pg_depend": {
        "objsubid": _part("x.classid", "x.objid", "x.objsubid"),
        "refobjsubid": _part("x.refclassid", "x.refobjid", "x.refobjsubid"),
    },
    "pg_description": {"objsubid": _part("x.classoid", "x.objoid", "x.objsubid")},
    "pg_index": {"indkey": _ranks("x.indrelid", "x.indkey")},
}
"""By system catalog and column: SQL of what stands for the numbers; what is not here stays them."""
SLOT = {"pg_attribute": f"concat_ws(' ', x.attrelid, {_rank('x.attrelid', 'x.attnum')}, x.attnum)"}
"""By system catalog: SQL of the table, rank and number of a column that a row tells of."""


def told(slot: str) -> tuple[int, int, int]:
    """Table, rank and number, out of SLOT's text."""
    table, rank, number = slot.split()
    return int(table), int(rank), int(number)
