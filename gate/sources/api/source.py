"""The API: the answers to what endpoint items ask."""

from __future__ import annotations

from collections.abc import Mapping

from gate.connection import forward
from gate.connection.obstacle import CarrierError
from gate.sources.api.facts import ApiFacts
from gate.sources.api.questions import AskEndpoint, AskSamples
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
    samples = {one.endpoint: one.samples for one in asked if isinstance(one, AskSamples)}
    try:
        way = forward.to_api(looking.target, looking.carrier)
    except CarrierError as error:
        return CannotTell(str(error), error.cause)
    return api.look(
        looking.target,
        endpoints,
        samples,
        forward=way,
        interrupted=looking.carrier.interrupted,
        writes=looking.writes,
    )


def _belonging(facts: ApiFacts, was: Mapping[str, str], asked: Mapping[str, str]) -> ApiFacts:
    return facts.model_copy(update={"answers": belonging(facts.answers, was, asked)})


SOURCE = Source(name="api", rank=30, format=1, facts=ApiFacts, look=look, belonging=_belonging)
