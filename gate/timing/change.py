"""Is it slower than it was? The median of a run beside the medians of earlier ones, as logarithms.

Few earlier runs say little about how much a median varies by itself, so what is known of that in
advance (`PRIOR`) counts like `WEIGHT` runs; each further run makes the comparison sharper.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence

from gate.timing.student import critical, tail

PRIOR = 0.10
"""How far the medians of two fine runs differ, as the standard deviation of their logarithms."""
WEIGHT = 4
LAST = 10
"""So many runs are compared with, the newest ones."""
ANCHOR = 5
"""So many runs, the first ones, stay what is compared with: a little more each time adds up."""
FAIL_BELOW, FAIL_FROM = 0.01, math.log(1.15)
GREY_BELOW, GREY_FROM = 0.10, math.log(1.10)


class Suspicion(enum.IntEnum):
    """How a median looks beside earlier ones."""

    NONE = 0
    GREY = 1
    SLOWER = 2


def spread(logs: Sequence[float]) -> tuple[float, float, int]:
    """Return what to expect of the next one: its mean, its error, and the degrees of freedom."""
    count = len(logs)
    mean = sum(logs) / count
    squares = sum((one - mean) ** 2 for one in logs)
    variance = (WEIGHT * PRIOR**2 + squares) / (count + WEIGHT - 1)
    return mean, math.sqrt(variance * (1 + 1 / count)), count + WEIGHT - 1


def suspicion(now: float, logs: Sequence[float]) -> Suspicion:
    """Compare a median with those of earlier runs.

    Args:
        now: Logarithm of the median.
        logs: Logarithms of the earlier medians, at least one.
    """
    if now - sum(logs) / len(logs) <= GREY_FROM:
        return Suspicion.NONE
    mean, error, df = spread(logs)
    more = now - mean
    if more > FAIL_FROM and more > error * critical(FAIL_BELOW, df):
        return Suspicion.SLOWER
    if more > error * critical(GREY_BELOW, df):
        return Suspicion.GREY
    return Suspicion.NONE


def told(now: float, logs: Sequence[float]) -> str:
    """The comparison in words: ``+52 % to 47 s in 3 runs before (p = .004)``."""
    mean, error, df = spread(logs)
    p = tail((now - mean) / error, df)
    runs = f"{len(logs)} {'run' if len(logs) == 1 else 'runs'}"
    return (
        f"{math.exp(now - mean) - 1:+.0%} to {math.exp(mean):.3g} s in {runs} before (p = {p:.2g})"
    )
