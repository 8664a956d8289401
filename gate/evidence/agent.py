"""Have ssh-agent sign: the key stays with it, and what it answers is bounded in time and size.

Source:
    ``draft-ietf-sshm-ssh-agent`` (OpenSSH's ``PROTOCOL.agent``); RFC 8709: a signature by ed25519
    is one over the very bytes that were sent, as DSSE wants it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
import time
from collections.abc import Callable

from gate.errors import GateError

IDENTITIES, SIGN = 11, 13
IDENTITIES_ANSWER, SIGN_RESPONSE = 12, 14
WITHIN_S = 10.0
"""An agent that asks a person for every use is waited for so long."""
MOST = 1 << 20
KIND = b"ssh-ed25519"


def ask(named: str) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Find a key of the agent.

    Args:
        named: Its fingerprint (``SHA256:…``) or its comment.

    Returns:
        Its public half as OpenSSH encodes it, and what signs with it.

    Raises:
        GateError: There is no agent, or not exactly one such key.
    """
    answer = _exchange(bytes([IDENTITIES]), IDENTITIES_ANSWER)
    keys, (count,), rest = [], struct.unpack(">I", answer[:4]), answer[4:]
    for _ in range(min(count, 1000)):
        blob, rest = _text(rest)
        comment, rest = _text(rest)
        keys.append((blob, comment.decode("utf-8", "replace")))
    found = [blob for blob, comment in keys if named in (fingerprint(blob), comment)]
    if len(found) != 1:
        has = ", ".join(fingerprint(blob) for blob, _ in keys) or "none"
        raise GateError(f"ssh-agent has {len(found)} keys called {named} (it has {has})")
    if _text(found[0])[0] != KIND:
        raise GateError(f"the key {named} of ssh-agent is none of ed25519")
    return found[0], lambda content: _sign(found[0], content)


def fingerprint(blob: bytes) -> str:
    """As ``ssh-add -l`` says it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def _sign(blob: bytes, content: bytes) -> bytes:
    request = bytes([SIGN]) + _packed(blob) + _packed(content) + struct.pack(">I", 0)
    signature, _ = _text(_exchange(request, SIGN_RESPONSE))
    kind, rest = _text(signature)
    if kind != KIND:
        raise GateError("ssh-agent signed by another algorithm than ed25519")
    return _text(rest)[0]


def _exchange(request: bytes, expected: int) -> bytes:
    place, until = os.environ.get("SSH_AUTH_SOCK", ""), time.monotonic() + WITHIN_S
    if not place:
        raise GateError("there is no ssh-agent: SSH_AUTH_SOCK is not set")
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WITHIN_S)
            connection.connect(place)
            connection.sendall(_packed(request))
            (length,) = struct.unpack(">I", _read(connection, 4, until))
            if not 1 <= length <= MOST:
                raise GateError("ssh-agent answers what is no answer of an agent")
            answer = _read(connection, length, until)
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
        raise GateError(f"ssh-agent cannot be asked: {why}") from None
    if answer[0] != expected:
        raise GateError("ssh-agent refuses: it is locked, or the use of the key was denied")
    return answer[1:]


def _read(connection: socket.socket, count: int, until: float) -> bytes:
    found = b""
    while len(found) < count:
        connection.settimeout(max(0.01, until - time.monotonic()))
        part = connection.recv(count - len(found))
        if not part:
            raise GateError("ssh-agent ended in the middle of its answer")
        found += part
    return found


def _packed(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _text(content: bytes) -> tuple[bytes, bytes]:
    """Take the first text off."""
    try:
        (length,) = struct.unpack(">I", content[:4])
    except struct.error:
        length = MOST
    if len(content) < 4 + length:
        raise GateError("ssh-agent answers what is no answer of an agent")
    return content[4 : 4 + length], content[4 + length :]
