"""What an answer says of itself: packed bodies, cookies, hidden fields, tokens."""

from __future__ import annotations

import gzip
import json
import zlib

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gate.sources.api.cookies import jar, set_by
from gate.sources.api.exchange import Reply
from gate.sources.api.inflate import Inflater
from gate.sources.api.page import TAGS, hidden
from gate.sources.api.promised_answer import TokenPromise
from gate.sources.api.token import at, read

BODY = b'{"status": "healthy"}' * 20


def unpacked(coding: str, body: bytes) -> tuple[bytes, str]:
    """A body as it is read, in pieces of seven bytes."""
    inflater = Inflater([("content-encoding", coding)], 10_000)
    for number in range(0, len(body), 7):
        if not inflater.feed(body[number : number + 7]):
            break
    return inflater.end()


def raw_deflate(body: bytes) -> bytes:
    """The same without zlib's head, as many servers send it."""
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(body) + engine.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("identity", BODY),
        ("deflate", zlib.compress(BODY)),
        ("Deflate ", raw_deflate(BODY)),
        ("x-gzip", gzip.compress(BODY, mtime=0)),
    ],
    ids=["as it is", "zlib", "raw", "gzip"],
)
def test_what_was_asked_for_is_unpacked(coding: str, body: bytes) -> None:
    """Both forms that are called deflate, and gzip by its old name."""
    assert unpacked(coding, body) == (BODY, "")


@pytest.mark.parametrize(
    ("coding", "body", "why"),
    [
        ("br", BODY, "packed as 'br', which was not asked for"),
        ("gzip, br", BODY, "packed as 'gzip,br', which was not asked for"),
        ("gzip", BODY, "it is no gzip: "),
        ("deflate", b"\x78" + BODY, "it is no deflate: "),
        ("deflate", zlib.compress(BODY)[:-9], "its deflate ends in the middle"),
    ],
    ids=["brotli", "two", "no gzip", "no deflate", "half"],
)
def test_what_is_packed_otherwise_is_not_read(coding: str, body: bytes, why: str) -> None:
    """Nothing of it is kept: half a body could be what is promised."""
    kept, unread = unpacked(coding, body)
    assert kept == b""
    assert why in unread


def reply(*cookies: str) -> Reply:
    """An answer that sets cookies."""
    headers = tuple(("set-cookie", one) for one in cookies)
    return Reply(url="/", status=200, headers=headers, body=b"", unread="", elapsed_s=0.1)


def test_a_client_holds_what_was_not_taken_back() -> None:
    """By its age or by a date; what is no pair is no cookie."""
    held = {"a": "old", "b": "old", "c": "old"}
    found = jar(
        reply(
            "a=; Max-Age=0",
            "b=x; Expires=Thu, 01-Jan-1970 00:00:00 GMT",
            "c=new; Expires=Thu, 01-Jan-2970 00:00:00 GMT",
            "d=1; Expires=nonsense",
            "nonsense; Secure",
            "=nameless",
        ),
        held,
    )
    assert found == {"c": "new", "d": "1"}


def test_how_long_a_cookie_lives() -> None:
    """An age counts before a date; a date without a zone is of UTC; neither is the session's."""
    flags = {
        name: one.lives_s
        for name, _, one in set_by(
            reply(
                "age=1; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=60",
                "date=1; Expires=Thu, 01 Jan 1970 00:00:00",
                "own=1",
                "odd=1; Max-Age=soon",
            )
        )
    }
    assert flags["age"] == 60
    assert (flags["date"] or 0) < 0
    assert (flags["own"], flags["odd"]) == (None, None)


def test_a_hidden_field() -> None:
    """The first of its name, by any quotes, with its entities; ``meta`` has a content."""
    page = "<input value='a&amp;b' name=csrf><meta name=csrf content=late><input name=bare>"
    assert hidden(page, "csrf") == "a&b"
    assert hidden("<META content='x' NAME=\"csrf-token\">", "csrf-token") == "x"
    assert hidden(page, "bare") is None
    assert hidden(page, "none") is None
    assert hidden("<input name=x>" * TAGS + "<input name=csrf value=1>", "csrf") is None


def pair() -> tuple[bytes, str]:
    """A private key, and its public half as everybody may read it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public.decode()


PROMISED = TokenPromise(at="/access")
SECRET = "a-secret-of-this-test-that-is-long-enough"  # noqa: S105 - of nothing else


def verified(token: str, key: str | None) -> tuple[bool | None, str]:
    """What is told of a token's signature."""
    found = read(PROMISED, {"access": token}, {}, key)
    assert found.flaw == ""
    return found.verified, found.unknown


def test_a_public_key_is_no_shared_secret() -> None:
    """A token that anybody signs by it, as by a password, is not verified; nor the reverse."""
    private, public = pair()
    good = jwt.encode({"sub": "1"}, private, algorithm="RS256")
    assert verified(good, public) == (True, "")
    head, body = (
        jwt.utils.base64url_encode(json.dumps(one).encode()).decode()
        for one in ({"alg": "HS256", "typ": "JWT"}, {"sub": "admin"})
    )
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = algorithm.sign(f"{head}.{body}".encode(), public.encode())
    forged = f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"
    assert verified(forged, public) == (False, "")
    assert verified(good, SECRET) == (False, "")
    shared = jwt.encode({"sub": "1"}, SECRET, algorithm="HS256")
    assert verified(shared, SECRET) == (True, "")
    assert verified(shared, f"{SECRET}!") == (False, "")
    assert verified(shared, None) == (None, "")


def test_a_token_that_nobody_signed() -> None:
    """It is verified by no key, whatever it is."""
    bare = jwt.encode({"sub": "1"}, "", algorithm="none")
    for key in (SECRET, pair()[1]):
        assert verified(bare, key)[0] is not True


def test_a_key_of_another_kind_tells_nothing() -> None:
    """Whether the signature is right is then unknown, and why is said."""
    private, public = pair()
    good = jwt.encode({"sub": "1"}, private, algorithm="RS256")
    odd = public.replace("PUBLIC KEY", "CERTIFICATE")
    assert verified(good, odd)[0] is None
    assert "its key is none for RS256" in verified(good, odd)[1]


def test_where_a_token_stands() -> None:
    """By a JSON Pointer, through lists too; what is too long for a header is none."""
    body = {"a/b": [{"t": "x"}], "~": 1}
    assert at("/a~1b/0/t", body) == "x"
    assert at("/~0", body) == 1
    for nothing in ("/a~1b/1/t", "/a~1b/x", "/a~1b/0/t/0", "/none", "/a~1b/10000000"):
        assert at(nothing, body) is None
    long = read(PROMISED, {"access": "x" * 20_000}, {}, None)
    assert "is longer than" in long.flaw
    assert "there is no token" in read(PROMISED, {"access": 7}, {}, None).flaw
