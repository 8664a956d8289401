"""The mark that everything of a canary bears, and what stands for words in its requests."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import urllib.parse
from collections.abc import Mapping
from typing import Any

from gate.errors import ObservationError
from gate.sources.canary.promised import Sent

PREFIX = "gate-canary-"
MARK = re.compile(PREFIX + r"(\d{8}t\d{6})-[0-9a-f]{8}")
TIME = "%Y%m%dt%H%M%S"
WORD = re.compile(r"\{(\w+)\}")


def new() -> str:
    """A mark of its own, with the time (UTC) in it: ``gate-canary-20260213t153000-0a1b2c3d``."""
    return f"{PREFIX}{dt.datetime.now(dt.timezone.utc).strftime(TIME)}-{secrets.token_hex(4)}"


def age_s(mark: str) -> float:
    """How old a mark is, in seconds, by the gate's own clock."""
    found = MARK.fullmatch(mark)
    if found is None:
        raise ObservationError(f"{mark} is no mark of a canary")
    made = dt.datetime.strptime(found[1], TIME).replace(tzinfo=dt.timezone.utc)
    return (dt.datetime.now(dt.timezone.utc) - made).total_seconds()


def filled(sent: Sent, words: Mapping[str, str]) -> Sent:
    """A request with its words; others are left to the target's values."""

    def path(match: re.Match[str]) -> str:
        found = words.get(match[1])
        return match[0] if found is None else urllib.parse.quote(found, safe="")

    return sent.model_copy(
        update={
            "path": WORD.sub(path, sent.path),
            "json_body": _deep(sent.json_body, words),
            "text": tuple(_text(one, words) for one in sent.text),
        }
    )


def bound(query: str, words: Mapping[str, str]) -> tuple[str, list[str]]:
    """A query for psycopg: each word becomes a parameter, whatever it holds.

    Raises:
        ObservationError: There is no such word.
    """
    text, given, end = "", [], 0
    for match in WORD.finditer(query):
        if match[1] not in words:
            known = ", ".join(sorted(words))
            raise ObservationError(f"cannot tell: there is no word {match[0]}; known: {known}")
        text += query[end : match.start()].replace("%", "%%") + "%s"
        given.append(words[match[1]])
        end = match.end()
    return text + query[end:].replace("%", "%%"), given


def words_of(value: Any) -> dict[str, str]:
    """What a row or an answer gives to later requests: its texts and numbers, by name."""
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {
        str(name): str(one)
        for name, one in pairs
        if isinstance(one, (str, int, float)) and not isinstance(one, bool)
    }


def _text(text: str, words: Mapping[str, str]) -> str:
    return WORD.sub(lambda match: words.get(match[1], match[0]), text)


def _deep(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _text(value, words)
    if isinstance(value, Mapping):
        return {_text(str(key), words): _deep(one, words) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_deep(one, words) for one in value]
    return value
