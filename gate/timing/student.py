"""Student's t distribution: how odd a deviation is that was estimated from few values.

Two functions are no reason for a package of a hundred megabytes beside every gate.
"""

from __future__ import annotations

import functools
import math

STEPS = 300
TINY = 1e-300


def tail(t: float, df: int) -> float:
    """Return the probability of more than ``t`` with so many degrees of freedom.

    Source:
        Abramowitz and Stegun, 26.7.1: half of the regularised incomplete beta function
        I(df / (df + t^2); df / 2, 1 / 2).
    """
    half = 0.5 * _beta(df / (df + t * t), df / 2, 0.5)
    return half if t >= 0 else 1 - half


@functools.cache
def critical(share: float, df: int) -> float:
    """Return the t that is exceeded with a probability of ``share`` (below one half)."""
    low, high = 0.0, 1e6
    while high - low > 1e-9 * (1 + low):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, df) > share else (low, middle)
    return high


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (26.5.8, Lentz)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, STEPS):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = _inverse(1 + factor * d)
            c = 1 + factor / c or TINY
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:  # noqa: PLR2004 - what a float can tell
            break
    return front * fraction / a


def _inverse(value: float) -> float:
    return 1 / (value or TINY)
