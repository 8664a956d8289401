"""The source of what a contract asks the database in SQL of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pydantic

from gate.connection import forward
from gate.connection.obstacle import CarrierError
from gate.sources.fact import CannotTell, Cause, Fact, Model, Seen
from gate.sources.source import Looking, Source

Value = str | int | float | bool | None
"""A value of an answer: numbers and truth as such, times in UTC, anything else as text."""


@dataclasses.dataclass(frozen=True)
class AskQuery:
    """One statement, kept under its item's id.

    Attributes:
        sees_all: Whether it tells nothing where row security hides rows from the gate's role.
    """

    id: str
    sql: str
    sees_all: bool = False


class Rows(Model):
    """What a statement answered.

    Attributes:
        columns: Their names.
        rows: All rows, in the order in which they came.
        clock: The server's time when it was asked (UTC).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    clock: pydantic.AwareDatetime


class QueryFacts(Model):
    """Answers by the items' ids."""

    answers: dict[str, Fact[Rows]]


def look(looking: Looking) -> Fact[QueryFacts]:
    """Ask every statement; without any there is no session."""
    asked = {one.id: one for one in looking.asked if isinstance(one, AskQuery)}
    if not asked:
        return Seen(QueryFacts(answers={}))
    if not looking.target.database.service:
        return CannotTell("the target names no [database]", Cause.UPSTREAM)
    from gate.sources.queries import look as queries  # noqa: PLC0415 - loaded where it is needed

    try:
        overrides = forward.to_database(looking.target, looking.carrier)
    except CarrierError as error:
        return CannotTell(str(error), error.cause)
    return queries.look(looking.target, asked, overrides, looking.carrier.interrupted)


def _belonging(facts: QueryFacts, was: Mapping[str, str], asked: Mapping[str, str]) -> QueryFacts:
    answers = {
        id_: one
        for id_, one in facts.answers.items()
        if id_ not in asked or was.get(id_) == asked[id_]
    }
    return facts.model_copy(update={"answers": answers})


SOURCE = Source(
    name="queries", rank=21, format=1, facts=QueryFacts, look=look, belonging=_belonging
)
