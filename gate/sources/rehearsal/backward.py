"""The way back over a revision that the clone has: down and up again, compared with what it was."""

from __future__ import annotations

from gate.sources.rehearsal import rows, second
from gate.sources.rehearsal.facts import Receipt
from gate.sources.rehearsal.leg import said, walk
from gate.sources.rehearsal.seen import State, dumped, lines, look
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.step import Step


def backward(stage: Stage, revision: str, below: str) -> Step:
    """Rehearse the way back over a revision that the clone has; it is taken back in the end."""
    stage.prints.mark(stage.connection)
    step, was = Step(revision), look(stage)
    saved = stage.save()
    step.down = walk(stage, revision, "down", back_to=below)
    receipt = Receipt(revision=revision)
    if step.down.exit_status != 0:
        stage.clone.states.forget(saved)
        step.receipt = receipt.model_copy(update={"failed": said(step.down)})
        return step
    lower = look(stage)
    leg = walk(stage, revision, "up", alone=True)
    if leg.exit_status != 0:
        receipt = receipt.model_copy(update={"again": (said(leg),)})
        stage.restore(saved)
    else:
        receipt = _compared(stage, receipt, was, lower, saved)
    lost = rows.losses(stage.connection, was.catalog, lower.catalog, stage.how.version_table)
    step.receipt = receipt.model_copy(update={"losses": lost})
    walk(stage, revision, "down", back_to=below, alone=True)
    return step


def _compared(stage: Stage, receipt: Receipt, was: State, lower: State, saved: str) -> Receipt:
    """Compare what came of it with what there was, of which a copy was kept and comes back."""
    written = stage.prints.mark(stage.connection)
    again = look(stage)
    same = {
        name: columns
        for name, columns in rows.shared(
            rows.shared(was.kept, lower.catalog), again.catalog
        ).items()
        if written is None or name in written
    }
    after = rows.fingerprints(stage.connection, same)
    found = lines(was, again, stage.how.version_table)
    alone = "" if stage.how.second_opinion else "second_opinion = false"
    asks = not found and not alone
    opinion = dumped(stage) if asks else ""
    stage.restore(saved)
    before = rows.fingerprints(stage.connection, same)
    if asks:
        first = opinion if isinstance(opinion, str) else dumped(stage)
        found = second.opinion(first, opinion, stage.how.version_table)
        alone = first if isinstance(first, str) else ""
    return receipt.model_copy(
        update={"diff": found, "rows": rows.changed(before, after), "alone": alone}
    )
