"""The host: one script over one connection."""

from __future__ import annotations

from collections.abc import Mapping

from gate.sources.binding import belonging
from gate.sources.fact import Fact
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts
from gate.sources.host.questions import host_questions
from gate.sources.source import Looking, Source


def look(looking: Looking) -> Fact[HostFacts]:
    """Ask the host everything that is for it."""
    questions = host_questions(looking.asked, looking.target.deadlines.window_s)
    return host.look(looking.target, questions, looking.carrier)


def _belonging(facts: HostFacts, was: Mapping[str, str], asked: Mapping[str, str]) -> HostFacts:
    parts = {
        "outputs": belonging(facts.outputs, was, asked),
        "packages": belonging(facts.packages, was, asked),
    }
    return facts.model_copy(update=parts)


SOURCE = Source(name="host", rank=10, format=1, facts=HostFacts, look=look, belonging=_belonging)
