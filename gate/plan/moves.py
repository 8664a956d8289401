"""Bring a target to a moment: one gate at a time, step by step, back where that is asked for."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable

from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.contract.rehearsal import Rehearsal
from gate.errors import GateError
from gate.kinds.step import Step
from gate.plan.facts import PlanFacts
from gate.plan.journal import Journal, Past, read_past
from gate.plan.loss import count_losses, excess
from gate.plan.plan_lock import alone, who
from gate.plan.running import outlast, running
from gate.plan.steps import Way, carry_out, first_failure
from gate.plan.turning_back import nothing_to_take_back
from gate.sources.fact import Absent, Seen
from gate.target import Target


@dataclasses.dataclass(frozen=True, kw_only=True)
class Orders:
    """How far a run may go.

    Attributes:
        rollback_on_failure: Whether a deployment that fails is taken back at once.
        accept_loss: Whether a rollback may lose more rows than the contract allows.
        deploys_first: Asked before a rollback of a target that no plan is known to have moved:
            whether to deploy, so that there is something to roll back (the sandbox).
    """

    rollback_on_failure: bool = False
    accept_loss: bool = False
    deploys_first: Callable[[], bool] = lambda: False


def move(
    moment: Moment,
    contract: Contract,
    target: Target,
    carrier: Carrier,
    orders: Orders,
    *,
    folder: pathlib.Path,
    tell: Callable[[str], None],
    cancelled: Callable[[], bool] = lambda: False,
    wait_until: Callable[[Step, float], str] = lambda _step, _left_s: "",
) -> PlanFacts:
    """Carry out the plan that leads to a moment.

    Args:
        moment: ``postdeploy`` or ``rollback``.
        contract: Its steps.
        target: What is moved.
        carrier: The way to its host.
        orders: How far this run may go.
        folder: The target's reports; the journal is kept here, and on the host.
        tell: Says what is being done.
        cancelled: Whether no further step may be begun.
        wait_until: Waits for what must be true after a step, as `gate.plan.steps.Way` says.

    Raises:
        GateError: Another gate is at it, or the host was not reached; nothing was moved.
    """
    with alone(target, carrier, tell) as lock:
        journal = Journal(
            folder,
            lock.say if lock else (lambda _line: None),
            instance=target.instance,
            who=who(),
        )
        told = lock.journal if lock and lock.journal.strip() else journal.text()
        past = read_past(told, target.instance)
        if past.cut_off:
            tell(f"{past.cut_off}; going on from what is seen now")
        way = Way(
            target=target,
            carrier=carrier,
            tell=tell,
            note=journal.note,
            alone=lock.check if lock else (lambda: None),
            who=who(),
            cancelled=cancelled,
            wait_until=wait_until,
        )
        return Moves(contract, orders, way, past).move(moment)


class Moves:
    """What one run does to a target."""

    def __init__(self, contract: Contract, orders: Orders, way: Way, past: Past) -> None:
        """Nothing is done yet."""
        self.contract = contract
        self.orders = orders
        self.way = way
        self.past = past

    def move(self, moment: Moment) -> PlanFacts:
        """Bring the target to a moment."""
        phase = "deploy" if moment == "postdeploy" else "rollback"
        in_the_way = self._outlasted()
        if in_the_way:
            self.way.tell(f"nothing is moved: {in_the_way}")
            return self._left_undone(phase, in_the_way)
        if phase == "rollback":
            if self.orders.deploys_first() and not self.past.known:
                self.way.tell("deploying first: there is nothing to roll back yet")
                failed = self._carried_out("deploy")[1]
                if failed:
                    raise GateError(
                        f"the sandbox could not be deployed before rolling back: {failed}"
                    )
            return self._rolled_back()
        facts, failed = self._carried_out("deploy")
        if failed and self.orders.rollback_on_failure and not self.way.cancelled():
            facts = PlanFacts(steps={**facts.steps, **self._turned_back(facts, failed).steps})
        return facts

    def _turned_back(self, facts: PlanFacts, failed: str) -> PlanFacts:
        """Roll back after a failure, as far as there is anything to take back."""
        tell = self.way.tell
        in_the_way = self._outlasted()
        if in_the_way:
            tell(f"{failed}: not rolled back: {in_the_way}")
            return self._left_undone("rollback", in_the_way)
        nothing = nothing_to_take_back(
            self._steps("deploy"), self._steps("rollback"), facts, self.past, self.way
        )
        if nothing:
            tell(f"{failed}: not rolled back: {nothing}")
            return self._left_undone("rollback", nothing)
        tell(f"{failed}: rolling back, as told with --rollback-on-failure")
        return self._rolled_back()

    def _rolled_back(self) -> PlanFacts:
        refusal = self._loss()
        if refusal:
            self.way.tell(f"not rolled back: {refusal}")
            return self._left_undone("rollback", refusal)
        return self._carried_out("rollback")[0]

    def _loss(self) -> str:
        """Say what a rollback gives up; return why it must not be begun."""
        steps = self._steps("rollback")
        allowed = {name: rows for one in steps.values() for name, rows in one.may_lose.items()}
        rehearsed = self.contract.of(Rehearsal, "predeploy").values()
        objects = dict.fromkeys(
            [*(name for one in rehearsed for name in one.loses or ()), *allowed]
        )
        if not objects:
            return ""
        counted = count_losses(objects, self.way.target, self.way.carrier)
        asked = "say --accept-loss (with --apply) to roll back all the same"
        if not isinstance(counted, Seen):
            why = f"what it would lose cannot be told: {getattr(counted, 'reason', '')}"
            if not self.orders.accept_loss:
                return f"{why}; {asked}"
            self.way.tell(f"{why}; accepted with --accept-loss")
            return ""
        there = {name: rows for name, rows in counted.value.items() if rows}
        words = ", ".join(f"{rows} in {name}" for name, rows in there.items())
        self.way.tell(f"a rollback gives up the rows of {len(objects)} objects: {words or 'none'}")
        more = excess(counted.value, allowed)
        if more and not self.orders.accept_loss:
            return (
                f"it would lose more than the contract allows: {', '.join(more.values())}; {asked}"
            )
        return ""

    def _outlasted(self) -> str:
        """Wait for a step that runs on without its gate; return what may not be raced."""
        target, carrier = self.way.target, self.way.carrier
        try:
            found = running(target, carrier)
            if not found:
                return ""
            self.way.tell(f"{found} of an earlier run is still running on the host: waiting")
            promise = self.contract.promises.get(found)
            step = promise.before if promise else None
            return outlast(target, carrier, step.deadline_s if isinstance(step, Step) else 60.0)
        except CarrierError as error:
            return f"whether a step of an earlier run is still running cannot be told: {error}"

    def _left_undone(self, phase: str, why: str) -> PlanFacts:
        return PlanFacts(steps={id_: Absent(why) for id_ in self._steps(phase)})

    def _steps(self, phase: str) -> dict[str, Step]:
        return {
            promise.id: promise.before
            for promise in self.contract.promises.values()
            if isinstance(promise.before, Step) and promise.before.phase == phase
        }

    def _carried_out(self, phase: str) -> tuple[PlanFacts, str]:
        """Carry out a plan; the text says which step did not succeed, and why."""
        steps = self._steps(phase)
        self.way.note(event="begun", phase=phase)
        facts = carry_out(steps, self.way, goes_on=phase == "rollback")
        failed = first_failure(steps, facts)
        self.way.note(event="ended", well=failed is None)
        if failed is None:
            return facts, ""
        fact = facts.steps[failed]
        why = fact.value.unmet or fact.value.output[-300:] if isinstance(fact, Seen) else str(fact)
        return facts, f"{failed} did not succeed: {why.strip()}"
