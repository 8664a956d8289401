"""Gates that run at once on one target and one folder of reports: pytest and ``gate check``."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.selftest import echo_server, runs

TARGET = """
title = "A talkative API"
host = "local://"
[api]
base = "{base}"
roles.agent = {{ user_env = "TALK_USER", password_env = "TALK_WORD" }}
[deadlines]
window_s = 0.05
"""
LOGIN = """
[endpoint.login]
title = "The agent can log in"
source = "a self-test"
method = "POST"
path = "/login"
as_role = "agent"
form = {{ username = "{{user}}", password = "{{password}}" }}
body.required = ["{key}"]
"""
WITHIN_S = 120.0


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """An API with a login."""
    with echo_server.serving() as found:
        yield found


def started(words: list[str]) -> subprocess.Popen[str]:
    """Start a gate."""
    return subprocess.Popen(  # noqa: S603 - the gate itself
        words,
        cwd=runs.ROOT,
        env=runs.environ(TALK_USER="agent@talk.example", TALK_WORD=echo_server.PASSWORD),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_gates_at_once_have_a_verdict_each(base: str, tmp_path: pathlib.Path) -> None:
    """Two that hold and two that do not: each folder says what its own gate ended with."""
    (tmp_path / "here.toml").write_text(TARGET.format(base=base), "utf-8")
    gates = []
    for name, key in (("kept", "access_token"), ("broken", "none_such")):
        contract = tmp_path / name
        contract.mkdir()
        (contract / "endpoints.toml").write_text(LOGIN.format(key=key), "utf-8")
        own = runs.command(tmp_path, "predeploy")
        own[6] = f"--contract={contract}"
        check = [sys.executable, "-m", "gate", "check", "predeploy", *own[5:]]
        gates += [(name, started(own)), (name, started(check))]
    told = []
    for name, gate in gates:
        said, _ = gate.communicate(timeout=WITHIN_S)
        told.append(said)
        assert gate.returncode == (0 if name == "kept" else 1), said
        assert "SECRET" not in said
        assert "NOT WRITTEN" not in said
    place = tmp_path / "reports" / "here"
    found = {one.name: runs.verdict(tmp_path, f"runs/{one.name}") for one in _runs(place)}
    assert len(found) == 4
    for name, document in found.items():
        (said,) = [one for one in told if f"runs/{name}" in one]
        assert f"verdict: {document['verdict']} (exit {document['exit_status']})" in said
    newest = max(_runs(place), key=lambda one: (one / "verdict.json").stat().st_mtime_ns)
    assert (place / "predeploy").resolve() == newest
    assert (place / "latest").resolve() in _runs(place)
    assert not list(place.rglob(".*"))


def _runs(place: pathlib.Path) -> list[pathlib.Path]:
    return [one.resolve() for one in (place / "runs").iterdir()]
