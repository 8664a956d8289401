"""What the gate starts has what it needs: no credential travels by inheritance."""

from __future__ import annotations

import pathlib
from contextlib import suppress

import pytest

from gate.connection.carrier import open_carrier
from gate.environment import environment
from gate.errors import GateError
from gate.target import Target

SECRETS = {
    "AGENT_PASSWORD": "pw-agent-4711",
    "PGPASSWORD": "pw-libpq-4712",
    "GITHUB_TOKEN": "ghp_ofthecijob",
    "AWS_SECRET_ACCESS_KEY": "aws-4713",
    "DATABASE_URL": "postgresql://atum:pw-4714@db/atum",
    "ANSIBLE_BECOME_PASSWORD": "pw-4715",
    "DOCKER_AUTH_CONFIG": "auth-4716",
    "SSH_ASKPASS": "/bin/echo-4717",
    "ATUM_GATE_SENTINEL_TOKEN": "sentinel-4718",
    "SOMETHING": "unheard-of-4719",
}
NEEDED = {"HOME": "/home/navi", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def target(host: str, **more: object) -> Target:
    """A target that leads to a host."""
    return Target.model_validate(
        {
            "name": "t",
            "title": "T",
            "host": host,
            "api": {"base": "http://127.0.0.1:9"},
            "database": {"service": "none"},
            "deadlines": {"connect_s": 5},
            **more,
        }
    )


@pytest.mark.parametrize("purpose", ["local", "ssh", "ansible", "docker", "kubectl", "python"])
def test_what_is_needed_is_passed_on_and_nothing_else(purpose: str) -> None:
    """A variable that nobody has heard of may be a secret."""
    given = {**SECRETS, **NEEDED, "PATH": "/bin"}
    assert environment(purpose, given) == {**NEEDED, "PATH": "/bin"}  # type: ignore[arg-type]


def test_libpq_finds_its_files() -> None:
    """Programs of PostgreSQL get libpq's settings, ssh the agent's socket."""
    given = {"PGSERVICEFILE": "/s", "PGPASSFILE": "/p", "SSH_AUTH_SOCK": "/a", "PGPASSWORD": "x"}
    assert environment("local", given) == {"PGSERVICEFILE": "/s", "PGPASSFILE": "/p"}
    assert environment("ssh", given) == {"SSH_AUTH_SOCK": "/a"}


@pytest.mark.parametrize(
    ("program", "host"),
    [
        ("sh", "local://"),
        ("ssh", "ssh://navi@host.invalid"),
        ("docker", "docker://desk"),
        ("podman", "podman://desk"),
        ("kubectl", "kubectl://desk"),
        ("ansible-inventory", "ansible://desk?ansible_inventory={folder}/hosts"),
    ],
)
def test_a_started_program_has_no_secret(
    program: str, host: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name, found before the real one, writes down what it was given."""
    (tmp_path / "hosts").write_text("desk\n", "utf-8")
    recorder = tmp_path / "bin" / program
    recorder.parent.mkdir()
    recorder.write_text(f"#!/bin/bash\n/usr/bin/env >'{tmp_path}/seen'\nexit 255\n", "utf-8")
    recorder.chmod(0o755)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{recorder.parent}:/usr/bin:/bin")
    with suppress(GateError), open_carrier(target(host.format(folder=tmp_path))) as carrier:
        carrier.run("true", deadline_s=5)
    seen = (tmp_path / "seen").read_text("utf-8")
    assert "PATH=" in seen
    assert [name for name, value in SECRETS.items() if value in seen or f"{name}=" in seen] == []


def test_a_script_on_this_machine_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor has anything that the script starts, sudo included."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with open_carrier(target("local://")) as carrier:
        seen = carrier.run("env; cat /proc/$PPID/environ | tr '\\0' '\\n'", deadline_s=10).stdout
    assert b"PATH=" in seen
    assert [name for name, value in SECRETS.items() if value.encode() in seen] == []
