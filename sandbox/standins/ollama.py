"""A stand-in for Ollama: its HTTP interface with canned answers, on Python's standard library.

Faked: there is no model. ``/api/generate`` and ``/api/chat`` wait for a settable time and answer
with the start of the prompt; ``/api/embeddings`` hashes words, so that texts which share words are
near each other. Real: addresses, shapes of requests and answers, and that it takes its time.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "app" / "before"))

from app.embedding import embed

MODELS = ("atum-copilot", "atum-embed")
EXCERPT = 120


def delay_s() -> float:
    """How long a generated answer takes: OLLAMA_DELAY_FILE, else OLLAMA_DELAY_S, else 0.4 s."""
    file = pathlib.Path(os.environ.get("OLLAMA_DELAY_FILE", "/nonexistent"))
    try:
        return float(file.read_text("utf-8"))
    except (OSError, ValueError):
        return float(os.environ.get("OLLAMA_DELAY_S", "0.4"))


class Handler(BaseHTTPRequestHandler):
    """Answers like Ollama 0.5."""

    protocol_version = "HTTP/1.1"
    stopped = threading.Event()

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
            self.answer({"models": [{"name": name, "model": name} for name in MODELS]})
        elif self.path == "/api/version":
            self.answer({"version": "0.5.0"})
        else:
            self.answer({"error": "not found"}, 404)

    def do_POST(self) -> None:
        """Embed, generate or chat."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}")
        if self.path == "/api/embeddings":
            self.answer({"embedding": embed(body.get("prompt", ""))})
        elif self.path in {"/api/generate", "/api/chat"}:
            started = time.monotonic_ns()
            self.stopped.wait(delay_s())
            self.answer(self.generated(body, time.monotonic_ns() - started))
        else:
            self.answer({"error": "not found"}, 404)

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
