"""The plan: what was carried out on the target just before the look."""

from __future__ import annotations

from gate.plan.facts import PlanFacts
from gate.sources.source import Source

SOURCE = Source(
    name="plan",
    rank=60,
    format=1,
    facts=PlanFacts,
    look=None,
    unasked="no plan was carried out by this run",
)
