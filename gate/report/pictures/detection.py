"""What a drill showed: which injected faults the gate said no to, and how soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from gate.duration import seconds
from gate.report.pictures.draw import Place, box, fitted, hollow, text
from gate.report.pictures.picture import WIDTH, Picture

LEFT, ROW = 300.0, 20.0
MOST = 200
NOTE = "A bar is the time from the fault to the verdict; a dashed frame is one that was not seen."
WORDS = {"detected": "detected", "missed": "MISSED", "no effect": "took no effect: proves nothing"}


class Injected(NamedTuple):
    """One fault of a drill, and what came of it.

    Attributes:
        fault: Its name.
        outcome: Whether the gate said no; ``no effect`` where the fault itself did nothing.
        seconds: From the fault to the verdict.
        by: Ids of the items that broke.
    """

    fault: str
    outcome: Literal["detected", "missed", "no effect"]
    seconds: float
    by: tuple[str, ...] = ()


def detection(faults: Sequence[Injected]) -> Picture | None:
    """The picture of a drill, what was missed first; ``None`` of none."""
    if not faults:
        return None
    order = ("missed", "no effect", "detected")
    shown = sorted(faults, key=lambda one: order.index(one.outcome))[:MOST]
    real = [one for one in faults if one.outcome != "no effect"]
    missed = [one.fault for one in real if one.outcome == "missed"]
    words = f"{len(real) - len(missed)} of {len(real)} faults were detected"
    words += f"; missed: {', '.join(missed)}." if missed else "."
    return Picture(
        name="detection",
        title="What the drill's faults came to",
        description=words,
        drawing="".join(_drawn(shown)),
        height=len(shown) * ROW + 12,
        heads=("Fault", "Outcome", "After", "By"),
        rows=[
            (one.fault, WORDS[one.outcome], seconds(one.seconds), ", ".join(one.by))
            for one in shown
        ],
        note=NOTE,
    )


def _drawn(shown: Sequence[Injected]) -> Iterator[str]:
    longest, wide = max(0.001, *(one.seconds for one in shown)), WIDTH - LEFT - 260
    for number, one in enumerate(shown):
        y = 6 + number * ROW
        yield text(LEFT - 10, y + 13, fitted(one.fault, LEFT - 14), end=True)
        if one.outcome == "detected":
            yield box(Place(LEFT, y + 2, wide * one.seconds / longest, ROW - 6), "pass", one.fault)
        else:
            name = "fail" if one.outcome == "missed" else "muted"
            yield hollow(Place(LEFT, y + 2, wide, ROW - 6), name, one.fault)
        told = ", ".join((WORDS[one.outcome], *one.by))
        yield text(LEFT + wide + 10, y + 13, fitted(told, 245))
