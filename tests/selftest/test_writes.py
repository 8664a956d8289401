"""Requests that write: they say so, and none is sent where the run was not told to apply."""

from __future__ import annotations

import json
import pathlib
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gate.contract.model import Contract
from gate.errors import ContractError
from gate.kinds.endpoint import Endpoint
from gate.kinds.load import load_contract
from gate.sources.api.curl import curl
from gate.sources.api.look import look
from gate.sources.fact import Seen
from gate.target import Target
from tests.selftest import runs

METHODS = ("POST", "PUT", "PATCH", "DELETE")
HEAD = 'title = "t"\nsource = "s"\n'
READS = f'[endpoint.read]\n{HEAD}path = "/read"\n'
LOGIN = f'[endpoint.login]\n{HEAD}method = "POST"\npath = "/login"\n'


def contract(folder: pathlib.Path, endpoints: str, **more: Any) -> Contract:
    """A contract of these endpoints, and other chapters."""
    options = {key: more.pop(key) for key in ("writes", "logins") if key in more}
    for chapter, text in {"endpoints": endpoints, **more}.items():
        (folder / f"{chapter}.toml").write_text(text)
    return load_contract(folder, **options)


def writing(name: str = "w", says: str = "writes = true\n", method: str = "POST") -> str:
    """An endpoint that writes."""
    return f'[endpoint.{name}]\n{HEAD}method = "{method}"\npath = "/{name}"\n{says}'


class Keeper(BaseHTTPRequestHandler):
    """Answers everything, and keeps what it was asked."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Stay silent."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path))  # type: ignore[attr-defined]
        body = json.dumps({"access_token": "t0ken-of-nobody"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - its names


@pytest.fixture
def peer() -> Iterator[ThreadingHTTPServer]:
    """A server that keeps what it was asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Keeper)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def target(peer: ThreadingHTTPServer | None = None, **api: Any) -> Target:
    """A target there."""
    base = f"http://127.0.0.1:{peer.server_address[1] if peer else 9}"
    return Target.model_validate(
        {
            "name": "t",
            "title": "T",
            "host": "local://",
            "api": {"base": base, **api},
            "database": {"service": "none"},
        }
    )


@pytest.mark.parametrize("method", METHODS)
def test_what_writes_says_so(tmp_path: pathlib.Path, method: str) -> None:
    """A method that may change something needs the word; the text names file, table and key."""
    with pytest.raises(ContractError) as caught:
        contract(tmp_path, READS + writing(says="", method=method))
    assert f"{tmp_path / 'endpoints.toml'}: [endpoint.w]: writes:" in str(caught.value)


def test_the_login_is_the_one_that_the_target_names(tmp_path: pathlib.Path) -> None:
    """It needs no word, and must have none; another POST to the same path is no login."""
    assert contract(tmp_path, LOGIN).promises
    with pytest.raises(ContractError, match=r"\[endpoint.login\]: writes: a POST may change"):
        contract(tmp_path, LOGIN, logins=["session"])
    with pytest.raises(ContractError, match="it is always sent"):
        contract(tmp_path, LOGIN + "writes = true\n")


@pytest.mark.parametrize(
    ("chapter", "text"),
    [
        ("budgets", f'[budget.w]\n{HEAD}endpoint = "w"\nlimit_s = 1\nsamples = 2\n'),
        (
            "plan",
            f'[step.a]\n{HEAD}phase = "deploy"\norder = 1\nrun = "true"\nanswers = "w"\n',
        ),
    ],
)
def test_what_writes_is_sent_once(tmp_path: pathlib.Path, chapter: str, text: str) -> None:
    """Neither a budget nor a wait repeats it."""
    with pytest.raises(ContractError, match=r"endpoint\.w writes"):
        contract(tmp_path, writing(), **{chapter: text})


def test_what_is_withheld_is_told_and_not_counted(tmp_path: pathlib.Path) -> None:
    """Where nothing is applied, what writes is no item of the account, and nor is what needs it."""
    more = {
        "budgets": f'[budget.w]\n{HEAD}endpoint = "w"\nlimit_s = 1\nsamples = 1\n',
        "waivers": f'[waiver.w]\n{HEAD}item = "endpoint.w"\nowner = "o"\nreason = "r"\n'
        "expires = 2999-01-01\n",
        "risks": f'[risk.w]\n{HEAD}area = "a"\nlevel = "LOW"\n',
    }
    text = READS + writing(says='writes = true\nrisk = "risk.w"\n')
    found = contract(tmp_path, text, writes=False, **more)
    assert [one.id for one in found.at("predeploy")] == ["endpoint.read"]
    told = {one.id for one in found.not_tried("predeploy")}
    assert told == {"endpoint.w", "budget.w", "waiver.w", "risk.w"}
    assert not contract(tmp_path, text, **more).not_tried("predeploy")


@pytest.mark.parametrize("writes", [False, True])
def test_nothing_that_writes_leaves_the_gate_unasked(
    peer: ThreadingHTTPServer, *, writes: bool
) -> None:
    """Whatever a caller hands in: without the word, only GET, HEAD and the login are sent."""
    items: dict[str, dict[str, Any]] = {
        "login": {"method": "POST", "path": "/login"},
        "read": {"path": "/read", "role": "agent"},
        "odd": {"path": "/odd", "writes": True},
        **{method: {"method": method, "path": f"/{method}"} for method in METHODS},
    }
    endpoints = {
        f"endpoint.{name}": Endpoint.model_validate({"title": "t", "source": "s", **item})
        for name, item in items.items()
    }
    found = look(target(peer), endpoints, {}, {}, writes=writes)
    assert isinstance(found, Seen)
    asked = peer.asked  # type: ignore[attr-defined]
    assert ("GET", "/read") in asked
    changing = {one for one in asked if one[1] not in ("/read", "/login")}
    assert bool(changing) is writes
    assert found.value.wrote is writes
    assert found.value.answers.keys() == endpoints.keys()


@pytest.mark.parametrize("method", ["GET", "HEAD", *METHODS])
def test_the_command_to_look_only_reads(peer: ThreadingHTTPServer, method: str) -> None:
    """It is asked for with GET or HEAD, values and tokens by the names of their variables."""
    here = target(peer, values={"id": "4 2'"}, values_env={"secret_id": "ID_OF_IT"})
    item = Endpoint.model_validate(
        {
            "title": "t",
            "source": "s",
            "method": method,
            "path": "/a/{id}/{secret_id}?q=$(id)&b=`id`",
            "role": "the agent",
            "json": {"a": 1},
        }
    )
    command = curl(item, here)
    assert "s3cret" not in command
    environ = {"PATH": "/usr/bin:/bin", "ID_OF_IT": "s3cret", "THE_AGENT_TOKEN": "t"}
    done = subprocess.run(  # noqa: S602 - what a person would paste
        command, shell=True, env=environ, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    (asked,) = peer.asked  # type: ignore[attr-defined]
    assert asked[0] in ("GET", "HEAD")
    assert asked[1] == "/a/4%202'/s3cret?q=$(id)&b=%60id%60"


def test_the_command_names_a_token_that_is_not_set() -> None:
    """A shell says which variable it wants, and asks nothing without it."""
    item = Endpoint.model_validate({"title": "t", "source": "s", "path": "/", "role": "agent"})
    done = subprocess.run(  # noqa: S602 - what a person would paste
        curl(item, target()), shell=True, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "AGENT_TOKEN" in done.stderr
    assert "a token of agent" in done.stderr


HERE = """
title = "Here"
host = "local://"
[api]
base = "http://127.0.0.1:{port}"
[database]
service = "none"
"""
FILES = ("STATE_SNAPSHOT_BEFORE.md", "report.html", "junit.xml", "attestation.intoto.json")


def lay_out(folder: pathlib.Path, peer: ThreadingHTTPServer, endpoints: str) -> pathlib.Path:
    """A target and a contract in a folder."""
    (folder / "contract").mkdir()
    (folder / "contract" / "endpoints.toml").write_text(endpoints)
    (folder / "here.toml").write_text(HERE.format(port=peer.server_address[1]))
    return folder


def test_a_run_lists_what_it_did_not_try(peer: ThreadingHTTPServer, tmp_path: pathlib.Path) -> None:
    """Without --apply no such request is sent, the account is whole, and every report says so."""
    folder = lay_out(tmp_path, peer, READS + writing() + writing("gone", method="DELETE"))
    done = runs.run(runs.command(folder, "predeploy"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {method for method, _ in peer.asked} == {"GET"}  # type: ignore[attr-defined]
    found = runs.verdict(folder, "predeploy")
    assert [one["id"] for one in found["not_tried"]] == ["endpoint.w", "endpoint.gone"]
    assert [one["id"] for one in found["items"]] == ["endpoint.read"]
    assert "not tried: 2 items: it writes" in " ".join(done.stdout.split())
    assert "endpoint: w, gone" in done.stdout
    reports = folder / "reports" / "here" / "predeploy"
    for name in FILES:
        text = (reports / name).read_text("utf-8")
        assert "not tried" in text.lower().replace("_", " "), name
        assert "gone" in text, name
    pairs = (reports / "allure-results" / "environment.properties").read_text("latin-1")
    assert "gone" in pairs


def test_apply_sends_what_writes(peer: ThreadingHTTPServer, tmp_path: pathlib.Path) -> None:
    """With --apply it is an item like any other."""
    folder = lay_out(tmp_path, peer, READS + writing())
    done = runs.run(runs.command(folder, "predeploy", "--apply"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("POST", "/w") in peer.asked  # type: ignore[attr-defined]
    assert runs.outcomes(folder, "predeploy") == {"endpoint.read": "PASS", "endpoint.w": "PASS"}
    assert runs.verdict(folder, "predeploy")["not_tried"] == []


def test_a_contract_that_does_not_say_so_is_refused(
    peer: ThreadingHTTPServer, tmp_path: pathlib.Path
) -> None:
    """Exit status 4 with file, table and key, before anything is asked."""
    folder = lay_out(tmp_path, peer, READS + writing(says=""))
    done = runs.run(runs.command(folder, "predeploy", "--apply"))
    assert done.returncode == 4
    assert "endpoints.toml: [endpoint.w]: writes: a POST may change something" in done.stderr
    assert not peer.asked  # type: ignore[attr-defined]
