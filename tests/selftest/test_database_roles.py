"""Roles and their members belong to all databases: what matters to this one is compared."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator

import psycopg
import pytest

from gate.catalog.read import read_catalog
from gate.catalog.roles import THEIRS
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.sources.database.facts import DatabaseFacts
from gate.target import Target
from tests.selftest import servers
from tests.selftest.databases import BASE, RESTORED, scene, seen, target
from tests.selftest.test_database_harm import ITEMS

__all__ = ["target"]
OWN = ("roles_owner", "roles_app", "roles_idle", "roles_other")
BEGIN = """
    CREATE ROLE roles_owner; CREATE ROLE roles_app LOGIN; CREATE ROLE roles_idle LOGIN;
    CREATE ROLE roles_other; ALTER TABLE users OWNER TO roles_owner;
    GRANT SELECT ON tickets TO roles_app;
"""
END = f"""
    ALTER TABLE users OWNER TO CURRENT_USER; ALTER TABLE tickets OWNER TO CURRENT_USER;
    DROP OWNED BY {", ".join(OWN)}; DROP ROLE {", ".join(OWN)}, roles_new;
"""
HARM = {
    "GRANT roles_owner TO roles_app": "membership of roles_app in roles_owner is new (member",
    "GRANT roles_owner TO roles_idle WITH ADMIN OPTION":
        "membership of roles_idle in roles_owner is new (member, with admin option",
    "GRANT pg_write_all_data TO roles_idle":
        "membership of roles_idle in pg_write_all_data is new (member",
    "GRANT roles_owner TO roles_other; GRANT roles_other TO roles_idle":
        "membership of roles_idle in roles_other is new (member",
    "ALTER ROLE roles_app BYPASSRLS": "role roles_app: none -> bypasses row security",
    "ALTER ROLE roles_app SUPERUSER": "role roles_app: none -> superuser",
    "ALTER ROLE roles_idle SUPERUSER": "role roles_idle is new (login, superuser)",
    "ALTER ROLE roles_idle BYPASSRLS": "role roles_idle is new (login, bypasses row security)",
    "ALTER ROLE roles_app REPLICATION": "role roles_app: none -> replication",
    "ALTER ROLE roles_app CREATEROLE": "role roles_app: none -> creates roles",
    "ALTER ROLE roles_app CREATEDB": "role roles_app: none -> creates databases",
    "ALTER ROLE roles_app NOLOGIN": "role roles_app: login -> no login",
    "ALTER ROLE roles_owner LOGIN": "role roles_owner: no login -> login",
    "ALTER ROLE roles_app NOINHERIT": "role roles_app: none -> does not inherit",
    "ALTER ROLE roles_app CONNECTION LIMIT 3": "role roles_app: none -> at most 3 connections",
    "ALTER ROLE roles_app VALID UNTIL '2020-01-01Z'":
        "role roles_app: none -> valid until 2020-01-01 00:00:00+00",
    "GRANT SELECT ON tickets TO roles_idle; ALTER ROLE roles_idle BYPASSRLS":
        "role roles_idle is new (login, bypasses row security)",
}  # fmt: skip
HARMLESS = {
    "a role that holds nothing here": "CREATE ROLE roles_new LOGIN CREATEDB",
    "a member of a role that holds nothing here": "GRANT roles_idle TO roles_other",
    "a password": "ALTER ROLE roles_app PASSWORD 'x'",
}
Judge = Callable[..., tuple[str, ...]]


@pytest.fixture
def roles(target: Target, database: str) -> Iterator[Callable[[str], None]]:
    """Roles beside the gate's; returns what does something as a superuser."""
    assert target.database is not None
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(BEGIN)
        yield lambda text: (connection.execute(text), None)[1]
        connection.execute("DO $$ BEGIN CREATE ROLE roles_new; EXCEPTION WHEN OTHERS THEN END $$")
        connection.execute(END)


@pytest.fixture
def judge(target: Target, tmp_path: pathlib.Path) -> Judge:
    """What is broken of ``nothing_else`` between two looks."""

    def judge(now: DatabaseFacts, was: DatabaseFacts, keys: str = "") -> tuple[str, ...]:
        text = f"[database.rest]\n{BASE}nothing_else = true\n{keys}\n{ITEMS}"
        two = scene(target, tmp_path, text, now, was, "postdeploy")
        broken = compare(two.contract.promise("database.rest"), two).broken
        return tuple(one for one in broken if not one.startswith(("table news", "column users.")))

    return judge


@pytest.mark.parametrize(("change", "words"), HARM.items(), ids=HARM)
def test_power_is_named(
    target: Target, roles: Callable[[str], None], judge: Judge, change: str, words: str
) -> None:
    """Whoever gets power over the database, or loses it, is named; declared, he is not."""
    was = seen(target, whole=True)
    assert judge(was, was) == ()
    roles(change)
    now = seen(target, whole=True)
    broken = judge(now, was)
    assert any(one.startswith(words) for one in broken), broken
    changes = {"role *": "changed", "membership *": "added"}
    if "is new" in words and words.startswith("role"):
        changes = {words.partition(" is new")[0]: "added"}
        changes |= {"grant on table tickets to roles_idle": "added"} if "GRANT" in change else {}
    told = ", ".join(f'"{key}" = "{how}"' for key, how in changes.items())
    left = judge(now, was, f"changes = {{ {told} }}")
    assert not any(one.startswith(words) for one in left), left


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_not_matter_here(
    name: str, target: Target, roles: Callable[[str], None], judge: Judge
) -> None:
    """What a role does elsewhere on the server is no difference of this database."""
    was = seen(target, whole=True)
    roles(HARMLESS[name])
    assert judge(seen(target, whole=True), was) == ()


def test_a_role_comes_into_sight_with_its_right(
    target: Target, roles: Callable[[str], None], judge: Judge
) -> None:
    """The right is told, and not the role as well; it goes with its last right."""
    was = seen(target, whole=True)
    roles("GRANT SELECT ON tickets TO roles_idle")
    now = seen(target, whole=True)
    assert judge(now, was) == ("grant on table tickets to roles_idle is new (SELECT)",)
    assert judge(was, now) == ("grant on table tickets to roles_idle is gone (SELECT)",)
    roles("REVOKE SELECT ON tickets FROM roles_idle; ALTER TABLE tickets OWNER TO roles_other")
    (only,) = judge(seen(target, whole=True), was)
    assert only.startswith("table tickets: owner postgres -> roles_other")


def test_temporary_tables_are_nobodys_power(
    target: Target, roles: Callable[[str], None], judge: Judge
) -> None:
    """A session that has one is gone at the next look."""
    was = seen(target, whole=True)
    roles("GRANT roles_idle TO CURRENT_USER; SET ROLE roles_idle")
    roles("CREATE TEMPORARY TABLE passing (a serial, b text)")
    roles("RESET ROLE")
    assert judge(seen(target, whole=True), was) == ()
    roles("DROP TABLE passing")


def test_a_rollback_brings_them_back(
    target: Target, roles: Callable[[str], None], tmp_path: pathlib.Path
) -> None:
    """What is restored is the catalog with its roles; a look that has none cannot be compared."""
    was = seen(target, whole=True)
    roles("GRANT roles_owner TO roles_app")
    now = seen(target, whole=True)
    two = scene(target, tmp_path, RESTORED, now, was)
    (only,) = compare(two.contract.promise("database.restored"), two).broken
    assert only.startswith("+ membership of roles_app in roles_owner: member")
    kept = {
        key: one
        for key, one in was.catalog.objects.items()
        if not key.startswith(("role ", "membership "))
    }
    old = was.model_copy(update={"catalog": was.catalog.model_copy(update={"objects": kept})})
    two = scene(target, tmp_path, RESTORED, now, old)
    with pytest.raises(ObservationError, match="read no roles and members"):
        compare(two.contract.promise("database.restored"), two)


INSTALLED = servers.installed()


@pytest.mark.parametrize("major", INSTALLED)
def test_versions(major: int) -> None:
    """Each version tells the same of roles; of a membership since 16 more."""
    with (
        servers.server((major, INSTALLED[major])) as found,
        psycopg.connect(found.conninfo, autocommit=True) as connection,
    ):
        connection.execute("CREATE ROLE owner_; CREATE ROLE app LOGIN; CREATE TABLE t ()")
        connection.execute("ALTER TABLE t OWNER TO owner_; GRANT owner_ TO app")
        first = read_catalog(connection, whole=True, itself=True, roles=THEIRS).objects
        assert first["role app"] == "login"
        assert first["membership of app in owner_"] == "member"
        assert "superuser" in first["role postgres"]
        if major >= 16:
            connection.execute("GRANT owner_ TO app WITH INHERIT FALSE, SET FALSE")
            again = read_catalog(connection, whole=True, itself=True, roles=THEIRS).objects
            words = "member, inherits nothing, may not become it"
            assert again["membership of app in owner_"] == words
        assert not any(
            key.startswith(("role ", "membership "))
            for key in read_catalog(connection, whole=True).objects
        )
