"""Endpoints that an OpenAPI document lists are recorded as they answer, and hold at once."""

from __future__ import annotations

import json
import pathlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome
from gate.contract.model import Contract
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from gate.recorder.live import record
from gate.target import load_target
from tests.selftest.schemas import DRAFTS, complaint

NEEDS = {"parameters": [{"name": "q", "in": "query", "required": True}]}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/health": {"get": {"parameters": "odd"}},
        "/orders": {"get": {}, "post": {}},
        "/orders/{id}": {"get": {}},
        "/search": {"get": NEEDS},
        "/import": {"post": {}},
        "/broken": {"get": {}},
        "/old": {"get": {}},
        "/odd path": {"get": {}},
        "/number": 7,
    },
}
ANSWERS: dict[str, tuple[int, Any]] = {
    "/openapi.json": (200, DOCUMENT),
    "/health": (200, {"status": "ok", "version": "1"}),
    "/orders": (401, {"detail": "who are you?"}),
    "/broken": (500, {"detail": "no"}),
    "/old": (307, {}),
}


class Handler(BaseHTTPRequestHandler):
    """Answers, and keeps what was asked."""

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer by path."""
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        status, body = ANSWERS.get(self.path, (404, {"detail": "Not Found"}))
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        if status == 307:
            self.send_header("location", "/health?token=hunter2-hunter2")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """The application."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def test_what_a_document_lists(tmp_path: pathlib.Path, server: ThreadingHTTPServer) -> None:
    """Only what reads and needs no value is asked; what failed is not recorded; all of it holds."""
    base = f"http://127.0.0.1:{server.server_address[1]}"
    (tmp_path / "here.toml").write_text(
        f'title = "T"\nhost = "local://"\n[deadlines]\nwindow_s = 0.01\n'
        f'[api]\nbase = "{base}"\n[api.bases.front]\nbase = "{base}"\n',
        "utf-8",
    )
    target = load_target(str(tmp_path / "here.toml"), tmp_path)
    nothing = Contract(system="", cwd="/", folder=str(tmp_path), sha256="", promises={})
    chapters, missing = record(target, nothing, ("endpoints",))
    text = chapters["endpoints"]
    assert missing == []
    assert "hunter2" not in text
    assert "# left out: /broken answers 500\n# left out: /broken of front answers 500\n" in text
    assert [complaint("endpoints", text, draft) for draft in DRAFTS] == ["", ""]
    asked = {*server.asked}  # type: ignore[attr-defined]
    assert {"/health", "/orders", "/old", "/broken"} <= asked
    assert not asked & {"/orders/{id}", "/search", "/import"}
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "endpoints.toml").write_text(text, "utf-8")
    contract = load_contract(tmp_path / "contract")
    assert [*contract.promises] == [
        *("endpoint.health", "endpoint.old", "endpoint.orders"),
        *("endpoint.front_health", "endpoint.front_old", "endpoint.front_orders"),
    ]
    assert 'location = "/health"' in text
    observed = look(contract, target, "predeploy")
    scene = Scene(contract=contract, target=target, moment="predeploy", observed=observed)
    for one in contract.at("predeploy"):
        assert judge(one, scene).result.outcome is Outcome.PASS, judge(one, scene).result
    again, _ = record(target, contract, ("endpoints",))
    assert again == {}


def recorded(folder: pathlib.Path, server: ThreadingHTTPServer) -> str:
    """What is recorded of a server's endpoints."""
    (folder / "here.toml").write_text(
        f'title = "T"\nhost = "local://"\n[deadlines]\nwindow_s = 0.01\n'
        f'[api]\nbase = "http://127.0.0.1:{server.server_address[1]}"\n'
    )
    target = load_target(str(folder / "here.toml"), folder)
    nothing = Contract(system="", cwd="/", folder=str(folder), sha256="", promises={})
    return record(target, nothing, ("endpoints",))[0]["endpoints"]


class Wall(Handler):
    """A front door that lets nobody in, whatever is asked for."""

    def do_GET(self) -> None:
        """Refuse."""
        self.send_response(401)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", "0")
        self.end_headers()


def test_a_wall_before_everything(tmp_path: pathlib.Path, server: ThreadingHTTPServer) -> None:
    """That guessed addresses of documents are refused, too, says nothing about them."""
    server.RequestHandlerClass = Wall
    text = recorded(tmp_path, server)
    assert text.count("[endpoint.") == 1
    assert "[endpoint.root]" in text
    assert "status = 401" in text


class OneAnswer(Handler):
    """A server that says the same in JSON, whatever is asked for."""

    def do_GET(self) -> None:
        """Say it."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "12")
        self.end_headers()
        self.wfile.write(b'{"ok": true}')


def test_one_answer_to_everything(tmp_path: pathlib.Path, server: ThreadingHTTPServer) -> None:
    """It is no document where one was guessed to be: the address itself is all that is kept."""
    server.RequestHandlerClass = OneAnswer
    text = recorded(tmp_path, server)
    assert text.count("[endpoint.") == 2  # its body is a table of its own
    assert "[endpoint.root]" in text
    assert "[endpoint.root.body]" in text
