"""Files and texts of other programs: each is read, or is what is told to be wrong."""

from __future__ import annotations

import json
import pathlib
import tempfile
from contextlib import suppress

import hypothesis
import pytest
from hypothesis import strategies
from testinfra.backend.ansible import AnsibleBackend

from gate.connection import libpq
from gate.connection.inventory import read_native
from gate.errors import GateError
from gate.plan.journal import read_past
from gate.secrets.credentials import credentials, named_in
from gate.sources.api.body import media_type, read_body
from gate.sources.observation_file import read_observed
from tests.selftest import runs
from tests.selftest.left_out import project
from tests.selftest.test_fuzz import fuzzed, spoilt

# As ansible-core 2.19 prints an inventory of two hosts in a group.
INVENTORY = b"""{
    "_meta": {
        "hostvars": {
            "hera": {"ansible_host": "192.0.2.1", "ansible_port": 2222, "ansible_user": "navi"},
            "box": {"ansible_connection": "local", "ansible_ssh_common_args": "-o 'User=x'"}
        },
        "profile": "inventory_legacy"
    },
    "all": {"children": ["ungrouped", "desk"]},
    "desk": {"hosts": ["hera", "box"]}
}
"""
SERVICES = (
    b"# of the desk\n[desk]\nhost=127.0.0.1\nport=5432\ndbname=desk\npassword=never-told\n"
    b"[other]\nhost=/run/postgresql\nuser=navi\n"
)
PASSFILE = b"127.0.0.1:5432:desk:navi:pa\\:ss\\\\word\n*:*:*:*:any-other-one\n"
JOURNAL = (
    b'{"at": "2026-02-13T15:30:00.123+00:00", "who": "navi", "event": "begun", "phase": "deploy"}\n'
    b'{"at": "2026-02-13T15:30:01.123+00:00", "event": "started", "step": "step.migrate"}\n'
    b'{"at": "2026-02-13T15:30:02.123+00:00", "event": "done", "step": "step.migrate"}\n'
    b'{"at": "2026-02-13T15:30:03.123+00:00", "event": "ended", "well": true}\n'
)
BODY = (
    b'{"status": "ok", "items": [1, 2.5, -3e8, null, true, "\\u00e9\\ud83d\\ude00", {"a": []}],'
    b' "deep": [[[[[["x"]]]]]], "n": 12345678901234567890}'
)
TYPE = b"application/json; charset=utf-8"


def test_the_captures_are_sound() -> None:
    """What is spoilt below is read as it stands."""
    backend = AnsibleBackend("hera")
    assert read_native(backend, INVENTORY.decode()).host.name == "192.0.2.1"
    assert read_past(JOURNAL.decode()).deployed
    assert read_body(BODY, TYPE.decode()).is_json
    assert credentials(None, {}, [SERVICES.decode(), PASSFILE.decode()]) == (
        "never-told",
        "pa:ss\\word",
        "any-other-one",
    )


@fuzzed
@hypothesis.given(spoilt(INVENTORY), strategies.sampled_from(("hera", "box", "desk", "all")))
def test_inventories(text: bytes, name: str) -> None:
    """It leads to a host, or the text says why it does not."""
    try:
        read_native(AnsibleBackend(name), text.decode("utf-8", "replace"), "said")
    except ValueError as error:
        assert str(error)  # noqa: PT017 - any reason


@fuzzed
@hypothesis.given(spoilt(SERVICES), spoilt(PASSFILE))
def test_libpq_files(services: bytes, passwords: bytes) -> None:
    """A service is found or it is not; no password is lost on the way to what must not be told."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"PGSERVICEFILE": services, "PGPASSFILE": passwords}
        environ = {name: f"{folder}/{name}" for name in files}
        for name, content in files.items():
            pathlib.Path(environ[name]).write_bytes(content)
        texts = [one.decode("utf-8", "replace") for one in files.values()]
        known = credentials(None, {}, texts)
        with suppress(LookupError):
            settings = libpq.service("desk", environ)
            assert libpq.leads_to(settings)
            found = libpq.password(settings, environ)
            assert not found or found in known


@fuzzed
@hypothesis.given(spoilt(JOURNAL))
def test_journals_of_plans(text: bytes) -> None:
    """What a torn or foreign line says is passed over."""
    past = read_past(text.decode("utf-8", "replace"))
    assert isinstance(past.cut_off, str)


@fuzzed
@hypothesis.given(spoilt(BODY), spoilt(TYPE))
def test_bodies(raw: bytes, content_type: bytes) -> None:
    """A body is read, or is told why not; what was read can be written."""
    body = read_body(raw, content_type.decode("latin-1"))
    assert body.is_json or isinstance(body.value, str)
    json.dumps(body.value, allow_nan=False).encode()
    assert media_type(content_type.decode("latin-1")).isascii()


@fuzzed
@hypothesis.given(spoilt(b"[api.roles.agent]\nuser_env = \"U\"\npassword_env = 'ODD'\n"))
def test_names_in_a_broken_target(text: bytes) -> None:
    """Names of variables are read out of whatever is there."""
    for one in named_in(text.decode("utf-8", "replace")):
        assert one.isidentifier()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A look that a whole run has kept."""
    folder = project(tmp_path_factory.mktemp("kept"), ("one",), ())
    done = runs.run(runs.command(folder, "predeploy"))
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "reports/here/predeploy/observed.json").read_bytes()


def test_kept_looks(kept: bytes, tmp_path: pathlib.Path) -> None:
    """A look that was kept is read whole, or refused with the gate's own error."""
    file = tmp_path / "observed.json"

    @fuzzed
    @hypothesis.given(spoilt(kept))
    def one(text: bytes) -> None:
        file.write_bytes(text)
        try:
            read_observed(file)
        except GateError as error:
            assert str(file) in str(error)  # noqa: PT017 - any reason

    one()
