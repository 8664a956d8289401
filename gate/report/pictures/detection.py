"""What a drill showed: faults in rows, kinds of items in columns, and what turned of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from gate.duration import seconds
from gate.report.pictures.draw import Place, box, fitted, hollow, text
from gate.report.pictures.picture import WIDTH, Picture

State = Literal["held", "allowed", "wanted", "eager", "missed"]
"""What became of a kind's items under a fault, the worst last."""
LABEL, HEAD, ROW, WIDEST = 300.0, 110.0, 16.0, 16.0
"""Columns for a fault's name, lines for a kind's, and the sizes of a cell."""
COLOUR: dict[State, str] = {
    "held": "line",
    "allowed": "warn",
    "wanted": "pass",
    "eager": "fail",
    "missed": "fail",
}
WORDS: dict[State, str] = {
    "held": "held",
    "allowed": "turned, as it may",
    "wanted": "turned, as it has to",
    "eager": "turned, and is not concerned",
    "missed": "did not turn, and has to",
}
NOTE = (
    "A cell is what became of the items of one kind under one fault, the worst of them: green "
    "turned as it has to, yellow as it may, red turned and is not concerned; a dashed frame did "
    "not turn, and has to."
)


class Injected(NamedTuple):
    """One fault of a drill, and what came of it.

    Attributes:
        fault: Its name.
        end: How its trial ended, in a word or two.
        seconds: What the look took; ``None`` where there was none.
        states: By kind of items.
        by: Ids of the items that turned.
    """

    fault: str
    end: str
    seconds: float | None
    states: Mapping[str, State]
    by: tuple[str, ...] = ()


def worst(states: Sequence[State]) -> State:
    """Of several states of one kind the one that counts."""
    order = list(WORDS)
    return max(states, key=order.index, default="held")


def detection(faults: Sequence[Injected], headline: str) -> Picture | None:
    """The picture of a drill, in the order that is given; ``None`` of none."""
    if not faults:
        return None
    kinds = sorted({kind for one in faults for kind in one.states})
    return Picture(
        name="detection",
        title="Faults by kinds of items",
        description=f"{headline}.",
        drawing="".join(_drawn(faults, kinds)),
        height=HEAD + ROW * len(faults) + 8,
        heads=("Fault", "Ended", "Look", "Turned"),
        rows=[
            (
                one.fault,
                one.end,
                "-" if one.seconds is None else seconds(one.seconds),
                ", ".join(one.by) or "-",
            )
            for one in faults
        ],
        note=NOTE,
    )


def _drawn(faults: Sequence[Injected], kinds: Sequence[str]) -> Iterator[str]:
    wide = min(WIDEST, (WIDTH - LABEL - 70) / max(1, len(kinds)))
    for column, kind in enumerate(kinds):
        x, y = LABEL + wide * column + wide - 4, HEAD - 6
        turned = text(x, y, fitted(kind, HEAD))
        yield f'<g transform="rotate(-60 {x:.1f} {y:g})">{turned}</g>'
    for line, one in enumerate(faults):
        y = HEAD + ROW * line
        yield text(LABEL - 6, y + ROW - 4, fitted(one.fault, LABEL - 10), end=True)
        for column, kind in enumerate(kinds):
            state = one.states.get(kind, "held")
            place = Place(LABEL + wide * column, y + 1, wide - 2, ROW - 3)
            shape = hollow if state == "missed" else box
            yield shape(place, COLOUR[state], f"{one.fault}, {kind}: {WORDS[state]}")
