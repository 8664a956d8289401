"""What came of every revision: its receipt, or why there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.rehearsal.facts import Receipt, RehearsalFacts
from gate.sources.rehearsal.nothing import together
from gate.sources.rehearsal.scope import Scope
from gate.sources.rehearsal.step import Step
from gate.sources.rehearsal.way import Way


@dataclasses.dataclass(frozen=True)
class Gone:
    """Every step that was gone.

    Attributes:
        forth: Of what was pending.
        back: Of what the clone had already.
        empty: From an empty database.
        why: Why the history cannot be applied from there, if it cannot.
    """

    forth: list[Step]
    back: list[Step]
    empty: list[Step]
    why: str


def account(facts: RehearsalFacts, way: Way, chosen: Scope, gone: Gone) -> RehearsalFacts:
    """Lay the receipts beside each other, newest first, and say why the others are missing."""
    back, empty = _receipts(gone.back), _receipts(gone.empty)
    rank = {name: number for number, name in enumerate(way.history)}
    here = {**_receipts(gone.forth), **own_faults(back, empty, rank)}
    merged = {
        name: together(here[name], empty[name]) if name in here and name in empty else one
        for name, one in {**empty, **here}.items()
    }
    receipts = sorted(merged.values(), key=lambda one: -rank.get(one.revision, 0))
    stopped = next((one.revision for one in gone.forth if one.stopped), "")
    unjudged = dict(chosen.left)
    unjudged |= {
        one: f"{stopped} could not be applied" for one in way.order if stopped and one not in here
    }
    failed = next((one.revision for one in gone.back if one.receipt and one.receipt.failed), "")
    why = f"the way down from {failed} failed" if failed else "the way back was not reached"
    why += f", and from an empty database the history stops at {gone.why}" if gone.why else ""
    unjudged |= {one: why for one in chosen.backward if one not in merged}
    said: Fact[tuple[Receipt, ...]] = Seen(tuple(receipts))
    if not receipts and stopped:
        said = CannotTell(f"the downgrade: {stopped} could not be applied", Cause.UPSTREAM)
    other = [one for one in gone.empty if one.revision not in here]
    steps = sorted([*gone.forth, *gone.back, *other], key=lambda one: -rank.get(one.revision, 0))
    down = tuple(one.down for one in steps if one.down is not None)
    unjudged |= {
        one.revision: one.unknown for one in (*gone.forth, *gone.empty)
        if one.unknown and one.revision not in merged
    }  # fmt: skip
    alone = tuple(one for one in chosen.backward if one in here and one not in empty)
    return facts.model_copy(
        update={
            "receipts": said,
            "unjudged": unjudged,
            "down": down,
            "half": dict.fromkeys(alone, gone.why) if gone.why else {},
        }
    )


def own_faults(
    back: Mapping[str, Receipt], empty: Mapping[str, Receipt], rank: Mapping[str, int]
) -> dict[str, Receipt]:
    """What was found on the way back, without what a newer revision's way down had left wrong.

    Whoever goes back from a state meets each older revision in what the newer ones left of it: an
    object that one of them does not give back is, by the older one's own way up, another one again.
    Where that one gives everything back on the way from an empty database, it is not its fault.

    Args:
        back: Receipts of the way back, by revision.
        empty: Those of the same revisions from an empty database, as far as there are any.
        rank: Place of each revision in the history.
    """
    wrong: set[str] = set()
    found = {}
    for name in sorted(back, key=lambda one: -rank.get(one, 0)):
        one, alone = back[name], empty.get(name)
        if alone is not None and not alone.diff:
            own = tuple(line for line in one.diff if _object(line) not in wrong)
            one = one.model_copy(update={"diff": own})
        found[name] = one
        wrong |= {_object(line) for line in (*one.diff, *(alone.diff if alone else ()))}
    return found


def _object(line: str) -> str:
    """``column orders.status`` of ``~ column orders.status: text not null -> text``."""
    return line.partition(" ")[2].partition(": ")[0]


def _receipts(steps: list[Step]) -> dict[str, Receipt]:
    return {one.revision: one.receipt for one in steps if one.receipt is not None}
