"""Read a body as JSON or text: total, bounded, with nothing in it that cannot be written again."""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import re
from typing import Any

from gate.secrets import known

TEXT_LIMIT = 256 * 1024
"""Characters of a text that are kept."""
VALUES = 250_000
"""Values that a JSON may hold: each costs some hundred bytes, however short it is."""
DEEPEST = 100
DIGITS = 300
"""A longer integer is more than any other reader of it could hold."""
CHARSET = re.compile(
    r"utf-?(?:8|16|32)(?:-?[lb]e)?|(?:us-)?ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp\d{3,4}"
    r"|koi8-[ru]|gbk|gb2312|gb18030|big5|shift_jis|euc-(?:jp|kr)",
    re.IGNORECASE,
)
"""Charsets of texts; Python knows codecs of other things by such names too (hex, zip, punycode)."""
LONE = re.compile(r"[\ud800-\udfff]")


class _NotJsonError(ValueError):
    """It is no JSON; the text says why."""


class _OddError(ValueError):
    """It is JSON, and not to be read; the text says why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Body:
    """A body that was read.

    Attributes:
        value: The JSON, or the text.
        is_json: Whether it was parsed.
        flaw: Why it is no JSON although it says so.
        unread: Why it cannot be told what it says.
        cut: Whether the text went on.
    """

    value: Any = ""
    is_json: bool = False
    flaw: str = ""
    unread: str = ""
    cut: bool = False


def media_type(content_type: str) -> str:
    """Return a media type without its parameters, in lower case; printable, whatever was sent."""
    kind = content_type[:1000].partition(";")[0].strip().lower()[:200]
    return re.sub(r"[^\x21-\x7e]", "?", kind)


def values_in(raw: bytes) -> int:
    """Return how many values a JSON may hold at most, without parsing it."""
    return 1 + raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def read_body(raw: bytes, content_type: str) -> Body:
    """Read a body by its ``Content-Type``.

    Args:
        raw: The body, unpacked.
        content_type: With its parameters; a charset that is none of a text is taken for UTF-8.

    Returns:
        What it says; it raises for no input.
    """
    kind = media_type(content_type)
    if not (kind == "application/json" or kind.endswith("+json")):
        return _text(raw, content_type)
    try:
        return Body(value=_json(raw), is_json=True)
    except _OddError as error:
        return Body(unread=str(error))
    except _NotJsonError as error:
        return dataclasses.replace(_text(raw, content_type), flaw=str(error))


def _text(raw: bytes, content_type: str) -> Body:
    named = re.search(r"charset\s*=\s*\"?([\w.:-]{1,40})", content_type, re.IGNORECASE)
    charset = named[1] if named and CHARSET.fullmatch(named[1]) else "utf-8"
    try:
        text = raw.decode(charset, "replace")
    except (LookupError, ValueError):
        text = raw.decode("utf-8", "replace")
    text = LONE.sub("\ufffd", text)
    return Body(value=known.redactor().cut(text, TEXT_LIMIT), cut=len(text) > TEXT_LIMIT)


def _json(raw: bytes) -> Any:
    """Parse JSON.

    Raises:
        _NotJsonError: It is none.
        _OddError: It is, but cannot be read for sure.
    """
    if values_in(raw) > VALUES:
        raise _OddError(f"it may hold more than {VALUES:,} values")
    try:
        text = raw.decode(json.detect_encoding(raw))
    except UnicodeDecodeError as error:
        raise _NotJsonError(f"no valid {error.encoding} at byte {error.start}") from error
    try:
        value = json.loads(
            text.removeprefix("\ufeff"),
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise _OddError(f"it is nested deeper than {DEEPEST} levels") from None
    except json.JSONDecodeError as error:
        raise _NotJsonError(f"{error.msg} at character {error.pos}") from error
    _check_depth(value)
    return _writable(value) if re.search(r"\\u[dD][89a-fA-F]", text) else value


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise _OddError(f"it holds an integer of {len(digits):,} digits")
    return int(digits)


def _real(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _OddError(f"it holds a number beyond all bounds: {known.first(text, 40)}")
    return value


def _constant(name: str) -> float:
    raise _NotJsonError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = collections.Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _OddError(f"one of its objects says {known.first(LONE.sub('?', twice), 40)!r} twice")
    return found


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise _OddError(f"it is nested deeper than {DEEPEST} levels")


def _writable(value: Any) -> Any:
    """The same without lone surrogates: no writer takes them."""
    if isinstance(value, str):
        return LONE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_writable(key): _writable(one) for key, one in value.items()}
    return [_writable(one) for one in value] if isinstance(value, list) else value
