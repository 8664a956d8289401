"""Read a token that an answer hands out: decoded, and verified where a key is given."""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

from gate.secrets import known
from gate.sources.api.body import read_body
from gate.sources.api.facts import Token
from gate.sources.api.promised_answer import TokenPromise

LONGEST = 16 * 1024
"""A longer one fits into no header."""
SHARED = "HS"
"""What the names of algorithms with a shared secret begin with."""


def at(pointer: str, body: Any) -> Any:
    """What stands at a JSON Pointer (RFC 6901); ``None`` where nothing does."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict):
            body = body.get(name)
        elif isinstance(body, list) and name.isdigit() and len(name) < len("1000000"):
            body = body[int(name)] if int(name) < len(body) else None
        else:
            return None
    return body


def read(promised: TokenPromise, body: Any, cookies: dict[str, str], key: str | None) -> Token:
    """Read the token that is promised of an answer.

    Args:
        promised: Where it stands.
        body: The answer's JSON.
        cookies: What the answer sets.
        key: What its signature is verified by.

    Returns:
        What it says; it raises for no input.
    """
    where = promised.at or f"the cookie {promised.cookie}"
    found = at(promised.at, body) if promised.at else cookies.get(promised.cookie or "")
    if not isinstance(found, str) or not found:
        return Token(flaw=f"there is no token at {where}")
    known.learn(found)
    if len(found) > LONGEST:
        return Token(flaw=f"what stands at {where} is longer than {LONGEST:,} characters")
    return _decoded(found, where, key)


def _decoded(token: str, where: str, key: str | None) -> Token:
    import jwt  # noqa: PLC0415 - where no token is promised it costs nothing

    try:
        whole = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        return Token(flaw=f"what stands at {where} is no JWT: {known.first(str(error), 120)}")
    # As any JSON of a peer: nothing in it that could not be written again.
    body = read_body(json.dumps(whole["payload"]).encode(), "application/json")
    if not body.is_json or not isinstance(body.value, dict):
        return Token(flaw=f"what stands at {where} claims no JSON: {body.flaw or body.unread}")
    claims, algorithm = body.value, str(whole["header"].get("alg", ""))
    verified, unknown = _verified(token, algorithm, key)
    return Token(
        algorithm=known.first(algorithm, 40),
        claims=claims,
        lives_s=_lives(claims),
        verified=verified,
        unknown=unknown,
    )


def _verified(token: str, algorithm: str, key: str | None) -> tuple[bool | None, str]:
    """Whether the signature is right, and why that cannot be told."""
    import jwt  # noqa: PLC0415 - see above

    if key is None:
        return None, ""
    known.learn(key)
    # A public key is no shared secret: who takes it for one believes everybody who has read it.
    if algorithm.startswith(SHARED) == ("-----BEGIN" in key):
        return False, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a short key: it is the target's
            jwt.api_jws.PyJWS().decode(token, key, algorithms=[algorithm])
    except jwt.InvalidKeyError as error:
        return None, f"its key is none for {algorithm}: {known.first(str(error), 120)}"
    except jwt.InvalidAlgorithmError:
        return None, f"{known.first(algorithm, 40)} is verified by nothing that is installed"
    except (jwt.PyJWTError, ValueError, TypeError):
        return False, ""
    return True, ""


def _lives(claims: dict[str, Any]) -> int | None:
    ends = _number(claims.get("exp"))
    begins = _number(claims.get("iat"))
    return None if ends is None else int(ends - (time.time() if begins is None else begins))


def _number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 10**12 else None
