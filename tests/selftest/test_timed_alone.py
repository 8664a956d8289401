"""What is timed is timed alone: the gate's own requests are not what makes an answer slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gate.kinds.endpoint import Endpoint
from gate.sources.api.facts import ApiFacts
from gate.sources.api.look import look
from gate.sources.api.questions import AskSamples
from gate.sources.fact import Seen
from gate.target import Target
from gate.timing.rules import Rules

NAMES = ("one", "two", "three", "four")
SAMPLES = 3


class Crowd:
    """How many requests were under way when each came, in their order."""

    def __init__(self) -> None:
        """Nobody came yet."""
        self.lock = threading.Lock()
        self.under_way = 0
        self.seen: list[int] = []

    def __enter__(self) -> None:
        """One comes."""
        with self.lock:
            self.under_way += 1
            self.seen.append(self.under_way)

    def __exit__(self, *_: object) -> None:
        """One goes."""
        with self.lock:
            self.under_way -= 1


@pytest.fixture
def crowd() -> Crowd:
    """Who is asked at the same time."""
    return Crowd()


@pytest.fixture
def base(crowd: Crowd) -> Iterator[str]:
    """A server whose answers take a moment, so that requests side by side meet."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with crowd:
                time.sleep(0.05)  # the work of the one who is asked
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_one_at_a_time_when_nobody_else_asks(base: str, crowd: Crowd) -> None:
    """All are asked at once first; each timed answer is then the only one, behind the others."""
    endpoints = {
        f"endpoint.{name}": Endpoint.model_validate(
            {"title": "t", "source": "s", "path": f"/{name}"}
        )
        for name in NAMES
    }
    rules = Rules(relative=True, samples=SAMPLES)
    samples = [AskSamples(f"budget.{name}", f"endpoint.{name}", rules) for name in NAMES]
    before: list[int] = []
    target = Target.model_validate(
        {"name": "t", "title": "T", "host": "local://", "api": {"base": base}}
    )
    found = look(target, endpoints, samples, {}, others=lambda: before.append(len(crowd.seen)))
    assert isinstance(found, Seen)
    assert isinstance(found.value, ApiFacts)
    assert max(crowd.seen[: len(NAMES)]) > 1
    assert crowd.seen[len(NAMES) :] == [1] * SAMPLES * len(NAMES)
    assert before == [len(NAMES)]
    for answer in found.value.answers.values():
        assert isinstance(answer, Seen)
        assert answer.value.timing is not None
        assert len(answer.value.timing.samples_s) == SAMPLES
