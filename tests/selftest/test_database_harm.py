"""Harm to a database that no item speaks of is named where it differs from before."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import psycopg
import pytest
import tomli
from psycopg.conninfo import conninfo_to_dict

from gate.catalog.read import read_catalog
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ObservationError
from gate.kinds.database import recorded
from gate.kinds.judge import compare
from gate.kinds.unspoken import UNSAID
from gate.recorder.chapters import chapter_text
from gate.recorder.live import record
from gate.sources.database.facts import DatabaseFacts
from gate.target import Target
from tests.selftest.databases import BASE, RESTORED, scene, seen, target

__all__ = ["target"]

OTHERS = "nothing_else = true\n"
ITEMS = f"""
[table.users]
{BASE}columns = {{ id = "integer not null", name = "text" }}
keys = {{ users_pkey = "PRIMARY KEY (id)" }}
[table.tickets]
{BASE}columns = {{ id = "integer not null default nextval('tickets_id_seq'::regclass)", author = "integer" }}
keys = {{ tickets_pkey = "PRIMARY KEY (id)", fk = "FOREIGN KEY (author) REFERENCES users(id)" }}
[table.alembic_version]
{BASE}columns = {{ version_num = "character varying(32)" }}
[table.news]
{BASE}before = "absent"
columns = {{ id = "integer not null default nextval('news_id_seq'::regclass)", text = "text" }}
keys = {{ news_pkey = "PRIMARY KEY (id)" }}
[column.kind]
{BASE}before = "absent"
table = "users"
column = "kind"
definition = "text"
"""  # noqa: E501 - a contract
NEWS = "CREATE TABLE news (id serial PRIMARY KEY, text text); ALTER TABLE users ADD kind text;"
HARM = {
    "ALTER TABLE tickets OWNER TO gate_reader": "table tickets: owner postgres -> gate_reader",
    "ALTER TABLE tickets SET UNLOGGED": "table tickets: permanent -> unlogged",
    "ALTER TABLE tickets ENABLE ROW LEVEL SECURITY": "table tickets: none -> row security",
    "ALTER TABLE tickets FORCE ROW LEVEL SECURITY": "table tickets: none -> forced row security",
    "REVOKE SELECT ON users FROM gate_reader": "grant on table users to gate_reader is gone (SELECT)",  # noqa: E501
    "GRANT INSERT ON users TO gate_reader": "grant on table users to gate_reader: none -> INSERT",
    "GRANT UPDATE (name) ON users TO PUBLIC": "grant on column users.name to PUBLIC is new (UPDATE)",  # noqa: E501
    "GRANT CREATE ON SCHEMA public TO gate_reader": "grant on schema public to gate_reader",
    "REVOKE EXECUTE ON FUNCTION touch() FROM PUBLIC": "grant on function touch() to PUBLIC",
    "GRANT USAGE ON SEQUENCE tickets_id_seq TO PUBLIC": "grant on sequence tickets_id_seq to PUBLIC",  # noqa: E501
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC": "default grant of postgres on tables",
    "DROP POLICY own ON tickets": "policy tickets.own is gone",
    "ALTER TABLE tickets DISABLE TRIGGER touched": "trigger tickets.touched: ",
    "ALTER TABLE tickets DISABLE TRIGGER ALL": "trigger tickets of constraint fk is new",
    "CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING": "rule users.keep is new",
    "CREATE OR REPLACE VIEW open AS SELECT id FROM tickets WHERE id > 1": "view open: ",
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'": "function touch(): ",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone TO ''Asia/Tokyo''',"
    " current_database()); END $$": "setting TimeZone is new (Asia/Tokyo)",
    "DO $$ BEGIN EXECUTE format('ALTER ROLE gate_reader IN DATABASE %I SET work_mem TO ''1MB''',"
    " current_database()); END $$": "setting work_mem of role gate_reader in this database is new",
    "CREATE EXTENSION vector": "extension vector is new",
    "ALTER TABLE users ALTER name SET STORAGE EXTERNAL": "column users.name: none -> external",
    "ALTER TABLE news SET UNLOGGED": "table news is new (unlogged, owner postgres)",
    "ALTER TABLE news OWNER TO gate_reader": "table news is new (permanent, owner gate_reader)",
    "GRANT SELECT ON news TO PUBLIC": "grant on table news to PUBLIC is new (SELECT)",
}
Judge = Callable[..., tuple[str, ...]]


@pytest.fixture
def judge(target: Target, tmp_path: pathlib.Path) -> Judge:
    """What is broken of ``nothing_else`` between two looks."""

    def judge(
        now: DatabaseFacts,
        was: DatabaseFacts | None,
        keys: str = "",
        *,
        moment: Moment = "postdeploy",
        items: str = ITEMS,
    ) -> tuple[str, ...]:
        text = f"[database.rest]\n{BASE}{OTHERS}{keys}\n{items}"
        two = scene(target, tmp_path, text, now, was, moment)
        return compare(two.contract.promise("database.rest"), two).broken

    return judge


def _do(database: str, *statements: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for one in statements:
            connection.execute(one)


@pytest.mark.parametrize(("change", "words"), HARM.items(), ids=HARM.values())
def test_harm_is_named(
    target: Target, database: str, judge: Judge, change: str, words: str
) -> None:
    """Whatever a deployment changes that nobody promised is named; declared, it is not."""
    was = seen(target, whole=True)
    _do(database, NEWS, change)
    now = seen(target, whole=True)
    broken = judge(now, was)
    assert any(words in one for one in broken), broken
    declared = "changes = {{ {} }}".format(", ".join(map(_declared, broken)))
    assert judge(now, was, declared) == ()


def _declared(sentence: str) -> str:
    for word, how in ((" is gone", "removed"), (" is new", "added"), (": ", "changed")):
        key, found, _ = sentence.partition(word)
        if found:
            return f"'{key}' = '{how}'"
    raise ValueError(sentence)


def test_promised_changes_are_no_harm(target: Target, database: str, judge: Judge) -> None:
    """A table that the contract has come brings its sequence and what is granted by default."""
    _do(database, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO gate_reader")
    was = seen(target, whole=True)
    _do(database, NEWS, "COMMENT ON TABLE news IS 'new'")
    now = seen(target, whole=True)
    assert "grant on table news to gate_reader" in now.catalog.objects
    assert judge(now, was) == ()
    assert judge(was, None, moment="predeploy") == ()


def test_what_goes_takes_its_own_along(target: Target, database: str, judge: Judge) -> None:
    """A table that the contract has go takes rights, triggers and policies with it."""
    was = seen(target, whole=True)
    _do(database, NEWS, "DROP TABLE tickets CASCADE")
    now = seen(target, whole=True)
    gone = ITEMS.replace(f"[table.tickets]\n{BASE}", f'[table.tickets]\n{BASE}after = "absent"\n')
    (only,) = judge(now, was, items=gone)
    assert only.startswith("view open is gone")


def test_declared_and_not_done(target: Target, database: str, judge: Judge) -> None:
    """A declared change that did not happen is told, whatever else did."""
    was = seen(target, whole=True)
    _do(database, NEWS)
    keys = 'changes = { "grant on table * to app" = "added" }'
    broken = judge(seen(target, whole=True), was, keys)
    assert broken == ("grant on table * to app is declared as added, and is not",)


def test_a_star_is_all_that_a_key_means(target: Target, database: str, judge: Judge) -> None:
    """Brackets and dots of a key stand for themselves."""
    was = seen(target, whole=True)
    _do(database, NEWS, "CREATE FUNCTION f(a integer[]) RETURNS integer LANGUAGE sql RETURN 1")
    now = seen(target, whole=True)
    assert judge(now, was, 'changes = { "function f(a integer[])" = "added" }') == ()
    assert judge(now, was, 'changes = { "function *" = "added" }') == ()
    assert len(judge(now, was, 'changes = { "function f.a integer.*" = "added" }')) == 2


def test_without_a_look_from_before(target: Target, judge: Judge, database: str) -> None:
    """Nothing to compare with is no agreement; what is a stranger anyway is told."""
    _do(database, NEWS)
    now = seen(target, whole=True)
    with pytest.raises(ObservationError, match=r"cannot tell .*no look from before"):
        judge(now, None)
    with pytest.raises(ObservationError, match="the look before read no functions"):
        judge(now, now.model_copy(update={"catalog": seen(target).catalog}))
    _do(database, "CREATE TABLE stranger (id integer)")
    assert judge(seen(target, whole=True), None) == ("table stranger is not in the contract",)


def test_a_rollback_is_compared_as_well(target: Target, database: str, judge: Judge) -> None:
    """Where nothing promises the whole catalog, a rollback that leaves a right behind is told."""
    was = seen(target, whole=True)
    _do(database, "GRANT DELETE ON users TO PUBLIC")
    now = seen(target, whole=True)
    keys = 'changes = { "grant on table users to PUBLIC" = "added" }'
    (only,) = judge(now, was, keys, moment="rollback")
    assert only == "grant on table users to PUBLIC is new (DELETE)"
    assert judge(now, was, keys, moment="rollback", items=ITEMS + RESTORED) == ()


def test_a_listing_holds_before_anything(target: Target, database: str, judge: Judge) -> None:
    """What was recorded holds at once; what comes, goes or changes then is told at any moment."""
    _do(database, 'CREATE FUNCTION "odd ""name"(a text) RETURNS text LANGUAGE sql RETURN a')
    now = seen(target, whole=True)
    (one,) = [one for one in recorded(now.catalog) if one.name == "nothing_else"]
    text = chapter_text("database", {"database": {"rest": {"source": "s", **one.keys}}})
    listing = tomli.loads(text)["database"]["rest"]["listing"]
    keys = text.partition("nothing_else = true")[2]
    for table in ("users", "tickets", "alembic_version"):
        assert listing[f"table {table}"] == "permanent, owner postgres"
    assert judge(now, None, keys, moment="predeploy") == ()
    _do(
        database,
        "GRANT TRUNCATE ON users TO PUBLIC",
        "ALTER TABLE tickets OWNER TO gate_reader",
        "DROP POLICY own ON tickets",
    )
    assert set(judge(seen(target, whole=True), None, keys, moment="predeploy")) >= {
        "grant on table users to PUBLIC is not listed (TRUNCATE)",
        "table tickets: owner postgres -> gate_reader",
        "policy tickets.own is missing (permissive for all to PUBLIC using (id > 0))",
    }
    with pytest.raises(ObservationError, match="the look now read no functions"):
        judge(seen(target), None, keys, moment="predeploy")


def test_what_is_recorded_of_a_live_database_holds(
    target: Target, database: str, tmp_path: pathlib.Path
) -> None:
    """The chapter that is written holds at once, with its listing; harm to it is told then."""
    chapters, _ = record(target, Contract(system="", cwd="/", folder="", sha256="", promises={}))
    now = seen(target, whole=True)
    one = scene(target, tmp_path, chapters["database"], now, None, "predeploy")
    assert "[database.nothing_else.listing]" in chapters["database"]
    for promise in one.contract.at("predeploy"):
        assert compare(promise, one).broken == (), promise.id
    _do(database, "GRANT DELETE ON users TO PUBLIC")
    later = scene(
        target, tmp_path, chapters["database"], seen(target, whole=True), None, "predeploy"
    )
    finding = compare(later.contract.promise("database.nothing_else"), later)
    assert finding.broken == ("grant on table users to PUBLIC is not listed (DELETE)",)


NAMESAKE = """
    CREATE SCHEMA audit; CREATE TABLE audit (id integer); CREATE TABLE audit.log (id integer);
    CREATE TRIGGER kept BEFORE UPDATE ON audit.log FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TRIGGER gone BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE POLICY kept ON audit.log USING (id > 0);
    GRANT SELECT ON audit, audit.log TO gate_reader; GRANT UPDATE (id) ON audit TO gate_reader;
    GRANT USAGE ON SCHEMA audit TO gate_reader, PUBLIC;
"""
LOST = {
    "DROP TRIGGER kept ON audit.log": "trigger audit.log.kept is gone",
    "DROP POLICY kept ON audit.log": "policy audit.log.kept is gone",
    "REVOKE SELECT ON audit.log FROM gate_reader": "grant on table audit.log to gate_reader is",
    "REVOKE USAGE ON SCHEMA audit FROM gate_reader": "grant on schema audit to gate_reader is gone",
}


@pytest.mark.parametrize(("change", "words"), LOST.items(), ids=LOST.values())
def test_a_schema_that_is_called_as_what_goes(
    target: Target, database: str, judge: Judge, change: str, words: str
) -> None:
    """What goes with a table is its own; in a schema of that name everything stays."""
    _do(database, NAMESAKE)
    of = f'{BASE}columns = {{ id = "integer" }}\n'
    items = f'{ITEMS}[table.audit]\n{of}after = "absent"\n[table."audit.log"]\n{of}'
    was = seen(target, whole=True)
    _do(database, NEWS, "DROP TABLE audit")
    assert judge(seen(target, whole=True), was, items=items) == ()
    _do(database, change)
    (found,) = judge(seen(target, whole=True), was, items=items)
    assert found.startswith(words)


PEPPER = "Zk3J9xQ27bTqLm81"


def test_what_an_application_sets_is_not_written_down(
    target: Target, database: str, tmp_path: pathlib.Path
) -> None:
    """A setting of an application's own may be a secret, as may what is compared in a policy.

    They stay in the listing, without what they are: another one is told where it is new.
    """
    name = conninfo_to_dict(database)["dbname"]
    _do(
        database,
        f"ALTER DATABASE {name} SET shop.pepper = '{PEPPER}'",
        f"CREATE POLICY seen ON users USING (name = 'password={PEPPER}')",
    )
    nothing = Contract(system="", cwd="/", folder="", sha256="", promises={})
    text = record(target, nothing)[0]["database"]
    assert PEPPER not in text
    listing = tomli.loads(text)["database"]["nothing_else"]["listing"]
    assert listing["setting shop.pepper"] == UNSAID
    now = scene(target, tmp_path, text, seen(target, whole=True), None, "predeploy")
    others = now.contract.promise("database.nothing_else")
    assert compare(others, now).broken == ()
    _do(database, f"ALTER DATABASE {name} SET shop.other = 'x'")
    later = scene(target, tmp_path, text, seen(target, whole=True), None, "predeploy")
    assert "setting shop.other is not listed" in str(compare(others, later).broken)


def test_a_login_at_another_server_is_not_written_down(database: str) -> None:
    """Not even what can be tried against a guess: a superuser sees the password of a mapping."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER there FOREIGN DATA WRAPPER far;"
            f"CREATE USER MAPPING FOR PUBLIC SERVER there OPTIONS (password '{PEPPER}')"
        )
        catalog = read_catalog(connection, whole=True)
    key = "user mapping for public on there"
    assert catalog.objects[key].startswith("mapping md5 ")
    (listing,) = (one.keys["listing"] for one in recorded(catalog) if "listing" in one.keys)
    assert listing[key] == UNSAID
    assert listing["foreign server there"] != UNSAID


@pytest.mark.parametrize(("schema", "says"), [("elsewhere", ""), ("public", "is in the schema")])
def test_the_schema_of_an_extension(
    target: Target, database: str, tmp_path: pathlib.Path, schema: str, says: str
) -> None:
    """Promised, it holds or is broken; not promised, any will do."""
    _do(database, "CREATE SCHEMA elsewhere", "CREATE EXTENSION vector SCHEMA elsewhere")
    base = '[extension.vector]\ntitle = "t"\nsource = "s"\n'
    for text, expected in ((f'{base}schema = "{schema}"\n', says), (base, "")):
        one = scene(target, tmp_path, text, seen(target), None, "predeploy")
        broken = compare(one.contract.promise("extension.vector"), one).broken
        assert bool(broken) == bool(expected), broken
        assert expected in "".join(map(str, broken))
