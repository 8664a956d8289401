"""Queries: what a contract asks databases in words of its own, and what they must answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated

import pydantic

from gate.contract.item import Item, Moment, Yes
from gate.contract.model import Promise
from gate.kinds.bounds import outside
from gate.kinds.finding import Finding
from gate.kinds.host_kind import judged, listed
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Recorded,
    State,
    Told,
    always,
    no_references,
    not_seen,
    shown,
)
from gate.kinds.one_value import age, number, one_value
from gate.kinds.query_look import query_look
from gate.kinds.scene import Scene, asked, unknown
from gate.rule import at_least_one, exactly_one, never_absent
from gate.sources.fact import CannotTell, Cause, Fact, Seen, require
from gate.sources.queries.facts import AskQuery, AskRedis
from gate.sources.queries.keyspace import RedisQuestion
from gate.sources.queries.rows import Rows, Value
from gate.sources.queries.source import SOURCE
from gate.target import Target
from gate.toml import PlaceName

WORDS = ("SELECT", "WITH", "VALUES", "SHOW", "TABLE")
READS = rf"^\s*(?:{'|'.join((*WORDS, *(one.lower() for one in WORDS)))})\s"
"""What a statement begins with that answers rows."""
Scalar = str | int | float | bool
NO_NUMBER = CannotTell("before the deployment it was no number", Cause.UPSTREAM)


class Query(Item):
    """A statement that a database answers in a transaction that can only read; or a Redis's answer.

    A statement is asked alone, in a session with the search path ``public`` and the time zone UTC,
    and is ended with the time of the database's look. Times are written as PostgreSQL prints them.
    Views of ``information_schema`` that show a role no more than what is its own (grants, keys,
    triggers) tell nothing where the gate's role is not every owner's: ask ``pg_catalog``.

    Attributes:
        sql: One statement: SELECT, WITH, VALUES, TABLE or SHOW.
        redis: What the target's Redis is asked instead, such as ``{ length = "mails" }``.
        database: Which of the target's databases (``[database.others.NAME]``), or Redis
            (``[redis.others.NAME]``); its own where this is left out.
        value: The one value that it must answer.
        set: The values of its one column, in any order, no more and no less.
        rows: Its rows, in order; ``[]`` where there must be none. NULL is written ``"NULL"``.
        at_least: What the one number that it answers must be at least.
        at_most: What that number may be at most.
        younger_than_s: How old the one time that it answers may be, in seconds, by the server.
        not_fewer_than_before: The one number is no smaller than before the deployment.
        same_as_before: Its rows are those of before the deployment, in any order.
    """

    sql: Annotated[str, pydantic.Field(pattern=READS)] | None = None
    redis: RedisQuestion | None = None
    database: PlaceName | None = None
    value: Scalar | None = None
    set: tuple[Scalar, ...] | None = None
    rows: tuple[tuple[Scalar, ...], ...] | None = None
    at_least: float | None = None
    at_most: float | None = None
    younger_than_s: Annotated[float, pydantic.Field(gt=0)] | None = None
    not_fewer_than_before: Yes | None = None
    same_as_before: Yes | None = None

    RULES = (
        exactly_one("sql", "redis"),
        at_least_one(
            *("value", "set", "rows", "at_least", "at_most"),
            *("younger_than_s", "not_fewer_than_before", "same_as_before"),
        ),
        never_absent("an answer"),
    )

    @pydantic.field_validator("rows", mode="before")
    @classmethod
    def _tuples(cls, given: object) -> object:
        if isinstance(given, (list, tuple)):
            return tuple(tuple(one) if isinstance(one, list) else one for one in given)
        return given


def query(promise: Promise, scene: Scene) -> Finding:
    """Compare an answer."""
    item = scene.item(promise, Query)
    found = require(answer(promise.id, scene), "answer")
    return Finding(
        promised=_promised(item),
        seen=_text(found),
        broken=judged(_differs(promise.id, item, found, scene)),
        look=query_look(item.sql or "", item.redis, item.database or "", scene),
    )


def answer(id_: str, scene: Scene) -> Fact[Rows]:
    """What was answered to an item's statement."""
    fact = scene.observed.of(SOURCE)
    return asked(fact.value.answers, id_) if isinstance(fact, Seen) else fact


def _differs(id_: str, item: Query, found: Rows, scene: Scene) -> Iterator[str | CannotTell]:
    if item.rows is not None and not _same(item.rows, found.rows):
        yield f"it answers {_text(found)}"
    if item.set is not None:
        yield from _set(item.set, found)
    if item.value is not None:
        yield from one_value(found, lambda is_: _other(item.value, is_))
    if item.at_least is not None or item.at_most is not None:
        yield from number(found, lambda is_: outside(is_, item.at_least, item.at_most))
    if item.younger_than_s is not None:
        most = item.younger_than_s
        yield from one_value(found, lambda is_: age(most, is_, found.clock))
    if scene.moment != "predeploy":
        if item.not_fewer_than_before:
            yield from fewer(id_, found, scene)
        if item.same_as_before:
            yield from _changed(id_, found, scene)


def _equal(must: Scalar | None, is_: Value) -> bool:
    if must == "NULL":
        return is_ is None or is_ == must
    return isinstance(must, bool) == isinstance(is_, bool) and must == is_


def _other(must: Scalar | None, is_: Value) -> list[str]:
    """Say what it is instead, and of which type where it reads the same."""
    if _equal(must, is_):
        return []
    if str(must).lower() != str(is_).lower():
        return [f"it is {is_}"]
    type_ = {bool: "boolean", str: "text"}.get(type(is_), "number")
    return [f"it is {is_}, a {type_}: write it {'in' if type_ == 'text' else 'without'} quotes"]


def _same(must: tuple[tuple[Scalar, ...], ...], is_: tuple[tuple[Value, ...], ...]) -> bool:
    return len(must) == len(is_) and all(
        len(row) == len(other) and all(map(_equal, row, other))
        for row, other in zip(must, is_, strict=True)
    )


def _set(must: tuple[Scalar, ...], found: Rows) -> Iterator[str | CannotTell]:
    if len(found.columns) != 1:
        yield CannotTell(f"it answers {len(found.columns)} columns", Cause.UPSTREAM)
        return
    rest = [row[0] for row in found.rows]
    for one in must:
        at = next((n for n, is_ in enumerate(rest) if _equal(one, is_)), None)
        if at is None:
            yield f"{one!r} is missing"
        else:
            del rest[at]
    yield from (f"{one!r} is not promised" for one in rest)


def fewer(id_: str, found: Rows, scene: Scene) -> Iterator[str | CannotTell]:
    """What is wrong where a number was larger before the deployment.

    Raises:
        ObservationError: There is no look from then.
    """
    before = _before(id_, scene)
    if not isinstance(before, Seen):
        yield unknown(before)
        return
    was = before.value
    yield from number(was, lambda is_: [NO_NUMBER] if math.isnan(is_) else [])
    yield from number(
        found, lambda is_: [f"it is {is_:g}, and was {_text(was)}"] if _less(is_, was) else []
    )


def _less(number: float, was: Rows) -> bool:
    value = was.rows[0][0] if was.rows and len(was.columns) == 1 else None
    return isinstance(value, (int, float)) and not math.isnan(value) and not number >= value


def _changed(id_: str, found: Rows, scene: Scene) -> Iterator[str | CannotTell]:
    before = _before(id_, scene)
    if not isinstance(before, Seen):
        yield unknown(before)
        return
    # A row is what it is and as often as it is there: 1 is not '1', NULL is not the word.
    old, new = (Counter(map(repr, one.rows)) for one in (before.value, found))
    told = {repr(row): _row_text(row) for one in (before.value, found) for row in one.rows}
    gone, come = (sorted(one.elements()) for one in (old - new, new - old))
    yield from (f"{told[one]} is gone" for one in gone)
    yield from (f"{told[one]} has come" for one in come)


def _before(id_: str, scene: Scene) -> Fact[Rows]:
    fact = scene.before(f"what {id_} was before").of(SOURCE)
    return asked(fact.value.answers, id_) if isinstance(fact, Seen) else fact


def _row_text(row: tuple[Value, ...]) -> str:
    return ", ".join("NULL" if one is None else str(one) for one in row)


def _text(found: Rows) -> str:
    if not found.rows:
        return "no row"
    more = f"; and {len(found.rows) - 5} rows more" if len(found.rows) > 5 else ""  # noqa: PLR2004
    return "; ".join(map(_row_text, found.rows[:5])) + more


def _promised(item: Query) -> str:
    keys = item.model_dump(
        exclude_none=True, exclude={*Item.model_fields, "sql", "redis", "database"}
    )
    return listed(**{name: "none" if one in ((), []) else one for name, one in keys.items()})


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    if isinstance(item, Query) and item.redis is not None:
        yield AskRedis(promise.id, item.redis, item.database or "")
    elif isinstance(item, Query) and item.sql is not None:
        yield AskQuery(promise.id, item.sql, database=item.database or "")


def _find(promise: Promise, scene: Scene) -> Found:
    return answer(promise.id, scene)


def _state(promise: Promise, scene: Scene) -> Told:
    fact, item = answer(promise.id, scene), scene.item(promise, Query)
    if not isinstance(fact, Seen):
        return not_seen(fact)
    moves = (item.value, item.set, item.rows, item.same_as_before) == (None, None, None, None)
    return State("answered" if moves else _text(fact.value))


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Query), answer(promise.id, scene)
    return {"Query": item.title, "Answer": shown(fact, "no answer", _text)}


def _record(scene: Scene) -> Iterable[Recorded]:
    """Those that the contract names already: the one value, or the rows, that they answer."""
    for promise in scene.contract.at(scene.moment):
        item = promise.at(scene.moment)
        fact = answer(promise.id, scene) if isinstance(item, Query) else None
        if isinstance(item, Query) and isinstance(fact, Seen):
            rows = [["NULL" if one is None else one for one in row] for row in fact.value.rows]
            asks = item.model_dump(include={"sql", "redis", "database"}, exclude_none=True)
            single = len(rows) == 1 and len(rows[0]) == 1
            told = {"value": rows[0][0]} if single else {"rows": rows}
            yield Recorded(promise.name, {"title": item.title, **asks, **told})


KIND = Kind(
    name="query",
    chapter="queries",
    rank=57,
    model=Query,
    severity="normal",
    moments=always,
    asks=_asks,
    find=_find,
    compare=query,
    state=_state,
    row=_row,
    references=no_references,
    record=_record,
)
