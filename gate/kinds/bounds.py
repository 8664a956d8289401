"""Numbers within bounds, wherever one is promised."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gate.rule import Has, Rule, Some
from gate.toml import Strict


class Bounds(Strict):
    """What a number must be.

    Attributes:
        at_least: It may not be less.
        at_most: It may not be more.
    """

    at_least: float | None = None
    at_most: float | None = None

    RULES = (Rule(Some(Has("at_least"), Has("at_most")), "needs at_least or at_most"),)


def outside(number: float, at_least: float | None, at_most: float | None) -> Iterator[str]:
    """What is wrong with a number; one that is none is within no bounds."""
    try:
        number = float(number)
    except OverflowError:  # JSON and SQL know integers of any size
        number = math.inf if number > 0 else -math.inf
    if math.isnan(number):
        yield "it is no number"
    if at_least is not None and number < at_least:
        yield f"it is only {number:g}"
    if at_most is not None and number > at_most:
        yield f"it is {number:g}"
