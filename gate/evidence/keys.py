"""Keys: the one that signs, as a target names it, and the public ones that are trusted.

All cryptography is that of `cryptography` and `securesystemslib`; here files are found and read.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from gate.errors import GateError
from gate.evidence import agent
from gate.secrets import known
from gate.signing_key import Evidence

Sign = Callable[[bytes], bytes]
OPENSSH = b"BEGIN OPENSSH PRIVATE KEY"
CERTIFICATE = b"BEGIN CERTIFICATE"
MOST = 1 << 20
"""No key's file is larger."""


class Signing:
    """A key that signs.

    Attributes:
        public: Its public half, of `cryptography`.
        certificate: The certificate in PEM; empty where none is named.
    """

    def __init__(self, public: Any, sign: Sign, certificate: str = "") -> None:
        """Take over the key."""
        self.public, self.sign, self.certificate = public, sign, certificate


def signing(
    named: Evidence, folder: pathlib.Path, environ: Mapping[str, str] = os.environ
) -> Signing:
    """The key that signs the evidence of a target's runs.

    Args:
        named: As the target names it.
        folder: Where the target's file is.
        environ: Names the passphrase.

    Raises:
        GateError: It cannot be used; the text holds nothing of it.
    """
    if named.agent:
        blob, sign = agent.ask(named.agent)
        line = agent.KIND + b" " + base64.b64encode(blob)
        found = Signing(serialization.load_ssh_public_key(line), sign)
    else:
        found = _private(named, folder, environ)
    if named.certificate:
        file = folder / pathlib.Path(named.certificate).expanduser()
        content = _read(file)
        try:
            of = x509.load_pem_x509_certificate(content)
        except ValueError:
            raise GateError(f"{file}: is no certificate in PEM") from None
        if raw(of.public_key()) != raw(found.public):
            raise GateError(f"{file}: is the certificate of another key")
        found.certificate = of.public_bytes(serialization.Encoding.PEM).decode()
    return found


def _private(named: Evidence, folder: pathlib.Path, environ: Mapping[str, str]) -> Signing:
    """Read a private key and learn everything secret of it."""
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415 - only where it signs

    where, content = _content(named, folder, environ)
    known.learn(content, *(line for line in content.splitlines() if len(line) > len(OPENSSH)))
    passphrase = environ.get(named.passphrase_env or "", "")
    known.learn(passphrase)
    load = (
        serialization.load_ssh_private_key
        if OPENSSH in content
        else serialization.load_pem_private_key
    )
    try:
        private = load(content, passphrase.encode() if passphrase else None)
        signer = CryptoSigner(private)
    except UnsupportedAlgorithm:
        raise GateError(
            f"{where}: this kind of key needs more to be read: "
            f"pip install 'atum-desk-gate[evidence]'"
        ) from None
    except (ValueError, TypeError):
        # What the library says may quote what it read.
        asks = f"the passphrase of {named.passphrase_env}" if passphrase else "no passphrase"
        raise GateError(f"{where}: cannot be read as a private key with {asks}") from None
    return Signing(private.public_key(), lambda data: bytes.fromhex(signer.sign(data).signature))


def _content(
    named: Evidence, folder: pathlib.Path, environ: Mapping[str, str]
) -> tuple[str, bytes]:
    if named.key_env:
        text = environ.get(named.key_env, "").strip()
        if not text:
            raise GateError(f"the variable {named.key_env} is empty: it has to hold the key")
        return named.key_env, f"{text}\n".encode()
    file = folder / pathlib.Path(named.key or "").expanduser()
    return str(file), _read(file)


def _read(file: pathlib.Path) -> bytes:
    try:
        if not file.is_file():
            raise GateError(f"{file}: there is no such file")
        with file.open("rb") as opened:
            return opened.read(MOST)
    except OSError as error:
        raise GateError(f"{file}: cannot be read: {error.strerror}") from None


def trusted(file: pathlib.Path, at: dt.datetime) -> list[Any]:
    """The public keys of a file: PEM, lines of OpenSSH's, or an X.509 certificate.

    Args:
        file: Where they are.
        at: When was signed; a certificate has to have been good then.

    Raises:
        GateError: There are none.
    """
    content, found = _read(file), list[Any]()
    if b"PRIVATE KEY" in content:
        raise GateError(f"{file}: is a private key: name its public half")
    try:
        if CERTIFICATE in content:
            one = x509.load_pem_x509_certificate(content)
            if not one.not_valid_before_utc <= at <= one.not_valid_after_utc:
                raise GateError(f"{file}: this certificate was not good at {at:%Y-%m-%d %H:%M} UTC")
            found = [one.public_key()]
        elif b"-----BEGIN" in content:
            found = [serialization.load_pem_public_key(content)]
        else:
            lines = [one for one in content.splitlines() if one.strip() and one[:1] != b"#"]
            found = [serialization.load_ssh_public_key(one) for one in lines]
    except (ValueError, UnsupportedAlgorithm):
        raise GateError(f"{file}: holds no public key that can be read") from None
    if not found:
        raise GateError(f"{file}: holds no public key")
    return found


def raw(public: Any) -> bytes:
    """A public key as bytes that two can be compared by."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(public.public_bytes(encoding, form))


def pem(public: Any) -> str:
    """A public key as text."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return str(public.public_bytes(encoding, form).decode())
