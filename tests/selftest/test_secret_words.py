"""Secrets that are keys, short, or common words, in a whole run: what is looked for."""

from __future__ import annotations

import base64
import json
import pathlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.selftest import runs

TARGET = """
title = "A talkative API"
host = "local://"
[api]
base = "{base}"
roles.one = {{ user_env = "ONE_USER", password_env = "ONE_WORD" }}
roles.two = {{ user_env = "TWO_USER", password_env = "TWO_WORD" }}
[deadlines]
window_s = 0.05
"""
CONTRACT = """
[endpoint.me]
title = "It answers"
source = "a self-test"
path = "/me"
body.required = ["id"]
"""
KEY = "kEy-6fQ8zr1T"
SHORT = "q7Zx"
WORD = "wumpus"
COMMON = "secret"


class Talks(BaseHTTPRequestHandler):
    """Answers with every secret, where it may stand and where it is only a part of a word."""

    def do_GET(self) -> None:
        """Fail, at length."""
        coded = base64.b64encode(f"xx:{COMMON}-{WORD}".encode()).decode()
        told = {
            KEY: {"below": 1, f"pre-{KEY}": [{KEY: KEY}]},
            "prose": f"no {COMMON} is kept in {SHORT}, nor {WORD} in wumpuses; the kept{COMMON}s",
            "named": f"password={COMMON} PGPASSWORD={COMMON} postgres://u:{COMMON}@db/x",
            "password": COMMON,
            "coded": [base64.b64encode(COMMON.encode()).decode(), COMMON.encode().hex(), coded],
        }
        body = json.dumps(told).encode()
        self.send_response(500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def base() -> Iterator[str]:
    """Serve it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talks)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("by", ["pytest", "check"])
def test_keys_short_ones_and_words(base: str, tmp_path: pathlib.Path, by: str) -> None:
    """A key is taken out; a word as a whole one only; a common one where it is named or encoded."""
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "endpoints.toml").write_text(CONTRACT, "utf-8")
    (tmp_path / "here.toml").write_text(TARGET.format(base=base), "utf-8")
    own = runs.command(tmp_path, "predeploy")
    words = [*own, "-vv"] if by == "pytest" else [own[0], "-m", "gate", "check", *own[4:]]
    done = runs.run(
        words,
        ONE_USER="someone",
        ONE_WORD=WORD,
        TWO_USER="another",
        TWO_WORD=COMMON,
        APP_SHORT_PASSWORD=SHORT,
        APP_API_KEY=KEY,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    folder = (tmp_path / "reports" / "here" / "predeploy").resolve()
    files = {
        str(one.relative_to(folder)): one.read_text("utf-8", "replace")
        for one in folder.rglob("*")
        if one.is_file()
    }
    everything = {"stdout": done.stdout, "stderr": done.stderr, **files}
    coded = (base64.b64encode(COMMON.encode()).decode().rstrip("="), COMMON.encode().hex())
    named = [
        f"password={COMMON}",
        f"PGPASSWORD={COMMON}",
        f"u:{COMMON}@",
        f'"password": "{COMMON}"',
    ]
    for place, text in everything.items():
        for gone in (KEY, SHORT, f"nor {WORD} in", *coded, *named):
            assert gone not in text, (place, gone)
    seen = files["observed.json"]
    assert f"no {COMMON} is kept in [redacted], nor [redacted] in wumpuses" in seen
    assert f"the kept{COMMON}s" in seen
