"""Queries: SQL of a contract's own on a real server, which cannot write with it."""

# ruff: noqa: S608 - all of the SQL is this file's own

from __future__ import annotations

import pathlib

import psycopg
import pytest

from gate.errors import ContractError
from gate.kinds.one_value import whole
from gate.target import Target
from tests.selftest.databases import target
from tests.selftest.promised import CANNOT, all_of, check, contract, judge, recorded, scene, told

__all__ = ["target"]

FILL = """
    CREATE TABLE orders (id integer PRIMARY KEY, state text, at timestamptz, price numeric);
    INSERT INTO orders VALUES (1, 'new', now(), 1.50), (2, 'paid', now() - interval '2 days', NULL);
    CREATE TABLE later (at timestamptz);
    INSERT INTO later VALUES (now() + interval '1 year');
    CREATE TABLE closed (id integer);
    CREATE SEQUENCE numbers;
    GRANT SELECT ON orders, later TO gate_reader;
    GRANT ALL ON SEQUENCE numbers TO gate_reader;
    GRANT INSERT, DELETE ON orders TO gate_reader;
"""
Q = "sql = '''{}'''\n".format


@pytest.fixture
def filled(target: Target, database: str) -> Target:
    """A database with a few rows."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(FILL)
    return target


def test_what_it_answers(filled: Target, tmp_path: pathlib.Path) -> None:
    """One value, a set, rows, bounds, an age; wrong, absent, and not to be told."""
    items = {
        "query.value": Q("SELECT count(*) FROM orders") + "value = 2",
        "query.text": Q("SHOW server_encoding") + 'value = "UTF8"',
        "query.truth": Q("SELECT true") + "value = true",
        "query.null": Q("SELECT price FROM orders WHERE id = 2") + 'value = "NULL"',
        "query.real": Q("SELECT price FROM orders WHERE id = 1") + "value = 1.5",
        "query.set": Q("SELECT state FROM orders") + 'set = ["paid", "new"]',
        "query.rows": Q("SELECT id, state FROM orders ORDER BY id")
        + 'rows = [[1, "new"], [2, "paid"]]',
        "query.none": Q("SELECT id FROM orders WHERE state LIKE 'lost%'") + "rows = []",
        "query.bounds": Q("SELECT count(*) FROM orders") + "at_least = 1\nat_most = 2",
        "query.age": Q("SELECT max(at) FROM orders") + "younger_than_s = 600",
        "query.other": Q("SELECT count(*) FROM orders") + "value = 3",
        "query.one": Q("SELECT 1") + "value = true",
        "query.missing": Q("SELECT state FROM orders") + 'set = ["paid", "new", "sent"]',
        "query.extra": Q("SELECT state FROM orders") + 'set = ["paid"]',
        "query.some": Q("SELECT id FROM orders") + "rows = []",
        "query.few": Q("SELECT count(*) FROM orders") + "at_least = 3",
        "query.old": Q("SELECT min(at) FROM orders") + "younger_than_s = 600",
        "query.empty": Q("SELECT id FROM orders WHERE id > 9") + "value = 1",
        "query.future": Q("SELECT at FROM later") + "younger_than_s = 600",
        "query.many": Q("SELECT id FROM orders") + "at_least = 1",
        "query.word": Q("SELECT 'x'") + "at_least = 1",
        "query.huge": Q("SELECT generate_series(1, 1001)") + "rows = []",
        "query.denied": Q("SELECT count(*) FROM closed") + "at_least = 0",
        "query.table": Q("SELECT count(*) FROM nosuch") + "at_least = 0",
        "query.hangs": Q("SELECT pg_sleep(60)") + "rows = []",
    }
    filled = filled.model_copy(
        update={"deadlines": filled.deadlines.model_copy(update={"database_s": 6.0})}
    )
    seen = scene(tmp_path, items, filled)
    good = ("value", "text", "truth", "null", "real", "set", "rows", "none", "bounds", "age")
    unclear = ("future", "many", "word", "huge", "denied", "table", "hangs")
    check(
        told(seen),
        {
            **all_of((f"query.{one}" for one in good), ""),
            **all_of((f"query.{one}" for one in unclear), CANNOT),
            "query.other": "it is 2",
            "query.one": "it is 1",
            "query.missing": "'sent' is missing",
            "query.extra": "'new' is not promised",
            "query.some": "it answers 1; 2",
            "query.few": "it is only 2",
            "query.old": "it is 2d old",
            "query.empty": "it answers no row",
        },
    )
    found = recorded(seen, "query")
    assert found["value"]["value"] == 2
    assert found["rows"]["rows"] == [[1, "new"], [2, "paid"]]


@pytest.mark.parametrize(
    "statement",
    [
        "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone",
        "SELECT 1; DELETE FROM orders",
        "SELECT 1; COMMIT; DELETE FROM orders; BEGIN",
        "SELECT nextval('numbers')",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "WITH x AS (INSERT INTO orders VALUES (9) RETURNING id) SELECT * FROM x",
        "SELECT * FROM orders FOR UPDATE",
    ],
)
def test_nothing_is_written(
    statement: str, filled: Target, database: str, tmp_path: pathlib.Path
) -> None:
    """By a role that might: the server refuses it, or nothing comes of it."""
    items = {
        "query.writes": Q(statement) + "rows = []",
        "query.after": Q("WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone")
        + "rows = []",
    }
    said = judge(tmp_path, items, filled)
    assert said["query.writes"] != ""
    assert CANNOT in said["query.after"]
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute("SELECT count(*), (SELECT is_called FROM numbers) FROM orders")
        assert row.fetchone() == (2, False)


def test_beside_what_was_before(filled: Target, database: str, tmp_path: pathlib.Path) -> None:
    """No fewer, and the same; without a look from then nobody can tell."""
    items = {
        "query.rows": Q("SELECT count(*) FROM orders") + "not_fewer_than_before = true",
        "query.same": Q("SELECT state FROM orders") + "same_as_before = true",
    }
    before = scene(tmp_path, items, filled)
    assert told(before) == all_of(items, "")
    alone = scene(tmp_path, items, filled, "postdeploy")
    check(told(alone), all_of(items, CANNOT))
    after = scene(tmp_path, items, filled, "postdeploy", before.observed)
    assert told(after) == all_of(items, "")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM orders WHERE id = 1")
    later = scene(tmp_path, items, filled, "postdeploy", before.observed)
    check(told(later), {"query.rows": "it is 1, and was 2", "query.same": "new is gone"})


LONG = "repeat('x', 5000)"


@pytest.mark.parametrize(
    ("views", "says"),
    [
        (("VALUES ('a'), ('a'), ('b')", "VALUES ('a'), ('b'), ('b')"), "a is gone"),
        (("VALUES ('a, b', 'c')", "VALUES ('a', 'b, c')"), "is gone"),
        (("VALUES (NULL)", "VALUES ('NULL')"), "is gone"),
        (("VALUES (1)", "VALUES ('1')"), "is gone"),
        ((f"VALUES ({LONG} || 'a')", f"VALUES ({LONG} || 'b')"), "is gone"),
        ((f"VALUES ({LONG})", f"VALUES ({LONG})"), ""),
        (("VALUES (2), (1)", "VALUES (1), (2)"), ""),
    ],
)
def test_what_only_looks_the_same(
    filled: Target, database: str, tmp_path: pathlib.Path, views: tuple[str, str], says: str
) -> None:
    """A row is what it is, and as often as it is there; the order is nobody's promise."""
    items = {"query.same": Q("SELECT * FROM shown") + "same_as_before = true"}
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE VIEW shown AS {views[0]}")
        connection.execute("GRANT SELECT ON shown TO PUBLIC")
        was = scene(tmp_path, items, filled)
        connection.execute(f"DROP VIEW shown; CREATE VIEW shown AS {views[1]}")
        connection.execute("GRANT SELECT ON shown TO PUBLIC")
    now = scene(tmp_path, items, filled, "postdeploy", was.observed)
    check(told(now), {"query.same": says})


def test_views_that_show_what_is_ones_own(
    filled: Target, database: str, tmp_path: pathlib.Path
) -> None:
    """Who reads everything and owns nothing is shown no grant: that is not "there is none"."""
    grants = "SELECT grantee::text FROM Information_Schema . {} WHERE table_name = 'orders'"
    items = {
        "query.granted": Q(grants.format('"table_privileges"')) + "rows = []",
        "query.keys": Q("SELECT * FROM information_schema.table_constraints") + "rows = []",
        "query.columns": Q("SELECT count(*) FROM information_schema.columns") + "at_least = 1",
        "query.catalog": Q("SELECT grantee::regrole FROM pg_class, aclexplode(relacl)")
        + "rows = []",
    }
    seen = told(scene(tmp_path, items, filled))
    assert "what it owns or was granted" in seen["query.granted"]
    check(
        seen,
        {
            **all_of(("query.granted", "query.keys"), CANNOT),
            "query.columns": "",
            "query.catalog": "it answers",
        },
    )
    with psycopg.connect(database, autocommit=True) as connection:
        owner = connection.execute("SELECT current_user").fetchone()
        assert owner is not None
        connection.execute(f'GRANT "{owner[0]}" TO gate_reader')
        try:
            seen = told(scene(tmp_path, items, filled))
        finally:
            connection.execute(f'REVOKE "{owner[0]}" FROM gate_reader')
    assert seen["query.granted"].startswith("it answers")


def test_rows_of_a_table(filled: Target, database: str, tmp_path: pathlib.Path) -> None:
    """At least so many, and no fewer than before; who may not read it cannot tell."""
    of = 'columns = { id = "integer not null" }\n'
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute('CREATE TABLE "Odd.""One" (id integer PRIMARY KEY)')
        connection.execute('INSERT INTO "Odd.""One" VALUES (1), (2)')
        connection.execute('GRANT SELECT ON "Odd.""One" TO gate_reader')
    key = 'keys = { "Odd.\\"One_pkey" = "PRIMARY KEY (id)" }\n'
    names = {"rows": "at_least_rows = 2", "few": "at_least_rows = 3", "kept": FEWER}
    found: dict[str, str] = {}
    for name, keys in names.items():
        items = {'table.\'"Odd.""One"\'': of + key + keys}
        before = scene(tmp_path, items, filled)
        found[name] = "".join(told(before).values())
    assert found == {"rows": "", "few": "its rows are only 2", "kept": ""}
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute('DELETE FROM "Odd.""One" WHERE id = 1')
    after = scene(tmp_path, items, filled, "postdeploy", before.observed)
    assert "".join(told(after).values()) == "it is 1, and was 2"


def test_rows_that_row_security_hides(
    filled: Target, database: str, tmp_path: pathlib.Path
) -> None:
    """Rows that the gate's role is not shown are not counted as none."""
    of = 'columns = { id = "integer" }\n'
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE mine (id integer); INSERT INTO mine VALUES (1)")
        connection.execute("GRANT SELECT ON mine TO gate_reader")
        connection.execute("ALTER TABLE mine ENABLE ROW LEVEL SECURITY")
    for keys in ("at_least_rows = 1", FEWER):
        found = told(scene(tmp_path, {"table.mine": of + keys}, filled, "predeploy"))
        check(found, {"table.mine": f"{CANNOT} (permission): the query: query would be affected"})


FEWER = "not_fewer_than_before = true"


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("2026-01-01 00:00:00.12+00", "2026-01-01 00:00:00.120000+00:00"),
        ("2026-01-01 00:00:00+05:30", "2026-01-01 00:00:00+05:30"),
        ("2026-01-01 00:00:00.1234567", "2026-01-01 00:00:00.123456"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_a_time_as_every_python_reads_it(printed: str, read: str) -> None:
    """PostgreSQL leaves zeros out at the end of a second, and minutes of a zone that are none."""
    assert whole(printed) == read


def test_without_a_database(filled: Target, tmp_path: pathlib.Path) -> None:
    """No such service: nobody can tell."""
    away = filled.model_copy(
        update={"database": filled.database.model_copy(update={"service": "nosuch"})}
    )
    items = {"query.one": Q("SELECT 1") + "value = 1"}
    check(judge(tmp_path, items, away), all_of(items, CANNOT))


def test_mistakes(tmp_path: pathlib.Path) -> None:
    """A statement that writes, and one of which nothing is promised."""
    for keys, words in (
        (Q("DELETE FROM orders") + "value = 1", "sql"),
        (Q("SELECT 1"), "at least one of"),
        (Q("SELECT 1") + 'value = 1\nbefore = "absent"', "absent"),
    ):
        with pytest.raises(ContractError, match=words):
            contract(tmp_path, {"query.x": keys})
