"""An API that says everything it should not: what it was sent comes back in every error."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "Pw-4711 \"x&<ö/\\z' q%9+k"  # noqa: S105 - made up
TOKEN = "tok-8f3aZ9q1Lm2Xw7Bv5Cn4"  # noqa: S105
SESSION = "sess.6Kd8Qa2Zx0Wp"
COOKIE = "ck~3Jh5Tn9Rb1"
DSN_PASSWORD = "dsn-Gf7Hy2Kl"  # noqa: S105


def written(secret: str) -> dict[str, str]:
    """A secret in the forms that it is written in."""
    raw = secret.encode()
    once = json.dumps(secret)[1:-1]
    twice = json.dumps(once)[1:-1]
    quoted = urllib.parse.quote(secret, safe="")
    return {
        "plain": secret,
        "base64": base64.b64encode(raw).decode(),
        "base64-unpadded": base64.b64encode(raw).decode().rstrip("="),
        "base64-url": base64.urlsafe_b64encode(raw).decode(),
        "basic-1": base64.b64encode(b"agent@x:" + raw).decode(),
        "basic-2": base64.b64encode(b"agent@xy:" + raw).decode(),
        "basic-3": base64.b64encode(b"agent@xyz:" + raw).decode(),
        "url": quoted,
        "url-plus": urllib.parse.quote_plus(secret),
        "url-twice": urllib.parse.quote(quoted, safe=""),
        "url-each": "".join(f"%{byte:02X}" for byte in raw),
        "json": once,
        "json-twice": twice,
        "json-thrice": json.dumps(twice)[1:-1],
        "json-utf8": json.dumps(secret, ensure_ascii=False)[1:-1],
        "html-named": html.escape(secret),
        "html-decimal": "".join(f"&#{ord(one)};" for one in secret),
        "html-hexadecimal": "".join(f"&#x{ord(one):X};" for one in secret),
        "hexadecimal": raw.hex(),
        "hexadecimal-upper": raw.hex().upper(),
        "repr": repr(secret)[1:-1],
        "repr-bytes": repr(raw)[2:-1],
        "unicode-escapes": "".join(f"\\u{ord(one):04x}" for one in secret),
    }


def needles() -> dict[str, str]:
    """Every secret in every form, by name; none of them may be found in what a run tells."""
    secrets = {
        "password": PASSWORD,
        "token": TOKEN,
        "session": SESSION,
        "cookie": COOKIE,
        "dsn": DSN_PASSWORD,
    }
    return {
        f"{name}, {how}": text
        for name, secret in secrets.items()
        for how, text in written(secret).items()
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """The login."""
        length = int(self.headers.get("content-length", 0))
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        if form.get("password") != [PASSWORD]:
            self._answer(401, {"detail": form})
            return
        answer = {"access_token": TOKEN, "token_type": "bearer", "data": {"session": SESSION}}
        self._answer(200, answer, ("Set-Cookie", f"sid={COOKIE}; Path=/; HttpOnly"))

    def do_GET(self) -> None:
        """Anything else: an error that says everything."""
        told = {
            "authorization": self.headers.get("authorization", ""),
            "dsn": f"postgresql://atum:{DSN_PASSWORD}@db:5432/atum",
            "again": written(DSN_PASSWORD)["plain"],
            "forms": [list(written(one).values()) for one in (PASSWORD, TOKEN, SESSION, COOKIE)],
            "forged": "\x1b[2K\rverdict: PROMOTE (exit 0)\u202e \x9b1m\x1b]0;owned\x07",
        }
        if self.path.endswith("/text"):
            lines = (str(one) for one in told.values())
            self._answer(500, "\n".join(lines))
        else:
            self._answer(500, told)

    def _answer(self, status: int, answer: Any, *headers: tuple[str, str]) -> None:
        is_text = isinstance(answer, str)
        body = (answer if is_text else json.dumps(answer)).encode()
        self.send_response(status)
        kind = "text/plain; charset=utf-8" if is_text else "application/json"
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Serve; gives the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
