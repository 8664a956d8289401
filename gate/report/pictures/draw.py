"""The shapes that pictures are made of; every text of a target is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from gate.report.pictures.picture import colour, words_of
from gate.report.text import short

Point = tuple[float, float]
SHORTEST = 1e-6
"""Of what is drawn on a scale: less than a microsecond is nothing."""
WIDE_EM = 6.4
"""About so wide is a character of 12 px."""


class Place(NamedTuple):
    """Where a rectangle is."""

    x: float
    y: float
    width: float
    height: float

    @property
    def attributes(self) -> str:
        """Of the element: at least a pixel wide, so that what was short is seen."""
        return (
            f'x="{self.x:.1f}" y="{self.y:.1f}" width="{max(1.5, self.width):.1f}" '
            f'height="{self.height:g}"'
        )


def box(place: Place, name: str, tip: str = "") -> str:
    """A filled rectangle."""
    return f'<rect {place.attributes} rx="2" fill="{colour(name)}">{_tip(tip)}</rect>'


def hollow(place: Place, name: str, tip: str = "") -> str:
    """An outlined, dashed rectangle: what was waited for, and not had."""
    return (
        f'<rect {place.attributes} rx="2" '
        f'fill="none" stroke="{colour(name)}" stroke-width="1.5" stroke-dasharray="3 2">'
        f"{_tip(tip)}</rect>"
    )


def dot(x: float, y: float, name: str, tip: str = "", *, radius: float = 3.5) -> str:
    """A filled circle."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour(name)}" '
        f'fill-opacity="0.75">{_tip(tip)}</circle>'
    )


def diamond(x: float, y: float, name: str, tip: str = "") -> str:
    """A hollow diamond."""
    return (
        f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z" fill="none" stroke="{colour(name)}" '
        f'stroke-width="1.5">{_tip(tip)}</path>'
    )


def rule(start: Point, end: Point, name: str = "line", width: float = 1) -> str:
    """A line."""
    (x1, y1), (x2, y2) = start, end
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour(name)}" '
        f'stroke-width="{width:g}"/>'
    )


def text(x: float, y: float, words: str, *, name: str = "", end: bool = False) -> str:
    """A line of text, from here on or up to here."""
    anchor = ' text-anchor="end"' if end else ""
    fill = f' fill="{colour(name)}"' if name else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{fill}>{words_of(words)}</text>'


def fitted(words: str, width: float) -> str:
    """Words as far as they go into so many pixels."""
    return short(words, max(4, int(width / WIDE_EM)))


def ticks(longest: float, most: int = 8) -> Iterator[float]:
    """Round numbers from 0 up to a value, at most so many."""
    if longest < SHORTEST or not math.isfinite(longest):
        yield 0.0
        return
    step = 10 ** math.floor(math.log10(longest / most))
    step *= next((factor for factor in (1, 2, 5) if longest / (step * factor) <= most), 10)
    for number in range(int(longest / step + 1e-9) + 1):
        yield number * step


def _tip(words: str) -> str:
    return f"<title>{words_of(words)}</title>" if words else ""
