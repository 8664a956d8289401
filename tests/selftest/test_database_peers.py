"""Servers that hang, drip, flood or talk nonsense: the look ends in time and size, and says why."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.connection.carrier import open_carrier
from gate.plan.loss import count_losses
from gate.plan.plan_lock import alone
from gate.sources.database.look import look
from gate.sources.fact import CannotTell, Cause, Seen
from gate.target import Target, load_target
from tests.selftest.conftest import Postgres

TARGET = """
title = "A server"
host = "local://"
[api]
base = "http://127.0.0.1:9"
[database]
service = "peer"
[deadlines]
database_s = 2
connect_s = 1
"""
SSL_REQUEST = 80877103
TOTAL_S, GRACE_S = 2.0, 1.0
MIB = 2**20

Peer = Callable[[socket.socket], None]


def message(kind: bytes, body: bytes) -> bytes:
    """A message of the protocol."""
    return kind + struct.pack("!i", len(body) + 4) + body


def error(code: str, text: str, severity: str = "FATAL") -> bytes:
    """What an ErrorResponse or a NoticeResponse holds."""
    fields = (b"S" + severity.encode(), b"V" + severity.encode(), b"C" + code.encode())
    return b"".join(one + b"\0" for one in (*fields, b"M" + text.encode())) + b"\0"


LET_IN = (
    message(b"R", struct.pack("!i", 0))
    + message(b"S", b"server_version\x0016.1\0")
    + message(b"S", b"client_encoding\0UTF8\0")
    + message(b"S", b"server_encoding\0UTF8\0")
    + message(b"K", struct.pack("!ii", 7, 7))
    + message(b"Z", b"I")
)
NOTICE = message(b"N", error("00000", "\x1b[31mnoise " * 90, "NOTICE"))


def hang(peer: socket.socket) -> None:
    """Say nothing, as long as the other side is there."""
    with contextlib.suppress(OSError):
        while peer.recv(65536):
            pass


def started(peer: socket.socket) -> None:
    """Read the start of a session, and refuse TLS first where that is asked for."""
    while True:
        length, code = struct.unpack("!ii", peer.recv(8, socket.MSG_WAITALL))
        peer.recv(length - 8, socket.MSG_WAITALL) if length > 8 else b""
        if code != SSL_REQUEST:
            return
        peer.sendall(b"N")


def let_in(peer: socket.socket) -> None:
    """Read the start, let the other side in, and read its first query."""
    started(peer)
    peer.sendall(LET_IN)
    peer.recv(65536)


def stalls_in_tls(peer: socket.socket) -> None:
    """Agree to TLS, and say nothing more."""
    peer.recv(8, socket.MSG_WAITALL)
    peer.sendall(b"S")
    hang(peer)


def hangs_at_start(peer: socket.socket) -> None:
    """Refuse TLS, read the start, say nothing."""
    started(peer)
    hang(peer)


def hangs_after_login(peer: socket.socket) -> None:
    """Let in, and answer no query."""
    let_in(peer)
    hang(peer)


def drips_the_login(peer: socket.socket) -> None:
    """One byte of an answer at a time."""
    started(peer)
    for one in message(b"E", b"S" * 1000):
        peer.sendall(bytes([one]))
        time.sleep(0.02)


def drips_an_answer(peer: socket.socket) -> None:
    """One byte of a row at a time."""
    let_in(peer)
    for one in message(b"D", b"\0" * 10000):
        peer.sendall(bytes([one]))
        time.sleep(0.02)


def floods(data: bytes, *, inside: bool) -> Peer:
    """Send the same again and again, in the login or in the answer to the first query."""

    def act(peer: socket.socket) -> None:
        (let_in if inside else started)(peer)
        peer.sendall(b"" if inside else message(b"R", struct.pack("!i", 0)))
        block = data * max(1, 65536 // len(data))
        while True:
            peer.sendall(block)

    return act


def sends_a_giant(peer: socket.socket) -> None:
    """A single value of 1 GB."""
    let_in(peer)
    field = b"v\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    peer.sendall(
        message(b"1", b"") + message(b"2", b"") + message(b"T", struct.pack("!h", 1) + field)
    )
    peer.sendall(b"D" + struct.pack("!ihi", 10**9 + 10, 1, 10**9))
    block = b"x" * MIB
    while True:
        peer.sendall(block)


def parameters(peer: socket.socket) -> None:
    """Parameters without an end, each with another name: libpq keeps them all."""
    started(peer)
    peer.sendall(message(b"R", struct.pack("!i", 0)))
    number = 0
    while True:
        number += 1
        peer.sendall(message(b"S", b"p%d\0" % number + b"v" * 29000 + b"\0"))


def says(text: bytes) -> Peer:
    """Answer the start with something."""

    def act(peer: socket.socket) -> None:
        started(peer)
        peer.sendall(text)
        hang(peer)

    return act


def speaks_http(peer: socket.socket) -> None:
    """Be a web server."""
    peer.recv(8)
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    hang(peer)


def closes(peer: socket.socket) -> None:
    """Go at once."""
    peer.recv(8)


ONE_COLUMN = struct.pack("!h", 1) + b"v\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
ROW = message(b"D", struct.pack("!hi", 1, 50000) + b"x" * 50000)
PEERS: dict[str, tuple[Peer, Cause, str]] = {
    "accepts-and-hangs": (hang, Cause.TIMEOUT, "within 1 s"),
    "stalls-in-tls": (stalls_in_tls, Cause.TIMEOUT, "within 1 s"),
    "hangs-at-start": (hangs_at_start, Cause.TIMEOUT, "within 1 s"),
    "drips-the-login": (drips_the_login, Cause.TIMEOUT, "within 1 s"),
    "notices-in-the-login": (floods(NOTICE, inside=False), Cause.TIMEOUT, "within 1 s"),
    "parameters-in-the-login": (parameters, Cause.UPSTREAM, "MiB of memory"),
    "hangs-after-login": (hangs_after_login, Cause.TIMEOUT, "within 2 s"),
    "drips-an-answer": (drips_an_answer, Cause.TIMEOUT, "within 2 s"),
    "notices-for-an-answer": (floods(NOTICE, inside=True), Cause.TIMEOUT, "within 2 s"),
    "sends-a-giant": (sends_a_giant, Cause.UPSTREAM, "MiB of memory"),
    "rows-without-an-end": (
        floods(
            message(b"1", b"")
            + message(b"2", b"")
            + message(b"T", ONE_COLUMN)
            + ROW * 400,
            inside=True,
        ),
        Cause.UPSTREAM,
        "MiB of memory",
    ),
    "garbage": (says(b"\xff\x00garbage" * 99), Cause.UPSTREAM, ""),
    "garbage-inside": (floods(b"\xfe\x01\x02", inside=True), Cause.UPSTREAM, ""),
    "http": (speaks_http, Cause.UPSTREAM, "invalid response to SSL negotiation"),
    "closes": (closes, Cause.UNREACHABLE, ""),
    "too-many": (
        says(message(b"E", error("53300", "sorry, too many clients already"))),
        Cause.UPSTREAM,
        "sorry, too many clients already",
    ),
    "starting-up": (
        says(message(b"E", error("57P03", "the database system is starting up"))),
        Cause.UPSTREAM,
        "starting up",
    ),
    "wrong-password": (
        says(message(b"E", error("28P01", 'password authentication failed for user "u"'))),
        Cause.PERMISSION,
        "password authentication failed",
    ),
}  # fmt: skip


@pytest.fixture
def serve(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Peer], Target]]:
    """A function that lets a peer stand where the target's database should be."""
    listener = socket.create_server(("127.0.0.1", 0))
    file = tmp_path / "services"
    port = listener.getsockname()[1]
    file.write_text(f"[peer]\nhost=127.0.0.1\nport={port}\nuser=u\ndbname=d\n", "utf-8")
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(file))

    def act(peer: Peer) -> Target:
        def run() -> None:
            with contextlib.suppress(OSError, struct.error):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError, struct.error):
                        peer(connection)

        threading.Thread(target=run, daemon=True).start()
        return load_target(str(tmp_path / "here.toml"), tmp_path)

    yield act
    listener.close()


@pytest.mark.parametrize(("peer", "cause", "text"), PEERS.values(), ids=PEERS.keys())
def test_peer(
    serve: Callable[[Peer], Target],
    capfd: pytest.CaptureFixture[str],
    peer: Peer,
    cause: Cause,
    text: str,
) -> None:
    """Whatever the server does, the look ends in time, names the cause, and prints nothing."""
    target = serve(peer)
    before, began = resident(), time.monotonic()
    found = look(target, {})
    took = time.monotonic() - began
    assert isinstance(found, CannotTell)
    if peer is parameters and found.cause is Cause.TIMEOUT:
        cause, text = Cause.TIMEOUT, "within 1 s"  # on a busy machine the time is over first
    assert (found.cause, text in found.reason) == (cause, True), found.reason
    assert took < TOTAL_S + GRACE_S
    assert resident() - before < 200 * MIB
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("peer", [hang, hangs_after_login, drips_an_answer, stalls_in_tls])
def test_interrupted(serve: Callable[[Peer], Target], peer: Peer) -> None:
    """An interrupted run does not wait for a server, and leaves no session behind."""
    target, interrupted = serve(peer), threading.Event()
    threading.Timer(0.3, interrupted.set).start()
    began = time.monotonic()
    found = look(target, {}, interrupted=interrupted)
    assert isinstance(found, CannotTell)
    assert "interrupted" in found.reason
    assert time.monotonic() - began < 0.3 + 0.5
    ends = time.monotonic() + 1
    while any(one.name == "database" for one in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_ended_sessions_are_closed(serve: Callable[[Peer], Target]) -> None:
    """What is left at the deadline is closed: the server sees the end of the connection."""
    closed = threading.Event()

    def peer(connection: socket.socket) -> None:
        hangs_after_login(connection)
        closed.set()

    look(serve(peer), {})
    assert closed.wait(1)


@pytest.mark.parametrize(
    "peer", [hang, stalls_in_tls, closes, drips_the_login, PEERS["starting-up"][0]]
)
def test_the_next_host_has_its_time(
    serve: Callable[[Peer], Target],
    postgres: Postgres,
    tmp_path: pathlib.Path,
    peer: Peer,
) -> None:
    """Of several hosts the first takes its share of the time alone."""
    target = serve(peer)
    file = tmp_path / "services"
    own = dict(one.split("=") for one in file.read_text("utf-8").split()[1:])
    role = conninfo_to_dict(postgres.conninfo).get("user", "postgres")
    file.write_text(
        f"[peer]\nhost={own['host']},{postgres.host}\nport={own['port']},{postgres.port}\n"
        f"user={role}\ndbname=postgres\n",
        "utf-8",
    )
    found = look(target, {})
    assert isinstance(found, Seen), found


def test_a_refusal_ends_the_list(
    serve: Callable[[Peer], Target], postgres: Postgres, tmp_path: pathlib.Path
) -> None:
    """A server that refuses the password is the answer, as it is for libpq."""
    target = serve(PEERS["wrong-password"][0])
    file = tmp_path / "services"
    own = dict(one.split("=") for one in file.read_text("utf-8").split()[1:])
    file.write_text(
        f"[peer]\nhost={own['host']},{postgres.host}\nport={own['port']},{postgres.port}\n", "utf-8"
    )
    found = look(target, {})
    assert isinstance(found, CannotTell)
    assert found.cause is Cause.PERMISSION


@pytest.mark.parametrize("peer", [hang, hangs_after_login, drips_an_answer, stalls_in_tls])
def test_what_a_plan_asks_ends_in_time(serve: Callable[[Peer], Target], peer: Peer) -> None:
    """Counting what would be lost, and the lock, wait for no server beyond their deadlines."""
    target = serve(peer)
    began, told = time.monotonic(), list[str]()
    with open_carrier(target) as carrier:
        assert isinstance(count_losses(["tickets"], target, carrier), CannotTell)
        with alone(target, carrier, told.append):
            pass
    assert time.monotonic() - began < 2 * (TOTAL_S + 1.0 + GRACE_S)
    assert any("no lock in the database" in one for one in told), told


def resident() -> int:
    """Bytes that this process holds."""
    return int(pathlib.Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096
