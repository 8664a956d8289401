"""Carry out a plan: its steps in order, each recorded; the first that fails ends it."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import time
from collections.abc import Callable, Mapping

from gate.connection.carrier import Carrier
from gate.contract.kinds import Step
from gate.errors import ObservationError
from gate.plan.facts import PlanFacts, StepRecord
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target

KEPT = 4000
"""Characters of a step's output that are kept."""


def carry_out(
    steps: Mapping[str, Step],
    target: Target,
    carrier: Carrier,
    *,
    tell: Callable[[str], None],
    cancelled: Callable[[], bool] = lambda: False,
    redact: Callable[[str], str] = known.tell,
    settle: Callable[[Step, float], str] = lambda _step, _left_s: "",
    note: Callable[..., None] = lambda **_words: None,
) -> PlanFacts:
    """Carry out the steps of one phase in their order.

    Args:
        steps: By item id.
        target: Gives the path prefix (``$PREFIX``) and the folders before PATH.
        carrier: Runs the commands on the host.
        tell: Is told of each step as it begins.
        cancelled: Asked before each step; the rest is left undone when it says so.
        redact: Takes secrets out of commands and outputs.
        settle: Waits for what must be true after a step, at most so many seconds; returns what did
            not become true.
        note: Keeps what was begun and what was done, as `gate.journal.Journal.note` does.

    Returns:
        One fact per step: a record; absent where it was left undone, with the reason; or cannot
        tell where the host did not say how it ended.
    """
    facts: dict[str, Fact[StepRecord]] = {}
    halted = ""
    for id_, step in sorted(steps.items(), key=lambda one: one[1].order):
        halted = halted or ("the run was interrupted" if cancelled() else "")
        if halted:
            facts[id_] = Absent(halted)
            continue
        tell(f"{step.phase} {step.order}: {step.title}")
        note(event="started", step=id_)
        fact = _settled(step, _run(id_, step, target, carrier, redact), settle)
        facts[id_] = fact
        good = isinstance(fact, Seen) and succeeded(step, fact.value)
        note(event="done" if good else "failed", step=id_)
        if not good:
            halted = f"{id_} did not succeed"
    return PlanFacts(steps=facts)


def succeeded(step: Step, record: StepRecord) -> bool:
    """Whether a step did what it should: exit status 0, the output, and what follows from it."""
    expected = not step.expect or re.search(step.expect, record.output) is not None
    return record.exit_status == 0 and expected and not record.unmet


def first_failure(steps: Mapping[str, Step], facts: PlanFacts) -> str | None:
    """Return the id of the first step that did not succeed; ``None`` where all did."""
    for id_, step in sorted(steps.items(), key=lambda one: one[1].order):
        fact = facts.steps[id_]
        if not isinstance(fact, Seen) or not succeeded(step, fact.value):
            return id_
    return None


def script(step: Step, target: Target) -> str:
    """Return the POSIX shell script of a step on a target."""
    path = ":".join([*target.path, "$PATH"])
    return "\n".join(
        [
            "exec 2>&1; set -eu",
            f"PREFIX={shlex.quote(target.prefix)}; export PREFIX",
            f'PATH="{path}"; export PATH' if target.path else ":",
            f"cd {shlex.quote(target.placed(step.cwd))}",
            step.run,
        ]
    )


def _settled(
    step: Step, fact: Fact[StepRecord], settle: Callable[[Step, float], str]
) -> Fact[StepRecord]:
    if not isinstance(fact, Seen) or not succeeded(step, fact.value):
        return fact
    clock, record = time.monotonic(), fact.value
    unmet = settle(step, step.deadline_s - record.seconds)
    seconds = record.seconds + time.monotonic() - clock
    return Seen(record.model_copy(update={"unmet": unmet, "seconds": seconds}))


def _run(
    id_: str, step: Step, target: Target, carrier: Carrier, redact: Callable[[str], str]
) -> Fact[StepRecord]:
    started, clock = dt.datetime.now(dt.timezone.utc), time.monotonic()
    try:
        output = carrier.run(script(step, target), deadline_s=step.deadline_s, to_its_end=True)
    except ObservationError as error:
        return CannotTell(f"{id_}: {error}", Cause.UPSTREAM)
    text = output.stdout.decode("utf-8", "replace")
    return Seen(
        StepRecord(
            step=id_,
            command=redact(step.run),
            started=started,
            seconds=time.monotonic() - clock,
            exit_status=output.rc,
            output=redact(text)[-KEPT:],
        )
    )
