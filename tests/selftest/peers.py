"""HTTP peers that hang, drip, flood or lie, one function each, on real sockets."""

from __future__ import annotations

import contextlib
import functools
import gzip
import itertools
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
DRIP_S = 0.02
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"

Send = Callable[[bytes], None]
"""Sends to the peer's client; raises OSError when that has gone."""


@functools.cache
def _bomb() -> bytes:
    """400 megabytes of blanks, packed to less than half a megabyte."""
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = b" " * 2**20
    return b"".join(engine.compress(megabyte) for _ in range(400)) + engine.flush()


def _drip(send: Send, data: Iterator[bytes]) -> None:
    for one in data:
        send(one)
        time.sleep(DRIP_S)


def never_answers(send: Send) -> None:
    """Takes the request and says nothing."""
    while True:
        time.sleep(DRIP_S)
        send(b"")


def drips_the_status_line(send: Send) -> None:
    """One byte at a time, from the first one on."""
    _drip(send, (bytes([one]) for one in b"HTTP/1.1 200 " + b"O" * 10_000))


def drips_headers(send: Send) -> None:
    """One header after the other, for ever."""
    send(b"HTTP/1.1 200 OK\r\n")
    _drip(send, (b"x-%d: 1\r\n" % one for one in itertools.count()))


def drips_a_body(send: Send) -> None:
    """A promised length, one byte at a time."""
    send(OK + b"content-length: 1000000\r\n\r\n")
    _drip(send, itertools.repeat(b" "))


def drips_chunks(send: Send) -> None:
    """Chunks of one byte, for ever."""
    send(CHUNKED)
    _drip(send, itertools.repeat(b"1\r\n \r\n"))


def drips_gzip(send: Send) -> None:
    """A packed body, one byte at a time."""
    send(OK + b"content-encoding: gzip\r\n\r\n")
    _drip(send, (bytes([one]) for one in gzip.compress(bytes(range(256)) * 40)))


def drips_interim_answers(send: Send) -> None:
    """``100 Continue``, again and again."""
    _drip(send, itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"))


def floods_interim_answers(send: Send) -> None:
    """``100 Continue``, as fast as it goes."""
    while True:
        send(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)


def floods_early_hints(send: Send) -> None:
    """``103 Early Hints`` with headers of their own."""
    while True:
        send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n" * 300)


def floods_the_status_line(send: Send) -> None:
    """A reason that never ends."""
    send(b"HTTP/1.1 200 ")
    while True:
        send(b"O" * 65536)


def floods_headers(send: Send) -> None:
    """Header lines without end."""
    send(b"HTTP/1.1 200 OK\r\n")
    while True:
        send(b"x-h: 1\r\n" * 8000)


def floods_one_header(send: Send) -> None:
    """One header without end."""
    send(b"HTTP/1.1 200 OK\r\nx-h: ")
    while True:
        send(b"a" * 65536)


def floods_a_body(send: Send) -> None:
    """A body without a length and without an end."""
    send(OK + b"\r\n")
    while True:
        send(b"[1]," * 16384)


def floods_a_text(send: Send) -> None:
    """A page without an end."""
    send(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n")
    while True:
        send(b"<p>" * 16384)


def floods_one_byte_chunks(send: Send) -> None:
    """Chunks of one byte, as fast as it goes."""
    send(CHUNKED)
    while True:
        send(b"1\r\n \r\n" * 8000)


def floods_one_chunk(send: Send) -> None:
    """One chunk of sixteen exabytes."""
    send(CHUNKED + b"ffffffffffffffff\r\n")
    while True:
        send(b" " * 65536)


def floods_a_chunk_extension(send: Send) -> None:
    """A chunk's size that goes on and on."""
    send(CHUNKED + b"1;")
    while True:
        send(b"a" * 65536)


def floods_trailers(send: Send) -> None:
    """A body that ended, and trailers without end."""
    send(CHUNKED + b"2\r\n{}\r\n0\r\n")
    while True:
        send(b"x-t: 1\r\n" * 8000)


def sends_a_gzip_bomb(send: Send) -> None:
    """Little that unpacks to more than there may be."""
    bomb = _bomb()
    send(OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb) + bomb)


def sends_a_deflate_bomb(send: Send) -> None:
    """The same as raw deflate, without a length."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    send(OK + b"content-encoding: deflate\r\n\r\n")
    while True:
        send(engine.compress(b"0" * 2**22))


def sends_a_million_values(send: Send) -> None:
    """Four megabytes that parse to hundreds."""
    body = b"[" + b"{}," * 1_300_000 + b"{}]"
    send(OK + b"content-length: %d\r\n\r\n" % len(body) + body)


def packs_unasked(send: Send) -> None:
    """A coding that nobody asked for."""
    send(OK + b"content-encoding: br\r\ncontent-length: 2\r\n\r\n{}")


def breaks_gzip_off(send: Send) -> None:
    """A packed body that ends in the middle."""
    packed = gzip.compress(b'{"a": 1}' * 100)[:-12]
    send(OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed) + packed)


def hangs_up_at_once(send: Send) -> None:
    """Closes without a word."""


def hangs_up_in_the_headers(send: Send) -> None:
    """Closes in the middle of its headers."""
    send(OK + b"x-a: ")


def hangs_up_in_the_body(send: Send) -> None:
    """Closes in the middle of a body with a length."""
    send(OK + b"content-length: 1000\r\n\r\n{")


def hangs_up_in_a_chunk(send: Send) -> None:
    """Closes in the middle of a chunk."""
    send(CHUNKED + b"10\r\n{")


def speaks_no_http(send: Send) -> None:
    """Another protocol's greeting."""
    send(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")


def speaks_binary(send: Send) -> None:
    """Bytes that mean nothing."""
    send(bytes(range(256)) * 40)


def promises_two_lengths(send: Send) -> None:
    """Two lengths that contradict each other."""
    send(OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}")


def switches_protocols(send: Send) -> None:
    """Goes on in another protocol, and never stops."""
    send(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
    while True:
        send(b"x" * 65536)


def redirects_to_itself(send: Send) -> None:
    """A redirection that leads back."""
    send(b"HTTP/1.1 302 Found\r\nlocation: /redirects_to_itself\r\ncontent-length: 0\r\n\r\n")


PEERS: dict[str, Callable[[Send], None]] = {
    name: one
    for name, one in list(globals().items())
    if callable(one) and getattr(one, "__module__", "") == __name__ and not name.startswith("_")
}
"""Every peer above, by name; the path ``/name`` leads to it."""


@contextlib.contextmanager
def serving() -> Iterator[int]:
    """Listen; the path decides which peer answers; ``/good`` is answered well.

    Yields:
        The port.
    """
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=_accept, args=(server, stop), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def _accept(server: socket.socket, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(TimeoutError, socket.timeout):
            connection, _ = server.accept()
            threading.Thread(target=_serve, args=(connection, stop), daemon=True).start()


def _serve(connection: socket.socket, stop: threading.Event) -> None:
    def send(data: bytes) -> None:
        if stop.is_set():
            raise OSError
        connection.sendall(data)

    with connection, contextlib.suppress(OSError):
        connection.settimeout(10)
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return
            head += more
        path = head.split(b" ", 2)[1].decode().lstrip("/")
        if path in PEERS:
            PEERS[path](send)
        else:
            send(OK + b"content-length: 2\r\n\r\n{}")
