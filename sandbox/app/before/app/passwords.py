"""Passwords: salted PBKDF2, cheap enough for a sandbox and real."""

from __future__ import annotations

import hashlib
import hmac
import secrets

ROUNDS = 20_000


def hashed(password: str) -> str:
    """Return ``salt$digest`` in hexadecimal."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_digest(password, salt)}"


def matches(password: str, kept: str) -> bool:
    """Whether a password is the one that was hashed."""
    salt, _, digest = kept.partition("$")
    return hmac.compare_digest(digest, _digest(password, bytes.fromhex(salt)))


def _digest(password: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS).hex()
