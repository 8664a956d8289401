"""Carry out the plan that leads to a moment, as the run's options say."""

from __future__ import annotations

from gate.connection.carrier import Carrier
from gate.connection.forward import to_api
from gate.connection.obstacle import CarrierError
from gate.contract.item import Moment
from gate.kinds.endpoint import Endpoint
from gate.kinds.step import Step
from gate.plan import moves
from gate.plan.facts import PlanFacts
from gate.run.stage import Stage
from gate.sources.api.wait import wait_for


def move(moment: Moment, stage: Stage, carrier: Carrier) -> PlanFacts:
    """Carry out the plan that leads to a moment."""
    run, target = stage.run, stage.target
    return moves.move(
        moment,
        run.contract,
        target,
        carrier,
        moves.Orders(
            rollback_on_failure=run.rollback_on_failure,
            accept_loss=run.accept_loss,
            deploys_first=lambda: target.embedded and not stage.is_deployed(),
        ),
        folder=run.reports / target.name,
        tell=stage.tell,
        cancelled=stage.cancelled.is_set,
        wait_until=lambda step, left_s: _answers(step, stage, carrier, left_s),
    )


def _answers(step: Step, stage: Stage, carrier: Carrier, left_s: float) -> str:
    """Wait for the endpoint that a step waits for."""
    if step.answers is None:
        return ""
    promise = stage.run.contract.promises[f"endpoint.{step.answers}"]
    endpoint = promise.after if step.phase == "deploy" else promise.before
    if not isinstance(endpoint, Endpoint):
        return ""
    try:
        way = to_api(stage.target, carrier, endpoint.base)
        return wait_for(stage.target, endpoint, left_s, way, stage.cancelled)
    except CarrierError as error:
        return str(error)
