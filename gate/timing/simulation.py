"""How often the relative rule is wrong: runs that are made up, judged by the rule itself.

``python -m gate.timing.simulation`` prints the table that stands in the documents.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Sequence

from gate.timing.change import ANCHOR, LAST, Suspicion, suspicion
from gate.timing.rules import FIRST, MOST

RUNS = 20_000
SLOWDOWNS = (1.0, 1.1, 1.25, 1.5, 2.0)
EARLIER = (1, 3, 5, 10)
NOISES = (0.05, 0.10, 0.20)
"""Standard deviation of the logarithm of a single answer's duration."""
SEED = 20260213


Cell = tuple[float, float, int, float, float]
"""Noise, slowdown, number of earlier runs, and the shares of FAIL and of INCONCLUSIVE."""


def cells(runs: int = RUNS) -> Iterator[Cell]:
    """Simulate every cell of the table.

    Args:
        runs: How many are simulated for each cell.
    """
    dice = random.Random(SEED)  # noqa: S311 - no secret
    normal = [dice.gauss(0, 1) for _ in range(max(runs, 1000) * MOST)]
    medians = [sorted(normal[at : at + FIRST])[1] for at in range(0, len(normal) - FIRST, FIRST)]
    for noise, slowdown, count in itertools.product(NOISES, SLOWDOWNS, EARLIER):
        failed = grey = 0
        for number in range(runs):
            at = dice.randrange(len(medians) - LAST)
            past = [noise * one for one in medians[at : at + count]]
            mine = normal[number * MOST : (number + 1) * MOST]
            found = run(noise, math.log(slowdown), mine, past)
            failed += found is Suspicion.SLOWER
            grey += found is Suspicion.GREY
        yield noise, slowdown, count, failed / runs, grey / runs


def run(noise: float, more: float, mine: Sequence[float], past: Sequence[float]) -> Suspicion:
    """One run as `gate.timing.rules` goes through it: three samples, and ten where in doubt."""
    found = _worst(more + noise * sorted(mine[:FIRST])[1], past)
    if found is Suspicion.NONE:
        return found
    ordered = sorted(mine)
    return _worst(more + noise * (ordered[4] + ordered[5]) / 2, past)


def _worst(now: float, past: Sequence[float]) -> Suspicion:
    found = suspicion(now, past)
    return found if len(past) <= ANCHOR else max(found, suspicion(now, past[:ANCHOR]))


def table(cells: Iterable[Cell]) -> str:
    """The shares as a Markdown table: FAIL / INCONCLUSIVE in percent."""
    head = " | ".join(f"K = {count}" for count in EARLIER)
    lines = [f"| Noise | Slowdown | {head} |", "|---|---|" + "---|" * len(EARLIER)]
    rows: dict[tuple[float, float], list[str]] = {}
    for noise, slowdown, _, failed, grey in cells:
        rows.setdefault((noise, slowdown), []).append(f"{failed:.1%} / {grey:.1%}")
    for (noise, slowdown), shares in rows.items():
        lines.append(f"| {noise:.0%} | {slowdown:g} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(cells()), end="")  # noqa: T201 - its purpose
