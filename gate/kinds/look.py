"""What all the items of a moment want to know, asked of the sources once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

from gate.connection.carrier import Carrier
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.kinds.registry import kinds
from gate.plan.facts import PlanFacts
from gate.sources.api.questions import AskSamples
from gate.sources.binding import binding
from gate.sources.database.questions import AskWhole
from gate.sources.fact import Fact
from gate.sources.host.questions import AskDeployed, AskRevisions
from gate.sources.look import look_at
from gate.sources.observed import Observed
from gate.sources.rehearsal.questions import AskRehearsal
from gate.target import Target
from gate.timing.rules import Past


def look(
    contract: Contract,
    target: Target,
    moment: Moment,
    *,
    carrier: Carrier | None = None,
    plan: Fact[PlanFacts] | None = None,
    applied: bool = False,
    past: Callable[[Sequence[object]], Callable[[AskSamples], Past]] | None = None,
    deployed: dt.datetime | None = None,
) -> Observed:
    """Look at a target once, all of it through one carrier.

    Args:
        contract: What is promised decides what is asked.
        target: Where.
        moment: Which moment it is.
        carrier: The way to the target's host, where one is open already.
        plan: What was carried out just before.
        past: Makes of all questions what tells which earlier runs a budget is compared with.
        deployed: When the deployment was begun, where one is known of.
        applied: Whether the run carries out plans, and sends what writes.

    Returns:
        Everything that was seen, absent, or could not be told.
    """
    asked = questions(contract, target, moment)
    bound = binding(contract.sha256, target, asked, applied=applied)
    if past is not None:
        of = past(asked)
        asked = [
            dataclasses.replace(one, past=of(one)) if isinstance(one, AskSamples) else one
            for one in asked
        ]
    found = look_at(
        target,
        moment,
        [*asked, AskDeployed(deployed.timestamp())] if deployed else asked,
        contract=contract,
        carrier=carrier,
        given={"plan": plan} if plan else {},
    )
    return found.model_copy(update={"bound": bound})


def questions(contract: Contract, target: Target, moment: Moment) -> list[object]:
    """What the sources have to be asked, by every item of a moment, in the contract's order."""
    asked = [
        question
        for promise in contract.at(moment)
        for question in kinds()[promise.kind].asks(promise, moment, target)
    ]
    if contract.alembic and any(isinstance(one, AskRehearsal) for one in asked):
        how = contract.alembic
        asked.append(AskRevisions(how.versions, how.git or ""))
    if contract.restores:  # at every moment: what is restored is what was seen before
        asked.append(AskWhole())
    return asked
