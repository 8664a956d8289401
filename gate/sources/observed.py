"""The one document that a look leaves: ``observed.json``."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pydantic

from gate.contract.item import Moment
from gate.plan.facts import PlanFacts
from gate.sources.api.facts import ApiFacts
from gate.sources.binding import Binding
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, Fact, Model
from gate.sources.host.facts import HostFacts
from gate.sources.migrations.facts import Chain
from gate.sources.rehearsal.facts import RehearsalFacts

Part = Literal["host", "database", "api"]
PARTS: tuple[Part, ...] = ("host", "database", "api")
"""What a look asks at the same time."""


class Observed(Model):
    """Everything that was seen of one target at one moment.

    Attributes:
        bound: What it belongs to: the target as it was, the contract, and what was asked.
        format: Version of this document's shape; another one is refused.
        target: Name of the target.
        instance: Which one of several targets of that name.
        started: When the look began (UTC).
        finished: When it ended (UTC).
        chains: Revisions of each asked folder.
        plan: What was carried out on the target just before the look, if anything.
        rehearsal: What a clone showed of the migration that is to come.
        seconds: Duration of each part of the look, in seconds.
    """

    format: Literal[2] = 2
    target: str
    instance: str = ""
    moment: Moment
    bound: Binding = Binding()
    started: pydantic.AwareDatetime
    finished: pydantic.AwareDatetime
    host: Fact[HostFacts]
    database: Fact[DatabaseFacts]
    api: Fact[ApiFacts]
    chains: dict[str, Fact[Chain]]
    plan: Fact[PlanFacts]
    rehearsal: Fact[RehearsalFacts] = Absent("nothing was rehearsed by this run")
    seconds: dict[str, float] = {}

    def under_way(self, part: Part) -> tuple[dt.datetime, dt.datetime]:
        """Between which times, by the gate's own clock, a part of the look was done at the latest.

        All parts begin together and the look ends with the last of them, so that a slow API does
        not blur when the host was asked.
        """
        longest = max((self.seconds.get(one, 0.0) for one in PARTS), default=0.0)
        spared = max(0.0, longest - self.seconds.get(part, longest))
        return self.started, max(self.started, self.finished - dt.timedelta(seconds=spared))
