"""Whether a deployment that failed is to be taken back: not where there is nothing to take back."""

from __future__ import annotations

from collections.abc import Mapping

from gate.kinds.step import Step
from gate.pattern import unlike
from gate.plan.checks import holds
from gate.plan.facts import PlanFacts, StepRecord
from gate.plan.journal import Past
from gate.plan.steps import NOT_BEGUN, Way
from gate.sources.fact import Absent, CannotTell, Fact, Seen


def nothing_to_take_back(
    steps: Mapping[str, Step], rollback: Mapping[str, Step], done: PlanFacts, past: Past, way: Way
) -> str:
    """Look, before a rollback is begun by itself, whether anything was moved.

    Args:
        steps: Of the deployment that failed.
        rollback: The steps that would take it back; each that can be asked says whether it has
            anything to do.
        done: What this run did.
        past: What earlier runs did.
        way: The way to the host.

    Returns:
        Why there is nothing to take back; empty where there is, or where that cannot be told.
    """
    moved = [id_ for id_, one in steps.items() if one.done_if and _done(done.steps[id_])]
    if past.deployed and not past.attempted and not moved:
        return "the deployment came to its good end in an earlier run, and this one moved nothing"
    asked = [(one, one.done_if) for one in rollback.values() if one.done_if is not None]
    for step, check in asked:
        answer = holds(check, step, way.target, way.carrier)
        if not (isinstance(answer, Seen) and answer.value[0]):
            return ""
    if len(asked) == len(rollback):
        return "every step of the rollback is done already: nothing was moved"
    begun = [id_ for id_, fact in done.steps.items() if _may_have_moved(steps[id_], fact, way)]
    return "" if begun or past.attempted else "no step was carried out: nothing was moved"


def _done(fact: Fact[StepRecord]) -> bool:
    """Whether a step was carried out; one with a `done_if` was proven not to be done before."""
    return isinstance(fact, Seen) and fact.value.state == "done"


def _may_have_moved(step: Step, fact: Fact[StepRecord], way: Way) -> bool:
    """Whether a step was begun; one that ended well and only said something else moved nothing.

    One that ended well and did not come to its effect, or is not answered for, did something.
    """
    if isinstance(fact, Absent):
        return False
    if isinstance(fact, CannotTell):
        return NOT_BEGUN not in fact.reason
    record = fact.value
    if record.state == "failed":
        said_else = record.unmet == way.redact(unlike(step.expect, ""))
        return record.exit_status != 0 or not said_else
    return record.state == "done"
