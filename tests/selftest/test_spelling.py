"""What a stream cannot carry is spelled in what it can; what it can carry stays."""

from __future__ import annotations

import io

import pytest

from gate.secrets.sentinel import Watch
from gate.secrets.streams import CleanStream
from gate.spelling import encodable, is_plain

ODD = "cut… \u2013 5 µs \u00d7 2 → done ✓ “so” café Œuvre 日本 \U0001f600 \ud800"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "no-such-encoding"])
def test_anything_fits_any_encoding(encoding: str) -> None:
    """Nothing raises, nothing is an escape, and signs are what a reader takes them for."""
    told = encodable(ODD, encoding)
    known = "ascii" if encoding.startswith("no-") else encoding
    assert told.encode(known).decode(known) == told
    assert "\\" not in told
    assert told.startswith(("cut... ", "cut… "))
    assert "café" in told or "cafe" in told


def test_ascii() -> None:
    """Signs and accents have their stand-ins, and of the rest it is seen that something was."""
    assert encodable(ODD, "ascii") == ('cut... - 5 us x 2 -> done ok "so" cafe ?uvre ?? ? ?')


def test_unicode_stays() -> None:
    """But for half a character, and for signs where somebody said that he sees ASCII alone."""
    assert encodable("cut… 日本", "utf-8") == "cut… 日本"
    assert encodable("cut… 日本", "utf-8", plain=True) == "cut... 日本"
    assert encodable("a\ud800", "utf-8") == "a?"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C", "LC_ALL": "de_DE.UTF-8"}, False),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_CTYPE": "POSIX"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),
    ],
)
def test_who_sees_ascii_alone(environ: dict[str, str], expected: bool) -> None:  # noqa: FBT001 - a case
    """As the locale says; what Python puts there by itself says nothing."""
    assert is_plain(environ) is expected


def test_a_stream_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """No escape and no error, whatever its encoding."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    below = io.BytesIO()
    stream = CleanStream(io.TextIOWrapper(below, "ascii"), "stdout", Watch("not-there-1234"))
    stream.write(ODD)
    stream.flush()
    assert below.getvalue().startswith(b"cut... - 5 us x 2")
