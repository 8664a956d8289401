"""What proves that something made anew is the same: told by every row, whatever its numbers are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from gate.catalog.alike import Young, alike
from gate.catalog.digest import Digests
from gate.catalog.read import read_catalog

BEGIN = """
CREATE TABLE item (id serial PRIMARY KEY, word text);
CREATE SEQUENCE one;
CREATE SEQUENCE two;
"""
AGAIN = (
    ("CREATE TABLE x (id serial PRIMARY KEY, n int CHECK (n > 0) DEFAULT 3)", "DROP TABLE x"),
    ("CREATE INDEX ix ON item (word)", "DROP INDEX ix"),
    ("ALTER TABLE item ADD CONSTRAINT c CHECK (id > 0)", "ALTER TABLE item DROP CONSTRAINT c"),
    ("ALTER TABLE item ADD size int", "ALTER TABLE item DROP size"),
    ("ALTER TABLE item ADD a int, ADD b text", "ALTER TABLE item DROP a, DROP b"),
    (
        "ALTER TABLE item ADD n int DEFAULT 3 NOT NULL UNIQUE; COMMENT ON COLUMN item.n IS 'n'",
        "ALTER TABLE item DROP n",
    ),
    ("ALTER TABLE item ADD more int REFERENCES item", "ALTER TABLE item DROP more"),
    ("CREATE TYPE mood AS ENUM ('good', 'bad')", "DROP TYPE mood"),
    ("CREATE VIEW v AS SELECT id, word FROM item", "DROP VIEW v"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION f"),
)
MADE = """
CREATE SEQUENCE three;
CREATE SEQUENCE four;
CREATE TABLE x (id serial PRIMARY KEY, n int CHECK (n > 0), k int DEFAULT nextval('{}'), word text);
CREATE INDEX ix ON x (n);
"""
OTHERWISE = (
    "ALTER TABLE x ALTER n SET DEFAULT 4",
    "ALTER TABLE x ALTER k SET DEFAULT nextval('two')",
    "ALTER TABLE x ALTER k SET DEFAULT nextval('four')",
    "ALTER TABLE x ALTER id SET DEFAULT nextval('one')",
    "ALTER TABLE x ALTER n SET STATISTICS 7",
    "ALTER TABLE x ALTER n SET NOT NULL",
    "ALTER TABLE x RENAME word TO words",
    "ALTER TABLE x SET (fillfactor = 50)",
    "ALTER TABLE x DROP CONSTRAINT x_n_check, ADD CONSTRAINT x_n_check CHECK (n > 1)",
    "ALTER SEQUENCE x_id_seq OWNED BY NONE",
    "ALTER SEQUENCE x_id_seq INCREMENT 2",
    "ALTER INDEX ix SET (fillfactor = 50)",
    "DROP INDEX ix; CREATE INDEX ix ON x (word)",
    "COMMENT ON TABLE x IS 'x'",
    "COMMENT ON TABLE item IS 'x'",
    "COMMENT ON FUNCTION now() IS 'x'",
    "GRANT SELECT ON x TO PUBLIC",
    "GRANT SELECT ON item TO PUBLIC",
    "ALTER TABLE item ALTER word SET DEFAULT 'x'",
    "DROP SEQUENCE two",
    "CREATE TABLE y (id int)",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
)


@pytest.fixture
def clone(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A database with a little in it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(BEGIN)
        yield connection


@pytest.mark.parametrize(("there", "back"), AGAIN)
def test_what_is_made_anew_is_alike(there: str, back: str, clone: psycopg.Connection[Any]) -> None:
    """Its digest is another, and so it would have to be read again."""
    digests = Digests(clone)
    begun = digests.taken(clone)
    clone.execute(there)
    first = digests.taken(clone, begun.moment)
    clone.execute(back)
    below = digests.taken(clone)
    clone.execute(there)
    second = digests.taken(clone, below.moment)
    assert below.digest == begun.digest
    assert first.digest != second.digest
    assert alike(first.young, second.young)
    assert alike(second.young, first.young)


@pytest.mark.parametrize("change", ["", *OTHERWISE])
def test_what_is_made_otherwise_is_not(change: str, clone: psycopg.Connection[Any]) -> None:
    """Whatever is told of it in another way; the catalog says the same."""
    digests = Digests(clone)
    begun = digests.taken(clone)
    clone.execute(MADE.format("three"))
    first, told = digests.taken(clone, begun.moment), read_catalog(clone, whole=True)
    clone.execute("DROP TABLE x; DROP SEQUENCE three; DROP SEQUENCE four")
    below = digests.taken(clone)
    clone.execute(MADE.format("three"))
    clone.execute(change)
    second = digests.taken(clone, below.moment)
    assert alike(first.young, second.young) == (not change)
    if not change:
        assert read_catalog(clone, whole=True).objects == told.objects


COLUMNS = (
    # What was added, then dropped, and what comes then instead.
    ("ADD a int, ADD b int", "DROP a, DROP b", "ADD b int, ADD a int"),
    ("ADD a int", "DROP a", "ADD a bigint"),
    ("ADD a int", "DROP a", "ADD c int"),
    ("ADD a int", "DROP a", "ADD a int, ADD b int"),
    ("ADD a int CHECK (a > 0), ADD b int", "DROP a, DROP b", "ADD a int, ADD b int CHECK (b > 0)"),
    ("ADD a int UNIQUE, ADD b int", "DROP a, DROP b", "ADD a int, ADD b int UNIQUE"),
    ("ADD a int DEFAULT 1, ADD b int", "DROP a, DROP b", "ADD a int, ADD b int DEFAULT 1"),
    # A column of before that takes the new one's place among the others.
    ("ADD a int, ALTER word SET NOT NULL", "DROP a, ALTER word DROP NOT NULL",
     "ADD a int, DROP word, ADD word text NOT NULL"),
    ("ALTER word SET STATISTICS 5", "ALTER word SET STATISTICS -1",
     "DROP word, ADD word text, ALTER word SET STATISTICS 5"),
)  # fmt: skip


@pytest.mark.parametrize(("there", "back", "other"), COLUMNS)
def test_other_columns_are_not(
    there: str, back: str, other: str, clone: psycopg.Connection[Any]
) -> None:
    """A column that is added again has another number; nothing else may be another."""
    clone.execute("ALTER TABLE item ADD behind int")
    digests = Digests(clone)
    begun = digests.taken(clone)
    clone.execute(f"ALTER TABLE item {there}")
    first = digests.taken(clone, begun.moment)
    clone.execute(f"ALTER TABLE item {back}")
    below = digests.taken(clone)
    clone.execute(f"ALTER TABLE item {other.replace(', ALTER word SET STATISTICS 5', '')}")
    if "SET STATISTICS" in other:
        clone.execute("ALTER TABLE item ALTER word SET STATISTICS 5")
    assert not alike(first.young, digests.taken(clone, below.moment).young)


def test_a_number_that_is_another_columns_is_not(clone: psycopg.Connection[Any]) -> None:
    """An index of before goes with the number, and the names and ranks are the same ones."""
    clone.execute("CREATE TABLE y (k int, a int); CREATE INDEX on_a ON y (a)")
    digests = Digests(clone)
    begun = digests.taken(clone)
    clone.execute("ALTER TABLE y ALTER k SET STATISTICS 5; ALTER TABLE y ALTER a SET STATISTICS 5")
    first, was = digests.taken(clone, begun.moment), read_catalog(clone).indexes["on_a"]
    below = digests.taken(clone)
    clone.execute("ALTER TABLE y DROP k; ALTER TABLE y RENAME a TO k; ALTER TABLE y ADD a int")
    clone.execute("ALTER TABLE y ALTER k SET STATISTICS 5; ALTER TABLE y ALTER a SET STATISTICS 5")
    assert read_catalog(clone).indexes["on_a"] != was
    assert not alike(first.young, digests.taken(clone, below.moment).young)


def test_what_refers_to_another_is_not(clone: psycopg.Connection[Any]) -> None:
    """Two that changed places: as many rows, and the same names."""
    digests = Digests(clone)
    begun = digests.taken(clone)
    clone.execute(MADE.format("three"))
    first = digests.taken(clone, begun.moment)
    clone.execute("DROP TABLE x; DROP SEQUENCE three; DROP SEQUENCE four")
    below = digests.taken(clone)
    clone.execute(MADE.format("four"))
    assert not alike(first.young, digests.taken(clone, below.moment).young)


def test_what_was_left_behind_is_not(clone: psycopg.Connection[Any]) -> None:
    """A thing that the way back left, and that the way there is content with."""
    digests = Digests(clone)
    begun = digests.taken(clone)
    there = "CREATE TABLE IF NOT EXISTS x (id int); CREATE SEQUENCE IF NOT EXISTS s"
    clone.execute(there)
    first = digests.taken(clone, begun.moment)
    clone.execute("DROP TABLE x")
    below = digests.taken(clone)
    clone.execute(there)
    assert not alike(first.young, digests.taken(clone, below.moment).young)


def test_what_is_not_known_is_not(clone: psycopg.Connection[Any]) -> None:
    """Whoever did not ask, or may not, has no proof."""
    young = Young((), ())
    assert not alike(None, young)
    assert not alike(young, None)
    assert Digests(clone).taken(clone).young is None
