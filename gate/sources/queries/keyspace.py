"""What a Redis is asked by name, and never written to: one client, one reading command for each."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import pydantic

from gate.connection.carrier import Carrier
from gate.contract.item import Name, Yes
from gate.errors import ObservationError
from gate.rule import Has, Like, Not, Rule, Some, exactly_one
from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, Fact, Seen, UnknownError
from gate.sources.queries.rows import Rows, Value, kept
from gate.sources.queues.redis_server import redis_of
from gate.target import Target
from gate.toml import Strict

MOST_KEYS = 1_000_000
"""Keys that are walked over, at most, to count those of a pattern."""
STEP = 1000
COMMANDS = ("ping", "role", "keys", "length", "exists", "ttl", "config", "info")
SIZES = {
    "list": "llen",
    "set": "scard",
    "zset": "zcard",
    "hash": "hlen",
    "stream": "xlen",
    "string": "strlen",
}
"""What tells the length of each type."""
CREDENTIAL = r"^.*(pass|auth|user|secret|key-file).*$"
"""Names of settings that may hold a credential."""


class RedisQuestion(Strict):
    """What a Redis is asked, and answers as one value; exactly one of the keys.

    Attributes:
        ping: Whether it answers: ``PONG``.
        role: ``master``, ``slave`` or ``sentinel``.
        keys: How many keys there are of a pattern, such as ``session:*``; of more than a million
            keys it cannot be told.
        length: How many entries a key's list, set, hash or stream has, or how many bytes its text;
            0 where there is no such key.
        exists: Whether there is a key.
        ttl: In how many seconds a key ends; NULL where it does not, and no row where it is not.
        config: A setting, such as ``maxmemory-policy``; of names that speak of credentials none.
        info: A field of ``INFO``, such as ``connected_slaves``.
    """

    ping: Yes | None = None
    role: Yes | None = None
    keys: Name | None = None
    length: Name | None = None
    exists: Name | None = None
    ttl: Name | None = None
    config: Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9-]*$")] | None = None
    info: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")] | None = None

    RULES = (
        exactly_one(*COMMANDS),
        Rule(
            Some(Not(Has("config")), Not(Like("config", CREDENTIAL))),
            "config: of a setting that may hold a credential nothing is asked",
        ),
    )

    @property
    def command(self) -> tuple[str, str]:
        """What is asked, and of which key, pattern or name."""
        for name in COMMANDS:
            value = getattr(self, name)
            if value is not None:
                return name, "" if value is True else str(value)
        raise TypeError("it asks nothing")


def look(
    target: Target, asked: Mapping[str, RedisQuestion], carrier: Carrier
) -> Mapping[str, Fact[Rows]]:
    """Ask every question by itself; what goes wrong with one is that one's alone."""
    found: dict[str, Fact[Rows]] = {}
    until = time.monotonic() + target.deadlines.database_s
    try:
        with redis_of(target, carrier) as client:
            for id_, one in asked.items():
                found[id_] = _answer(client, one, until)
    except UnknownError as error:
        away = CannotTell(str(error).partition("): ")[2], error.cause)
        return {id_: found.get(id_, away) for id_ in asked}
    return found


def _answer(client: Any, question: RedisQuestion, until: float) -> Fact[Rows]:
    what, of = question.command
    where = f"Redis: {what} {of}".strip()
    if time.monotonic() > until:
        return CannotTell(f"{where}: there was no time left for it", Cause.TIMEOUT)
    try:
        values = ASK[what](client, of, until)
    except ObservationError as error:
        cause = getattr(error, "cause", Cause.UPSTREAM)
        return CannotTell(f"{where}: {error}", cause)
    except Exception as error:  # noqa: BLE001 - whatever an answer leads to
        return CannotTell(f"{where}: {known.first(str(error), 200)}", _cause(error))
    rows = tuple((_value(one),) for one in values)
    return Seen(Rows(columns=(what,), rows=rows, clock=dt.datetime.now(dt.timezone.utc)))


def _cause(error: Exception) -> Cause:
    name = type(error).__name__
    if name in ("AuthenticationError", "NoPermissionError") or str(error).startswith("NOAUTH"):
        return Cause.PERMISSION
    if isinstance(error, TimeoutError) or name == "TimeoutError":
        return Cause.TIMEOUT
    return Cause.UNREACHABLE if name == "ConnectionError" else Cause.UPSTREAM


def _value(value: object) -> Value:
    """A value as PostgreSQL's are told: numbers and truth as such, anything else as text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    if text.lstrip("-").isdecimal() and text.isascii() and len(text) < 19:  # noqa: PLR2004 - int64
        return int(text)
    return kept(text)


def _keys(client: Any, pattern: str, until: float) -> list[object]:
    """Count by ``SCAN``, which may tell a key twice and keeps nobody waiting."""
    found: set[bytes] = set()
    cursor, walked = 0, 0
    while True:
        cursor, some = client.scan(cursor=cursor, match=pattern, count=STEP)
        found.update(some)
        walked += STEP
        if cursor == 0:
            return [len(found)]
        if walked >= MOST_KEYS or len(found) >= MOST_KEYS:
            raise ObservationError(f"there are more than {MOST_KEYS:,} keys")
        if time.monotonic() > until:
            raise ObservationError(f"so many keys could not be walked over in time: {walked:,}")


def _length(client: Any, key: str, _: float) -> list[object]:
    type_ = client.type(key).decode("utf-8", "replace")
    if type_ == "none":
        return [0]
    if type_ not in SIZES:
        raise ObservationError(f"nothing tells the length of a {known.first(type_, 40)}")
    return [getattr(client, SIZES[type_])(key)]


def _ttl(client: Any, key: str, _: float) -> list[object]:
    seconds = client.ttl(key)
    return {-2: [], -1: [None]}.get(seconds, [seconds])


def _config(client: Any, name: str, _: float) -> list[object]:
    found = client.config_get(name)
    values = [value for key, value in found.items() if _text(key) == name.lower()]
    if not values:
        raise ObservationError("it tells of no such setting")
    return values


def _info(client: Any, name: str, _: float) -> list[object]:
    found = client.info("everything")
    if name not in found:
        raise ObservationError("it tells of no such field")
    return [found[name]]


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


ASK: Mapping[str, Callable[[Any, str, float], list[object]]] = {
    "ping": lambda client, _, __: ["PONG" if client.ping() else "no PONG"],
    "role": lambda client, _, __: [client.execute_command("ROLE")[0]],
    "keys": _keys,
    "length": _length,
    "exists": lambda client, key, _: [bool(client.exists(key))],
    "ttl": _ttl,
    "config": _config,
    "info": _info,
}
"""The values that each question is answered by."""
