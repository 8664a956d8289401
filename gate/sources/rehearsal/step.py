"""One revision for itself: up, down, up, with rows, and down; compared with where it came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection

from gate.catalog.diff import Diff, diff
from gate.catalog.dumped import Entries
from gate.catalog.model import Catalog
from gate.sources.rehearsal import rows, samples, second
from gate.sources.rehearsal.beside import beside
from gate.sources.rehearsal.company import Bystander
from gate.sources.rehearsal.facts import Leg, Receipt
from gate.sources.rehearsal.leg import walk
from gate.sources.rehearsal.race import race
from gate.sources.rehearsal.reason import reason
from gate.sources.rehearsal.stage import Stage
from gate.sources.rehearsal.strike import strike
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
        above: The upgraded state, where the clone was left in it.
    """

    revision: str
    up: Leg | None = None
    down: Leg | None = None
    receipt: Receipt | None = None
    bystanders: tuple[Bystander, ...] = ()
    applied: bool = False
    above: State | None = None

    @property
    def stopped(self) -> bool:
        """Whether it could not be applied."""
        return self.receipt is None and not self.applied


@dataclasses.dataclass(frozen=True)
class State:
    """A state that another one is compared with; ``dumped`` is what ``pg_dump`` says of it."""

    catalog: Catalog
    kept: dict[str, tuple[str, ...]]
    prints: dict[str, rows.Print]
    positions: dict[str, int]
    dumped: Entries | str = ""


def forward(
    stage: Stage,
    revision: str,
    below: str,
    *,
    upon: Callable[[], None] = lambda: None,
    stays: bool,
    alone: bool = False,
    back: bool = True,
    came: State | None = None,
) -> Step:
    """Rehearse a revision that the clone does not have yet; the clone has it in the end.

    Args:
        stage: The clone at the state that the revision is applied to.
        revision: Which one.
        below: Where a way down that is asked by name ends.
        upon: Is called when it was applied for the first time.
        stays: Whether something comes after it: then its upgraded state is kept, and had again.
        alone: Whether nobody else is there meanwhile.
        back: Whether its way back is rehearsed.
        came: The state that the clone is in, where the step before told it.
    """
    step, was = Step(revision), came or _state(stage)
    if back:
        was = dataclasses.replace(was, dumped=_second(stage))
    if alone:
        step.up = walk(stage, revision, "up")
    else:
        step.up, step.bystanders = watched(stage, revision, was.catalog)
    if step.up.exit_status != 0:
        return step
    upon()
    if not back:
        step.applied = True
        return step
    above = _state(stage, printed=stays)
    moved = _moved(stage, was, above)
    lost = rows.losses(stage.connection, above.catalog, was.catalog, stage.how.version_table)
    saved = stage.save() if stays else None
    step.down = walk(stage, revision, "down", back_to=below)
    step.receipt = Receipt(revision=revision, losses=lost, moved=moved)
    if step.down.exit_status != 0:
        step.receipt = step.receipt.model_copy(update={"failed": said(step.down)})
    else:
        step.receipt = _judged(stage, step.receipt, was, above, below)
        if stage.how.strikes and step.receipt.clean:
            struck, unstruck = strike(stage, step.up, below, above.catalog)
            step.receipt = step.receipt.model_copy(update={"struck": struck, "unstruck": unstruck})
        if stage.how.neighbours and step.receipt.clean and not alone:
            met, others, struck = beside(stage, step.up, below, above.catalog)
            step.bystanders = merged((*step.bystanders, *others))
            step.receipt = step.receipt.model_copy(update={"beside": met, "struck": struck})
        if step.receipt.clean:
            raced = race(stage, step.up, below, above.catalog)
            step.receipt = step.receipt.model_copy(update={"raced": raced})
    if saved:
        stage.restore(saved)
        step.above = above
    return step


def _judged(stage: Stage, receipt: Receipt, was: State, above: State, below: str) -> Receipt:
    """Compare after the way down; go up again, write, and go down once more."""
    now = stage.whole()
    lines = _lines(was.catalog, now, stage.how.version_table)
    alone = was.dumped if lines or isinstance(was.dumped, str) else _second(stage)
    lines = lines or second.opinion(was.dumped, alone, stage.how.version_table)
    receipt = receipt.model_copy(
        update={
            "diff": lines,
            "rows": _changed(stage, was, now),
            "alone": alone if isinstance(alone, str) else "",
        }
    )
    if not receipt.clean:
        return receipt  # what a second way up meets then follows from it
    leg = walk(stage, receipt.revision, "up")
    if leg.exit_status != 0:
        return receipt.model_copy(update={"again": (said(leg),)})
    again = stage.whole()
    receipt = receipt.model_copy(
        update={"again": _lines(above.catalog, again, stage.how.version_table)}
    )
    if not receipt.clean:
        return receipt
    before = _prints(stage, above, again)
    written, unwritten = samples.leave(
        stage.connection, was.catalog, again, (stage.how.version_table,)
    )
    receipt = receipt.model_copy(update={"witnesses": written, "unwritten": unwritten})
    if not written:
        return receipt
    told = set(rows.changed(before, _prints(stage, above, again)))
    written_to = {one.partition(":")[0] for one in told}
    # What was renamed has another name above: its witness comes back under the old one.
    written_to |= {name for name in was.kept if name not in again.tables}
    leg = walk(stage, receipt.revision, "down", back_to=below)
    if leg.exit_status != 0:
        found: tuple[str, ...] = (said(leg),)
    else:
        now = stage.whole()
        lines = _lines(was.catalog, now, stage.how.version_table)
        others = _changed(stage, was, now, without=written_to)
        found = (*lines, *others)
        leg = walk(stage, receipt.revision, "up")
        found += (f"going up again: {said(leg)}",) if leg.exit_status != 0 else ()
    return receipt.model_copy(update={"with_rows": found})


def backward(stage: Stage, revision: str, below: str) -> Step:
    """Rehearse the way back over a revision that the clone has; it is taken back in the end."""
    step, was = Step(revision), _state(stage)
    saved = stage.save()
    step.down = walk(stage, revision, "down", back_to=below)
    receipt = Receipt(revision=revision)
    if step.down.exit_status != 0:
        stage.clone.states.forget(saved)
        step.receipt = receipt.model_copy(update={"failed": said(step.down)})
        return step
    lower = stage.whole()
    leg = walk(stage, revision, "up")
    if leg.exit_status != 0:
        receipt = receipt.model_copy(update={"again": (said(leg),)})
    else:
        again = stage.whole()
        same = rows.shared(rows.shared(was.kept, lower), again)
        after = rows.fingerprints(stage.connection, same)
        receipt = receipt.model_copy(
            update={"diff": _lines(was.catalog, again, stage.how.version_table)}
        )
    stage.restore(saved)
    if leg.exit_status == 0:
        before = rows.fingerprints(stage.connection, same)
        receipt = receipt.model_copy(update={"rows": rows.changed(before, after)})
    lost = rows.losses(stage.connection, was.catalog, lower, stage.how.version_table)
    step.receipt = receipt.model_copy(update={"losses": lost})
    walk(stage, revision, "down", back_to=below)
    return step


def _second(stage: Stage) -> Entries | str:
    """What ``pg_dump`` sees now, or why it is not asked."""
    return second.ask(stage.how, stage.target, stage.carrier, stage.clone)


def _state(stage: Stage, *, printed: bool = True) -> State:
    """What there is now; without fingerprints where nothing is to be compared with its rows."""
    catalog = stage.whole()
    kept = rows.columns_of(catalog, stage.how.version_table)
    prints = rows.fingerprints(stage.connection, kept) if printed else {}
    return State(catalog, kept, prints, rows.positions(stage.connection))


def _prints(stage: Stage, state: State, now: Catalog) -> dict[str, rows.Print]:
    return rows.fingerprints(stage.connection, rows.shared(state.kept, now))


def _moved(stage: Stage, was: State, above: State) -> tuple[str, ...]:
    """Kept tables whose rows the upgrade changed, as far as their columns are there still."""
    same = {
        name: columns
        for name, columns in was.kept.items()
        if name in above.catalog.tables and set(columns) <= set(above.catalog.tables[name].columns)
    }
    known = {
        name: above.prints[name]
        for name, columns in same.items()
        if name in above.prints and set(columns) == set(above.kept[name])
    }
    left = {name: columns for name, columns in same.items() if name not in known}
    now = {**known, **rows.fingerprints(stage.connection, left)}
    return tuple(name for name in same if now[name] != was.prints[name])


def _changed(
    stage: Stage, was: State, now: Catalog, without: Collection[str] = ()
) -> tuple[str, ...]:
    """Tables and sequences that are not what they were."""
    same = {
        name: columns
        for name, columns in was.kept.items()
        if name in now.tables and set(columns) <= set(now.tables[name].columns)
    }
    after = rows.fingerprints(stage.connection, same)
    before = {name: one for name, one in was.prints.items() if name not in without}
    return (
        *rows.changed(before, after),
        *rows.restarted(was.positions, rows.positions(stage.connection)),
    )


def _lines(was: Catalog, now: Catalog, versions: str) -> tuple[str, ...]:
    """Differences; the version table that Alembic makes when it first runs is none."""
    found = diff(was, now)
    if versions not in was.tables:
        own = (f"column {versions}.", f"constraint {versions}.", f"grant on table {versions} ")
        extra = {
            key: one
            for key, one in found.extra.items()
            if key != f"table {versions}" and not key.startswith(own)
        }
        found = Diff(found.missing, extra, found.changed)
    return tuple(found.lines())


def said(leg: Leg) -> str:
    """What a leg that did not end well said at last."""
    verb = "upgrade" if leg.direction == "up" else "downgrade"
    if leg.exit_status is None:
        return f"{verb} was ended after {leg.seconds:.1f} s: {reason(leg.output)}"
    return f"{verb} exited with {leg.exit_status}: {reason(leg.output)}"
