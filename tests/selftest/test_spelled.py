"""Columns' definitions as people write them come to what PostgreSQL prints."""

from __future__ import annotations

import psycopg
import pytest

from gate.catalog.spelled import NAMES, spelled

SAME = [
    "bigint not null",
    "timestamp with time zone not null",
    "timestamp without time zone",
    "timestamp(3) with time zone",
    "time without time zone",
    "character varying(20)[] not null default '{}'::character varying[]",
    "double precision",
    "timespan not null",
    "interval default '1 day'::interval",
    '"char" not null',
    "integer_list",
    "vector(768)",
    "bit varying(3)",
]


@pytest.mark.parametrize("text", SAME)
def test_stays(text: str) -> None:
    """What PostgreSQL prints, and types that are not its own, stay as they are."""
    assert spelled(text) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("timestamptz not null", "timestamp with time zone not null"),
        ("timestamptz(3)", "timestamp(3) with time zone"),
        ("timestamp NOT NULL default now()", "timestamp without time zone not null default now()"),
        ("VARCHAR ( 50 )", "character varying(50)"),
        ("decimal(10, 2)[]", "numeric(10,2)[]"),
        ("char", "character(1)"),
        ("int default 0", "integer default 0"),
    ],
)
def test_aliases(text: str, printed: str) -> None:
    """Its own aliases come to what it prints; the rest stays."""
    assert spelled(text) == printed
    assert spelled(printed) == printed


def test_is_what_a_server_prints(database: str) -> None:
    """A server prints each alias as it is said here, of arrays, too."""
    written = [f"{alias}{size}" for alias in NAMES for size in ("", "(5)", "[]")]
    none = {"int", "int2", "int4", "int8", "float4", "float8", "bool"}  # these take no size
    written = [one for one in written if not (one.endswith(")") and one.partition("(")[0] in none)]
    with psycopg.connect(database) as session:
        columns = ", ".join(f'"{number}" {one}' for number, one in enumerate(written))
        session.execute(f"CREATE TEMP TABLE t ({columns})")
        printed = session.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = 'pg_temp.t'::regclass AND attnum > 0 ORDER BY attnum"
        ).fetchall()
    assert dict(zip(written, (one for (one,) in printed), strict=True)) == {
        one: spelled(one) for one in written
    }
