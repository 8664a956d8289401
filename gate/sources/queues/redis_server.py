"""The target's Redis: reached the target's way, with deadlines, and by reading commands alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gate.connection.carrier import Carrier
from gate.errors import ObservationError
from gate.redis import Redis
from gate.secrets import known
from gate.sources.fact import CannotTell, Cause, UnknownError
from gate.target import Target

READS = frozenset(
    {
        *("PING", "AUTH", "HELLO", "SELECT", "CLIENT SETINFO", "QUIT", "TYPE", "TIME"),
        *("EXISTS", "GET", "TTL", "HGET", "HMGET", "HGETALL", "LLEN", "LRANGE", "LINDEX"),
        *("SCARD", "SMEMBERS", "SISMEMBER", "ZCARD", "ZRANGE", "ZREVRANGE", "ZCOUNT", "ZSCORE"),
        *("XREVRANGE", "XLEN", "HLEN", "STRLEN", "SCAN", "ROLE", "CONFIG GET", "INFO"),
    }
)
"""Commands that are let through: a library that would tidy up as it reads is stopped."""
ANSWER_S = 5.0


@contextmanager
def redis_of(target: Target, carrier: Carrier) -> Iterator[Any]:
    """A client of the target's Redis that cannot write.

    Raises:
        UnknownError: It cannot be reached, does not let us in, or the package is missing.
    """
    place = target.redis
    if place is None:
        raise UnknownError(CannotTell("the target names no [redis]", Cause.UPSTREAM))
    try:
        import redis  # noqa: PLC0415 - an extra
    except ImportError as error:
        why = "the package redis is missing here: pip install 'atum-desk-gate[rq]'"
        raise UnknownError(CannotTell(why, Cause.TOOL_MISSING)) from error

    where = f"Redis at {place.host}:{target.port(place.port)}"
    with _reading(redis, _options(target, carrier)) as client:
        try:
            client.ping()
            yield client
        except redis.exceptions.AuthenticationError as error:
            raise _unknown(where, error, Cause.PERMISSION) from error
        except redis.exceptions.NoPermissionError as error:
            raise _unknown(where, error, Cause.PERMISSION) from error
        except redis.exceptions.TimeoutError as error:
            raise _unknown(where, error, Cause.TIMEOUT) from error
        except redis.exceptions.ConnectionError as error:
            raise _unknown(where, error, Cause.UNREACHABLE) from error
        except redis.exceptions.RedisError as error:
            said = str(error)
            cause = Cause.PERMISSION if said.startswith(("NOAUTH", "WRONGPASS")) else Cause.UPSTREAM
            raise _unknown(where, error, cause) from error


def _unknown(where: str, error: Exception, cause: Cause) -> UnknownError:
    return UnknownError(CannotTell(f"{where}: {known.first(str(error), 200)}", cause))


def _options(target: Target, carrier: Carrier) -> dict[str, Any]:
    place = target.redis or Redis()
    options: dict[str, Any] = {
        "db": place.db,
        "socket_timeout": ANSWER_S,
        "socket_connect_timeout": target.deadlines.connect_s,
        "decode_responses": False,
        "protocol": 2,
    }
    for key, name in (("username", place.user_env), ("password", place.password_env)):
        if name is not None:
            if name not in os.environ:
                why = f"the environment variable {name} is not set"
                raise UnknownError(CannotTell(why, Cause.UPSTREAM))
            options[key] = os.environ[name]
    known.learn(options.get("password"))
    if place.forward:
        way = carrier.forward(f"{place.host}:{target.port(place.port)}", "redis")
        return {**options, "unix_socket_path": str(way.socket)}
    return {**options, "host": place.host, "port": target.port(place.port), "ssl": place.tls}


@contextmanager
def _reading(redis: Any, options: dict[str, Any]) -> Iterator[Any]:
    class Reading(redis.Redis):  # type: ignore[misc]
        def execute_command(self, *words: Any, **more: Any) -> Any:
            if str(words[0]).upper() not in READS:
                raise ObservationError(f"a look at Redis must not send {words[0]}")
            return super().execute_command(*words, **more)

        def pipeline(self, *_: Any, **__: Any) -> Any:
            raise ObservationError("a look at Redis sends no pipelines")

    options = dict(options)
    if "unix_socket_path" in options:
        options.pop("socket_connect_timeout")
    client = Reading(**options, retry=None)
    try:
        yield client
    finally:
        client.close()
