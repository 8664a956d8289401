"""The source of what a contract asks databases in words of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from typing import TypeVar

from gate.connection import forward
from gate.connection.obstacle import CarrierError
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.queries.facts import AskQuery, AskRedis, QueryFacts
from gate.sources.queries.keyspace import RedisQuestion
from gate.sources.queries.keyspace import look as ask_redis
from gate.sources.queries.rows import Rows
from gate.sources.source import Looking, Source
from gate.target import Target

GRACE_S = 1.0
A = TypeVar("A")


Answers = Mapping[str, Fact[Rows]]


def look(looking: Looking) -> Fact[QueryFacts]:
    """Ask every database at the same time; where nothing is asked there is no session."""
    statements: dict[str, dict[str, AskQuery]] = {}
    questions: dict[str, dict[str, RedisQuestion]] = {}
    for one in looking.asked:
        if isinstance(one, AskQuery):
            statements.setdefault(one.database, {})[one.id] = one
        elif isinstance(one, AskRedis):
            questions.setdefault(one.database, {})[one.id] = one.redis
    jobs: list[tuple[Iterable[str], Future[Answers]]] = [
        *((one, _job(_ask_postgres, looking, name, one)) for name, one in statements.items()),
        *((one, _job(_ask_redis, looking, name, one)) for name, one in questions.items()),
    ]
    until = time.monotonic() + _most_s(looking.target)
    answers: dict[str, Fact[Rows]] = {}
    for ids, found in jobs:
        answers |= _told(ids, found, until)
    return Seen(QueryFacts(answers=answers))


def _most_s(target: Target) -> float:
    return target.deadlines.database_s + target.deadlines.connect_s + GRACE_S


def _job(
    ask: Callable[[Looking, str, Mapping[str, A]], Answers],
    looking: Looking,
    name: str,
    asked: Mapping[str, A],
) -> Future[Answers]:
    """Ask one database in a thread of its own: what hangs there keeps no other one waiting."""
    found: Future[Answers] = Future()

    def run() -> None:
        try:
            found.set_result(ask(looking, name, asked))
        except CarrierError as error:
            found.set_result(dict.fromkeys(asked, CannotTell(str(error), error.cause)))
        except BaseException as error:  # noqa: BLE001 - told where it is waited for
            found.set_exception(error)

    threading.Thread(target=run, name=f"query-{name or 'own'}", daemon=True).start()
    return found


def _told(ids: Iterable[str], found: Future[Answers], until: float) -> Answers:
    try:
        return found.result(max(0.0, until - time.monotonic()))
    except Late:
        why = CannotTell("the database did not answer in time", Cause.TIMEOUT)
        return dict.fromkeys(ids, why)


def _ask_postgres(looking: Looking, name: str, asked: Mapping[str, AskQuery]) -> Answers:
    from gate.sources.queries import look as queries  # noqa: PLC0415 - loaded where it is needed

    target = looking.target.at_database(name)
    if not target.database.service:
        where = f"[database.others.{name}]" if name else "[database]"
        return dict.fromkeys(asked, CannotTell(f"the target names no {where}", Cause.UPSTREAM))
    overrides = forward.to_database(target, looking.carrier)
    found = queries.look(target, asked, overrides, looking.carrier.interrupted)
    return found.value.answers if isinstance(found, Seen) else dict.fromkeys(asked, found)


def _ask_redis(looking: Looking, name: str, asked: Mapping[str, RedisQuestion]) -> Answers:
    target = looking.target.at_redis(name)
    if target.redis is None and name:
        why = CannotTell(f"the target names no [redis.others.{name}]", Cause.UPSTREAM)
        return dict.fromkeys(asked, why)
    return ask_redis(target, asked, looking.carrier)


def _belonging(facts: QueryFacts, was: Mapping[str, str], asked: Mapping[str, str]) -> QueryFacts:
    answers = {
        id_: one
        for id_, one in facts.answers.items()
        if id_ not in asked or was.get(id_) == asked[id_]
    }
    return facts.model_copy(update={"answers": answers})


SOURCE = Source(
    name="queries",
    rank=21,
    format=1,
    facts=QueryFacts,
    look=look,
    belonging=_belonging,
    deadline=lambda target: _most_s(target) + GRACE_S,
)
