"""Percentiles: the samples that one needs, and what so many prove; free of any distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

SURE = 0.05


def needed(share: float) -> int:
    """Return how many samples tell a percentile at all: 59 for ``0.95``, 299 for ``0.99``.

    With fewer the largest of them lies below the percentile more often than once in twenty times.
    """
    return math.ceil(math.log(SURE) / math.log(share))


def nearest_rank(durations: Sequence[float], share: float) -> float:
    """Return the smallest sample that ``share`` of them do not exceed."""
    return sorted(durations)[math.ceil(share * len(durations)) - 1]


def chance(over: int, count: int, share: float) -> float:
    """Return how likely at least ``over`` of ``count`` lie above the percentile by chance."""
    return 1 - sum(
        math.comb(count, k) * (1 - share) ** k * share ** (count - k) for k in range(over)
    )
