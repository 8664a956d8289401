"""Answers of servers, recorded on the wire and spoilt: facts, or why there are none, in time."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import threading
from collections.abc import Callable, Iterator

import hypothesis
import pytest
from hypothesis import strategies

from gate.secrets import known
from gate.sources.database.look import look as look_at_database
from gate.sources.fact import Absent, CannotTell, Seen
from gate.target import Target
from tests.selftest.conftest import Postgres
from tests.selftest.databases import target
from tests.selftest.test_fuzz import EXAMPLES, fuzzed, spoilt
from tests.selftest.test_peers import ask

__all__ = ["target"]

WITHIN_S = 20.0
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: sid=abcdefgh; Path=/\r\n"
    b"Content-Length: 15\r\nConnection: close\r\n\r\n"
)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
)
ANSWERS = (HEAD + b'{"status":"ok"}', CHUNKED)

Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """The port of a server that gives each connection to a function, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connection.settimeout(WITHIN_S)
                    with connection, contextlib.suppress(OSError):
                        serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(WITHIN_S)


def test_answers_of_an_api(request: pytest.FixtureRequest) -> None:
    """Whatever comes over the wire is an answer, or why there is none."""
    said = [b""]
    request.addfinalizer(lambda: known.begin(()))  # what the answers taught

    def serve(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(said[0])

    with listening(serve) as port:

        @hypothesis.settings(fuzzed, max_examples=EXAMPLES)
        @hypothesis.given(strategies.one_of(*map(spoilt, ANSWERS)))
        def one(answer: bytes) -> None:
            said[0] = answer
            fact, seconds = ask(f"http://127.0.0.1:{port}", "/")
            assert isinstance(fact, (Seen, Absent, CannotTell))
            assert seconds < WITHIN_S

        one()


def record(postgres: Postgres, turns: list[bytes]) -> Serve:
    """Hand everything on to a real server and back; keep what it says, turn by turn."""

    def serve(peer: socket.socket) -> None:
        if str(postgres.host).startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{postgres.host}/.s.PGSQL.{postgres.port}")
        else:
            server = socket.create_connection((postgres.host, int(postgres.port)))
        with server:
            server.settimeout(2.0)
            while asked := peer.recv(65536):
                server.sendall(asked)
                said = b""
                with contextlib.suppress(TimeoutError):
                    # A turn is over when the server is ready for a query, or has refused TLS.
                    while not said.endswith((b"Z\0\0\0\5I", b"Z\0\0\0\5T")) and said != b"N":
                        more = server.recv(65536)
                        if not more:
                            break
                        said += more
                turns.append(said)
                peer.sendall(said)

    return serve


def replay(turns: list[bytes]) -> Serve:
    """Say what was recorded, a turn for every message that comes."""

    def serve(peer: socket.socket) -> None:
        for said in turns:
            if not peer.recv(65536):
                return
            peer.sendall(said)

    return serve


def test_answers_of_a_database(
    target: Target,
    postgres: Postgres,
    tmp_path: pathlib.Path,
) -> None:
    """A real server's answers, spoilt: facts that cannot be told, and never an error of ours."""
    services = (tmp_path / "services").read_text("utf-8")

    def through(port: int) -> Target:
        lines = [one for one in services.splitlines() if not one.startswith(("host=", "port="))]
        text = "\n".join([*lines, "host=127.0.0.1", f"port={port}", "gssencmode=disable"])
        (tmp_path / "services").write_text(f"{text}\n", "utf-8")
        return target

    turns: list[bytes] = []
    with listening(record(postgres, turns)) as port:
        whole = look_at_database(through(port), {}, whole=True)
    assert isinstance(whole, Seen), whole
    assert len(turns) > 4
    spoiling = list(turns)
    with listening(replay(spoiling)) as port:
        aim = through(port)
        assert look_at_database(aim, {}, whole=True) == whole  # what is spoilt is whole
        # A turn that is cut short is waited for to the end.
        short = aim.deadlines.model_copy(update={"database_s": 0.3, "connect_s": 0.3})
        aim = aim.model_copy(update={"deadlines": short})

        @hypothesis.settings(fuzzed, max_examples=max(30, EXAMPLES // 10))
        @hypothesis.given(strategies.data())
        def one(data: strategies.DataObject) -> None:
            at = data.draw(strategies.integers(0, len(turns) - 1))
            spoiling[:] = turns
            spoiling[at] = data.draw(spoilt(turns[at]))
            found = look_at_database(aim, {}, whole=True)
            assert isinstance(found, (Seen, CannotTell))

        one()
