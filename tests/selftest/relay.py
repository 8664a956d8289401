"""A unix socket that leads to a port, as a forward of ssh does."""

from __future__ import annotations

import pathlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AT_ONCE = 64 * 1024
POLL_S = 0.1


@contextmanager
def relay(file: pathlib.Path, port: int) -> Iterator[pathlib.Path]:
    """Carry whatever comes there to a port of this machine; gone at the end."""
    over = threading.Event()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(file))
        server.listen()
        server.settimeout(POLL_S)
        thread = threading.Thread(target=_accept, args=(server, port, over))
        thread.start()
        try:
            yield file
        finally:
            over.set()
            thread.join()


def _accept(server: socket.socket, port: int, over: threading.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            peer, _ = server.accept()
            threading.Thread(target=_carry, args=(peer, port, over), daemon=True).start()


def _carry(peer: socket.socket, port: int, over: threading.Event) -> None:
    """Carry both ways until one side has ended."""
    with suppress(OSError), peer, socket.create_connection(("127.0.0.1", port)) as there:
        while not over.is_set():
            ready, _, _ = select.select([peer, there], [], [], POLL_S)
            for one in ready:
                data = one.recv(AT_ONCE)
                if not data:
                    return
                (there if one is peer else peer).sendall(data)
