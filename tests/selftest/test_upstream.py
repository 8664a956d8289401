"""Every way in which an API has no good answer is a named outcome, in time."""

from __future__ import annotations

import contextlib
import json
import pathlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome, Result
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from gate.target import load_target
from tests.selftest.tls import certificate, serving

JSON = "application/json"
# Path: status, headers, body, and what the reason must name.
ANSWERS: dict[str, tuple[int, dict[str, str], str, str]] = {
    "html": (200, {"content-type": "text/html"}, "<html>", "answered with text/html"),
    "html_as_json": (200, {}, "<html>", "the body is no JSON"),
    "says_it_failed": (
        *(200, {}, json.dumps({"summary": "AI generation failed. Please try again."})),
        "the answer says 'generation failed'",
    ),
    "says_it_deep_inside": (
        *(200, {}, json.dumps({"a": [{"b": ["fine", "Generation FAILED."]}]})),
        "the answer says 'Generation FAILED'",
    ),
    "login_page": (
        *(302, {"location": "/login?next=%2Fa&ticket=s3cr3t"}, ""),
        "answered 302 to /login: a login page",
    ),
    "moved": (301, {"location": "https://other/"}, "", "answered 301 to https://other/"),
    "too_many": (429, {}, '{"detail": "slow down"}', "too many requests: a limit, or a locked"),
    "locked": (423, {}, "{}", "the account is locked"),
    "expired": (401, {}, '{"detail": "Token has expired"}', "the token of agent has expired"),
    "not_accepted": (401, {}, '{"detail": "no"}', "the token of agent is not accepted"),
    "no_ticket": (404, {}, '{"detail": "Ticket not found"}', 'answered 404 ("Ticket not found")'),
    "model": (
        *(500, {}, '{"error": "model \\"atum\\" not found, try pulling it first"}'),
        "upstream: the model is not there",
    ),
    "model_404": (
        *(404, {}, '{"error": "model \'qwen2.5:7b\' not found"}'),
        "upstream: the model is not there",
    ),
    "refused": (
        *(502, {}, '{"detail": "All connection attempts failed"}'),
        "upstream: a connection was refused",
    ),
    "embeddings": (
        *(500, {}, '{"detail": "expected 768 dimensions, not 512"}'),
        "upstream: embeddings of another size",
    ),
    "unavailable": (503, {}, '{"detail": "RAG is switched off"}', "upstream: not available"),
    "late": (504, {"content-type": "text/html"}, "<h1>", "upstream: no answer in time"),
    "limited": (500, {}, '{"detail": "429 Too Many Requests"}', "upstream: too many requests"),
    "server_error": (500, {}, "", "answered 500"),
}
NEVER = ["(?i)generation failed"]


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Stay silent."""

    def do_GET(self) -> None:
        """One of the answers; the first byte of a stream comes late, the rest later."""
        name = self.path.strip("/")
        if name == "stream":
            self.stream()
            return
        status, headers, body, _ = ANSWERS[name]
        self.answer(status, body, headers)

    def do_POST(self) -> None:
        """Log in, or not."""
        self.rfile.read(int(self.headers.get("content-length", "0")))
        locked = self.path == "/locked_login"
        self.answer(429, '{"detail": "locked"}') if locked else self.answer(
            200, '{"access_token": "a-token-for-the-agent"}'
        )

    def answer(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        """Send it."""
        self.send_response(status)
        for key, value in {"content-type": JSON, **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body.encode())

    def stream(self) -> None:
        """The head at once, the first byte after a while, the last one after another."""
        self.send_response(200)
        self.send_header("content-type", JSON)
        self.send_header("content-length", "2")
        self.end_headers()
        for byte in (b"{", b"}"):
            time.sleep(0.15)
            self.wfile.write(byte)
            self.wfile.flush()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where they are answered."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def outcomes(
    folder: pathlib.Path, base: str, endpoints: dict[str, str], budgets: str = ""
) -> dict[str, Result]:
    """Look at some endpoints and judge every item."""
    (folder / "here.toml").write_text(
        f'title = "T"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\nconnect_s = 2\n'
        f'[api]\nbase = "{base}"\n[api.roles.agent]\nuser_env = "USER_OF_IT"\n'
        f'password_env = "PASSWORD_OF_IT"\n'
    )
    contract = folder / "contract"
    contract.mkdir()
    text = [
        f'[endpoint.{name}]\ntitle = "t"\nsource = "s"\n{keys}' for name, keys in endpoints.items()
    ]
    (contract / "endpoints.toml").write_text("\n".join(text))
    if budgets:
        (contract / "budgets.toml").write_text(budgets)
    promised, target = load_contract(contract), load_target(str(folder / "here.toml"), folder)
    observed = look(promised, target, "predeploy")
    scene = Scene(contract=promised, target=target, moment="predeploy", observed=observed)
    return {one.id: judge(one, scene).result for one in promised.at("predeploy")}


LOGIN = (
    'method = "POST"\npath = "{path}"\nas_role = "agent"\n'
    'form = {{ username = "{{user}}", password = "{{password}}" }}\n'
)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent's."""
    monkeypatch.setenv("USER_OF_IT", "ada")
    monkeypatch.setenv("PASSWORD_OF_IT", "correct horse battery")


@pytest.mark.usefixtures("credentials")
def test_each_is_named(port: int, tmp_path: pathlib.Path) -> None:
    """All of them in one look: what they are is told, and none is taken for an answer."""
    asked = {
        name: f'path = "/{name}"\nrole = "agent"\ndeadline_s = 5\nnever = {json.dumps(NEVER)}\n'
        for name in ANSWERS
    }
    asked["login"] = LOGIN.format(path="/login")
    started = time.monotonic()
    found = outcomes(tmp_path, f"http://127.0.0.1:{port}", asked)
    assert time.monotonic() - started < 5
    for name, (_, _, _, why) in ANSWERS.items():
        result = found[f"endpoint.{name}"]
        assert result.outcome is Outcome.FAIL, (name, result)
        assert why in result.reason, (name, result.reason)
        assert "s3cr3t" not in result.reason
    assert found["endpoint.login"].outcome is Outcome.PASS


@pytest.mark.usefixtures("credentials")
def test_a_login_that_is_locked(port: int, tmp_path: pathlib.Path) -> None:
    """What needs it cannot be told, and says why."""
    asked = {
        "login": LOGIN.format(path="/locked_login"),
        "mine": 'path = "/server_error"\nrole = "agent"\n',
    }
    found = outcomes(tmp_path, f"http://127.0.0.1:{port}", asked)
    assert found["endpoint.mine"].outcome is Outcome.INCONCLUSIVE
    assert "answered 429 without a token: too many requests" in found["endpoint.mine"].reason
    assert found["endpoint.login"].outcome is Outcome.FAIL


def test_a_certificate_that_nobody_trusts(tmp_path: pathlib.Path) -> None:
    """It is no answer of the API: it cannot be told, and the certificate is named."""
    with serving(certificate(tmp_path / "made.pem", ["localhost"], 10)) as port:
        asked = {"a": 'path = "/server_error"\n'}
        found = outcomes(tmp_path, f"https://localhost:{port}", asked)["endpoint.a"]
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "certificate" in found.reason.lower()


@pytest.mark.parametrize(("limit", "outcome"), [(0.1, Outcome.FAIL), (5.0, Outcome.PASS)])
def test_the_first_byte_and_the_last(
    port: int, tmp_path: pathlib.Path, limit: float, outcome: Outcome
) -> None:
    """They are told apart: the first byte of the body, not of the head."""
    budgets = (
        '[budget.b]\ntitle = "t"\nsource = "s"\nendpoint = "stream"\nlimit_s = 5\n'
        f"first_byte_s = {limit}\n"
    )
    asked = {"stream": 'path = "/stream"\n'}
    found = outcomes(tmp_path, f"http://127.0.0.1:{port}", asked, budgets)["budget.b"]
    if outcome is Outcome.FAIL and found.outcome is Outcome.INCONCLUSIVE:
        assert "own machine was overloaded" in found.reason
        return
    assert found.outcome is outcome, found
    assert "first byte" in found.seen
