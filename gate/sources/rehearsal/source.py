"""The rehearsal: the migration on a clone, after the look before the deployment."""

from __future__ import annotations

from gate.sources.fact import Absent, Fact, require
from gate.sources.host.questions import revisions_key
from gate.sources.migrations.facts import Chains
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.questions import AskRehearsal
from gate.sources.source import Looking, Source

UNASKED = "nothing was rehearsed by this run"


def look(looking: Looking) -> Fact[RehearsalFacts]:
    """Rehearse the migration, where something is promised of that."""
    contract = looking.contract
    how = contract.alembic if contract else None
    asked = any(isinstance(one, AskRehearsal) for one in looking.asked)
    if contract is None or how is None or not asked:
        return Absent(UNASKED)
    from gate.sources.rehearsal.rehearse import rehearse  # noqa: PLC0415 - where nothing is: not loaded

    chains: Fact[Chains] = looking.of("migrations")
    chain = require(chains, "look at the revision files").folders[
        revisions_key(how.versions, how.git)
    ]
    return rehearse(contract, looking.target, looking.carrier, chain, looking.tell)


SOURCE = Source(
    name="rehearsal",
    rank=50,
    format=1,
    facts=RehearsalFacts,
    look=look,
    unasked=UNASKED,
    after=("migrations",),
    late=True,
)
