"""What stands in one certificate."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID


class Certificate:
    """A certificate that was read.

    Attributes:
        subject, issuer: Common names, or whole names where there is none.
        since, until: First and last moment that it is good (UTC).
        names: Names and addresses that it is good for; its common name has been none for long.
        sha256: Its fingerprint.
    """

    def __init__(self, pem: str) -> None:
        """Read it.

        Args:
            pem: The certificate as PEM.

        Raises:
            ValueError: It is none.
        """
        one = x509.load_pem_x509_certificate(pem.encode())
        self.subject, self.issuer = _name(one.subject), _name(one.issuer)
        self.since: dt.datetime = one.not_valid_before_utc
        self.until: dt.datetime = one.not_valid_after_utc
        self.names = _names(one)
        self.sha256 = one.fingerprint(hashes.SHA256()).hex()


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def _names(one: x509.Certificate) -> tuple[str, ...]:
    try:
        alternatives = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return (*alternatives.get_values_for_type(x509.DNSName), *map(str, addresses))
