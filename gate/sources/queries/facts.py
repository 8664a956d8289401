"""What a contract asks databases, and what they answer."""

from __future__ import annotations

import dataclasses

from gate.sources.fact import Fact, Model
from gate.sources.queries.keyspace import RedisQuestion
from gate.sources.queries.rows import Rows


@dataclasses.dataclass(frozen=True)
class AskQuery:
    """One statement, kept under its item's id.

    Attributes:
        sees_all: Whether it tells nothing where row security hides rows from the gate's role.
        database: Which of the target's databases; its own where it is empty.
    """

    id: str
    sql: str
    sees_all: bool = False
    database: str = ""


@dataclasses.dataclass(frozen=True)
class AskRedis:
    """One question to a Redis, kept under its item's id.

    Attributes:
        database: Which of the target's; its own where it is empty.
    """

    id: str
    redis: RedisQuestion
    database: str = ""


class QueryFacts(Model):
    """Answers by the items' ids."""

    answers: dict[str, Fact[Rows]]
