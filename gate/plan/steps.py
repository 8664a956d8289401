"""Carry out a plan: its steps in order, each asked whether it is done already, each recorded."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shlex
import time
from collections.abc import Callable, Mapping

from gate.connection.carrier import Carrier
from gate.errors import GateError, ObservationError
from gate.kinds.step import Check, Step
from gate.pattern import unlike
from gate.plan.checks import holds
from gate.plan.facts import PlanFacts, State, StepRecord
from gate.plan.running import KEPT as BROUGHT
from gate.plan.running import outlast, runner
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target
from gate.under_way import doing

KEPT = 4000
"""Characters of a step's output that are kept."""
NOT_BEGUN = "was not begun: whether there is anything to do cannot be told"
EFFECT_S, AGAIN_S = 5.0, 0.2
"""How long a step's effect may take to show once it has ended, and how often it is looked for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Way:
    """How the steps of a plan are carried out.

    Attributes:
        target: Gives the path prefix (``$PREFIX``) and the folders before PATH.
        carrier: Runs the commands on the host.
        tell: Is told of each step as it begins, and of each that is skipped.
        note: Keeps what was begun and what was done, as `gate.plan.journal.Journal.note` does.
        alone: Raises where another gate may move the target; asked before each step.
        who: Whose steps these are.
        redact: Takes secrets out of commands and outputs.
        cancelled: Asked before each step; the rest is left undone when it says so.
        wait_until: Waits for what must be true after a step, at most so many seconds; returns what
            did not become true.
    """

    target: Target
    carrier: Carrier
    tell: Callable[[str], None]
    note: Callable[..., None] = lambda **_words: None
    alone: Callable[[], None] = lambda: None
    who: str = "a gate"
    redact: Callable[[str], str] = known.tell
    cancelled: Callable[[], bool] = lambda: False
    wait_until: Callable[[Step, float], str] = lambda _step, _left_s: ""


def carry_out(steps: Mapping[str, Step], way: Way, *, goes_on: bool = False) -> PlanFacts:
    """Carry out the steps of one phase in their order; what is done already is not done again.

    Args:
        steps: By item id.
        way: How.
        goes_on: Whether a step that did not succeed leaves the following ones to be done, but for
            those that need it: as a rollback does, and a deployment never.

    Returns:
        One fact per step: a record; absent where it was left undone, with the reason; or cannot
        tell where the host did not say how it ended.
    """
    facts: dict[str, Fact[StepRecord]] = {}
    halted = ""
    for id_, step in in_order(steps):
        halted = halted or ("the run was interrupted" if way.cancelled() else "")
        lacking = [need for need in step.needs if need in facts and not _good(facts[need])]
        if halted or lacking:
            facts[id_] = Absent(halted or f"{lacking[0]}, which it needs, did not succeed")
            way.tell(f"{_named(step)}: left undone: {facts[id_].proof}")  # type: ignore[union-attr]
            continue
        fact, is_unclear = _step(id_, step, way)
        facts[id_] = fact
        if not _good(fact):
            way.tell(f"{_named(step)}: {_failure(fact)}")
            halted = "" if goes_on else f"{id_} did not succeed"
        if is_unclear:
            halted = _outlasted(step, way) or halted
    return PlanFacts(steps=facts)


def in_order(steps: Mapping[str, Step]) -> list[tuple[str, Step]]:
    """The steps of one phase as they follow each other."""
    return sorted(steps.items(), key=lambda one: one[1].order)


def first_failure(steps: Mapping[str, Step], facts: PlanFacts) -> str | None:
    """Return the id of the first step that did not succeed; ``None`` where all did."""
    return next((id_ for id_, _ in in_order(steps) if not _good(facts.steps[id_])), None)


def script(step: Step, target: Target) -> str:
    """Return the POSIX shell script of a step on a target."""
    return f"cd {shlex.quote(target.placed(step.cwd))}\n{step.run}"


def _good(fact: Fact[StepRecord]) -> bool:
    return isinstance(fact, Seen) and fact.value.state != "failed"


def _named(step: Step) -> str:
    return f"{step.phase} {step.order}: {step.title}"


def _failure(fact: Fact[StepRecord]) -> str:
    if isinstance(fact, CannotTell):
        return f"cannot tell: {fact.reason}"
    if isinstance(fact, Absent):
        return f"left undone: {fact.proof}"
    record = fact.value
    last = " ".join(record.output.split())[-KEPT // 10 :] or "no output"
    return f"did not succeed: {record.unmet or f'exit status {record.exit_status}: {last}'}"


def _step(id_: str, step: Step, way: Way) -> tuple[Fact[StepRecord], bool]:
    """Do one step unless it is done; the flag says that it may still be running on the host."""
    way.alone()
    skipped = _skipped(id_, step, way)
    if skipped is not None:
        word = skipped.value.state if isinstance(skipped, Seen) else "cannot tell"
        if isinstance(skipped, Seen):
            way.tell(f"{_named(step)}: {word}")
        way.note(event=word, step=id_)
        return skipped, False
    way.tell(_named(step))
    way.note(event="started", step=id_)
    with doing(id_, step.deadline_s):
        fact, is_unclear = _run(id_, step, way)
    way.note(event="done" if _good(fact) else "failed", step=id_)
    return fact, is_unclear


def _skipped(id_: str, step: Step, way: Way) -> Fact[StepRecord] | None:
    """Look whether there is anything to do; ``None`` where there is."""
    unclear: list[CannotTell] = []
    questions: list[tuple[Check | None, bool, State]] = [
        (step.done_if, True, "done already"),
        (step.only_if, False, "not needed"),
    ]
    for check, skips_if, state in questions:
        if check is None:
            continue
        answer = holds(check, step, way.target, way.carrier)
        if isinstance(answer, CannotTell):
            unclear.append(answer)
        elif isinstance(answer, Seen) and answer.value[0] is skips_if:
            return Seen(
                StepRecord(
                    step=id_,
                    command=way.redact(check.run.strip()),
                    started=dt.datetime.now(dt.timezone.utc),
                    seconds=0.0,
                    exit_status=None,
                    output=way.redact(answer.value[1]),
                    state=state,
                )
            )
    if unclear:
        reason = way.redact(f"{id_} {NOT_BEGUN}: {unclear[0].reason}")
        return CannotTell(reason, unclear[0].cause)
    return None


def _run(id_: str, step: Step, way: Way) -> tuple[Fact[StepRecord], bool]:
    started, clock = dt.datetime.now(dt.timezone.utc), time.monotonic()
    todo = runner(id_, script(step, way.target), way.target, step.deadline_s, way.who)
    try:
        output = way.carrier.run(todo, deadline_s=step.deadline_s, to_its_end=True)
    except ObservationError as error:
        return CannotTell(f"{id_}: {error}", getattr(error, "cause", Cause.UPSTREAM)), True
    said = output.stdout.decode("utf-8", "replace")
    if len(output.stdout) >= BROUGHT:
        said = f"…{said}"  # the host cut it there, perhaps through a secret
    text = way.redact(said)
    taken = time.monotonic() - clock
    unmet = ""
    if output.rc != 0:
        state: State = "failed"
    elif odd := unlike(step.expect or "", text):
        state, unmet = "failed", odd
    else:
        unmet = way.wait_until(step, step.deadline_s - taken) or _without_effect(step, way)
        state = "failed" if unmet else "done"
    return Seen(
        StepRecord(
            step=id_,
            command=way.redact(step.run),
            started=started,
            seconds=time.monotonic() - clock,
            exit_status=output.rc,
            output=text[-KEPT:],
            unmet=way.redact(unmet),
            state=state,
        )
    ), False


def _without_effect(step: Step, way: Way) -> str:
    """Look whether what shows that a step is done holds now; return what was seen instead."""
    if step.done_if is None:
        return ""
    until = time.monotonic() + EFFECT_S
    while True:
        answer = holds(step.done_if, step, way.target, way.carrier)
        if isinstance(answer, Seen) and answer.value[0]:
            return ""
        if time.monotonic() > until:
            break
        time.sleep(AGAIN_S)
    said = answer.reason if isinstance(answer, CannotTell) else _seen(answer)
    return f"it ended with exit status 0 and is not done: {step.done_if.run.strip()!r}: {said}"


def _seen(answer: Fact[tuple[bool, str]]) -> str:
    return (answer.value[1] if isinstance(answer, Seen) else "") or "does not hold"


def _outlasted(step: Step, way: Way) -> str:
    """Wait for a step whose end is not known; return why nothing further may be done."""
    try:
        return outlast(way.target, way.carrier, step.deadline_s)
    except GateError as error:
        return f"whether {step.title!r} is still running cannot be told: {error}"
