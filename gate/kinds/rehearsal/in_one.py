"""What is pending in one command, in words."""

from __future__ import annotations

from gate.kinds.finding import Finding
from gate.kinds.rehearsal import lacking
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.rehearsal.reason import reason

ALONE = "each step was applied alone; in one command, as a deployment applies them"


def told(facts: RehearsalFacts) -> Finding:
    """What to say of it beside the steps; its ``seen`` goes on where theirs ends."""
    fact = facts.together
    if fact is None:
        return Finding(promised="", seen="")
    if not isinstance(fact, Seen):
        why = getattr(fact, "reason", fact)
        why = f"what is pending was not applied in one command, as a deployment does: {why}"
        return Finding(promised="", seen="", warnings=(why,))
    gone, broken = fact.value, []
    if gone.exit_status != 0:
        why = reason(gone.output)
        foreign = lacking.foreign(facts, why)
        how = "it was ended" if gone.exit_status is None else f"it exited with {gone.exit_status}"
        told = f"{ALONE}, {how} after {gone.seconds:.1f} s: {foreign or why}"
        if foreign:
            return Finding(promised="", seen="", warnings=(told,))
        broken.append(told)
    if gone.other:
        broken.append(f"{ALONE}, they lead to another catalog: {'; '.join(gone.other)}")
    seen = f"; all {len(gone.steps)} in one command in {gone.seconds:.1f} s"
    return Finding(promised="", seen=seen, broken=tuple(broken))
