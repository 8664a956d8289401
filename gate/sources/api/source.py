"""The API: the answers to what endpoint items ask."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from gate.connection import forward
from gate.sources.api.facts import ApiFacts
from gate.sources.api.questions import AskBeside, AskEndpoint, AskSamples
from gate.sources.binding import belonging
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.source import Looking, Source


def look(looking: Looking) -> Fact[ApiFacts]:
    """Send every request once, and the budgeted ones again."""
    from gate.sources.api import look as api  # noqa: PLC0415 - loaded while connecting

    target = looking.target
    if not target.api.is_there:
        return CannotTell("the target names no [api]", Cause.UPSTREAM)
    asked = looking.asked
    endpoints = {one.id: one.endpoint for one in asked if isinstance(one, AskEndpoint)}
    names = {one.base for one in endpoints.values()}
    return api.look(
        target,
        endpoints,
        [one for one in asked if isinstance(one, AskSamples)],
        besides=[one for one in asked if isinstance(one, AskBeside)],
        others=lambda: [looking.of(name) for name in OTHERS],
        ways=forward.to_bases(target, looking.carrier, names),
        reached=lambda: _hosts(looking),
        interrupted=looking.carrier.interrupted,
        writes=looking.writes,
    )


def _hosts(looking: Looking) -> tuple[str, ...]:
    """The host's own name, where it was reached by that."""
    way, _, rest = looking.target.host.partition("://")
    if way != "ssh" or not isinstance(looking.of("host"), Seen):
        return ()
    return ((urlsplit(f"ssh://{rest}").hostname or "").lower(),)


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
