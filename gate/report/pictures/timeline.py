"""The story of a deployment over time: who looked when, what was done, started and waited for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gate.duration import moment_of, seconds
from gate.report.account import Account
from gate.report.events import LANES, Event, events
from gate.report.pictures.axis import Axis, axis
from gate.report.pictures.draw import Place, box, dot, fitted, rule, text
from gate.report.pictures.picture import WIDTH, Picture
from gate.report.text import counted

LEFT, ROW, HEAD = 190.0, 20.0, 34.0
RIGHT = WIDTH - 20.0
COLOURS = {
    "look": "link",
    "rehearsal": "inconclusive",
    "lock": "warn",
    "bystander": "warn",
    "step": "pass",
    "start": "waived",
}
NOTE = (
    "Time goes from left to right; where nothing happened for long it is folded (⋯). What failed, "
    "or kept somebody waiting, is red."
)


def timeline(told: Sequence[Account]) -> tuple[Picture, list[Event], Axis] | None:
    """The picture of the moments of one deployment, what is in it, and where; ``None`` of nothing.

    Args:
        told: The moments, in their order.
    """
    found, left = events(told)
    if not found:
        return None
    places = axis((one.start, one.end) for one in found)
    rows = _rows(found)
    height = HEAD + len(rows) * ROW + 10
    bad = [one.words for one in found if one.bad]
    words = (
        f"{counted(len(found), 'event')} from {moment_of(found[0].start)} to "
        f"{moment_of(max(one.end for one in found))}."
    )
    words += f" Not as they should be: {'; '.join(bad[:5])}." if bad else ""
    picture = Picture(
        name="timeline",
        title="What took place, and when",
        description=words,
        drawing="".join(_drawn(found, rows, places, told)),
        height=height,
        heads=("From (UTC)", "Took", "What"),
        rows=[(clock(one), seconds(_took(one)), one.words) for one in found],
        note=NOTE + (f" {left} shorter events are left out." if left else ""),
    )
    return picture, found, places


def clock(event: Event) -> str:
    """When an event began, to the tenth of a second."""
    return f"{event.start:%Y-%m-%d %H:%M:%S}.{event.start.microsecond // 100_000}"


def x_of(place: float) -> float:
    """Where a place of the axis is in the picture."""
    return LEFT + place * (RIGHT - LEFT)


def _took(event: Event) -> float:
    return (event.end - event.start).total_seconds()


def _rows(found: Sequence[Event]) -> dict[str, int]:
    names = sorted(
        {(LANES.index(one.lane), one.row) for one in found}, key=lambda one: (one[0], one[1])
    )
    return {row: number for number, (_, row) in enumerate(names)}


def _drawn(
    found: Sequence[Event], rows: dict[str, int], places: Axis, told: Sequence[Account]
) -> Iterator[str]:
    bottom = HEAD + len(rows) * ROW
    for row, number in rows.items():
        y = HEAD + number * ROW
        yield text(LEFT - 10, y + 14, fitted(row, LEFT - 14), end=True)
        yield rule((LEFT, y + ROW), (RIGHT, y + ROW))
    for number, account in enumerate(one for one in told if one.observed is not None):
        when = account.scene.observed.started
        x, y = x_of(places.at(when)), 12 + 14 * (number % 2)
        yield rule((x, y + 3), (x, bottom), "muted")
        words = f"{account.moment} {when:%H:%M:%S}"
        yield text(x, y, words, name="muted", end=x > RIGHT - 130)
    for start, end in places.folds:
        x = (x_of(places.at(start)) + x_of(places.at(end))) / 2
        yield text(x - 5, bottom + 8, "⋯", name="muted")
    for one in found:
        x, y = x_of(places.at(one.start)), HEAD + rows[one.row] * ROW
        name = "fail" if one.bad else COLOURS[one.lane]
        if one.lane == "start":
            yield dot(x, y + ROW / 2, name, one.words, radius=4)
        else:
            width = x_of(places.at(one.end)) - x
            yield box(Place(x, y + 4, width, ROW - 8), name, one.words)
