"""Carry out the plan that leads to a moment: one gate at a time, step by step, with a journal."""

from __future__ import annotations

from gate.connection.carrier import Carrier
from gate.connection.forward import to_api
from gate.connection.obstacle import CarrierError
from gate.contract.item import Moment
from gate.contract.kinds import Endpoint, Step
from gate.errors import GateError
from gate.plan.facts import PlanFacts
from gate.plan.journal import FILE, Journal
from gate.plan.plan_lock import alone
from gate.plan.steps import carry_out, first_failure
from gate.plugin.moments import Stage
from gate.sources.api.look import wait_for
from gate.sources.fact import Seen
from gate.sources.observation_file import read_observed


def move(moment: Moment, stage: Stage, carrier: Carrier) -> PlanFacts:
    """Carry out the plan that leads to a moment."""
    journal = Journal(stage.folder(moment))
    for file in stage.earlier(moment, FILE):
        cut_off = Journal(file.parent).unfinished()
        if cut_off:
            stage.tell(cut_off)
        break  # the newest account is the one that counts
    kept = _recorded(moment, stage)
    if kept is not None:
        return kept
    with alone(stage.target, carrier, stage.tell):
        journal.begin(moment)
        facts = _moved(moment, stage, carrier, journal)
        journal.note(event="ended")
    return facts


def _recorded(moment: Moment, stage: Stage) -> PlanFacts | None:
    """Return what was carried out on this very sandbox, where it stands at the moment already."""
    if not stage.target.embedded or stage.is_deployed() != (moment == "postdeploy"):
        return None
    file = next(stage.earlier(moment, "observed.json"), None)
    if file is None:
        return None
    found = read_observed(file)
    if found.instance != stage.target.instance or not isinstance(found.plan, Seen):
        return None
    stage.tell(f"the plan was carried out already at {found.started:%H:%M} UTC: looking again")
    return found.plan.value


def _moved(moment: Moment, stage: Stage, carrier: Carrier, journal: Journal) -> PlanFacts:
    if moment == "rollback" and stage.target.embedded and not stage.is_deployed():
        stage.tell("deploying the enhancement first: there is nothing to roll back yet")
        _, failed = _carry_out("deploy", stage, carrier, journal)
        if failed:
            raise GateError(f"the sandbox could not be deployed before rolling back: {failed}")
    phase = "deploy" if moment == "postdeploy" else "rollback"
    facts, failed = _carry_out(phase, stage, carrier, journal)
    if failed and moment == "postdeploy" and stage.run.rollback_on_failure:
        stage.tell(f"{failed}: rolling back, as told with --rollback-on-failure")
        undone, _ = _carry_out("rollback", stage, carrier, journal)
        facts = PlanFacts(steps={**facts.steps, **undone.steps})
    return facts


def _answers(step: Step, stage: Stage, carrier: Carrier, left_s: float) -> str:
    """Wait for the endpoint that a step waits for."""
    if step.answers is None:
        return ""
    promise = stage.run.contract.promises[f"endpoint.{step.answers}"]
    endpoint = promise.after if step.phase == "deploy" else promise.before
    if not isinstance(endpoint, Endpoint):
        return ""
    try:
        return wait_for(stage.target, endpoint, left_s, to_api(stage.target, carrier))
    except CarrierError as error:
        return str(error)


def _carry_out(
    phase: str, stage: Stage, carrier: Carrier, journal: Journal
) -> tuple[PlanFacts, str]:
    """Carry out a plan; the text says which step did not succeed, and why."""
    steps = {
        promise.id: promise.before
        for promise in stage.run.contract.promises.values()
        if isinstance(promise.before, Step) and promise.before.phase == phase
    }
    facts = carry_out(
        steps,
        stage.target,
        carrier,
        tell=stage.tell,
        cancelled=stage.cancelled.is_set,
        settle=lambda step, left_s: _answers(step, stage, carrier, left_s),
        note=journal.note,
    )
    failed = first_failure(steps, facts)
    if failed is None:
        return facts, ""
    fact = facts.steps[failed]
    why = fact.value.output[-300:] if isinstance(fact, Seen) else str(fact)
    return facts, f"{failed} did not succeed: {why.strip()}"
