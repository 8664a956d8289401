"""Every kind of object that ``pg_dump --schema-only`` shows is read, compared, and stays itself."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping

import psycopg
import pytest

from gate.catalog.diff import diff
from gate.catalog.dumped import differences, entries
from gate.catalog.expression import normal
from gate.catalog.model import Catalog
from gate.catalog.read import read_catalog
from gate.sources.rehearsal.second import opinion
from tests.selftest import runs, servers
from tests.selftest.catalog_kinds import KINDS, ROLES
from tests.selftest.conftest import Postgres

OURS_IS = 16
"""The version of the server of the other tests."""
RESTORED = [
    name
    for name, kind in KINDS.items()
    # pg_dump writes such a language as an extension, no label without its provider, and when the
    # trigger of such a partition fires before it makes the trigger.
    if not kind.apart
    and name not in ("language", "security label", "subscription", "partition of a partition")
]
WORDINGS = """
    CREATE TYPE state AS ENUM ('open', 'closed');
    CREATE TABLE worded (
        id bigint PRIMARY KEY, v varchar(9) DEFAULT 'a', c char(2), t text, n numeric, r real,
        s smallint, d date DEFAULT '2020-01-01', z timestamptz DEFAULT '2020-01-01', e state,
        j jsonb DEFAULT '{}', a text[] DEFAULT '{}', i interval DEFAULT '1 day',
        k varchar[] DEFAULT ARRAY['x', 'y']::varchar[],
        g text GENERATED ALWAYS AS (CASE WHEN v IN ('a', 'b') THEN 'x' ELSE v END) STORED,
        CHECK (v IN ('a', 'b,)', '(ARRAY[''x'']', 'c''')), CHECK (v NOT IN ('a', 'x')),
        CHECK (c IN ('a', 'b')), CHECK (n IN (1, 2)), CHECK (r IN (1, 2.5)), CHECK (s IN (1, -2)),
        CHECK (id IN (1, 2)), CHECK (e IN ('open', 'closed')), CHECK (d IN ('2020-01-01')),
        CHECK (v BETWEEN 'a' AND 'b' AND (n > -1 AND (r < 5 OR s = 1))), CHECK (v LIKE 'a%'),
        CHECK (v = ANY (ARRAY['a', 'b'])), CHECK (v = ANY ('{a,b}')), CHECK (t ~ '^(ARRAY['),
        CHECK (v LIKE ANY (ARRAY['a%', 'b%'])), CHECK (v || 'x' <> ALL (ARRAY['a', v, t])),
        CHECK (COALESCE(v, 'x') IN ('x', 'y')), CHECK (lower(v) IN ('x', 'y')),
        CHECK (a && ARRAY['a', 'b']::varchar[]::text[]), CHECK (i < '2 days')
    );
    CREATE TABLE worded_key (a integer PRIMARY KEY);
    CREATE TABLE worded_whole (a integer REFERENCES worded_key) PARTITION BY LIST (a);
    CREATE TABLE worded_part (a integer CONSTRAINT of_part REFERENCES worded_key);
    ALTER TABLE worded_whole ATTACH PARTITION worded_part FOR VALUES IN (1);
    CREATE OPERATOR ==== (leftarg = integer, rightarg = integer, function = int4eq,
        negator = !===);
    DROP OPERATOR ==== (integer, integer);
    CREATE DOMAIN worded_domain AS varchar(9) CHECK (VALUE IN ('a', 'b'));
    CREATE FUNCTION app.worded_first() RETURNS text LANGUAGE sql AS 'SELECT 1::text';
    SET search_path = app, public;
    CREATE DOMAIN app.worded_begun AS text DEFAULT worded_first();
    RESET search_path;
    CREATE FUNCTION worded_given(a text[] DEFAULT ARRAY['a', 'b']::varchar[]::text[],
        b boolean DEFAULT 1 BETWEEN 0 AND 2 AND (3 < 4 AND 5 < 6)) RETURNS integer LANGUAGE sql
        AS 'SELECT 1';
    CREATE INDEX ix_worded ON worded ((v IN ('a', 'b'))) WHERE v IN ('a', 'b');
    CREATE VIEW worded_view AS SELECT w.*, w.v IN ('a', 'b') AS one FROM worded AS w
        JOIN worded AS x USING (id) WHERE w.v IN ('a', 'b') OR w.c NOT IN ('x', 'y');
    CREATE MATERIALIZED VIEW worded_kept AS SELECT v FROM worded WHERE v IN ('a', 'b');
    CREATE POLICY worded_policy ON worded USING (v IN ('a', 'b')) WITH CHECK (v IN ('a', 'b'));
    CREATE RULE worded_rule AS ON UPDATE TO worded WHERE old.v IN ('a', 'b') DO INSTEAD NOTHING;
    CREATE FUNCTION worded_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER worded_t BEFORE UPDATE ON worded FOR EACH ROW WHEN (new.v IN ('a', 'b'))
        EXECUTE FUNCTION worded_f();
"""
PARSED = 14
"""The first major version of statistics on expressions and of functions with a parsed body."""
WORDINGS_PARSED = """
    CREATE STATISTICS worded_s ON (v IN ('a', 'b')), id FROM worded;
    CREATE FUNCTION worded_atomic(v varchar) RETURNS boolean LANGUAGE sql
        BEGIN ATOMIC SELECT v IN ('a', 'b'); END;
"""
NAMED = 18
"""The first major version in which a NOT NULL has a name."""
WORDINGS_NAMED = """
    CREATE TABLE worded_needed (a integer) PARTITION BY LIST (a);
    ALTER TABLE worded_needed ADD CONSTRAINT of_whole NOT NULL a NOT VALID;
    CREATE TABLE worded_needs (a integer);
    ALTER TABLE worded_needs ADD CONSTRAINT of_part NOT NULL a NOT VALID;
    ALTER TABLE worded_needed ATTACH PARTITION worded_needs FOR VALUES IN (1);
    CREATE TABLE worded_above (a integer NOT NULL);
    CREATE TABLE worded_below (a integer CONSTRAINT worded_above_a_not_null NOT NULL)
        INHERITS (worded_above);
"""


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Conninfo of an empty database, for what is rolled back."""
    postgres: Postgres = request.getfixturevalue("postgres")
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        admin.execute(ROLES)
        admin.execute("CREATE DATABASE kinds")
        conninfo = psycopg.conninfo.make_conninfo(postgres.conninfo, dbname="kinds")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA app")
        yield conninfo
        admin.execute("DROP DATABASE kinds WITH (FORCE)")


@pytest.mark.parametrize("name", KINDS)
def test_every_change_of_a_kind_is_named(server: str, name: str) -> None:
    """Whatever of it is changed, the diff names that, and nothing else."""
    kind = KINDS[name]
    with psycopg.connect(server) as connection:
        if connection.info.server_version // 10000 < kind.since:
            return  # the server of the tests knows no such thing
        connection.execute(kind.make.encode())
        before = read_catalog(connection, whole=True, itself=True)
        assert diff(before, read_catalog(connection, whole=True, itself=True)).empty
        for change, lines in kind.changes.items():
            connection.execute("SAVEPOINT one")
            connection.execute(change.replace("{database}", "kinds").encode())
            found = diff(before, read_catalog(connection, whole=True, itself=True)).lines()
            expected = sorted(lines.split("; ")) if lines else []
            assert sorted(one.split(": ", 1)[0] for one in found) == expected, (change, found)
            connection.execute("ROLLBACK TO one")
        connection.rollback()


BY_CHANGE = """
    COMMENT ON SCHEMA app IS 'x'; GRANT USAGE ON SCHEMA app TO reader;
    CREATE TABLE dumped (id serial, a int DEFAULT 1);
    CREATE VIEW dumped_one AS SELECT id FROM dumped;
    ALTER TABLE dumped ENABLE ROW LEVEL SECURITY; ALTER VIEW dumped_one ALTER id SET DEFAULT 1;
    ALTER DATABASE kinds SET work_mem = '1MB'; ALTER TABLE dumped ADD CHECK (a > 0) NOT VALID
"""
"""What is no kind of its own, and an entry of its own in a dump."""
SHOWN = dict.fromkeys(
    (
        *("ACCESS METHOD", "ACL", "AGGREGATE", "CAST", "CHECK CONSTRAINT", "COLLATION", "COMMENT"),
        *("CONSTRAINT", "CONVERSION", "DATABASE", "DATABASE PROPERTIES", "DEFAULT", "DEFAULT ACL"),
        *("DOMAIN", "EVENT TRIGGER", "EXTENSION", "FK CONSTRAINT", "FOREIGN DATA WRAPPER"),
        *("FOREIGN TABLE", "FUNCTION", "INDEX", "INDEX ATTACH", "MATERIALIZED VIEW", "OPERATOR"),
        *("OPERATOR CLASS", "OPERATOR FAMILY", "POLICY", "PROCEDURAL LANGUAGE", "PROCEDURE"),
        *("PUBLICATION", "PUBLICATION TABLE", "ROW SECURITY", "RULE", "SCHEMA", "SECURITY LABEL"),
        *("SEQUENCE", "SEQUENCE OWNED BY", "SERVER", "SHELL TYPE", "STATISTICS", "SUBSCRIPTION"),
        *("TABLE", "TABLE ATTACH", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY"),
        *("TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE", "TRANSFORM", "TRIGGER", "TYPE"),
        *("USER MAPPING", "VIEW"),
    ),
    13,
) | {"PUBLICATION TABLES IN SCHEMA": 15}
"""Types of entries of ``pg_dump --schema-only --create``, and the version from which they are."""
OTHERS = {major: folder for major, folder in servers.installed().items() if major != OURS_IS}


@pytest.mark.parametrize("major", OTHERS or [0])
def test_other_versions_are_read(major: int) -> None:
    """Every kind that a version knows, and every change of it, on each that is installed."""
    if not major:
        pytest.skip(f"no other version is installed; {servers.FOLDERS} names folders of some")
    with servers.server((major, OTHERS[major])) as found:
        with psycopg.connect(found.conninfo, autocommit=True) as admin:
            admin.execute(ROLES)
            admin.execute("CREATE DATABASE kinds")
        conninfo = psycopg.conninfo.make_conninfo(found.conninfo, dbname="kinds")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA app")
        for name in KINDS:
            test_every_change_of_a_kind_is_named(conninfo, name)


INSTALLED = servers.installed()


@pytest.fixture(scope="module", params=INSTALLED)
def whole(request: pytest.FixtureRequest) -> Iterator[tuple[pathlib.Path, str]]:
    """Programs of a version, and a database of it with everything that a dump can carry."""
    with servers.server((request.param, INSTALLED[request.param])) as found:
        with psycopg.connect(found.conninfo, autocommit=True) as admin:
            admin.execute(ROLES)
            for name in ("one", "two", "three", "kinds"):
                admin.execute(f"CREATE DATABASE {name}".encode())
        one = psycopg.conninfo.make_conninfo(found.conninfo, dbname="one")
        with psycopg.connect(one, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA app")
            for name in RESTORED:
                if found.major >= KINDS[name].since:
                    connection.execute(KINDS[name].make.encode())
            connection.execute(WORDINGS)
            if found.major >= PARSED:
                connection.execute(WORDINGS_PARSED)
            if found.major >= NAMED:
                connection.execute(WORDINGS_NAMED)
        yield _programs(found.major), one


def _programs(major: int) -> pathlib.Path:
    """Where the oldest ``pg_dump`` is that can dump a version; not every package has one."""
    for one, folder in INSTALLED.items():
        if one >= major and (folder / "pg_dump").exists() and (folder / "psql").exists():
            return folder
    pytest.skip(f"no pg_dump of version {major} or newer is installed")


def test_a_dump_and_a_restore_are_no_difference(whole: tuple[pathlib.Path, str]) -> None:
    """Neither OIDs nor wordings: what ``pg_dump`` writes and a server reads again is the same."""
    binaries, one = whole
    two, three = (psycopg.conninfo.make_conninfo(one, dbname=name) for name in ("two", "three"))
    _restore(binaries, one, two)
    _restore(binaries, two, three)
    catalogs = [_read(each) for each in (one, two, three)]
    assert diff(catalogs[0], catalogs[1]).lines() == []
    assert diff(catalogs[1], catalogs[2]).lines() == []
    texts = [_dump(binaries, each).decode() for each in (one, two)]
    assert texts[0] != texts[1], "nothing was worded anew: the test shows nothing"
    assert differences(entries(texts[0]), entries(texts[1])) == []


SAME = {
    "collation order_1": {"collprovider": "c", "collcollate": "C", "collctype": "C",
                          "collisdeterministic": True},
    "database locale": {"encoding": 6, "datcollate": "C.UTF-8", "datctype": "C.UTF-8"},
    "publication every": {"puballtables": True, "pubinsert": True, "pubupdate": True,
                          "pubdelete": True, "pubtruncate": True, "pubviaroot": False},
}  # fmt: skip
"""What has other columns in the catalogs of other versions, where nothing is said by them."""


def test_every_version_says_it_in_the_same_words(whole: tuple[pathlib.Path, str]) -> None:
    """A clone of a newer version differs from its original by what is other, and by nothing."""
    catalog = _read(whole[1])
    assert {key: json.loads(catalog.objects[key]) for key in SAME} == SAME


def test_a_rule_may_have_the_name_of_a_views(server: str) -> None:
    """Before PostgreSQL 18 one of a table may be called as the one that a view is."""
    with psycopg.connect(server) as connection:
        connection.execute("CREATE TABLE ruled (a integer)")
        before = read_catalog(connection, whole=True)
        connection.execute("CREATE RULE keep AS ON DELETE TO ruled DO INSTEAD NOTHING")
        connection.execute('ALTER RULE keep ON ruled RENAME TO "_RETURN"')
        found = diff(before, read_catalog(connection, whole=True))
        connection.rollback()
    assert list(found.extra) == ["rule ruled._RETURN"]


def test_all_that_a_dump_can_show_is_tried(whole: tuple[pathlib.Path, str]) -> None:
    """Every type of entry that ``pg_dump --schema-only`` writes is one of a kind that is here."""
    binaries, one = whole
    conninfo = psycopg.conninfo.make_conninfo(one, dbname="kinds")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        major = connection.info.server_version // 10000
        connection.execute("CREATE SCHEMA app")
        # The one that every server has is dumped where it is not the one that it began with.
        connection.execute("DROP EXTENSION plpgsql; CREATE EXTENSION plpgsql")
        for kind in KINDS.values():
            if major >= kind.since:
                connection.execute(kind.make.encode())
        connection.execute(BY_CHANGE.encode())
    text = _dump(binaries, conninfo, "--schema-only", "--create").decode()
    shown = set(re.findall(r"^-- Name: .*; Type: (.+); Schema: ", text, re.MULTILINE))
    assert shown == {name for name, since in SHOWN.items() if major >= since}


def test_the_documents_say_what_is_compared() -> None:
    """Each group and each type of entry stands in the list, with the version that brought it."""
    text = " ".join((runs.ROOT / "docs" / "howto" / "rehearsal.md").read_text("utf-8").split())
    section = text.partition("### What is compared of the catalog")[2].partition(" ### ")[0]
    changes = sum(len(kind.changes) for kind in KINDS.values())
    for words in (
        f"entries of {len(SHOWN)} types: {_listed(SHOWN)}. ",
        f"make {changes} changes",
        f"has them: {_listed({name: kind.since for name, kind in KINDS.items()})}.",
    ):
        assert words in section


def _listed(since: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name} ({one})" if one > min(SHOWN.values()) else name for name, one in since.items()
    )


def _read(conninfo: str) -> Catalog:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return read_catalog(connection, whole=True)


def _dump(binaries: pathlib.Path, conninfo: str, *more: str) -> bytes:
    words = [str(binaries / "pg_dump"), *(more or ("--schema-only",)), "-d", conninfo]
    ended = subprocess.run(words, capture_output=True, check=True, timeout=60)  # noqa: S603
    return ended.stdout


def _restore(binaries: pathlib.Path, one: str, two: str) -> None:
    ended = subprocess.run(  # noqa: S603 - of the package
        [binaries / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", two],
        input=_dump(binaries, one, "-Fp"), capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr.decode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("((v)::text = ANY ((ARRAY['a'::character varying])::text[]))",
         "((v)::text = ANY (ARRAY[('a'::character varying)::text]))"),
        ("ANY ((ARRAY['a,]'::varchar, f(b, ARRAY[1, 2])])::numeric(5,2)[])",
         "ANY (ARRAY[('a,]'::varchar)::numeric(5,2), (f(b, ARRAY[1, 2]))::numeric(5,2)])"),
        ("((ARRAY[(ARRAY['a'::character varying])::text[]])::app.\"T x\"[])",
         "(ARRAY[(ARRAY[('a'::character varying)::text])::app.\"T x\"])"),
        ("'(ARRAY[''a''])::text[]'::text", "'(ARRAY[''a''])::text[]'::text"),
        ("CHECK ((((a >= 1) AND (a <= 2)) AND ((b > 1) AND ((c < 5) OR ((d = 1) OR e)))))",
         "CHECK (((a >= 1) AND (a <= 2) AND (b > 1) AND ((c < 5) OR (d = 1) OR e)))"),
        ("(a = ANY (ARRAY['x'::character varying, a || b]::text[]))",
         "(a = ANY (ARRAY['x'::character varying::text, (a || b)::text]))"),
        ("((a AND b) OR c)", "((a AND b) OR c)"), ("(' AND (' OR (a))", "(' AND (' OR (a))"),
        ("a) AND (b", "a) AND (b"), ("(a) AND ((b) AND (c", "(a) AND ((b) AND (c"),
        ("(ARRAY['never closed'", "(ARRAY['never closed'"),
        ("(ARRAY[1, 2])", "(ARRAY[1, 2])"),
        ("(ARRAY[1, 2])::bigint", "(ARRAY[1, 2])::bigint"),
    ],
)  # fmt: skip
def test_an_expression_has_one_form(text: str, told: str) -> None:
    """A cast of an array is put on its elements, quotes are left alone, and twice is once."""
    assert normal(text) == told
    assert normal(told) == told


DUMP = """
\\restrict {drawn}
SET default_tablespace = '';
-- Name: a; Type: TABLE; Schema: public; Owner: x
--

CREATE TABLE public.a (
    {columns}
);
-- Name: ix; Type: INDEX; Schema: public; Owner: x
--
CREATE INDEX ix ON public.a USING btree (b){more};
\\unrestrict {drawn}
"""


def test_a_dump_is_taken_apart() -> None:
    """Order, comments and tokens are no difference; what is, is named by kind and name."""
    one = DUMP.format(drawn="x1", columns="b integer,\n    c text", more="")
    two = DUMP.format(drawn="x2", columns="c text,\n    b integer", more="")
    three = DUMP.format(drawn="x3", columns="b integer,\n    c text", more=" WHERE (b > 1)")
    assert differences(entries(one), entries(two)) == []
    was = "CREATE INDEX ix ON public.a USING btree (b)"
    found = differences(entries(one), entries(three))
    assert found == [f"~ INDEX public.ix: {was}; -> {was} WHERE (b > 1);"]
    assert differences(entries(one), {}) == ["- INDEX public.ix", "- TABLE public.a"]


def test_a_second_opinion_sees_more(make_database: Callable[[], str], postgres: Postgres) -> None:
    """Where a subscription leads to is a superuser's to read: ``pg_dump`` sees it change."""
    conninfo = make_database()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(KINDS["subscription"].make.encode())
        was = _dump(postgres.binaries, conninfo).decode()
        before = read_catalog(connection, whole=True)
        connection.execute("ALTER SUBSCRIPTION taken CONNECTION 'dbname=y'")
        now = _dump(postgres.binaries, conninfo).decode()
        after = read_catalog(connection, whole=True)
        connection.execute("DROP SUBSCRIPTION taken")
    assert diff(before, after).empty
    (found,) = opinion(entries(was), entries(now), "alembic_version")
    assert found.startswith("pg_dump shows a difference that the catalog does not: ~ SUBSCRIPTION")
    assert opinion("it is not there", entries(now), "alembic_version") == ()
    assert opinion({}, entries(DUMP.format(drawn="x", columns="b", more="")), "a") == ()
