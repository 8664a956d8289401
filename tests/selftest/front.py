"""A web application behind a front door: nginx with certificates, on real sockets."""

from __future__ import annotations

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

from tests.selftest.authority import Authority

USER, PASSWORD, KEY = "ada", "correct horse battery", "key-of-a-partner-0815"
SESSION, CSRF, SIGNS = (
    "session-4711-of-ada",
    "csrf-0123456789-abc",
    "the key that signs all of the tokens",
)
NAME = "shop.example"
UP_S = 10.0
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
METRICS = """\
# HELP db_up Whether the database is up: failed is 0.
# TYPE db_up gauge
db_up 1
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",method="get"} 1027
http_requests_total{code="500",method="get"} 3
# HELP never_observed_seconds It has no sample.
# TYPE never_observed_seconds histogram
odd_ratio NaN
"""
OPEN_METRICS = """\
# TYPE jobs counter
# HELP jobs Jobs.
jobs_total{queue="mail"} 5 # {trace="x"} 1.0
# EOF
"""
CONFIG = """
daemon off; error_log {folder}/error.log; pid {folder}/pid; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; server_tokens off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{front} ssl http2; server_name {name};
    ssl_certificate {good}.pem; ssl_certificate_key {good}.key;
    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    add_header X-Frame-Options DENY always;
    location = /old {{ return 301 /new; }}
    location = /new {{ return 302 https://{name}:{front}/page; }}
    location = /away {{ return 302 https://elsewhere.example/page?code=s3cr3t; }}
    location = /loop {{ return 302 /loop; }}
    location = /to-other {{ return 302 https://127.0.0.1:{other}/whoami; }}
    location / {{ proxy_pass http://127.0.0.1:{app}; proxy_set_header Host $http_host; }}
  }}
  server {{
    listen 127.0.0.1:{front} ssl http2 default_server; server_name _;
    ssl_certificate {wrong}.pem; ssl_certificate_key {wrong}.key; return 421;
  }}
  server {{
    listen 127.0.0.1:{mutual} ssl; server_name 127.0.0.1;
    ssl_certificate {good}.pem; ssl_certificate_key {good}.key;
    ssl_client_certificate {ca}; ssl_verify_client on;
    location / {{ proxy_pass http://127.0.0.1:{app}; proxy_set_header X-Client $ssl_client_s_dn; }}
  }}
  server {{
    listen 127.0.0.1:{expired} ssl; server_name 127.0.0.1;
    ssl_certificate {old}.pem; ssl_certificate_key {old}.key;
    location / {{ proxy_pass http://127.0.0.1:{app}; }}
  }}
  server {{
    listen 127.0.0.1:{other} ssl; server_name 127.0.0.1;
    ssl_certificate {good}.pem; ssl_certificate_key {good}.key;
    location / {{ proxy_pass http://127.0.0.1:{app}; }}
  }}
  server {{ listen 127.0.0.1:{plain} default_server; server_name _;
    location = /host {{ default_type text/plain; return 200 "asked for $http_host\n"; }}
    location / {{ return 301 https://{name}:{front}$request_uri; }}
  }}
}}
"""


class App(BaseHTTPRequestHandler):
    """Logins, tokens, metrics, and what is wrong with them."""

    server: Application

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def do_OPTIONS(self) -> None:
        """Answer a preflight."""
        origin = self.headers.get("origin", "")
        allowed = {"Access-Control-Allow-Origin": origin} if origin == "https://app.example" else {}
        self._send(204, b"", "", {**allowed, "Access-Control-Allow-Methods": "GET, POST"})

    def do_GET(self) -> None:
        """Answer by path."""
        path = urlsplit(self.path).path
        self.server.asked.append((path, dict(self.headers)))
        page = f'<form><input value="{CSRF}" type="hidden" name="csrf"></form>'.encode()
        answers: dict[str, Callable[[], None]] = {
            "/login": lambda: self._html(page, {"Set-Cookie": "csrftoken=cookie-csrf-99; Path=/"}),
            "/page": lambda: self._html(b"<h1>Welcome to the shop</h1>"),
            "/error-page": lambda: self._html(b"<h1>Something went wrong</h1>"),
            "/metrics": lambda: self._send(200, METRICS.encode(), "text/plain; version=0.0.4"),
            "/open-metrics": lambda: self._open(OPEN_METRICS),
            "/cut-metrics": lambda: self._open(OPEN_METRICS.removesuffix("# EOF\n")),
            "/no-metrics": lambda: self._send(200, b'db_up{a="} 1\n', "text/plain"),
            "/flood": lambda: self._send(200, b'db_up{a="b"} 1\n' * 50_000, "text/plain"),
            "/odd": lambda: self._send(302, b"", "", {"Location": "http://[odd/page"}),
            "/user": lambda: self._json({"id": 1, "profile": {"password_hash": "x"}}),
            "/cookies": lambda: self._html(
                b"", {"Set-Cookie": "theme=dark; Path=/; Max-Age=99999999; SameSite=None"}
            ),
        }
        found = answers.get(path)
        if found is not None:
            found()
        elif self._who():
            self._json({"user": self._who(), "client": self.headers.get("x-client", "")})
        else:
            self._json({"detail": "who are you?"}, 401)

    def do_POST(self) -> None:
        """Log in."""
        raw = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        if self.path == "/odd":
            return self._send(303, b"", "", {"Set-Cookie": "a=b", "Location": "http://[odd"})
        if self.path == "/login":
            form = {key: one[0] for key, one in parse_qs(raw).items()}
            token = form.get("csrf") == CSRF and "cookie-csrf-99" in self.headers.get("cookie", "")
            right = token and (form.get("user"), form.get("pass")) == (USER, PASSWORD)
            cookie = {"Set-Cookie": "sessionid=anonymous; Path=/"}
            if not right:
                return self._html(b"wrong", cookie)
            flags = "Path=/; Secure; HttpOnly; SameSite=Lax"
            cookie = {"Set-Cookie": f"sessionid={SESSION}; {flags}", "Location": "/home"}
            return self._send(303, b"", "", cookie)
        given = json.loads(raw)
        if (given.get("user"), given.get("password")) != (USER, PASSWORD):
            return self._json({"detail": "no"}, 401)
        return self._json({"data": {"jwt": self.server.token()}})

    def _who(self) -> str:
        """Who asks, by any of the ways."""
        said = self.headers.get("authorization", "")
        pair = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        known = (
            ("basic", said == pair),
            ("bearer", said == f"Bearer {self.server.token()}"),
            ("key", self.headers.get("x-api-key") == KEY or said == f"ApiKey {KEY}"),
            ("session", f"sessionid={SESSION}" in self.headers.get("cookie", "")),
            ("certificate", bool(self.headers.get("x-client"))),
        )
        return next((name for name, is_it in known if is_it), "")

    def _open(self, text: str) -> None:
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        self._send(200, text.encode(), kind)

    def _html(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._send(200, body, "text/html; charset=utf-8", headers)

    def _json(self, body: Any, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            for key, value in {"content-type": kind, **(headers or {})}.items():
                if value:
                    self.send_header(key, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


class Application(ThreadingHTTPServer):
    """The application.

    Attributes:
        asked: Paths and headers of what was read.
        claims: What its tokens say.
        algorithm: What they are signed by.
    """

    daemon_threads = True

    def __init__(self) -> None:
        """Listen."""
        super().__init__(("127.0.0.1", 0), App)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.claims: dict[str, Any] = {"sub": "1", "role": "agent", "iat": 100, "exp": 3700}
        self.algorithm = "HS256"

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def token(self) -> str:
        """The token of whoever logs in."""
        key = "" if self.algorithm == "none" else SIGNS
        return jwt.encode(self.claims, key, algorithm=self.algorithm)


class Front:
    """The front door.

    Attributes:
        app: What stands behind it.
        folder: Where its files are.
        ca: File of the authority that issued its certificates.
        port: Ports by what they are there for.
    """

    def __init__(self, app: Application, folder: pathlib.Path) -> None:
        """Make its files."""
        self.app, self.folder = app, folder
        authority = Authority(folder)
        self.ca = authority.file
        authority.issue("good", [NAME, "127.0.0.1"])
        authority.issue("wrong", ["other.example"])
        authority.issue("old", ["127.0.0.1"], days=-3)
        authority.issue("client", ["a gate"])
        authority.issue("locked", ["a gate"], password=PASSWORD.encode())
        names = ("front", "mutual", "expired", "other", "plain")
        self.port = dict(zip(names, _free(len(names)), strict=True))

    def config(self) -> str:
        """Its configuration."""
        files = {name: self.folder / name for name in ("good", "wrong", "old")}
        known = {**self.port, **files, "folder": self.folder, "ca": self.ca, "name": NAME}
        return CONFIG.format(app=self.app.port, **known)


def _free(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


@contextmanager
def front(folder: pathlib.Path) -> Iterator[Front]:
    """The application behind its front door; gone at the end."""
    app = Application()
    thread = threading.Thread(target=app.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found = Front(app, folder)
    (folder / "nginx.conf").write_text(found.config(), "utf-8")
    words = [str(NGINX), "-e", str(folder / "error.log"), "-p", str(folder)]
    nginx = subprocess.Popen([*words, "-c", str(folder / "nginx.conf")])  # noqa: S603
    try:
        _until_up(nginx, found)
        yield found
    finally:
        nginx.terminate()
        nginx.wait(UP_S)
        app.shutdown()
        thread.join()
        app.server_close()


def _until_up(nginx: subprocess.Popen[bytes], found: Front) -> None:
    until = time.monotonic() + UP_S
    while True:
        if nginx.poll() is not None:
            raise RuntimeError(f"nginx ended: {(found.folder / 'error.log').read_text()}")
        try:
            for port in found.port.values():
                socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
            continue
        return


@contextmanager
def silent() -> Iterator[int]:
    """A port on which the kernel drops whoever knocks: its backlog is full."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        held = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(deaf.getsockname())
            held.append(one)
        try:
            yield int(deaf.getsockname()[1])
        finally:
            for one in held:
                one.close()
