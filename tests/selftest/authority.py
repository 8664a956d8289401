"""An authority of a test's own, and certificates that it issues."""

from __future__ import annotations

import datetime as dt
import ipaddress
import pathlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Who issues; its own certificate stands in ``ca.pem`` of a folder.

    Args:
        folder: Where everything is written.
        name: Its common name.
    """

    def __init__(self, folder: pathlib.Path, name: str = "An authority of a test") -> None:
        """Make its key and certificate."""
        self.folder, self._name = folder, _called(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = self._begun(self._name, self._key, 300).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file = folder / f"{name.replace(' ', '-')}.pem"
        signed = made.sign(self._key, hashes.SHA256())
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, file: str, names: Sequence[str], days: float = 60, password: bytes | None = None
    ) -> tuple[pathlib.Path, pathlib.Path]:
        """Issue a certificate for some names or addresses; return its file and its key's."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._begun(_called(names[0]), key, days).add_extension(
            x509.SubjectAlternativeName([_name(one) for one in names]), critical=False
        )
        signed = made.sign(self._key, hashes.SHA256())
        cert, own = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        own.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(password)
                if password
                else serialization.NoEncryption(),
            )
        )
        return cert, own

    def _begun(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: float
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=100))
            .not_valid_after(now + dt.timedelta(days=days))
        )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
