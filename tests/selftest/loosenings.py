"""Small Alembic projects whose upgrade allows more than was allowed before, and whose way back."""

from __future__ import annotations

from tests.selftest.diseases import GONE, NEW, Project, revision, sql

LIVE = """
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE a_null (id serial PRIMARY KEY, x text NOT NULL);
CREATE TABLE a_text (id integer PRIMARY KEY, x varchar(10) NOT NULL);
CREATE TABLE a_number (id serial PRIMARY KEY, x integer, y numeric(5,2));
CREATE TABLE an_enum (id serial PRIMARY KEY, x mood NOT NULL DEFAULT 'good');
CREATE TABLE a_check (id serial PRIMARY KEY, x integer CONSTRAINT positive CHECK (x > 0),
                      y varchar(20) CONSTRAINT of_two CHECK (y IN ('one', 'two')));
CREATE TABLE a_unique (id uuid PRIMARY KEY, x text CONSTRAINT once UNIQUE, y text);
CREATE UNIQUE INDEX once_lower ON a_unique (lower(y)) WHERE y <> '';
CREATE TABLE a_key (id serial PRIMARY KEY, x integer CONSTRAINT leads REFERENCES a_number (id));
CREATE TABLE an_exclusion (id serial PRIMARY KEY, x int4range,
                           CONSTRAINT apart EXCLUDE USING gist (x WITH &&));
CREATE TABLE a_domain (id serial PRIMARY KEY, x positive);
CREATE TABLE is_empty (id serial PRIMARY KEY, x text NOT NULL,
                       y integer NOT NULL REFERENCES a_domain);
INSERT INTO a_null (x) VALUES ('p'), ('q'), ('r');
INSERT INTO a_text VALUES (1, 'p'), (2, 'q'), (3, 'r');
INSERT INTO a_number (x, y) VALUES (1, 1), (2, 2), (3, 3.25);
INSERT INTO an_enum (x) VALUES ('good'), ('bad'), ('good');
INSERT INTO a_check (x, y) VALUES (1, 'one'), (2, 'two'), (3, NULL);
INSERT INTO a_unique SELECT gen_random_uuid(), 'x' || n, 'y' || n FROM generate_series(1, 3) AS n;
INSERT INTO a_key (x) VALUES (1), (2), (NULL);
INSERT INTO an_exclusion (x) VALUES ('[1,3)'), ('[5,7)'), (NULL);
INSERT INTO a_domain (x) VALUES (1), (2), (3);
"""
"""A table for each way to refuse a row; but one they have rows."""
WAIT = "SET LOCAL lock_timeout = '5s'"
NULL = ("ALTER TABLE {} ALTER x DROP NOT NULL", "ALTER TABLE {} ALTER x SET NOT NULL")


def retyped(*labels: str) -> list[str]:
    """Make an enum anew, with other labels."""
    told = ", ".join(f"'{one}'" for one in labels)
    return [
        "ALTER TABLE an_enum ALTER x DROP DEFAULT", "ALTER TYPE mood RENAME TO older",
        f"CREATE TYPE mood AS ENUM ({told})",
        "ALTER TABLE an_enum ALTER x TYPE mood USING x::text::mood",
        "ALTER TABLE an_enum ALTER x SET DEFAULT 'good'", "DROP TYPE older",
    ]  # fmt: skip


UP = (
    WAIT, NULL[0].format("a_null"), NULL[0].format("is_empty"),
    "ALTER TABLE a_text ALTER x TYPE varchar(30)", "ALTER TABLE a_number ALTER x TYPE bigint",
    "ALTER TABLE a_number ALTER y TYPE numeric(8,2)", *retyped("good", "bad", "odd"),
    "ALTER TABLE a_check DROP CONSTRAINT positive", "ALTER TABLE a_check DROP CONSTRAINT of_two",
    "ALTER TABLE a_check ADD CONSTRAINT of_two CHECK (y IN ('one', 'two', 'many'))",
    "ALTER TABLE a_unique DROP CONSTRAINT once", "DROP INDEX once_lower",
    "ALTER TABLE a_key DROP CONSTRAINT leads", "ALTER TABLE an_exclusion DROP CONSTRAINT apart",
    "ALTER DOMAIN positive DROP CONSTRAINT positive_check",
)  # fmt: skip
DOWN = (
    WAIT, NULL[1].format("a_null"), NULL[1].format("is_empty"),
    "ALTER TABLE a_text ALTER x TYPE varchar(10)", "ALTER TABLE a_number ALTER x TYPE integer",
    "ALTER TABLE a_number ALTER y TYPE numeric(5,2)", *retyped("good", "bad"),
    "ALTER TABLE a_check DROP CONSTRAINT of_two",
    "ALTER TABLE a_check ADD CONSTRAINT of_two CHECK (y IN ('one', 'two'))",
    "ALTER TABLE a_check ADD CONSTRAINT positive CHECK (x > 0)",
    "ALTER TABLE a_unique ADD CONSTRAINT once UNIQUE (x)",
    "CREATE UNIQUE INDEX once_lower ON a_unique (lower(y)) WHERE y <> ''",
    "ALTER TABLE a_key ADD CONSTRAINT leads FOREIGN KEY (x) REFERENCES a_number (id)",
    "ALTER TABLE an_exclusion ADD CONSTRAINT apart EXCLUDE USING gist (x WITH &&)",
    "ALTER DOMAIN positive ADD CONSTRAINT positive_check CHECK (VALUE > 0)",
)  # fmt: skip
LOSES = (
    WAIT, "DELETE FROM a_null WHERE x IS NULL", "DELETE FROM is_empty WHERE x IS NULL", *DOWN[1:3],
    "ALTER TABLE a_text ALTER x TYPE varchar(10) USING left(x, 10)",
    "UPDATE a_number SET x = 2147483647 WHERE x > 2147483647",
    "UPDATE a_number SET y = 999.99 WHERE y > 999.99",
    *DOWN[4:6], "UPDATE an_enum SET x = 'bad' WHERE x = 'odd'", *DOWN[6:12],
    "UPDATE a_check SET y = NULL WHERE y = 'many'", "UPDATE a_check SET x = 1 WHERE x <= 0",
    *DOWN[12:15],
    ("DELETE FROM a_unique AS one USING a_unique AS other WHERE one.x = other.x "
    "AND one.id > other.id"),
    ("UPDATE a_unique AS one SET y = one.y || one.id FROM a_unique AS other WHERE lower(one.y) = "
    "lower(other.y) AND one.id <> other.id"),
    *DOWN[15:17], "DELETE FROM a_key WHERE x NOT IN (SELECT id FROM a_number)", *DOWN[17:18],
    ("DELETE FROM an_exclusion AS one USING an_exclusion AS other WHERE one.x && other.x "
    "AND one.id > other.id"), *DOWN[18:19], "UPDATE a_domain SET x = 1 WHERE x <= 0", *DOWN[19:],
)  # fmt: skip
HALF = """
with op.get_context().autocommit_block():
    op.execute('DROP INDEX early')
    op.execute('ALTER TABLE keyless ALTER x SET NOT NULL')
"""
LOOSE: dict[str, Project] = {
    "fails": Project(live=LIVE, up=sql(*UP), down=sql(*DOWN)),
    "loses": Project(live=LIVE, up=sql(*UP), down=sql(*LOSES)),
    "copes": Project(
        live=LIVE,
        up=sql(WAIT, NULL[0].format("a_null"), NULL[0].format("is_empty")),
        down=sql(
            WAIT,
            "UPDATE a_null SET x = '' WHERE x IS NULL",
            "UPDATE is_empty SET x = '' WHERE x IS NULL",
            NULL[1].format("a_null"),
            NULL[1].format("is_empty"),
        ),
    ),
    "fails-half-way": Project(
        live="CREATE TABLE keyless (x text NOT NULL); INSERT INTO keyless VALUES ('a')",
        up=sql(WAIT, NULL[0].format("keyless"), "CREATE INDEX early ON keyless (x)"),
        down=HALF,
        files={"r2.py": revision("r2", "r1", NEW, GONE)},
        loses=("extra",),
    ),
    "weakens": Project(
        live="CREATE TABLE soft (id serial PRIMARY KEY, x text CONSTRAINT once UNIQUE "
        "CONSTRAINT early CHECK (x ~ '^[a-c]$'), gone boolean NOT NULL DEFAULT false); "
        "INSERT INTO soft (x, gone) VALUES ('a', false), ('b', true), ('c', false)",
        up=sql(
            WAIT,
            "ALTER TABLE soft DROP CONSTRAINT once, DROP CONSTRAINT early",
            "CREATE UNIQUE INDEX soft_once ON soft (x) WHERE NOT gone",
            "ALTER TABLE soft ADD CONSTRAINT early CHECK (x ~ '^[a-d]$')",
        ),
        down=sql(
            WAIT,
            "DROP INDEX soft_once",
            "ALTER TABLE soft DROP CONSTRAINT early",
            "ALTER TABLE soft ADD CONSTRAINT early CHECK (x ~ '^[a-c]$')",
            "ALTER TABLE soft ADD CONSTRAINT once UNIQUE (x)",
        ),
    ),
    "of-two-columns": Project(
        live="CREATE TABLE a_pair (id serial PRIMARY KEY, x integer, y text, "
        "CONSTRAINT in_two CHECK (x > 0 AND y <> '')); INSERT INTO a_pair (x, y) "
        "VALUES (1, 'somebody')",
        up=sql(WAIT, "ALTER TABLE a_pair DROP CONSTRAINT in_two"),
        down=sql(WAIT, "ALTER TABLE a_pair ADD CONSTRAINT in_two CHECK (x > 0 AND y <> '')"),
    ),
    "is-judged": Project(
        live=LIVE,
        how='newly_allowed = "judged"',
        up=sql(WAIT, NULL[0].format("a_null")),
        down=sql(WAIT, NULL[1].format("a_null")),
    ),
    "fails-with-any-row": Project(
        live=LIVE,
        up=sql(WAIT, NULL[0].format("is_empty")),
        down=sql(
            WAIT,
            "ALTER TABLE is_empty ADD z integer NOT NULL",
            "ALTER TABLE is_empty DROP z",
            NULL[1].format("is_empty"),
        ),
    ),
    "first-rows": Project(
        live="CREATE TABLE none_yet (id serial PRIMARY KEY, x text NOT NULL, "
        "y text NOT NULL DEFAULT ''); CREATE TABLE none_too (LIKE none_yet INCLUDING ALL);"
        "CREATE TABLE is_cleared (id serial PRIMARY KEY, x text NOT NULL DEFAULT '')",
        up=sql(
            WAIT,
            "ALTER TABLE none_yet DROP x",
            "ALTER TABLE none_too DROP y",
            "ALTER TABLE is_cleared DROP x",
        ),
        down=sql(
            WAIT,
            "ALTER TABLE none_yet ADD x text NOT NULL",
            "ALTER TABLE none_too ADD y text NOT NULL DEFAULT ''",
            "DELETE FROM is_cleared",
            "ALTER TABLE is_cleared ADD x text NOT NULL DEFAULT ''",
        ),
        loses=("none_yet.x", "none_too.y", "is_cleared.x"),
    ),
    "no-such-row": Project(
        live=LIVE + "; CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE ''not here''; END'; CREATE TRIGGER no BEFORE INSERT OR UPDATE ON a_null "
        "FOR EACH ROW EXECUTE FUNCTION no()",
        up=sql(WAIT, NULL[0].format("a_null")),
        down=sql(WAIT, NULL[1].format("a_null")),
    ),
}
"""What is loosened on the way up and how it is narrowed again on the way down."""
WITH = "only with what it newly allows ({}): {}: r1"
TOLD: dict[str, list[tuple[str, str]]] = {
    "fails": [
        ("'many' in a_check.y, which CHECK ", 'constraint "of_two" of relation "a_check" is viol'),
        ("'0' in a_check.x, which CHECK ((x > 0)) refused", 'constraint "positive" of relation'),
        ("'0' in a_domain.x, which its domain refused", "violate the new constraint"),
        ("a row of a_key whose x is in no row of a_number", 'foreign key constraint "leads"'),
        ("NULL in a_null.x", 'column "x" of relation "a_null" contains null values'),
        ("'3000000000' in a_number.x, which was integer", "integer out of range"),
        ("'1000.00' in a_number.y, which was numeric(5,2)", "numeric field overflow"),
        ("'wwwwwwwwwww' in a_text.x, which was character varying(10)", "too long for type"),
        ("two rows of a_unique with the same x", 'could not create unique index "once"'),
        ("two rows of a_unique with the same y", 'could not create unique index "once_lower"'),
        ("'odd' in an_enum.x", 'invalid input value for enum mood: "odd"'),
        ("two rows of an_exclusion that EXCLUDE USING gist (x WITH &&) refused", '"apart"'),
        ("NULL in is_empty.x", 'column "x" of relation "is_empty" contains null values'),
    ],
    "loses": [
        ("'many' in a_check.y, which CHECK ", "it is NULL then"),
        ("'0' in a_check.x, which CHECK ((x > 0)) refused", "it is another value then"),
        ("'0' in a_domain.x, which its domain refused", "it is another value then"),
        ("a row of a_key whose x is in no row of a_number", "the row is deleted"),
        ("NULL in a_null.x", "the row is deleted"),
        ("'3000000000' in a_number.x, which was integer", "it is another value then"),
        ("'1000.00' in a_number.y, which was numeric(5,2)", "it is another value then"),
        (
            "'wwwwwwwwwww' in a_text.x, which was character varying(10)",
            "it is cut to 10 characters then",
        ),
        ("two rows of a_unique with the same x", "the row is deleted"),
        ("two rows of a_unique with the same y", "it is another value then"),
        ("'odd' in an_enum.x", "it is another value then"),
        ("two rows of an_exclusion that EXCLUDE USING gist (x WITH &&) refused", "is deleted"),
        ("NULL in is_empty.x", "the row is deleted"),
    ],
    "copes": [],
    "fails-half-way": [("NULL in keyless.x", "contains null values")],
    "of-two-columns": [("'0' in a_pair, which CHECK ", 'constraint "in_two" of relation "a_pair"')],
    "weakens": [("two rows of soft with the same x", 'could not create unique index "once"')],
    "is-judged": [("NULL in a_null.x", 'column "x" of relation "a_null" contains null values')],
    "fails-with-any-row": [],
    "first-rows": [],
    "no-such-row": [],
}
"""What is told of each: what is newly allowed, and what comes of it."""
ASIDE = {
    "weakens": "no witness was written: another value in soft.x, which CHECK ((x ~ '^[a-c]$'::text"
    ")) refused: new row for relation",
    "fails-with-any-row": "only with the first row of is_empty: downgrade exited with 1: ",
    "first-rows": "only with the first row of none_yet: downgrade exited with 1: ",
    "no-such-row": "no witness was written: NULL in a_null.x: not here",
}
"""What is told beside."""
FIRST = {"fails-with-any-row": 1, "first-rows": 2}
"""Of how many tables the first row alone does not come through."""
