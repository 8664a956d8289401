"""The look at the API, against a real server that misbehaves in every way there is."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gate.connection.obstacle import INTERRUPTED
from gate.kinds.endpoint import Endpoint
from gate.secrets import known
from gate.sources.api.exchange import Reply
from gate.sources.api.facts import Answer
from gate.sources.api.look import look
from gate.sources.api.questions import AskSamples
from gate.sources.api.tokens import learn_login, learn_reply, token_of
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target
from gate.timing.rules import Rules

ENVIRON = {"AGENT": "ada", "AGENT_PW": "correct horse"}
TOKEN = "a-token-that-must-not-be-kept"  # noqa: S105 - made up


class Handler(BaseHTTPRequestHandler):
    """One path per way to answer."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Stay silent."""

    def answer(self, status: int, body: str, kind: str = "application/json") -> None:
        """Answer with a body."""
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self) -> None:
        """Answer by path."""
        if self.path == "/slow":
            self.server.done.wait(30)  # type: ignore[attr-defined]
        elif self.path == "/hangs-up":
            self.close_connection = True
        elif self.path == "/no-json":
            self.answer(200, "{oops")
        elif self.path == "/page":
            self.answer(200, "<p>", "text/html; charset=utf-8")
        elif self.path == "/mine":
            right = self.headers.get("authorization") == f"Bearer {TOKEN}"
            self.answer(200 if right else 401, "{}")
        else:
            self.answer(200, json.dumps({"path": self.path}))

    def do_POST(self) -> None:
        """Log in."""
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        right = "user=ada" in form and "password=correct+horse" in form
        self.answer(200 if right else 401, json.dumps({"access_token": TOKEN} if right else {}))


@pytest.fixture
def base() -> Iterator[str]:
    """Base URL of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.done = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.done.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()


def target(base: str) -> Target:
    """A target at an address."""
    return Target.model_validate(
        {
            "name": "t",
            "title": "T",
            "host": "local://",
            "api": {
                "base": base,
                "values": {"ticket": "42"},
                "roles": {"agent": {"user_env": "AGENT", "password_env": "AGENT_PW"}},
            },
            "database": {"service": "none"},
            "deadlines": {"connect_s": 1.0},
        }
    )


LOGIN: dict[str, Any] = {
    "method": "POST",
    "path": "/login",
    "as_role": "agent",
    "form": {"user": "{user}", "password": "{password}"},
}


def ask(
    base: str,
    environ: dict[str, str] = ENVIRON,
    samples: Sequence[AskSamples] = (),
    **paths: Any,
) -> dict[str, Fact[Answer]]:
    """Ask some endpoints, given as items without title and source."""
    endpoints = {
        f"endpoint.{name}": Endpoint.model_validate({"title": "t", "source": "s", **item})
        for name, item in paths.items()
    }
    found = look(target(base), endpoints, samples, environ, writes=True)
    assert isinstance(found, Seen)
    return {id_.partition(".")[2]: fact for id_, fact in found.value.answers.items()}


def test_answers(base: str) -> None:
    """Answers are kept with status, content type and parsed body."""
    found = ask(base, a={"path": "/a/{ticket}"}, b={"path": "/page"}, c={"path": "/no-json"})
    assert isinstance(found["a"], Seen)
    assert isinstance(found["b"], Seen)
    assert isinstance(found["c"], Seen)
    assert found["a"].value.body == {"path": "/a/42"}
    assert (found["b"].value.content_type, found["b"].value.body) == ("text/html", "<p>")
    assert (found["c"].value.is_json, found["c"].value.body) == (False, "{oops")


def test_log_in(base: str) -> None:
    """A role's login is used, and its token is kept nowhere."""
    found = ask(base, login=LOGIN, mine={"path": "/mine", "role": "agent"})
    assert isinstance(found["mine"], Seen)
    assert isinstance(found["login"], Seen)
    assert found["mine"].value.status == 200
    assert TOKEN not in found["login"].value.model_dump_json()
    assert found["login"].value.body == {"access_token": f"<{len(TOKEN)} characters>"}


def test_wrong_password_is_really_wrong(base: str) -> None:
    """The wrong password of a refusal is never the right one."""
    wrong = {**LOGIN, "form": {"user": "{user}", "password": "{wrong_password}"}}
    found = ask(base, wrong=wrong)["wrong"]
    assert isinstance(found, Seen)
    assert found.value.status == 401


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({**ENVIRON, "AGENT_PW": "no"}, "answered 401 without a token", id="refused"),
        pytest.param({}, "the environment variable AGENT is not set", id="unset"),
    ],
)
def test_no_login_is_no_finding(base: str, environ: dict[str, str], message: str) -> None:
    """What needs a login that failed cannot be told; it is not broken."""
    found = ask(base, environ, login=LOGIN, mine={"path": "/mine", "role": "agent"})["mine"]
    assert isinstance(found, CannotTell)
    assert message in found.reason


def test_no_answer_in_time(base: str) -> None:
    """An endpoint that does not answer within its deadline was seen not to."""
    found = ask(base, slow={"path": "/slow", "deadline_s": 0.2})["slow"]
    assert isinstance(found, Absent)
    assert "within 0.2 s" in found.proof


def test_hangs_up(base: str) -> None:
    """A connection that is closed without an answer was seen."""
    assert isinstance(ask(base, a={"path": "/hangs-up"})["a"], Absent)


def test_refused() -> None:
    """A refused connection is an answer of the host."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        found = ask(f"http://127.0.0.1:{port}", a={"path": "/"})["a"]
    assert isinstance(found, Absent)
    assert "ConnectError" in found.proof


def test_unknown_name() -> None:
    """An address that leads nowhere says nothing about the API."""
    found = ask("http://no-such-host.invalid", a={"path": "/"})["a"]
    assert isinstance(found, CannotTell)
    assert found.cause is Cause.UNREACHABLE


def test_missing_value(base: str) -> None:
    """A path whose value is not given cannot be asked."""
    found = ask(base, a={"path": "/{other}"})["a"]
    assert isinstance(found, CannotTell)
    assert "[api.values]" in found.reason


def test_samples(base: str) -> None:
    """A budget gets its timed repetitions."""
    rules = Rules(percentiles=((0.5, 1.0),), samples=7)
    samples = [AskSamples("budget.a", "endpoint.a", rules)]
    found = ask(base, samples=samples, a={"path": "/a"})["a"]
    assert isinstance(found, Seen)
    assert found.value.timing is not None
    assert len(found.value.timing.samples_s) == 7


def test_an_interruption_leaves_an_answer_that_takes_long(base: str) -> None:
    """Nobody who ends a run waits for the copilot; what was not answered cannot be told."""
    interrupted = threading.Event()
    timer = threading.Timer(0.3, interrupted.set)
    timer.start()
    try:
        item = {"title": "t", "source": "s", "path": "/slow", "deadline_s": 25, "slow": True}
        asked = {"endpoint.slow": Endpoint.model_validate(item)}
        found = look(target(base), asked, (), ENVIRON, interrupted=interrupted)
    finally:
        timer.cancel()
    assert found == CannotTell(INTERRUPTED, Cause.UPSTREAM)


def test_what_a_login_hands_out_is_secret_from_then_on(base: str) -> None:
    """Tokens under any key and at any depth, cookies, and what goes into Authorization."""
    handed = {
        "access_token": "aT-31c7d0e9f5b84a62",
        "nested": [{"sessionKey": "k3y-of-a-session-77"}],
        "other": "Zm9vYmFyYmF6cXV4-0123456789ab",
    }
    reply = Reply(
        url=base,
        status=200,
        headers=(("set-cookie", "sid=c00kie-4711-value; Path=/; HttpOnly"),),
        body=b"",
        unread="",
        elapsed_s=0.1,
    )
    known.begin(())
    learn_login(handed)
    learn_reply(reply)
    found = ask(base, login=LOGIN, mine={"path": "/mine", "role": "agent"})
    assert isinstance(found["mine"], Seen)
    secret = ["aT-31c7d0e9f5b84a62", "k3y-of-a-session-77", "Zm9vYmFyYmF6cXV4-0123456789ab"]
    for one in [*secret, "c00kie-4711-value", TOKEN, f"Bearer {TOKEN}", ENVIRON["AGENT_PW"]]:
        assert one not in known.clean(f"it said {one!r} to us"), one


@pytest.mark.parametrize(
    "token", [None, 7, "", "a\nb", "\u00e9", "\ud800", ["x"], {"a": 1}, "\x00"], ids=repr
)
def test_a_token_that_cannot_be_sent_is_none(token: object) -> None:
    """What a login hands out goes into a header only where it can."""
    assert token_of({"access_token": token}) is None
    assert token_of([token]) is None
