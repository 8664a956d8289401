"""The release from before, on the upgraded clone."""

from __future__ import annotations

from gate.contract.model import Contract
from gate.contract.rehearsal import Rehearsal, Serve
from gate.sources.api.promised import PromisedExchange
from gate.sources.fact import CannotTell, Cause
from gate.sources.rehearsal import serve
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.step import Step


def asked(contract: Contract) -> dict[str, Serve]:
    """What is to be started, by item id."""
    return {
        id_: item.serves
        for id_, item in contract.of(Rehearsal, "predeploy").items()
        if item.serves is not None
    }


def serve_all(stage: Stage, facts: RehearsalFacts, steps: list[Step]) -> RehearsalFacts:
    """Have the release from before work on the upgraded clone, where the contract says so."""
    wanted = asked(stage.contract)
    if not wanted:
        return facts
    if sorted(stage.at()) != sorted(facts.heads):
        last = steps[-1].revision if steps else "nothing"
        why = CannotTell(
            f"the release from before: the clone is not at {', '.join(facts.heads)} after {last}",
            Cause.UPSTREAM,
        )
        return facts.model_copy(update={"serves": dict.fromkeys(wanted, why)})
    stage.tell("rehearsal: the release from before on the new schema")
    promised = (*stage.contract.at("predeploy"), *stage.contract.not_tried("predeploy"))
    endpoints: dict[str, PromisedExchange] = {}
    for one in promised:
        if isinstance(one.before, PromisedExchange):
            endpoints[one.id] = one.before
    found = {
        id_: serve.smoke(
            one,
            how=stage.how,
            target=stage.target,
            clone=stage.clone,
            carrier=stage.carrier,
            endpoints=endpoints,
        )
        for id_, one in wanted.items()
    }
    return facts.model_copy(
        update={
            "serves": {id_: answers for id_, (answers, _) in found.items()},
            "fences": {id_: fence for id_, (_, fence) in found.items()},
        }
    )
