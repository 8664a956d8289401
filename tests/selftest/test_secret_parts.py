"""Where secrets come from and go to, one by one: what a login answers, errors, records, streams."""

from __future__ import annotations

import io
import logging
import pathlib
from collections.abc import Iterator

import pytest

from gate.secrets import known
from gate.secrets.errors import clean_error
from gate.secrets.known import learn_answered
from gate.secrets.logs import clean_records
from gate.secrets.patterns import CUTS, REDACTED
from gate.secrets.redactor import Redactor
from gate.secrets.sentinel import Watch
from gate.secrets.streams import CleanStream

SECRET = "Qx7-plover+Zu93_wombat.Kd55"  # noqa: S105 - made up
UUID = "0b0e2f3a-4c5d-6e7f-8091-a2b3c4d5e6f7"


@pytest.fixture(autouse=True)
def knowledge() -> Iterator[None]:
    """The secret is known, and forgotten afterwards."""
    known.begin([SECRET])
    yield
    known.begin([])


@pytest.mark.parametrize(
    ("key", "value", "learned"),
    [
        ("access_token", "abcd", True),
        ("access_token", "abc", False),
        ("session", UUID, True),
        ("user_id", UUID, False),
        ("userId", UUID, False),
        ("id", UUID, False),
        ("other", "Zm9vYmFyYmF6cXV4-0123456789ab", True),
        ("other", "a text of several words, which nobody takes for a token", False),
        ("other", 7, False),
        ("other", None, False),
    ],
)
def test_what_a_login_answers(key: str, value: object, *, learned: bool) -> None:
    """A number of a thing is no secret, and one of a session is."""
    learn_answered(value, key)
    assert (known.clean(f"it is {value!r}") != f"it is {value!r}") is learned


@pytest.mark.parametrize("secret", ["пароль-77", "pass€word", "短い秘密の言葉"])
def test_characters_beyond_a_byte(secret: str) -> None:
    """Escaped by JSON, by a browser, by Python, or as HTML has them."""
    redactor = Redactor([secret])
    written = [
        secret,
        secret.encode("unicode-escape").decode(),
        "".join(f"%{one:02X}" for one in secret.encode()),
        "".join(f"\\x{one:02x}" for one in secret.encode()),
        "".join(f"&#{ord(one)};" for one in secret),
        secret.encode().hex(),
    ]
    for one in written:
        assert redactor.clean(f"a {one} b") == f"a {REDACTED} b", one


def test_what_is_no_text_of_a_document() -> None:
    """It stays as it is, in whatever it stands."""
    odd = object()
    found = Redactor([SECRET]).clean_json({"a": [SECRET, odd], "b": (1, odd)})
    assert found == {"a": [REDACTED, odd], "b": [1, odd]}


@pytest.mark.parametrize("mark", CUTS)
def test_a_secret_that_others_cut(mark: str) -> None:
    """Neither its beginning nor its end is told; what only begins like it stays."""
    redactor = Redactor([SECRET])
    found = redactor.clean_cut(f"x {SECRET[:9]}{mark}{SECRET[-9:]} y")
    assert found == f"x {REDACTED}{mark}{REDACTED} y"
    other = f"x {SECRET[:9]} z{mark}y"
    assert redactor.clean_cut(other) == other


def test_errors_without_secrets() -> None:
    """Their words, their notes and their files; what they came from, too."""
    error = OSError(2, f"no {SECRET}", f"/tmp/{SECRET}")  # noqa: S108 - a name
    error.__cause__ = ValueError(f"of {SECRET}")
    notes: list[object] = [f"seen in {SECRET}", 7]
    vars(error)["__notes__"] = notes
    clean_error(error)
    told = [str(error), str(error.__cause__), *map(str, notes)]
    assert SECRET not in " ".join(told)
    assert (error.filename, notes[1]) == (f"/tmp/{REDACTED}", 7)  # noqa: S108 - as above


def test_records_without_secrets() -> None:
    """With their exceptions; and whoever made records before makes them again, unless others do."""
    before = logging.getLogRecordFactory()
    ends = clean_records()
    try:
        logger = logging.getLogger("gate.test")
        error = ValueError(SECRET)
        record = logger.makeRecord(
            "x", logging.ERROR, "f", 1, "it said %s", (SECRET,), (ValueError, error, None)
        )
        assert record.getMessage() == f"it said {REDACTED}"
        assert SECRET not in (record.exc_text or SECRET)
        plain = logger.makeRecord("x", logging.ERROR, "f", 1, "fine", (), (None, None, None))
        assert (plain.getMessage(), plain.exc_text) == ("fine", None)
    finally:
        others = logging.LogRecord
        logging.setLogRecordFactory(others)
        ends()
        assert logging.getLogRecordFactory() is others
        logging.setLogRecordFactory(before)


def test_a_stream_of_lines(tmp_path: pathlib.Path) -> None:
    """Each is cleaned; what is no text is told by the stream itself."""
    out, watch = io.StringIO(), Watch(SECRET)
    stream = CleanStream(out, "stdout", watch)
    stream.writelines([f"a {SECRET}\n", "b\n"])
    assert out.getvalue() == f"a {REDACTED}\nb\n"
    with pytest.raises(TypeError):
        stream.write(b"bytes")  # type: ignore[arg-type]
    assert [*watch.found] == ["stdout"]
    (tmp_path / "told").write_text(f"x {SECRET}", "utf-8")
    watch.files([tmp_path, tmp_path / "gone"])
    assert len(watch.problems()) == 2
    assert all(SECRET not in one for one in watch.problems())
