"""A stand-in for Ollama: its HTTP interface with canned answers, on Python's standard library.

Faked: there is no model. ``/api/generate`` and ``/api/chat`` wait for a time that can be set, with
its spread, and answer with the start of the prompt; ``/api/embeddings`` hashes words, so that texts
which share words are near each other. It fails in the ways that are asked for. Real: addresses,
shapes of requests and answers, and that it takes its time.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import math
import os
import pathlib
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "app" / "before"))

from app.embedding import embed

MODELS = ("atum-copilot", "atum-embed")
EXCERPT = 120


@dataclasses.dataclass(frozen=True)
class Manner:
    """How it answers: a JSON object in OLLAMA_DELAY_FILE, or a number there, or OLLAMA_DELAY_S.

    Attributes:
        median_s: How long a generated answer takes.
        sigma: How far that varies: the standard deviation of its logarithm.
        seed: Of the chance in it; the same one makes the same durations.
        fails: ``generate`` (everything else answers), ``missing`` (no model is there), ``limit``
            (429), ``size`` (embeddings of another size), ``hangs`` (no answer comes), or nothing.
    """

    median_s: float = 0.4
    sigma: float = 0.0
    seed: int = 0
    fails: str = ""

    def delay_s(self, number: int) -> float:
        """How long the answer of this number takes."""
        dice = random.Random(f"{self.seed} {number}")
        return self.median_s * math.exp(self.sigma * dice.gauss(0, 1))


def manner() -> Manner:
    """How it answers now."""
    file = pathlib.Path(os.environ.get("OLLAMA_DELAY_FILE", "/nonexistent"))
    try:
        told = json.loads(file.read_text("utf-8"))
        return Manner(**told) if isinstance(told, dict) else Manner(float(told))
    except (OSError, ValueError, TypeError):
        return Manner(float(os.environ.get("OLLAMA_DELAY_S", "0.4")))


class Handler(BaseHTTPRequestHandler):
    """Answers like Ollama 0.5."""

    protocol_version = "HTTP/1.1"
    stopped = threading.Event()
    numbers = itertools.count()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Log no request."""

    def answer(self, body: dict[str, Any], status: int = 200) -> None:
        """Send JSON."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        """List the models, or tell the version."""
        if self.path == "/api/tags":
            names = () if manner().fails == "missing" else MODELS
            self.answer({"models": [{"name": name, "model": name} for name in names]})
        elif self.path == "/api/version":
            self.answer({"version": "0.5.0"})
        else:
            self.answer({"error": "not found"}, 404)

    def do_POST(self) -> None:
        """Embed, generate or chat."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}")
        known = self.path in {"/api/embeddings", "/api/generate", "/api/chat"}
        now = manner()
        if not known:
            self.answer({"error": "not found"}, 404)
        elif now.fails == "missing":
            self.answer({"error": f"model '{body.get('model')}' not found, try pulling it"}, 404)
        elif self.path == "/api/embeddings":
            vector = embed(body.get("prompt", ""))
            self.answer(
                {"embedding": vector[: len(vector) // 2] if now.fails == "size" else vector}
            )
        elif now.fails == "limit":
            self.answer({"error": "too many requests"}, 429)
        elif now.fails == "generate":
            self.answer({"error": "llama runner process has terminated"}, 500)
        else:
            started = time.monotonic_ns()
            self.stopped.wait(None if now.fails == "hangs" else now.delay_s(next(self.numbers)))
            self.answer(self.generated(body, time.monotonic_ns() - started))

    def generated(self, body: dict[str, Any], took_ns: int) -> dict[str, Any]:
        """Make up an answer out of the prompt."""
        said = body.get("prompt") or " ".join(
            m.get("content", "") for m in body.get("messages", [])
        )
        text = f"in short: {' '.join(said.split())[:EXCERPT]}"
        common = {"model": body.get("model"), "done": True, "total_duration": took_ns}
        if self.path == "/api/chat":
            return {**common, "message": {"role": "assistant", "content": text}}
        return {**common, "response": text}


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=11434)
    options = parser.parse_args()
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer((options.host, options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
