"""What is promised of durations, judged by as few samples as prove it.

`wanted` says how many samples the promise needs as it stands, so that whoever takes them can go on
or stop; `judged` says what they prove. Both are pure: a kept look is judged as it was.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import statistics
from collections.abc import Sequence

from gate.timing.change import Suspicion, suspicion, told
from gate.timing.quantile import SURE, chance, nearest_rank, needed

FIRST = 3
"""So many samples decide where they are clear."""
EARLY = 5
"""So many of so many over a limit are enough."""
MOST = 10
MOST_OVER = 9
"""So many of `MOST` over a limit break it."""


EXCUSED = 1.10
"""A busier machine excuses so many times as much at most, where nobody says more."""
QUICK = 0.25
"""Where the machine was busier than before, this share of the answers, the quickest, counts."""
TINY_S = 1e-6


class Word(enum.Enum):
    """What samples prove of a promise."""

    HOLDS = "holds"
    BROKEN = "broken"
    OPEN = "open"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Past:
    """Medians of earlier runs that passed, in seconds.

    Attributes:
        last: The newest ones.
        anchor: The first ones there were, which stay.
        strain: Mean share (0 to 1) of the time for which what could run on the machine had to wait
            in the newest ones; ``None`` where it is not known, or the API is on another machine.
    """

    last: tuple[float, ...] = ()
    anchor: tuple[float, ...] = ()
    strain: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """What is promised.

    Attributes:
        limit_s: Of the median.
        first_byte_s: Of the median of the times to the first byte.
        at_most_s: Of every single one.
        percentiles: Limits by share (``0.95``).
        relative: Whether it is compared with earlier runs.
        slack_s: Seconds of difference that are never a change.
        lenient: Whether all that a busier machine may make of an answer is excused.
        begins: Whether there may be no earlier run yet.
        samples: How many are taken at most; ``None`` for as many as the promise needs.
    """

    limit_s: float | None = None
    first_byte_s: float | None = None
    at_most_s: float | None = None
    percentiles: tuple[tuple[float, float], ...] = ()
    relative: bool = False
    slack_s: float = 0.0
    lenient: bool = False
    begins: bool = True
    samples: int | None = None

    @property
    def most(self) -> int:
        """How many samples there may be."""
        ranks = [needed(share) for share, _ in self.percentiles]
        return self.samples or max([MOST, *ranks])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """One promise beside what was measured.

    Attributes:
        needs: How many samples would decide it, as it stands.
        excused: Why it holds although the durations alone look slower.
    """

    promised: str
    seen: str
    word: Word
    needs: int
    excused: str = ""


def judged(
    rules: Rules,
    past: Past,
    totals: Sequence[float],
    firsts: Sequence[float] = (),
    strain: float = 0.0,
) -> tuple[Check, ...]:
    """Say what the samples prove of each promise.

    Args:
        rules: What is promised.
        past: What is compared with.
        totals: Seconds of every sample, in their order.
        firsts: Seconds to the first byte of each.
        strain: Share (0 to 1) of that time for which what could run on the gate's machine waited.
    """
    checks = []
    if rules.limit_s is not None:
        checks.append(_of_median("median", rules.limit_s, totals, rules.most))
    if rules.first_byte_s is not None:
        checks.append(_of_median("first byte", rules.first_byte_s, firsts, rules.most))
    if rules.at_most_s is not None:
        checks.append(_of_each(rules.at_most_s, totals, rules.most))
    checks += [_of_share(share, limit, totals) for share, limit in rules.percentiles]
    if rules.relative:
        checks.append(_of_change(rules, past, totals, strain))
    return tuple(checks)


def wanted(rules: Rules, past: Past, totals: Sequence[float], firsts: Sequence[float] = ()) -> int:
    """Return how many samples the promise needs, as it stands; sampling stops when there are."""
    if rules.percentiles and rules.samples:
        return rules.samples
    checks = judged(rules, past, totals, firsts)
    if any(one.word is Word.BROKEN for one in checks):
        return len(totals)
    return min(rules.most, max((one.needs for one in checks), default=FIRST))


def _of_median(what: str, limit: float, values: Sequence[float], most: int) -> Check:
    over, count = sum(one > limit for one in values), len(values)
    median = statistics.median(values) if values else math.nan
    first, last = min(FIRST, most), min(MOST, most)
    word, needs = Word.OPEN, last
    if count < first:
        needs = first
    elif over == 0 or (count == FIRST and median <= limit):
        word, needs = Word.HOLDS, first
    elif count >= EARLY and all(one > limit for one in values[:EARLY]):
        word, needs = Word.BROKEN, EARLY
    elif count >= last:
        broken = count >= MOST and over * MOST >= MOST_OVER * count
        word = Word.BROKEN if broken else Word.HOLDS if median <= limit else Word.OPEN
    seen = f"{what} {median:.3g} s of {count}" + (f", {over} of them over" if over else "")
    return Check(promised=f"{what} within {limit:g} s", seen=seen, word=word, needs=needs)


def _of_each(limit: float, values: Sequence[float], most: int) -> Check:
    slowest, first = max(values, default=math.nan), min(FIRST, most)
    word = Word.BROKEN if slowest > limit else Word.HOLDS if len(values) >= first else Word.OPEN
    return Check(
        promised=f"each within {limit:g} s",
        seen=f"slowest {slowest:.3g} s of {len(values)}",
        word=word,
        needs=len(values) if word is Word.BROKEN else first,
    )


def _of_share(share: float, limit: float, values: Sequence[float]) -> Check:
    name, count, needs = f"p{share * 100:g}", len(values), needed(share)
    promised = f"{name} within {limit:g} s"
    if count < needs:
        seen = f"{count} samples, and {name} needs {needs}"
        return Check(promised=promised, seen=seen, word=Word.OPEN, needs=needs)
    found, over = nearest_rank(values, share), sum(one > limit for one in values)
    word = Word.HOLDS
    if found > limit:
        word = Word.BROKEN if chance(over, count, share) < SURE else Word.OPEN
    seen = f"{name} {found:.3g} s of {count}" + (f", {over} of them over" if over else "")
    return Check(promised=promised, seen=seen, word=word, needs=needs)


def _of_change(rules: Rules, past: Past, values: Sequence[float], strain: float) -> Check:
    count, first, last = len(values), min(FIRST, rules.most), min(MOST, rules.most)
    promised = "no slower than in the runs before"
    if not past.last:
        seen = "no run before that passed, to compare with"
        word = Word.HOLDS if rules.begins else Word.OPEN
        return Check(promised=promised, seen=seen, word=word, needs=first)
    if count < first:
        seen = f"{count} of {first} samples"
        return Check(promised=promised, seen=seen, word=Word.OPEN, needs=first)
    median, busier = statistics.median(values), times_busier(past, strain)
    busier = busier if rules.lenient else min(EXCUSED, busier)
    looks, runs = found, _ = slower(median, past, rules.slack_s)
    if busier > 1 and count >= last:  # what is slower by itself has no quick answers, either
        found, _ = slower(nearest_rank(values, QUICK) / busier, past, rules.slack_s)
    word, needs = Word.OPEN, last
    if count >= last:
        word = WORDS[found]
    elif count == first and found is Suspicion.NONE:
        word, needs = Word.HOLDS, first
    seen = f"median {median:.3g} s of {count}, {told(math.log(max(median, TINY_S)), logs(runs))}"
    excused = ""
    if word is Word.HOLDS and found < looks:
        excused = (
            f"{seen}: what could run on this machine, the API's too, waited {strain:.0%} of the "
            f"time, and {past.strain or 0:.0%} in those runs, and a quarter of the answers took "
            f"{nearest_rank(values, QUICK):.3g} s at most: look again when it is less busy"
        )
    return Check(promised=promised, seen=seen, word=word, needs=needs, excused=excused)


def times_busier(past: Past, strain: float) -> float:
    """How many times as long the machine may make an answer as in the runs before, at least 1.

    What waits for a core for a share of the time takes 1 / (1 - share) times as long. It is held
    in favour only: on a quiet machine nothing is expected to be quicker.
    """
    if past.strain is None or strain <= past.strain:
        return 1.0
    return (1 - past.strain) / max(1 - strain, TINY_S)


WORDS = {
    Suspicion.NONE: Word.HOLDS,
    Suspicion.GREY: Word.OPEN,
    Suspicion.SLOWER: Word.BROKEN,
}


def slower(median: float, past: Past, slack_s: float) -> tuple[Suspicion, tuple[float, ...]]:
    """How a median looks beside the newest runs and beside the first ones; what looks worst."""
    found, of = Suspicion.NONE, past.last
    for runs in dict.fromkeys((past.last, past.anchor)):
        if runs and median - math.exp(sum(logs(runs)) / len(runs)) > slack_s:
            one = suspicion(math.log(max(median, TINY_S)), logs(runs))
            found, of = (one, runs) if one > found else (found, of)
    return found, of


def logs(values: Sequence[float]) -> list[float]:
    """Logarithms of durations; a clock that stood still is no endless gain."""
    return [math.log(max(one, TINY_S)) for one in values]
