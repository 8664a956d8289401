"""The API: the answers to what endpoint items ask."""

from __future__ import annotations

from collections.abc import Mapping

from gate.connection import forward
from gate.connection.obstacle import CarrierError
from gate.sources.api.facts import ApiFacts
from gate.sources.api.questions import AskBeside, AskEndpoint, AskSamples
from gate.sources.binding import belonging
from gate.sources.fact import CannotTell, Cause, Fact
from gate.sources.source import Looking, Source


def look(looking: Looking) -> Fact[ApiFacts]:
    """Send every request once, and the budgeted ones again."""
    from gate.sources.api import look as api  # noqa: PLC0415 - loaded while connecting

    if not looking.target.api.base:
        return CannotTell("the target names no [api]", Cause.UPSTREAM)
    asked = looking.asked
    endpoints = {one.id: one.endpoint for one in asked if isinstance(one, AskEndpoint)}
    try:
        way = forward.to_api(looking.target, looking.carrier)
    except CarrierError as error:
        return CannotTell(str(error), error.cause)
    return api.look(
        looking.target,
        endpoints,
        [one for one in asked if isinstance(one, AskSamples)],
        besides=[one for one in asked if isinstance(one, AskBeside)],
        others=lambda: [looking.of(name) for name in OTHERS],
        forward=way,
        interrupted=looking.carrier.interrupted,
        writes=looking.writes,
    )


def _belonging(facts: ApiFacts, was: Mapping[str, str], asked: Mapping[str, str]) -> ApiFacts:
    return facts.model_copy(update={"answers": belonging(facts.answers, was, asked)})


OTHERS = ("host", "database")
"""Sources that ask the target at the same time; what is slow runs alone, so it waits for them."""

SOURCE = Source(
    name="api",
    rank=30,
    format=2,
    facts=ApiFacts,
    look=look,
    after=OTHERS,
    belonging=_belonging,
)
