"""What kinds of promises ask of an API."""

from __future__ import annotations

import dataclasses

from gate.sources.api.promised import PromisedExchange


@dataclasses.dataclass(frozen=True)
class AskEndpoint:
    """The answer to an endpoint item's request, kept under its id."""

    id: str
    endpoint: PromisedExchange


@dataclasses.dataclass(frozen=True)
class AskSamples:
    """So many timed answers of an endpoint item."""

    endpoint: str
    samples: int
