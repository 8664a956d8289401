"""What kinds of promises ask of an API."""

from __future__ import annotations

import dataclasses

from gate.sources.api.promised import PromisedExchange
from gate.timing.rules import Past, Rules

NO_PAST = Past()


@dataclasses.dataclass(frozen=True)
class AskEndpoint:
    """The answer to an endpoint item's request, kept under its id."""

    id: str
    endpoint: PromisedExchange


@dataclasses.dataclass(frozen=True)
class AskSamples:
    """Timed answers of an endpoint item, as many as its rules need.

    Attributes:
        budget: Id of the item that asks.
        endpoint: Id of the endpoint.
        rules: What is promised of the durations; they decide how many are taken.
        past: What they are compared with.
        subject: What their history belongs to besides the target: a new one begins anew.
    """

    budget: str
    endpoint: str
    rules: Rules
    past: Past = NO_PAST
    subject: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class AskBeside:
    """How an endpoint item is answered while a slow one is under way."""

    slow: str
    endpoint: str
