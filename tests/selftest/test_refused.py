"""What a step may not do on a clone beside the live database, told by its statements."""

from __future__ import annotations

import re

import pytest

from gate.sources.rehearsal.inside.refused import (
    CONNECTS,
    SUBSCRIBES,
    by_name,
    elsewhere,
    shared,
)

THERE = ("app", "Shop Reader")
GUARDED = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN "
    "CREATE ROLE {0} LOGIN; END IF; END $$"
)
CHANGES = {
    "CREATE ROLE reader": "roles",
    "create user reader password 'x'": "roles",
    "-- of the shop\n CREATE GROUP reader": "roles",
    "SELECT 1; CREATE ROLE reader": "roles",
    "DROP ROLE app": "roles",
    "DROP ROLE IF EXISTS app": "roles",
    'DROP ROLE "Shop Reader"': "roles",
    "ALTER ROLE app SET search_path = shop": "roles",
    "ALTER ROLE ALL SET work_mem = '8MB'": "roles",
    "ALTER USER CURRENT_USER PASSWORD 'x'": "roles",
    GUARDED.format("reader"): "roles",
    "DO $$ BEGIN EXECUTE format('CREATE ROLE %I', 'x'); END $$": "roles",
    "DO $$ BEGIN EXECUTE 'DROP ROLE ' || quote_ident('x'); END $$": "roles",
    'GRANT "Shop Reader" TO app': "members of roles",
    "GRANT app TO CURRENT_USER WITH ADMIN OPTION": "members of roles",
    "REVOKE ADMIN OPTION FOR app FROM CURRENT_USER": "members of roles",
    "DO $$ BEGIN EXECUTE format('GRANT %I TO app', 'x'); END $$": "members of roles",
    "ALTER SYSTEM SET work_mem = '8MB'": "settings",
    "CREATE TABLESPACE fast LOCATION '/fast'": "tablespaces",
    "CREATE DATABASE archive": "databases",
    "DROP DATABASE IF EXISTS archive": "databases",
    "ALTER DATABASE archive SET work_mem = '8MB'": "databases",
    "DROP OWNED BY reader, app": "what roles own and may do elsewhere",
    "REASSIGN OWNED BY CURRENT_USER TO app": "what roles own and may do elsewhere",
    "DO $$ BEGIN DROP OWNED BY app; END $$": "what roles own and may do elsewhere",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'": "sessions",
    "select Pg_Cancel_Backend (7)": "sessions",
    "DO $$ BEGIN PERFORM pg_terminate_backend(7); END $$": "sessions",
    "SELECT pg_create_logical_replication_slot('one', 'pgoutput')": "replication",
    "SELECT pg_drop_replication_slot('one')": "replication",
    "CREATE TABLE one (); SELECT pg_replication_origin_create('one')": "replication",
    "SELECT pg_switch_wal()": "replication",
    "SELECT pg_reload_conf()": "settings",
    "SELECT pg_stat_statements_reset()": "statistics",
    "SELECT lo_export(7, '/tmp/x')": "files",
    "COPY item TO PROGRAM 'gzip > /tmp/x'": "files",
    "COPY item FROM PROGRAM 'curl x'": "files",
    "COPY (SELECT 1) TO '/tmp/x'": "files",
}
HARMLESS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()",
    "SELECT pg_stat_reset()",
    "COPY item FROM '/tmp/x'",
    "COPY item TO STDOUT",
    "INSERT INTO item VALUES ('SELECT pg_reload_conf()')",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$SELECT pg_reload_conf()$$",
    "CREATE ROLE app",
    "DROP ROLE IF EXISTS reader",
    "ALTER ROLE reader LOGIN",
    "ALTER ROLE app IN DATABASE gate_clone_1 SET work_mem = '8MB'",
    GUARDED.format("app"),
    "GRANT reader TO app",
    "REVOKE reader FROM app",
    "GRANT SELECT ON item TO app",
    "GRANT ALL ON ALL TABLES IN SCHEMA shop TO app",
    "REVOKE ALL ON SCHEMA shop FROM app",
    "DO $$ BEGIN GRANT SELECT ON item TO app; END $$",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO app",
    "ALTER DATABASE gate_clone_1 SET work_mem = '8MB'",
    "REASSIGN OWNED BY reader TO app",
    'DROP OWNED BY "Shop Reader"',
    "ALTER SEQUENCE item_id_seq OWNED BY item.id",
    "CREATE USER MAPPING FOR app SERVER there",
    "ALTER TABLE item OWNER TO app",
    "CREATE TABLE role (id int)",
    "DROP TABLE user_role",
    "INSERT INTO right (name) VALUES ('create role reader'), ('; DROP ROLE app')",
    "COMMENT ON TABLE item IS 'who may CREATE ROLE x'",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $f$ CREATE ROLE reader $f$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$SELECT 1; DROP ROLE app$$",
    "/* CREATE ROLE reader */ SELECT 1",
)


def _asked(query: str) -> int:
    found = re.search(r"rolname = E'(.*)'$", query)
    assert found
    name = found[1].replace("''", "'")
    return int(name == "app" if "pg_shdepend" in query else name in THERE)


@pytest.mark.parametrize(("statement", "what"), CHANGES.items(), ids=range(len(CHANGES)))
def test_what_changes_the_server_is_named(statement: str, what: str) -> None:
    """However it is written, and whatever it is guarded with."""
    assert shared(statement, _asked, "gate_clone_1") == what


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_changes_nothing_of_the_server_is_done(statement: str) -> None:
    """What is of the one database, what is there already, and what only speaks of it."""
    assert shared(statement, _asked, "gate_clone_1") == ""


@pytest.mark.parametrize(
    ("statement", "connects"),
    [
        ("CREATE TABLE x (); CREATE SUBSCRIPTION one CONNECTION 'x' PUBLICATION p", True),
        ("DO $$ BEGIN EXECUTE 'ALTER SUBSCRIPTION one ENABLE'; END $$", True),
        ("CREATE SUBSCRIPTION one CONNECTION 'x' PUBLICATION p WITH (connect = 'false')", False),
        ("INSERT INTO x VALUES ('CREATE SUBSCRIPTION one CONNECTION x PUBLICATION p')", False),
        ("CREATE SUBSCRIPTION one CONNECTION 'host=there' PUBLICATION all_of", True),
        ("CREATE SUBSCRIPTION one CONNECTION 'x' PUBLICATION p WITH (copy_data = false)", True),
        ("ALTER SUBSCRIPTION one REFRESH PUBLICATION", True),
        ("ALTER SUBSCRIPTION one ENABLE", True),
        ("CREATE SUBSCRIPTION one CONNECTION 'x' PUBLICATION p WITH (connect = false)", False),
        ("ALTER SUBSCRIPTION one OWNER TO app", False),
        ("DROP SUBSCRIPTION one", False),
        ("CREATE TABLE subscription (id int)", False),
    ],
)
def test_what_would_take_the_live_databases_feed_is_known(
    statement: str, *, connects: bool
) -> None:
    """A subscription that connects, by whichever statement."""
    assert elsewhere(statement, "r1") == (SUBSCRIBES % "r1" if connects else "")


@pytest.mark.parametrize(
    ("statement", "connects"),
    [
        ("SELECT dblink_exec('dbname=shop', 'DELETE FROM item')", True),
        ("INSERT INTO a SELECT * FROM dblink ('there', 'SELECT 1') AS t(i int)", True),
        ("DO $$ BEGIN PERFORM dblink_connect('x'); END $$", True),
        ("SELECT net.http_post(url := 'https://shop.example')", True),
        ("SELECT status FROM http_get('https://shop.example')", True),
        ("SELECT http_code(1)", False),
        ("SELECT aws_lambda.invoke('f', '{}')", True),
        ("SELECT pglogical.create_subscription('s', 'host=there')", True),
        ("CREATE EXTENSION dblink", False),
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$SELECT dblink_exec('x')$$",
            False,
        ),
    ],
)
def test_what_leads_to_another_server_is_known(statement: str, *, connects: bool) -> None:
    """What another server would be asked, or told, by a function of an extension."""
    assert elsewhere(statement, "r1") == (CONNECTS % "r1" if connects else "")


@pytest.mark.parametrize(
    ("statement", "meant"),
    [
        ("ALTER DATABASE shop SET work_mem = '8MB'", True),
        ('alter  database "shop" owner to app', True),
        ("DROP DATABASE IF EXISTS shop", True),
        ("GRANT CONNECT ON DATABASE shop TO app", True),
        ("REVOKE ALL ON DATABASE other, shop FROM PUBLIC", True),
        ("COMMENT ON DATABASE shop IS 'x'", True),
        ("ALTER ROLE app IN DATABASE shop SET search_path = x", True),
        ("DO $$ BEGIN EXECUTE 'ALTER DATABASE shop SET work_mem = 1'; END $$", True),
        ("ALTER DATABASE shop_archive SET work_mem = '8MB'", False),
        ("ALTER DATABASE gate_clone_1 SET work_mem = '8MB'", False),
        ("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I', current_database()); END $$", False),
        ("GRANT SELECT ON shop TO app", False),
        ("ALTER TABLE shop ADD size int", False),
    ],
)
def test_what_is_meant_for_the_live_database_is_known(statement: str, *, meant: bool) -> None:
    """By its name, quoted or not; a longer name is another database."""
    assert by_name(statement, "shop") is meant
