"""The release from before and the one that is to come, on the upgraded clone."""

from __future__ import annotations

from gate.connection.obstacle import CarrierError
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.contract.rehearsal import Rehearsal
from gate.contract.release import Serve
from gate.sources.api.promised import PromisedExchange
from gate.sources.canary.promised import PromisedCanary
from gate.sources.fact import CannotTell, Cause
from gate.sources.rehearsal import remote, serve
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.step import Step

OLD, NEW = "the release from before", "the release that is to be deployed"


def asked(contract: Contract) -> dict[str, serve.Trial]:
    """What is to be tried, by item id."""
    found = {}
    for id_, item in contract.of(Rehearsal, "predeploy").items():
        if item.serves is not None:
            found[id_] = _trial(contract, OLD, item.serves, "predeploy")
        if item.new_release is not None:
            found[id_] = _trial(contract, NEW, item.new_release, "postdeploy")
    return found


def _trial(contract: Contract, who: str, wanted: Serve, moment: Moment) -> serve.Trial:
    """What the contract promises at a moment, as it is tried with a release on the clone."""
    endpoints: dict[str, PromisedExchange] = {}
    besides: dict[str, PromisedExchange] = {}
    for one in (*contract.at(moment), *contract.not_tried(moment)):
        item = one.at(moment)
        request = getattr(item, "request", None)
        if isinstance(item, PromisedExchange):
            endpoints[one.id] = item
        elif isinstance(request, PromisedExchange) and not request.slow:
            besides |= {one.id: request} if _row_of(one.id) in wanted.access else {}
    canaries: dict[str, PromisedCanary] = {}
    for id_, one in contract.promises.items():
        item, named = one.at(moment), wanted.canaries is None or one.name in wanted.canaries
        if isinstance(item, PromisedCanary) and named and not item.absent:
            canaries[id_] = item
    return serve.Trial(
        who=who, serve=wanted, endpoints=endpoints, besides=besides, canaries=canaries
    )


def _row_of(id_: str) -> str:
    """The name of the row that a cell's id begins with."""
    return id_.partition(".")[2].rpartition(".")[0]


def serve_all(stage: Stage, facts: RehearsalFacts, steps: list[Step]) -> RehearsalFacts:
    """Have releases work on the upgraded clone, where the contract says so."""
    wanted = asked(stage.contract)
    if not wanted:
        return facts
    if sorted(stage.at()) != sorted(facts.heads):
        last = steps[-1].revision if steps else "nothing"
        why = f"the clone is not at {', '.join(facts.heads)} after {last}"
        serves = {
            id_: CannotTell(f"{one.who}: {why}", Cause.UPSTREAM) for id_, one in wanted.items()
        }
        return facts.model_copy(update={"serves": serves})
    try:
        remote.keep_all(stage.connection)
    except CarrierError as error:
        return facts.model_copy(
            update={"serves": dict.fromkeys(wanted, CannotTell(str(error), error.cause))}
        )
    found: dict[str, serve.Served] = {}
    for id_, one in wanted.items():
        stage.tell(f"rehearsal: {one.who} on the new schema")
        found[id_] = serve.smoke(
            one, how=stage.how, target=stage.target, clone=stage.clone, carrier=stage.carrier
        )
    return facts.model_copy(
        update={
            "serves": {id_: one.answers for id_, one in found.items()},
            "fences": {id_: one.fence for id_, one in found.items()},
            "logs": {id_: one.log for id_, one in found.items()},
            "flights": {id_: one.flights for id_, one in found.items()},
        }
    )
