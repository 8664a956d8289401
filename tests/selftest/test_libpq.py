"""libpq's own files: which service, which password, and where a forward has to lead."""

from __future__ import annotations

import pathlib

import pytest

from gate.connection import libpq

SERVICES = """\
# [desk]
[other]
host=db.example
port=6000
[desk]
# host=not.this.one
host = db.internal
port=5433
user=gate
dbname=desk
nonsense
[desk]
host=second.never
[last]
hostaddr=10.0.0.9
"""


@pytest.fixture
def environ(tmp_path: pathlib.Path) -> dict[str, str]:
    """Where libpq looks."""
    (tmp_path / "services").write_text(SERVICES, "utf-8")
    (tmp_path / "pg_service.conf").write_text("[desk]\nhost=system\n[wide]\nport=7\n", "utf-8")
    return {
        "PGSERVICEFILE": str(tmp_path / "services"),
        "PGSYSCONFDIR": str(tmp_path),
        "PGPASSFILE": str(tmp_path / "pass"),
    }


def test_a_service_is_the_first_of_its_name(environ: dict[str, str]) -> None:
    """One's own file first, then the system's; host and port are always told."""
    assert libpq.service("desk", environ) == {
        "host": "db.internal",
        "port": "5433",
        "user": "gate",
        "dbname": "desk",
    }
    assert libpq.service("wide", environ) == {"host": "127.0.0.1", "port": "7"}
    assert libpq.service("last", environ)["port"] == "5432"


def test_a_service_that_is_nowhere(environ: dict[str, str]) -> None:
    """The files that were looked into are named."""
    with pytest.raises(LookupError, match=r"'none' not found in .*services or .*pg_service\.conf"):
        libpq.service("none", environ)


@pytest.mark.parametrize(
    ("settings", "leads_to"),
    [
        ({"host": "db.internal"}, "db.internal:5433"),
        ({"host": "db.internal", "hostaddr": "10.0.0.9"}, "10.0.0.9:5433"),
        ({"host": "::1"}, "[::1]:5433"),
        ({"host": "/run/postgresql"}, "/run/postgresql/.s.PGSQL.5433"),
    ],
)
def test_where_a_forward_leads(settings: dict[str, str], leads_to: str) -> None:
    """By the address where there is one, in brackets where ssh needs them, or to the socket."""
    assert libpq.leads_to({**settings, "port": "5433"}) == leads_to


DESK = {"host": "db.internal", "port": "5433", "user": "gate", "dbname": "desk"}


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("db.internal:5433:desk:gate:secret", "secret"),
        ("*:*:*:*:a:b", "a:b"),
        (r"db.internal:5433:desk:gate:a\:b\\c", r"a:b\c"),
        ("db.internal:5433:desk:other:secret", None),
        ("db.internal:5432:desk:gate:secret", None),
        ("db:5433:desk:gate:secret", None),
        ("db.internal:5433:desk:gate", None),
        ("#*:*:*:*:secret", None),
        ("", None),
        ("elsewhere:*:*:*:no\ndb.internal:*:*:gate:yes\n*:*:*:*:late", "yes"),
    ],
)
def test_a_password_is_looked_up_by_the_address_that_the_files_name(
    environ: dict[str, str], line: str, password: str | None
) -> None:
    """Of the first line that fits whole: a password never goes to another server."""
    pathlib.Path(environ["PGPASSFILE"]).write_text(line, "utf-8")
    assert libpq.password(DESK, environ) == password


def test_libpq_finds_by_itself_what_it_is_given(
    environ: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """In the service or the environment; a passfile of the service's own comes first."""
    pathlib.Path(environ["PGPASSFILE"]).write_text("*:*:*:*:of the environment", "utf-8")
    assert libpq.password({**DESK, "password": "x"}, environ) is None
    assert libpq.password(DESK, {**environ, "PGPASSWORD": "x"}) is None
    (tmp_path / "own").write_text("*:*:*:*:its own", "utf-8")
    assert libpq.password({**DESK, "passfile": str(tmp_path / "own")}, environ) == "its own"
    assert libpq.password({**DESK, "passfile": str(tmp_path / "none")}, environ) is None


def test_who_and_which_database_where_the_service_says_neither(environ: dict[str, str]) -> None:
    """As libpq has it: the environment's, and the database that is called as the user is."""
    bare = {"host": "db.internal", "port": "5433"}
    file = pathlib.Path(environ["PGPASSFILE"])
    file.write_text("*:*:ada:ada:hers\n*:*:desk:bob:his", "utf-8")
    assert libpq.password(bare, {**environ, "USER": "ada"}) == "hers"
    assert libpq.password(bare, {**environ, "PGUSER": "bob", "PGDATABASE": "desk"}) == "his"
    assert libpq.password(bare, {**environ, "PGUSER": "bob"}) is None
