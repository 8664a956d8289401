"""What proves that two states of a clone are the same: for the catalog, and for the rows."""

from __future__ import annotations

import ast
import inspect
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from gate.catalog import digest
from gate.catalog.digest import Digests, numbers
from gate.contract.rehearsal import Alembic
from gate.contract.release import spelled
from gate.sources.rehearsal import address, inside, mark, rows, touched
from gate.sources.rehearsal.inside.serving import serve
from gate.sources.rehearsal.prints import SMALL, Prints
from gate.sources.rehearsal.state import States
from gate.sources.rehearsal.tidy import tidy
from tests.selftest.conftest import Postgres

BEGIN = """
CREATE TABLE item (id serial PRIMARY KEY, word text, size int CHECK (size > 0));
CREATE INDEX ix_item ON item (size);
CREATE TABLE part (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE other (id int);
CREATE VIEW seen AS SELECT id FROM item;
INSERT INTO item (word) SELECT 'w' FROM generate_series(1, 50);
"""
SAME = (
    ("CREATE TABLE extra (id serial PRIMARY KEY, x int CHECK (x > 0))", "DROP TABLE extra"),
    ("ALTER TABLE item ADD more int DEFAULT 3", "ALTER TABLE item DROP more"),
    ("CREATE TYPE mood AS ENUM ('good')", "DROP TYPE mood"),
    ("INSERT INTO item (word) VALUES ('x')", "ANALYZE item"),
    ("CREATE SCHEMA s", "DROP SCHEMA s"),
)
OTHER = (
    "ALTER TABLE item ALTER word SET DEFAULT 'x'",
    "ALTER TABLE item ALTER word SET STATISTICS 7",
    "ALTER TABLE item RENAME CONSTRAINT item_size_check TO c",
    "ALTER INDEX ix_item RENAME TO ix",
    "ALTER INDEX ix_item SET (fillfactor = 50)",
    "ALTER TABLE item CLUSTER ON ix_item",
    "CREATE OR REPLACE VIEW seen AS SELECT id + 0 AS id FROM item",
    "COMMENT ON TABLE item IS 'x'",
    "COMMENT ON FUNCTION now() IS 'x'",
    "GRANT SELECT ON item TO PUBLIC",
    "REVOKE EXECUTE ON FUNCTION pg_catalog.now() FROM PUBLIC",
    "ALTER SEQUENCE item_id_seq INCREMENT 2",
    "ALTER TABLE item ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE other SET (fillfactor = 50)",
    "ALTER TABLE part DETACH PARTITION part_1",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "DROP VIEW seen",
    "CREATE PUBLICATION p FOR TABLE item",
    "CREATE TABLE extra (id int)",
)


@pytest.fixture
def clone(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A database with a little of everything."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(BEGIN)
        yield connection


@pytest.mark.parametrize(("there", "back"), SAME)
def test_what_is_gone_again_is_the_same(
    there: str, back: str, clone: psycopg.Connection[Any]
) -> None:
    """A digest knows nothing of dropped columns, of statistics, or of flags that are left set."""
    digests = Digests(clone)
    before = digests.take(clone)
    clone.execute(there)
    clone.execute(back)
    assert digests.take(clone) == before
    assert before is not None


@pytest.mark.parametrize("change", OTHER)
def test_what_anybody_can_see_is_another(change: str, clone: psycopg.Connection[Any]) -> None:
    """Whatever is defined otherwise has another digest."""
    digests = Digests(clone)
    before = digests.take(clone)
    clone.execute(change)
    try:
        assert digests.take(clone) != before
    finally:
        clone.execute("DROP PUBLICATION IF EXISTS p")


def test_what_is_made_anew_has_as_many_rows(clone: psycopg.Connection[Any]) -> None:
    """It is another, with new OIDs, and the catalogs have as many rows."""
    digests = Digests(clone)
    before = digests.take(clone)
    clone.execute("DROP TABLE other")
    assert numbers(digests.take(clone)) != numbers(before)
    clone.execute("CREATE TABLE other (id int)")
    assert digests.take(clone) != before
    assert numbers(digests.take(clone)) == numbers(before)


@pytest.mark.parametrize(
    "change", ["COMMENT ON TABLE item IS 'x'", "COMMENT ON FUNCTION now() IS 'x'"]
)
def test_numbers_of_transactions_that_came_round(
    change: str, clone: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an age says nothing any more, no row is taken for one of the first."""
    monkeypatch.setattr(digest, "FIRST", digest.FIRST.replace("2000000000", "0"))
    digests = Digests(clone)
    before = digests.take(clone)
    assert before is not None
    assert {one[2] for one in before[:-1]} == {0}
    assert digests.take(clone) == before
    clone.execute(change.encode())
    assert digests.take(clone) != before


PLANS = """
    SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%pg_cast%'
"""


def test_a_digest_is_planned_once(clone: psycopg.Connection[Any]) -> None:
    """However much the catalogs grow, the server keeps the one plan."""
    digests, since = Digests(clone), ""
    for number in range(12):
        clone.execute(
            sql.SQL("CREATE TABLE {} ({})").format(
                sql.Identifier(f"grown_{number}"),
                sql.SQL(", ").join(
                    sql.SQL(f"c{one} int") for one in range(200 * (number + 1) // 2)
                ),
            )
        )
        since = digests.taken(clone, since).moment
    assert clone.execute(PLANS).fetchall() == [(12, 0)]


WRITES = {
    "INSERT INTO item (word) VALUES ('x')": {"item"},
    "UPDATE item SET word = 'y' WHERE id = 1": {"item"},
    "DELETE FROM item WHERE id = 1": {"item"},
    "TRUNCATE other": {"other"},
    "INSERT INTO part VALUES (1, '2026-05-05')": {"part", "part_1"},
    "ALTER TABLE item ALTER size TYPE bigint": {"item"},
    "ALTER TABLE item ADD more int": set(),
    "ALTER TABLE item ADD more int; ALTER TABLE item DROP more": set(),
    "ALTER TABLE item DROP size": {"item"},
    "ALTER TABLE item DROP size; ALTER TABLE item ADD size int": {"item"},
    "ALTER TABLE item RENAME word TO size_; ALTER TABLE item RENAME size_ TO word": set(),
    "ALTER TABLE part DROP id; ALTER TABLE part ADD id int": {"part", "part_1"},
    "DROP TABLE other; CREATE TABLE other (id int)": {"other"},
    "CREATE TABLE extra (id int)": {"extra"},
    "SELECT count(*) FROM item": set(),
}


@pytest.mark.parametrize("text", WRITES)
def test_who_was_written_to(text: str, database: str, clone: psycopg.Connection[Any]) -> None:
    """Whatever a session wrote is known when it is gone; what it only altered is not read again."""
    clone.execute("DROP VIEW seen")
    before = touched.counts(clone)
    with psycopg.connect(database) as other:
        other.execute(text.encode())
    assert touched.between(before, touched.counts(clone)) == WRITES[text]


def test_own_writing_is_known_at_once(clone: psycopg.Connection[Any]) -> None:
    """What this session itself wrote does not wait until it is idle."""
    before = touched.counts(clone)
    clone.execute("UPDATE item SET word = 'y' WHERE id = 1")
    assert touched.between(before, touched.counts(clone)) == {"item"}


def test_who_stays_and_tells_is_known_at_once(
    database: str, clone: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session that writes is not waited for: it tells what it wrote."""
    monkeypatch.setattr(touched, "SETTLED_S", 0.2)
    before = touched.counts(clone)
    for name in touched.STAY:
        with psycopg.connect(database, application_name=name, autocommit=True) as stays:
            stays.execute("UPDATE item SET word = 'y' WHERE id = 1")
            touched.tell_counts(stays)
            now = touched.counts(clone)
        assert touched.between(before, now) == {"item"}
        before = now


def test_who_is_still_there_is_not_known(
    database: str, clone: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a session that stays nobody knows what it wrote: all is read."""
    monkeypatch.setattr(touched, "SETTLED_S", 0.2)
    before = touched.counts(clone)
    with psycopg.connect(database):
        assert touched.between(before, touched.counts(clone)) is None
        prints = Prints(clone)
        columns = {"item": ("id", "word", "size")}
        prints.small(clone, columns)
        assert prints.mark(clone) is None
        assert prints.known == {}


def test_large_tables_are_read_when_they_must(clone: psycopg.Connection[Any]) -> None:
    """Those that are small are read at once; of a large one nothing is known until it is asked."""
    rows_ = SMALL // 30
    clone.execute("INSERT INTO other SELECT n FROM generate_series(1, %s) n", [rows_])
    columns = {"item": ("id",), "other": ("id",), "part": ("day", "id")}
    prints = Prints(clone)
    assert {*prints.small(clone, columns)} == {"item", "part", rows.LARGE}
    assert prints.of(clone, columns)["other"][0] == rows_
    assert "other" in prints.small(clone, columns)


def test_witnesses_are_taken_away(clone: psycopg.Connection[Any]) -> None:
    """A table that was empty is so again, and its sequence is back."""
    clone.execute("CREATE TABLE empty (id serial PRIMARY KEY)")
    before = rows.positions(clone)
    clone.execute("INSERT INTO empty DEFAULT VALUES")
    clone.execute("SELECT nextval('item_id_seq')")
    assert rows.positions(clone) != before
    tidy(clone, ["empty"], before)
    assert rows.positions(clone) == before
    assert clone.execute("SELECT count(*) FROM empty").fetchone() == (0,)


def test_the_text_for_the_host_is_whole() -> None:
    """Its parts have no name twice: they are one module there."""
    folder = pathlib.Path(inside.__file__).parent
    names: list[str] = []
    for part in inside.PARTS:
        for one in ast.parse((folder / f"{part}.py").read_text("utf-8")).body:
            if isinstance(one, (ast.FunctionDef, ast.ClassDef)):
                names.append(one.name)
            elif isinstance(one, ast.Assign):
                names += [two.id for two in one.targets if isinstance(two, ast.Name)]
            elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                names.append(one.target.id)
    assert sorted(names) == sorted(set(names))
    text = inside.text()
    assert "from gate" not in text
    space: dict[str, Any] = {}
    path = list(sys.path)
    try:
        exec(text, space)  # noqa: S102 - as Alembic's interpreter does
    finally:
        sys.path[:] = path
    module = space["module"]
    assert set(names) <= set(vars(module))
    code = module.serve.__code__
    assert (code.co_filename, code.co_firstlineno) == (
        "/gate/sources/rehearsal/inside/serving.py",
        inspect.getsourcelines(serve)[1],
    )


@pytest.mark.parametrize(
    ("word", "run"),
    [
        ("{url}", "{url}"),
        ("{{url}}", "{url}"),
        ("a{{b}}c", "a{b}c"),
        ('{"a":{"b":1}}', '{"a":{"b":1}}'),
        ("{{print $1}}", "{{print $1}}"),
        ("${HOME}", "${HOME}"),
    ],
)
def test_words_in_braces(word: str, run: str) -> None:
    """A word in double braces is one in single ones; what is no bare word stays as it is."""
    how = Alembic(folder="/srv/shop", versions="/srv/shop/versions", command=("alembic", word))
    assert [spelled(one) for one in how.command] == ["alembic", run]


def test_an_unknown_word_says_how_it_is_written() -> None:
    """A placeholder that nobody fills in is refused, with the way to write the word itself."""
    with pytest.raises(ValueError, match=r"\{database\} is not known here.*\{\{database\}\}"):
        Alembic(folder="/srv/shop", versions="/srv/shop/versions", command=("a", "{database}"))


RIGHTS = (
    "GRANT CONNECT, CREATE ON DATABASE {} TO pg_monitor WITH GRANT OPTION",
    "REVOKE ALL ON DATABASE {} FROM PUBLIC",
    "GRANT TEMP ON DATABASE {} TO pg_monitor",
    "REVOKE CREATE ON DATABASE {} FROM CURRENT_USER",
    "REVOKE ALL ON DATABASE {} FROM CURRENT_USER, pg_monitor",
)
HELD = "SELECT datacl::text FROM pg_database WHERE datname = %s"


def test_a_copy_has_the_rights_of_the_clone(postgres: Postgres) -> None:
    """Whatever was granted on the database or revoked; one that takes its place has them, too."""
    name = mark.new_name()
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        states = States(admin, name, "live")
        states.empty()
        try:
            for one in ("", *RIGHTS):
                if one:
                    admin.execute(sql.SQL(one).format(sql.Identifier(name)))
                before = admin.execute(HELD, [name]).fetchone()
                copy = states.save()
                assert _sorted(admin.execute(HELD, [copy]).fetchone()) == _sorted(before)
                states.restore(copy)
                assert _sorted(admin.execute(HELD, [name]).fetchone()) == _sorted(before)
            assert before == ("{}",)
        finally:
            mark.drop(admin, name)


OF_ITSELF = ("CONNECTION LIMIT 7", "OWNER TO pg_monitor", "IS_TEMPLATE true", "CONNECTION LIMIT -1")
ITSELF = """
    SELECT pg_get_userbyid(datdba), datconnlimit, datistemplate FROM pg_database WHERE datname = %s
"""


def test_a_copy_is_what_the_clone_is_itself(postgres: Postgres) -> None:
    """Owner, limit and being a template are carried; a template is dropped like any other."""
    name = mark.new_name()
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        states = States(admin, name, "live")
        states.empty()
        try:
            for one in OF_ITSELF:
                alter = sql.SQL("ALTER DATABASE {} " + one).format(sql.Identifier(name))
                admin.execute(alter)
                before = admin.execute(ITSELF, [name]).fetchone()
                copy = states.save()
                assert admin.execute(ITSELF, [copy]).fetchone() == before
                states.restore(copy)
                assert admin.execute(ITSELF, [name]).fetchone() == before
            assert before == ("pg_monitor", -1, True)
        finally:
            mark.drop(admin, name)
        assert admin.execute(ITSELF, [name]).fetchone() is None


def test_a_slash_behind_a_question_mark_is_one() -> None:
    """What is put into a query keeps its slashes; before it, and whatever else it is, is quoted."""
    told = address.quoted({"host": "/run/a b", "password": "a/b&c%"}, "/")
    assert told == {"host": "/run/a%20b", "password": "a/b%26c%25"}
    assert address.quoted({"host": "/run"}, "") == {"host": "%2Frun"}


def _sorted(row: tuple[Any, ...] | None) -> list[str]:
    return sorted(str((row or ("?",))[0]).strip("{}").split(","))
