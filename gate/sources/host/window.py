"""The settling window: how far two readings of what has to stand still lie apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gate.sources.host.section import Section

RESOLUTION_S = 0.02
"""Of the difference of two readings of /proc/uptime, which tells hundredths."""
UPTIME = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,9})?)\s")


def window_s(answers: Mapping[str, Section]) -> float | None:
    """The time between the two readings by the host's own clock; ``None`` where it is not told."""
    at, later = (UPTIME.match(answers[name].text) for name in ("at", "later"))
    return float(later[1]) - float(at[1]) if at and later else None


def too_short(found_s: float | None, least_s: float) -> str:
    """Why two readings show nothing settled; empty where they lie far enough apart.

    A ``sleep`` that is missing, knows no fractions, or ends early does not shorten the window.
    """
    if found_s is None:
        return "/proc/uptime: the time between two readings"
    if found_s < least_s - RESOLUTION_S:
        return f"the two readings lie {found_s:.2f} s apart, not {least_s:g} s: sleep ended early"
    return ""
