"""The command to look at an endpoint oneself: it reads, and names credentials, never holds one."""

from __future__ import annotations

from typing import Any

import pytest

from gate.api import Api
from gate.sources.api.curl import curl
from gate.sources.api.promised import PromisedExchange
from tests.selftest.hosts import target

BARE = "curl -gisS -m 10 "
ROLES: dict[str, Any] = {
    "key": {"value_env": "KEY", "header": "X-Api-Key", "prefix": "Token "},
    "cookie": {"value_env": "SESSION", "cookie": "sid"},
    "basic": {"user_env": "WHO", "password_env": "WORD", "basic": True},
    "admin": {"user_env": "WHO", "password_env": "WORD"},
}


def line(item: dict[str, Any], **api: Any) -> str:
    """The command line of an item."""
    given = {"base": "http://127.0.0.1:8000", "roles": ROLES, **api}
    place = target("local://").model_copy(update={"api": Api.model_validate(given)})
    return curl(PromisedExchange.model_validate({"path": "/x", **item}), place)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({}, ""),
        ({"method": "HEAD"}, "-I "),
        ({"method": "OPTIONS"}, "-X OPTIONS "),
        ({"deadline_s": 2.5}, None),
        ({"role": "key"}, '-H "X-Api-Key: Token ${KEY:?}" '),
        ({"role": "cookie"}, '-H "Cookie: sid=${SESSION:?}" '),
        ({"role": "basic"}, '-u "${WHO:?}:${WORD:?}" '),
        ({"role": "admin"}, '-H "Authorization: Bearer ${ADMIN_TOKEN:?a token of admin}" '),
        (
            {"role": 'a"$(b)'},
            '-H "Authorization: Bearer ${A___B__TOKEN:?a token of ab}" ',
        ),
        ({"request_headers": {"X-A": "it's"}}, "-H 'X-A: it'\"'\"'s' "),
    ],
)
def test_what_is_asked_and_as_whom(item: dict[str, Any], words: str | None) -> None:
    """Options before the address; a variable that is not set is named by the shell."""
    found = line(item)
    if words is None:
        assert found.startswith("curl -gisS -m 2.5 ")
    else:
        assert found == f"{BARE}{words}http://127.0.0.1:8000/x"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_writes_is_asked_by_reading(method: str) -> None:
    """Without who it is: nothing changes, whoever pastes it."""
    keys = {"method": method, "role": "key", "request_headers": {"X-A": "b"}, "writes": True}
    assert line(keys) == f"{BARE}http://127.0.0.1:8000/x"


@pytest.mark.parametrize(
    ("api", "words"),
    [
        ({"base": "https://h"}, "https://h/x"),
        ({"base": "https://h", "http2": True}, "--http2 https://h/x"),
        ({"base": "https://h", "ca_file": "/a b"}, "--cacert '/a b' https://h/x"),
        (
            {"base": "https://h", "client_certificate": "/c", "client_key": "/k"},
            "--cert /c --key /k https://h/x",
        ),
        (
            {"base": "https://h", "client_certificate_env": "CERT", "client_key_env": "KEY"},
            '--cert "${CERT:?}" --key "${KEY:?}" https://h/x',
        ),
        (
            {"base": "https://127.0.0.1", "server_name": "desk.example"},
            "--connect-to desk.example:443:127.0.0.1:443 https://desk.example/x",
        ),
        (
            {"base": "https://127.0.0.1:8443", "server_name": "desk.example"},
            "--connect-to desk.example:8443:127.0.0.1:8443 https://desk.example:8443/x",
        ),
    ],
)
def test_where_it_is_asked(api: dict[str, Any], words: str) -> None:
    """With the name that the server is asked for, and what the client shows."""
    assert line({}, **api) == BARE + words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/{id}", "http://127.0.0.1:8000/7"),
        ("/{id}/x", "http://127.0.0.1:8000/7/x"),
        ("/{who}", 'http://127.0.0.1:8000/"$WHO"'),
        ("/{who}/{id}", 'http://127.0.0.1:8000/"$WHO"/7'),
        ("/{nosuch}", "'http://127.0.0.1:8000/{nosuch}'"),
        ("/a b;c", "'http://127.0.0.1:8000/a%20b;c'"),
    ],
)
def test_values_in_an_address(path: str, words: str) -> None:
    """By themselves; those of the environment by name; one that nobody knows stays."""
    assert line({"path": path}, values={"id": "7"}, values_env={"who": "WHO"}) == BARE + words


def test_another_base() -> None:
    """An item may be of another one."""
    assert (
        line({"base": "mail"}, bases={"mail": {"base": "http://mail:1"}})
        == f"{BARE}http://mail:1/x"
    )
