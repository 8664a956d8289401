"""Redaction: a secret goes in any form, and what is no secret stays."""

from __future__ import annotations

import base64
import html
import json
import pathlib
import urllib.parse

import pytest

from gate.contract.model import Contract
from gate.secrets.credentials import credentials, of_run
from gate.secrets.leaks import scan
from gate.secrets.patterns import REDACTED
from gate.secrets.redactor import Redactor, public_text
from gate.target import Target

SECRET = "s3cr\"t&<pä ss'/+\\w0rd"  # noqa: S105 - made up
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

FORMS = {
    "plain": f"the password is {SECRET}!",
    "json": json.dumps({"a": SECRET}),
    "json-unicode": json.dumps({"a": SECRET}, ensure_ascii=False),
    "json-in-json": json.dumps(json.dumps({"a": SECRET})),
    "url": f"https://h/?p={urllib.parse.quote(SECRET, safe='')}&x=1",
    "url-plus": f"p={urllib.parse.quote_plus(SECRET)}",
    "url-lower": f"p={urllib.parse.quote(SECRET, safe='').lower()}",
    "html": f"<p>{html.escape(SECRET)}</p>",
    "repr": f"got {SECRET!r}",
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64-url": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "basic-auth": base64.b64encode(b"agent@x:" + SECRET.encode()).decode(),
    "basic-auth-1": base64.b64encode(b"agent@xy:" + SECRET.encode() + b":z").decode(),
    "basic-auth-2": base64.b64encode(b"agent@xyz:" + SECRET.encode() + b"::z").decode(),
    "hexadecimal": SECRET.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_and_replaced(form: str) -> None:
    """A secret is found however it is written, and cleaning leaves none of it."""
    redactor = Redactor([SECRET])
    assert redactor.find_leak(FORMS[form]) is not None
    cleaned = redactor.clean(FORMS[form])
    assert REDACTED in cleaned
    assert redactor.find_leak(cleaned) is None


def test_a_finding_never_tells_the_secret() -> None:
    """What is said of a leak is how it is written."""
    assert Redactor(["hunter2!"]).find_leak("x hunter2! y") == "as it is"
    assert Redactor(["hunter2!"]).find_leak("nothing") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"),
        ("{'authorization': 'Basic dXNlcjpwdw=='}", "{'authorization': 'Basic [redacted]'}"),
        ("sent Bearer 0123456789abcdef.", "sent Bearer [redacted]"),
        (f"token {JWT} sent", "token [redacted] sent"),
        (f"cut {JWT[:20]}", "cut [redacted]"),
        ("postgresql://atum:pw@db:5432/x", "postgresql://atum:[redacted]@db:5432/x"),
        ("redis://:pw@h/0", "redis://:[redacted]@h/0"),
        ("host=h password=pw user=u", "host=h password=[redacted] user=u"),
        ("PGPASSWORD='p w' psql", "PGPASSWORD=[redacted] psql"),
        ("JWT_SECRET_KEY=abc; x", "JWT_SECRET_KEY=[redacted]; x"),
        ("https://h/?access_token=abc&x=1", "https://h/?access_token=[redacted]&x=1"),
        ("tool --password pw --host h", "tool --password [redacted] --host h"),
        ("tool --api-token pw-1 -x", "tool --api-token [redacted] -x"),
        ("tool --db-password 'p w' x", "tool --db-password [redacted] x"),
        ("tool --secret_key pw", "tool --secret_key [redacted]"),
        ("tool --no-password ledger", "tool --no-password ledger"),
        ("tool --token --verbose --bypass x", "tool --token --verbose --bypass x"),
        ('["tool", "--auth-token", "pw", "x"]', '["tool", "--auth-token", "[redacted]", "x"]'),
        ("ALTER ROLE a PASSWORD 'pw'", "ALTER ROLE a PASSWORD '[redacted]'"),
        ('{"access_token": "a\\"b", "x": 1}', '{"access_token": "[redacted]", "x": 1}'),
        (
            '{"t": "{\\"password\\": \\"a\\\\\\"b\\"}"}',
            '{"t": "{\\"password\\": \\"[redacted]\\"}"}',
        ),
        (
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb",
            "a\n[redacted]\nb",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMII cut off", "[redacted]"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, expected: str) -> None:
    """Patterns catch what nobody told the redactor; cleaning twice changes nothing more."""
    redactor = Redactor([])
    assert redactor.clean(text) == expected
    assert redactor.clean(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "password_hash character varying(255) not null",
        "http://127.0.0.1:8000/api/v1/tickets",
        "wrong password: 401 expected",
        "The bearer authentication is promised",
        "endpoint.login_wrong_password",
        "sha256:0123456789abcdef",
        "navi@hera",
        "deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop.service",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    """What only mentions a secret is not changed."""
    assert Redactor(["hunter2!"]).clean(text) == text


def test_short_and_ordinary_secrets_do_not_ruin_the_text() -> None:
    """Fewer than four characters are not looked for; a word counts as a whole word only."""
    redactor = Redactor(["a", "abc", "navi", "1234"])
    assert redactor.unguarded == len(["a", "abc"])
    text = "a abc navigation navi 12345 1234 \\nnavi %2Fnavi"
    expected = "a abc navigation [redacted] 12345 [redacted] \\n[redacted] %2F[redacted]"
    assert redactor.clean(text) == expected


def test_public_words_are_no_secrets(contract: Contract) -> None:
    """A password that is a word of the contract is left alone, and counted."""
    redactor = Redactor(["tickets", "hunter2!"], public_text(contract) + "hunter2!")
    assert redactor.unguarded == 1
    assert redactor.clean("tickets hunter2!") == "tickets [redacted]"


def test_nested_json() -> None:
    """Values are cleaned at any depth, and wholly under a key that names a secret."""
    given = {
        "items": [{"seen": "pw hunter2!", "n": 1, "none": None}],
        "refresh_token": "anything",
        "password": "{password}",
        "columns": {"password_hash": "text"},
    }
    assert Redactor(["hunter2!"]).clean_json(given) == {
        "items": [{"seen": "pw [redacted]", "n": 1, "none": None}],
        "refresh_token": REDACTED,
        "password": "{password}",
        "columns": {"password_hash": "text"},
    }


def test_credentials_are_found_where_they_are_named(target: Target) -> None:
    """Roles' variables, PGPASSWORD, libpq's files and variables named like a secret."""
    environ = {
        "AGENT_USER": "agent@atum.example",
        "AGENT_PASSWORD": "hunter2!",
        "PGPASSWORD": "pg-1",
        "CI_TOKEN": "glpat-0123",
        "SOME_TOKEN": "yes",
        "HOME": "/home/navi",
    }
    files = ["h:5432:*:reader:pa\\:ss\\\\\n# note\n", "[atum]\nhost=h\npassword = in service\n"]
    assert credentials(target, environ, files) == (
        "hunter2!",
        "pg-1",
        "agent@atum.example",
        "glpat-0123",
        "pa:ss\\",
        "in service",
    )


@pytest.mark.parametrize(
    ("value", "secret"),
    [("worker", ()), ("agent", ()), ("agent@atum.example",) * 2, ("svc-7f31",) * 2],
)
def test_who_logs_in_may_be_called_like_a_unit(
    target: Target, tmp_path: pathlib.Path, value: str, secret: str | tuple[str, ...]
) -> None:
    """An ordinary word that says who logs in is no secret: units and folders bear it, too."""
    file = tmp_path / "desk.toml"
    file.write_text('[redis]\nuser_env = "WHO"\npassword_env = "WORD"\n', "utf-8")
    environ = {"AGENT_USER": value, "AGENT_PASSWORD": "x-1", "WHO": value, "WORD": "other"}
    expected = ("x-1", secret) if secret else ("x-1",)
    assert credentials(target, environ) == expected
    environ |= {"PGPASSFILE": "/dev/null", "PGSERVICEFILE": "/dev/null", "AGENT_PASSWORD": ""}
    assert of_run(None, environ, [file]) == (("other", secret) if secret else ("other",))


def test_scan_finds_files_and_names(tmp_path: pathlib.Path) -> None:
    """Each file that holds a secret is named with how; a name that is one is not repeated."""
    (tmp_path / "allure-results").mkdir()
    (tmp_path / "allure-results" / "a.json").write_bytes(b'\xff{"x": "hunter2!"}')
    (tmp_path / "b.txt").write_bytes(base64.b64encode(b"user:hunter2!"))
    (tmp_path / "hunter2!.txt").write_text("fine")
    (tmp_path / "clean.txt").write_text("nothing here")
    assert scan(tmp_path, Redactor(["hunter2!"])) == [
        "b.txt: holds a secret (base64)",
        f"{tmp_path}: the name of a file holds a secret (as it is)",
        "allure-results/a.json: holds a secret (as it is)",
    ]


def test_scan_takes_name_and_content_apart(tmp_path: pathlib.Path) -> None:
    """The end of a name and the beginning of a file are no secret together."""
    (tmp_path / "hun").write_text("er!", "utf-8")
    assert scan(tmp_path, Redactor(["hun\ner!", "huner!"])) == []
    (tmp_path / "hun").write_text("hun\ner!", "utf-8")
    assert scan(tmp_path, Redactor(["hun\ner!"])) == ["hun: holds a secret (as it is)"]


def test_scan_of_what_cannot_be_read_is_a_finding(tmp_path: pathlib.Path) -> None:
    """Nobody can tell what is in a file that cannot be read."""
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert scan(tmp_path, Redactor(["hunter2!"])) == [
        "dangling: cannot be read: No such file or directory"
    ]
    missing = tmp_path / "missing"
    assert scan(missing, Redactor([])) == [f"{missing}: cannot be read: No such file or directory"]
