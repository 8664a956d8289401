"""A revision that did not end well, in words."""

from __future__ import annotations

import re

from gate.secrets import known
from gate.sources.rehearsal.facts import Leg


def failed(leg: Leg) -> str:
    """Say how one revision in one direction failed."""
    how = "was ended" if leg.exit_status is None else f"exited with {leg.exit_status}"
    verb = "upgrade" if leg.direction == "up" else "downgrade"
    return f"{verb} of {leg.revision} {how} after {leg.seconds:.1f} s: {_reason(leg.output)}"


def _reason(output: str) -> str:
    """The error in a traceback: its last line that names an exception."""
    lines = output.strip().splitlines() or ["it said nothing"]
    named = [
        one for one in lines if re.match(r"\s*(FAILED|[\w.]+(Error|Exception|Violation)):", one)
    ]
    return known.first((named or lines)[-1], 300)
