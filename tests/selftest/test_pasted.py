"""Commands that a person pastes: they lead where the look went, and hold no value of a secret."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
from typing import Any

import psycopg
import pytest

from gate.api import Api
from gate.contract.model import Contract
from gate.kinds.pasted import asked, on_host, pasted, psql
from gate.kinds.query_look import query_look
from gate.kinds.scene import Scene
from gate.postgres import Database
from gate.redis import Redis
from gate.sources.api.promised import PromisedExchange
from gate.sources.fact import Seen
from gate.sources.host.facts import HostFacts
from gate.sources.observed import Observed
from gate.sources.queries.keyspace import RedisQuestion
from gate.target import Target
from tests.selftest import hosts
from tests.selftest.conftest import Postgres

TUNNEL = "ssh -f -o ExitOnForwardFailure=yes -L 127.0.0.1:54329"
OPTIONS = ("-c search_path=public", "-c default_transaction_read_only=off")
SELECT = "SELECT 'a b'"
COMMAND = """stat '/data/ATUM DESK/$HOME "x"'; echo "it's $((1 + 1))"; exit 3"""
WAYS = {
    "local://": "",
    "ssh://navi@hera": "ssh navi@hera",
    "ssh://hera:2222?ssh_config=/c&ssh_identity_file=/k": "ssh -F /c -i /k -p 2222 hera",
    "ssh://navi@[fd00::1]:22": "ssh -p 22 navi@fd00::1",
    "docker://root@desk": "docker exec -u root desk sh -c",
    "podman://desk": "podman exec desk sh -c",
    "kubectl://deployment/desk?namespace=prod&container=api&context=c": (
        "kubectl --context=c --namespace=prod exec --container=api deployment/desk -- sh -c"
    ),
    "ansible://hera?ansible_inventory=/etc/my hosts": ("ansible -i '/etc/my hosts' hera -m raw -a"),
}
LOGIN = {"user_env": "DESK_USER", "password_env": "DESK_WORD"}
FAKE = """#!/bin/sh
for last; do :; done
exec sh -c "$last"
"""


def scene(target: Target, *, privileges: str = "user") -> Scene:
    """A scene at which the host was looked at with such rights."""
    known: dict[str, Any] = {"identity": hosts.identity(privileges=privileges)}
    facts = HostFacts.model_construct(**known)
    observed = Observed.model_construct(
        target="desk",
        moment="predeploy",
        started=hosts.NOW,
        finished=hosts.NOW,
        sources={"host": Seen(facts)},
    )
    contract = Contract(system="", cwd="/", folder="", sha256="", promises={})
    return Scene(contract=contract, target=target, moment="predeploy", observed=observed)


@pytest.mark.parametrize(("spec", "words"), WAYS.items())
def test_the_way(spec: str, words: str, tmp_path: pathlib.Path) -> None:
    """Options and destination are those of the target, and the shell there reads what is meant."""
    told = on_host(COMMAND, scene(hosts.target(spec)))
    assert told == (f"{words} {shlex.quote(COMMAND)}" if words else COMMAND)
    for name in ("ssh", "docker", "podman", "kubectl", "ansible"):
        (tmp_path / name).write_text(FAKE, "utf-8")
        (tmp_path / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    here, there = (
        subprocess.run(  # noqa: S602 - what a person would paste
            one, shell=True, check=False, capture_output=True, text=True, env=environ
        )
        for one in (COMMAND, told)
    )
    assert (here.returncode, here.stdout, here.stderr) == (
        there.returncode,
        there.stdout,
        there.stderr,
    )


def test_the_targets_own_settings() -> None:
    """Its files of ssh, its PATH, and sudo where the look had it."""
    target = hosts.target("ssh://navi@hera").model_copy(
        update={
            "ssh_config": "/c d",
            "ssh_identity_file": "~/key",
            "ssh_known_hosts": "/k",
            "path": ("/opt/a b", "/opt/c"),
        }
    )
    own = os.path.expanduser("~/key")  # noqa: PTH111 - as it is written there
    assert on_host("id", scene(target)) == (
        f"ssh -F '/c d' -i {own} -o UserKnownHostsFile=/k navi@hera "
        + shlex.quote("PATH='/opt/a b':/opt/c:\"$PATH\"; id")
    )
    assert on_host("id", scene(hosts.target("local://"), privileges="sudo")) == "sudo -n sh -c id"
    assert on_host("id", scene(hosts.target("local://"), privileges="root")) == "id"


def test_a_path_of_the_targets_is_not_left_behind(tmp_path: pathlib.Path) -> None:
    """It is for the command alone, and not for the shell that it is pasted into."""
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho the sandbox of $1\n", "utf-8")
    (tmp_path / "systemctl").chmod(0o755)
    target = hosts.target("local://").model_copy(update={"path": (str(tmp_path),)})
    told = on_host("systemctl status; systemctl cat", scene(target))
    done = subprocess.run(  # noqa: S602 - what a person would paste
        f'{told}; echo "$PATH"', shell=True, check=True, capture_output=True, text=True
    )
    *first, path = done.stdout.splitlines()
    assert first == ["the sandbox of status", "the sandbox of cat"]
    assert str(tmp_path) not in path


def test_the_database() -> None:
    """By its service, in a session that cannot write, through the host where the look went so."""
    here = hosts.target("ssh://navi@hera")
    assert psql(SELECT, scene(here)) == (
        "psql -Xqv ON_ERROR_STOP=1 service=desk "
        f"-c 'BEGIN READ ONLY' -c {shlex.quote(SELECT)} -c ROLLBACK"
    )
    assert psql("\\d orders", scene(here)) == "psql -X service=desk -c '\\d orders'"
    there = here.model_copy(update={"database": Database(service="desk", forward=True)})
    assert psql("\\d orders", scene(there)) == (
        f"{TUNNEL}:127.0.0.1:5432 navi@hera sleep 20 && "
        "psql -X 'service=desk hostaddr=127.0.0.1 port=54329' -c '\\d orders'"
    )


@pytest.mark.parametrize(
    "options", ["-c search_path=public", "-c default_transaction_read_only=off"]
)
def test_what_is_pasted_cannot_write(
    options: str, database: str, postgres: Postgres, tmp_path: pathlib.Path
) -> None:
    """Whatever options the service has of its own; what only reads is answered, and just that."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
        name = connection.info.dbname
        services = tmp_path / "services"
        services.write_text(
            f"[desk]\nhost={postgres.host}\nport={postgres.port}\ndbname={name}\n"
            f"user=postgres\noptions={options}\n",
            "utf-8",
        )
        environ = {
            **os.environ,
            "PATH": f"{postgres.binaries}:{os.environ['PATH']}",
            "PGSERVICEFILE": str(services),
        }
        asked_for, writes, wrong = (
            subprocess.run(  # noqa: S602 - what a person would paste
                psql(one, scene(hosts.target("local://"))),
                shell=True, check=False, capture_output=True, text=True, env=environ,
            )
            for one in ("SELECT 41 + 1 AS n", "INSERT INTO kept VALUES (1)", "SELECT nothing")
        )  # fmt: skip
        assert (asked_for.returncode, asked_for.stdout.split()[:3]) == (0, ["n", "----", "42"])
        assert "ROLLBACK" not in asked_for.stdout
        assert writes.returncode != 0
        assert "read-only transaction" in writes.stderr
        assert wrong.returncode != 0
        assert connection.execute("SELECT * FROM kept").fetchall() == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"tls": True, "user_env": "DESK_USER", "password_env": "DESK_WORD"},
            (
                'REDISCLI_AUTH="${DESK_WORD:?}" redis-cli -h cache -p 6379 --user "${DESK_USER:?}" '
                "--tls -n 2 ROLE"
            ),
        ),
        (
            {"forward": True, "password_env": "DESK_WORD"},
            (
                f"{TUNNEL}:cache:6379 navi@hera sleep 20 "
                '&& REDISCLI_AUTH="${DESK_WORD:?}" redis-cli -h 127.0.0.1 -p 54329 -n 2 ROLE'
            ),
        ),
        ({}, "redis-cli -h cache -p 6379 -n 2 ROLE"),
    ],
)
def test_a_redis(keys: dict[str, Any], words: str) -> None:
    """By its login's variables, by TLS, and through the host."""
    place = Redis(host="cache", db=2, **keys)
    target = hosts.target("ssh://navi@hera").model_copy(update={"redis": place})
    assert (
        pasted(query_look("", RedisQuestion(role=True), "", scene(target)), scene(target)) == words
    )


def test_an_api_behind_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the host, the login by its variables."""
    monkeypatch.setenv("DESK_WORD", "s3cr3t-w0rd")
    api = Api.model_validate(
        {
            "base": "http://127.0.0.1:8000",
            "forward": True,
            "roles": {"agent": {**LOGIN, "basic": True}},
        }
    )
    target = hosts.target("ssh://navi@hera").model_copy(update={"api": api})
    told = asked(PromisedExchange(method="GET", path="/health", role="agent"), scene(target))
    assert told.startswith(
        f"{TUNNEL}:127.0.0.1:8000 navi@hera sleep 20 && curl --connect-to ::127.0.0.1:54329 -gisS"
    )
    assert '"${DESK_USER:?}:${DESK_WORD:?}"' in told
    assert "s3cr3t" not in told
