"""A small application that writes: tickets and jobs in a real database, healthy or not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg

SCHEMA = """
    CREATE TABLE tickets (id serial PRIMARY KEY, subject text NOT NULL);
    CREATE TABLE jobs (id serial PRIMARY KEY, ticket integer, state text DEFAULT 'PENDING');
"""


class Desk(BaseHTTPRequestHandler):
    """``POST /tickets``, ``GET /tickets``, ``DELETE /tickets/ID``, and what is wrong with them."""

    server: Server

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def do_POST(self) -> None:
        """Write a ticket, and a job for it."""
        subject = json.loads(self.rfile.read(int(self.headers["content-length"])))["subject"]
        wrong = self.server.wrong
        self.server.asked.append(f"POST {self.path}")
        if "refuses" in wrong:
            return self._send(500, {"detail": "no"})
        if "writes nothing" in wrong:
            return self._send(201, {"id": 1, "subject": subject})
        with self.server.connect() as live:
            (number,) = live.execute(
                "INSERT INTO tickets (subject) VALUES (%s) RETURNING id", [subject]
            ).fetchone() or (0,)
            if "no job" not in wrong:
                state = "FAILED" if "job fails" in wrong else "DONE"
                state = "PENDING" if "job waits" in wrong else state
                live.execute("INSERT INTO jobs (ticket, state) VALUES (%s, %s)", [number, state])
        self.server.written.set()
        if "hangs" in wrong:
            self.server.gone.wait(60)
        if "fails after commit" in wrong:
            return self._send(500, {"detail": "the mail could not be sent"})
        if "hangs up" in wrong:
            return None
        return self._send(201, {"id": number, "subject": subject})

    def do_GET(self) -> None:
        """List tickets."""
        with self.server.connect() as live:
            rows = live.execute("SELECT id, subject FROM tickets ORDER BY id").fetchall()
        shown = [] if "lists nothing" in self.server.wrong else rows
        self._send(200, [{"id": one, "subject": text} for one, text in shown])

    def do_DELETE(self) -> None:
        """Remove one."""
        self.server.asked.append(f"DELETE {self.path}")
        number = int(self.path.rpartition("/")[2])
        with self.server.connect() as live:
            if "keeps" not in self.server.wrong:
                live.execute("DELETE FROM tickets WHERE id = %s", [number])
                live.execute("DELETE FROM jobs WHERE ticket = %s", [number])
        self._send(204, None)

    def _send(self, status: int, body: Any) -> None:
        text = b"" if body is None else json.dumps(body).encode()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)


class Server(ThreadingHTTPServer):
    """The application.

    Attributes:
        wrong: What is wrong with it, in words.
        asked: Requests that change something.
        written: Set when a ticket was committed.
        gone: Set when nothing hangs any longer.
    """

    daemon_threads = True
    wrong: set[str]
    asked: list[str]

    def __init__(self, conninfo: str) -> None:
        """Listen."""
        super().__init__(("127.0.0.1", 0), Desk)
        self.conninfo = conninfo
        self.wrong, self.asked = set(), []
        self.written, self.gone = threading.Event(), threading.Event()

    def connect(self) -> psycopg.Connection[Any]:
        """A session of its own."""
        return psycopg.connect(self.conninfo, autocommit=True)

    def tickets(self) -> list[str]:
        """Subjects of all there are."""
        with self.connect() as live:
            return [one for (one,) in live.execute("SELECT subject FROM tickets ORDER BY id")]


@contextmanager
def desk(conninfo: str) -> Iterator[Server]:
    """The application on a database; gone at the end."""
    with psycopg.connect(conninfo, autocommit=True) as live:
        live.execute(SCHEMA)
        live.execute("INSERT INTO tickets (subject) VALUES ('an ordinary one')")
    server = Server(conninfo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.gone.set()
    server.shutdown()
    thread.join()
    server.server_close()
