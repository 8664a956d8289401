"""Envelopes: DSSE around each statement where somebody signs, the bare statement where nobody does.

A file of evidence is a bundle of in-toto's: one line for each statement.

Source:
    https://github.com/secure-systems-lab/dsse; ``spec/v1/bundle.md`` of in-toto's attestations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives import serialization

from gate.evidence.keys import Signing, pem, raw
from gate.evidence.statements import compact, digest

TYPE = "application/vnd.in-toto+json"


def sealed(payload: bytes, key: Signing) -> bytes:
    """One line of a signed bundle: an envelope that names the public half of the key."""
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 - only where it signs
    from securesystemslib.signer import Signature  # noqa: PLC0415

    envelope = Envelope(payload, TYPE, {})
    more = {"publicKey": pem(key.public)} | ({"cert": key.certificate} if key.certificate else {})
    name = digest(raw(key.public))
    envelope.signatures[name] = Signature(name, key.sign(envelope.pae()).hex(), more)
    return compact(envelope.to_dict())


def is_signed(line: Mapping[str, Any]) -> bool:
    """Whether a line of a bundle is an envelope."""
    return "payload" in line


def wrong(line: Mapping[str, Any], payload: bytes, keys: Sequence[Any] | None) -> str:
    """What is wrong with an envelope; empty where nothing is.

    Args:
        line: The envelope.
        payload: What has to be in it.
        keys: The public keys that are trusted; ``None`` where none was named: then each signature
            has to be that of the key that it names itself, which proves nothing about who that is.
    """
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 - only where it is verified

    try:
        envelope = Envelope.from_dict(json.loads(json.dumps(line)))
        if envelope.payload_type != TYPE or compact(envelope.to_dict()) != compact(line):
            return "is no envelope of this form"
        if envelope.payload != payload:
            return "holds another statement than the files of the run make"
        own = [_signer(one, envelope.pae()) for one in envelope.signatures.values()]
    except _WrongError as error:
        return str(error)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"cannot be read ({type(error).__name__})"
    trusted = own if keys is None else {raw(key) for key in keys}.intersection(own)
    return "" if trusted else "is not signed by a key that is trusted here"


class _WrongError(Exception):
    """A signature is wrong; the text says how."""


def _signer(signature: Any, pae: bytes) -> bytes:
    """The key that a signature names, and is one of.

    Raises:
        _WrongError: It is not.
    """
    from securesystemslib.exceptions import UnverifiedSignatureError  # noqa: PLC0415 - only here
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415

    named = signature.unrecognized_fields["publicKey"]
    own = serialization.load_pem_public_key(named.encode())
    if signature.keyid != digest(raw(own)) or pem(own) != named:
        raise _WrongError("names another key than the one that it holds")
    try:
        SSlibKey.from_crypto(own, keyid=signature.keyid).verify_signature(signature, pae)
    except UnverifiedSignatureError:
        raise _WrongError("holds a signature that is wrong") from None
    return raw(own)
