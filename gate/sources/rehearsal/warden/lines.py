"""Sockets: knocking, connecting, and carrying bytes from one to another."""

from __future__ import annotations

import contextlib
import errno
import pathlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

PUBLIC = "192.0.2.1"
"""An address that looks public, and is set aside for documents."""
SSL, GSS, CANCEL = 80877103, 80877104, 80877102
WAIT_S = 5.0
LONGEST = 10000
"""Bytes of a first message that PostgreSQL itself accepts."""


def spawn(function: Callable[..., object], *arguments: Any) -> None:
    """Run a function beside."""
    threading.Thread(target=function, args=arguments, daemon=True).start()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Carry bytes one way until there are no more."""
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    for one, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            one.shutdown(how)


def admitted(client: socket.socket, database: bytes) -> bytes | None:
    """Read the first message of a PostgreSQL session; None where it is for another database."""
    while True:
        head = exactly(client, 8)
        length, code = struct.unpack("!II", head)
        if code in (SSL, GSS):
            client.sendall(b"N")
            continue
        if not len(head) <= length <= LONGEST:
            return None
        rest = exactly(client, length - 8)
        if code == CANCEL:
            return head + rest
        words = rest.split(b"\0")
        given = dict(zip(words[::2], words[1::2]))  # noqa: B905 - Python 3.8
        asked = given.get(b"database") or given.get(b"user")
        if asked == database and b"replication" not in given:
            return head + rest
        why = b"SFATAL\0C42501\0Mfenced: only the rehearsal's clone is reached from here\0\0"
        client.sendall(b"E" + struct.pack("!I", len(why) + 4) + why)
        return None


def exactly(line: socket.socket, count: int) -> bytes:
    """Read so many bytes."""
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise OSError(errno.ECONNRESET, "closed")
        data += more
    return data


def listen(address: str) -> socket.socket:
    """A listener on a free port."""
    listener = socket.socket()
    listener.bind((address, 0))
    listener.listen(8)
    return listener


def connect(host: str, port: int) -> socket.socket:
    """Connect, to a name or address, or to PostgreSQL's socket in a folder."""
    if str(host).startswith("/"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(WAIT_S)
        line.connect(f"{host}/.s.PGSQL.{port}")
    else:
        line = socket.create_connection((host, int(port)), WAIT_S)
    line.settimeout(None)
    return line


def own_address() -> str:
    """An address of this host that is not the loopback's, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((PUBLIC, 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def sockets() -> list[str]:
    """Unix sockets in the file system that somebody of this network listens on."""
    found = []
    file = pathlib.Path("/proc/net/unix")
    for line in file.read_text("utf-8", "surrogateescape").splitlines():
        path = line.split(None, 7)[7:]
        if path and path[0].startswith("/"):
            found.append(path[0].rstrip("\n"))
    return sorted(set(found))


def knock(kind: str, where: Any) -> bool:
    """Connect and hang up; return whether that worked, or packets went somewhere at least."""
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as line:
        line.settimeout(2.0)
        try:
            line.connect(where if kind == "unix" else tuple(where))
            if kind == "udp":
                line.send(b"")
        except TimeoutError:
            return True  # packets went somewhere
        except OSError:
            return False
        return True
