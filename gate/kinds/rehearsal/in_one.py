"""What is pending in one command, in words."""

from __future__ import annotations

from typing import NamedTuple

from gate.kinds.rehearsal import lacking
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.reason import reason

ALONE = "each step was applied alone; in one command, as a deployment applies them"


class Told(NamedTuple):
    """What is said, what is broken, and what is odd."""

    seen: str = ""
    broken: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def told(facts: RehearsalFacts) -> Told:
    """What to say of it beside the steps; its ``seen`` goes on where theirs ends."""
    fact = facts.together
    if fact is None:
        return Told()
    if not isinstance(fact, Seen):
        why = getattr(fact, "reason", fact)
        why = f"what is pending was not applied in one command, as a deployment does: {why}"
        return Told(warnings=(why,))
    gone, broken = fact.value, []
    if gone.exit_status != 0:
        why = reason(gone.output)
        foreign = lacking.foreign(facts, why)
        how = "it was ended" if gone.exit_status is None else f"it exited with {gone.exit_status}"
        said = f"{ALONE}, {how} after {gone.seconds:.1f} s: {foreign or why}"
        if foreign:
            return Told(warnings=(said,))
        broken.append(said)
    if gone.other:
        broken.append(f"{ALONE}, they lead to another catalog: {'; '.join(gone.other)}")
    seen = f"; all {len(gone.steps)} in one command in {gone.seconds:.1f} s"
    return Told(seen, broken=tuple(broken))
