"""One revision for itself: up, down, up, with rows, and down; compared with where it came from."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from gate.catalog.model import Catalog
from gate.sources.rehearsal import rows
from gate.sources.rehearsal.base import Base
from gate.sources.rehearsal.beside import beside
from gate.sources.rehearsal.company import Bystander
from gate.sources.rehearsal.ended import UncalledError
from gate.sources.rehearsal.facts import Leg, Receipt
from gate.sources.rehearsal.intended import Intended
from gate.sources.rehearsal.leg import KilledError, said, walk
from gate.sources.rehearsal.narrowing import narrow
from gate.sources.rehearsal.race import race, races
from gate.sources.rehearsal.seen import State, dumped, look
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.strike import strike
from gate.sources.rehearsal.verdict import Verdict
from gate.sources.rehearsal.watched import merged, watched


@dataclasses.dataclass
class Step:
    """What one revision showed.

    Attributes:
        up: The first way up; ``None`` for a revision that the clone had already.
        down: The first way down, if it came to that.
        receipt: What the way down gave back; ``None`` where it was not gone.
        bystanders: Who was there on the first way up.
        applied: Whether that is all that was to be done.
        unknown: Why nothing is known of it although it was applied.
        above: The upgraded state, where the clone was left in it.
        begins, ends: The catalogs that it leads from and to, as far as they are known.
    """

    revision: str
    up: Leg | None = None
    down: Leg | None = None
    receipt: Receipt | None = None
    bystanders: tuple[Bystander, ...] = ()
    applied: bool = False
    unknown: str = ""
    above: State | None = None
    begins: Catalog | None = None
    ends: Catalog | None = None

    @property
    def stopped(self) -> bool:
        """Whether it could not be applied."""
        return self.receipt is None and not self.applied


def forward(
    stage: Stage,
    revision: str,
    below: str,
    *,
    base: Base,
    upon: Callable[[], None] = lambda: None,
    stays: bool,
    alone: bool = False,
    back: bool = True,
    came: State | None = None,
) -> Step:
    """Rehearse a revision that the clone does not have yet; the clone has it in the end.

    Nothing is said against a revision that was not met in a state that going up alone leads to:
    where something is wrong behind others that were taken back and applied again, it is met anew.
    So it is where a process of its was killed: by the revision itself, which does so once more and
    is judged by that, or from outside, and then nothing is known of the revision. Nor is where an
    application finds that there is nothing to do, and calls no Alembic to go back.

    Args:
        stage: The clone at the state that the revision is applied to.
        revision: Which one.
        below: Where a way down that is asked by name ends.
        base: From where a state can be had again.
        upon: Is called when it was applied for the first time.
        stays: Whether something comes after it: then its upgraded state is had again.
        alone: Whether nobody else is there meanwhile.
        back: Whether its way back is rehearsed.
        came: The state that the clone is in, where the step before told it.
    """
    met = functools.partial(
        _met, stage, revision, below, base, alone=alone, back=back, upon=upon, stays=stays
    )
    killed = ""
    try:
        stage.doubts = base.kept
        step, verdict = met(came)
    except KilledError as error:
        killed = f"{error} from outside: gone again, it was not"
    finally:
        stage.doubts = False
    if killed and not base.without(revision):
        return Step(revision, applied=True, unknown=killed)
    if killed:
        step, verdict = met(None)
    doubtful = step.stopped or (step.receipt is not None and not step.receipt.clean)
    if doubtful and not killed and came is not None and came.assumed and _anew(base, step):
        step, verdict = met(None)
    if killed and not doubtful:
        step.receipt, step.applied, step.unknown = None, True, killed
    if verdict is None or not stays:
        return step
    if not verdict.disturbed:
        step.above = verdict.as_above()
    if step.above is None:
        base.again()
    return step


def _anew(base: Base, step: Step) -> bool:
    """Have the state again that a revision is applied to, by going up alone."""
    if step.receipt is not None:
        return base.before(anew=True)
    base.again()  # what could not be applied is none of those that were
    return True


def _met(
    stage: Stage,
    revision: str,
    below: str,
    base: Base,
    came: State | None,
    *,
    alone: bool,
    back: bool,
    stays: bool,
    upon: Callable[[], None],
) -> tuple[Step, Verdict | None]:
    step = Step(revision)
    if came is None:
        stage.prints.mark(stage.connection)
    was = came or look(stage)
    if back and was.digest is None:
        was = dataclasses.replace(was, dumped=dumped(stage))
    step.begins = was.catalog
    intended = Intended(stage, revision, was) if back else None
    if alone:
        step.up = walk(stage, revision, "up")
    else:
        step.up, step.bystanders = watched(stage, revision, was.catalog)
    if step.up.exit_status != 0:
        return step, None
    upon()
    if intended is None:
        step.applied = True
        base.went(revision, was.digest, stage.digests.take(stage.connection), stays=False)
        return step, None
    verdict = Verdict(stage, revision, below, base, intended, stays=stays)
    step.ends = verdict.above.catalog
    moved = verdict.moved()
    lost = rows.losses(
        stage.connection, verdict.above.catalog, was.catalog, stage.how.version_table
    )
    verdict.foresee()
    try:
        step.down = walk(stage, revision, "down", back_to=below)
    except UncalledError as error:
        step.applied, step.unknown = True, str(error)
        return step, None
    verdict.tell(losses=lost, moved=moved)
    if step.down.exit_status != 0:
        verdict.tell(failed=said(step.down))
    else:
        verdict.judge()
        _disturb(stage, step, step.up, below, verdict, alone=alone)
        if verdict.settled:
            narrow(stage, revision, below, base, verdict)
    step.receipt = verdict.receipt
    return step, verdict


def _disturb(
    stage: Stage, step: Step, up: Leg, below: str, verdict: Verdict, *, alone: bool
) -> None:
    """Cut it off half-way, apply it beside others, and by several at once, where that is asked."""
    above = verdict.above.catalog
    if stage.how.strikes and verdict.settled:
        struck, unstruck = strike(stage, up, below, above)
        verdict.tell(struck=struck, unstruck=unstruck)
        verdict.disturbed = True
    if stage.how.neighbours and verdict.settled and not alone:
        met, others, struck = beside(stage, up, below, above)
        step.bystanders = merged((*step.bystanders, *others))
        verdict.tell(beside=met, struck=struck)
        verdict.disturbed = True
    if verdict.settled and races(stage, up):
        verdict.tell(raced=race(stage, up, below, above))
        verdict.disturbed = True
