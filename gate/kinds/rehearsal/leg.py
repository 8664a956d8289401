"""A revision that did not end well, in words."""

from __future__ import annotations

from gate.sources.rehearsal.facts import Leg
from gate.sources.rehearsal.reason import reason


def failed(leg: Leg) -> str:
    """Say how one revision in one direction failed."""
    how = "was ended" if leg.exit_status is None else f"exited with {leg.exit_status}"
    verb = "upgrade" if leg.direction == "up" else "downgrade"
    return f"{verb} of {leg.revision} {how} after {leg.seconds:.1f} s: {reason(leg.output)}"
