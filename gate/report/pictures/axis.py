"""A time axis on which nothing is dwelt on that nothing happened in: long gaps are folded."""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

FOLD_SHARE = 0.06
"""A gap that takes more than this share of the time in which something happened is folded..."""
FOLD_S = 3.0
"""...if it is longer than this; it takes so much room then as a gap of its share would."""

Span = tuple[dt.datetime, dt.datetime]


@dataclasses.dataclass(frozen=True)
class Axis:
    """Where a time is, from 0 to 1.

    Attributes:
        times: Seconds since the epoch, rising.
        places: Their places.
        folds: The gaps that are folded.
    """

    times: Sequence[float]
    places: Sequence[float]
    folds: tuple[Span, ...]

    def at(self, when: dt.datetime) -> float:
        """The place of a time; what is outside stands at the edge."""
        second = when.timestamp()
        right = bisect.bisect_left(self.times, second)
        if right <= 0:
            return 0.0
        if right >= len(self.times):
            return 1.0
        before, after = self.times[right - 1], self.times[right]
        share = (second - before) / (after - before) if after > before else 0.0
        return self.places[right - 1] + share * (self.places[right] - self.places[right - 1])


def axis(spans: Iterable[Span]) -> Axis:
    """The axis of everything that took place."""
    merged = _merged(spans)
    busy = sum((end - start).total_seconds() for start, end in merged) or 1.0
    most = max(FOLD_S, busy * FOLD_SHARE)
    times, places, folds, at = [], [], [], 0.0
    for number, (start, end) in enumerate(merged):
        if number:
            last = merged[number - 1][1]
            gap = (start - last).total_seconds()
            folds += [(last, start)] if gap > most else []
            at += min(gap, most)
        times.append(start.timestamp())
        places.append(at)
        at += (end - start).total_seconds()
        times.append(end.timestamp())
        places.append(at)
    whole = at or 1.0
    return Axis(times, [one / whole for one in places], tuple(folds))


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        last = max(start, end)
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((start, last))
    return found
