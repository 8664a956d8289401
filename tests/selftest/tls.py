"""Servers with certificates made for a test, and servers that have none."""

from __future__ import annotations

import datetime as dt
import pathlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ISSUER = "A self-test"
POLL_S = 0.1


def certificate(
    file: pathlib.Path, names: Sequence[str], days: float, old: float = 100
) -> pathlib.Path:
    """Make a key and a certificate for some names, so many days old and good for so many more."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.timezone.utc)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=old))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def serving(file: pathlib.Path | None, word: bytes = b"", only: str = "") -> Iterator[int]:
    """Serve on a port of its own: a certificate; or without one a word, or nothing but silence.

    Where a name is given, nobody who asks for another one gets the certificate.
    """
    over, held = threading.Event(), list[socket.socket]()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.settimeout(POLL_S)
        words = (server, file, word, only, over, held)
        thread = threading.Thread(target=_serve, args=words, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            over.set()
            thread.join(5)
            for one in held:
                one.close()


def _only(name: str) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], int | None]:
    def answers(_session: ssl.SSLObject, asked: str | None, _context: ssl.SSLContext) -> int | None:
        return None if asked == name else ssl.ALERT_DESCRIPTION_INTERNAL_ERROR

    return answers


def _serve(  # noqa: PLR0917 - the arguments of a thread
    server: socket.socket,
    file: pathlib.Path | None,
    word: bytes,
    only: str,
    over: threading.Event,
    held: list[socket.socket],
) -> None:
    while not over.is_set():
        try:
            peer, _ = server.accept()
        except TimeoutError:
            continue
        held.append(peer)
        if file is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)  # anew: it may have been renewed
            context.sni_callback = _only(only) if only else None
            peer.settimeout(5)
            with suppress(OSError), context.wrap_socket(peer, server_side=True) as session:
                session.recv(1)
        elif word:
            with suppress(OSError):
                peer.sendall(word)
                peer.close()
