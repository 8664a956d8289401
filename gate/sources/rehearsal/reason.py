"""Why a program did not end well, out of what it said."""

from __future__ import annotations

import re

from gate.secrets import known

NAMED = re.compile(
    r"\s*(FAILED|(\w+\.)+[A-Z]\w*|\w*(Error|Exception|Exit|Interrupt|Violation))(:|$)"
)
"""A line that begins with the name of an exception."""


def reason(output: str) -> str:
    """The error in a traceback: its last line that names an exception, or else the last line."""
    lines = output.strip().splitlines() or ["it said nothing"]
    named = [one for one in lines if NAMED.match(one)]
    return known.first((named or lines)[-1], 300)
