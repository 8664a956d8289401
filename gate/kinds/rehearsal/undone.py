"""The plan's downgrade, from the tree in which it will run."""

from __future__ import annotations

from gate.contract.model import Promise
from gate.contract.rehearsal import Rehearsal
from gate.duration import seconds
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.rehearsal import summary
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, known, require
from gate.sources.rehearsal.company import Undone
from gate.sources.rehearsal.facts import RehearsalFacts


def rolls_back(item: Rehearsal, facts: RehearsalFacts, promise: Promise, _: Scene) -> Finding:
    """Compare what the downgrade from that tree leaves with what the release's own leaves."""
    wanted = item.rolls_back
    if wanted is None or promise.id not in facts.undone:
        require(facts.reached, "upgrade")
        raise ObservationError("cannot tell: the downgrade was not tried from any tree")
    at = f"{wanted.folder} at {wanted.git}" if wanted.git else wanted.folder
    promised = f"downgrade to {wanted.to} from {at}, as the plan runs it"
    found = known(facts.undone[promise.id])
    if isinstance(found, Absent):
        return Finding(promised=promised, seen=found.proof, broken=(found.proof,))
    tried = [f"with {one.environment} in {seconds(one.seconds)}" for one in found]
    wrong = [_said(one) for one in found if one.wrong or one.rows]
    return Finding(
        promised=promised,
        seen=f"{'not as' if wrong else 'the same catalog and rows as'} the release's own way down "
        f"leaves: {summary.listed(tried)}",
        broken=tuple(wrong),
    )


def _said(one: Undone) -> str:
    lines = (*one.wrong, *one.rows.values())
    more = f" and {len(lines) - summary.SHOWN} more" if len(lines) > summary.SHOWN else ""
    how = "leaves something else"
    if one.exit_status != 0:
        how = "was not done" if one.exit_status is None else f"exited with {one.exit_status}"
    return f"the downgrade with {one.environment} {how}: {'; '.join(lines[: summary.SHOWN])}{more}"
