"""A picture, its words and its table; as a part of a page, and as a file of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from html import escape

from gate.report.text import printable

COLOURS = {
    "pass": ("#17692f", "#6fd08c"),
    "fail": ("#b3231b", "#ff938a"),
    "inconclusive": ("#6433b8", "#c9b0ff"),
    "warn": ("#855600", "#f2bf5b"),
    "waived": ("#0b6576", "#74cfe2"),
    "link": ("#0b57a4", "#86b9ff"),
    "muted": ("#566072", "#a3adbd"),
    "line": ("#dcdfe5", "#313947"),
    "card": ("#ffffff", "#1a1f28"),
    "text": ("#1b1f27", "#e7eaf0"),
}
"""Names of colours, light and dark; a page that a picture stands in has them as variables."""
WIDTH = 960
FONT = "font-family:system-ui,sans-serif;font-size:12px"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture.

    Attributes:
        name: Its id on a page, and its file's name without the ending.
        title: What it shows, in a few words.
        description: What can be read off it, in sentences: for those who do not see it.
        drawing: The inside of the SVG element.
        height: Of the drawing, `WIDTH` units wide.
        heads, rows: The same as a table.
        note: How it is to be read, and what it leaves out.
    """

    name: str
    title: str
    description: str
    drawing: str
    height: float
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def colour(name: str) -> str:
    """A colour by its name: the page's own, else the light one."""
    return f"var(--{name},{COLOURS[name][0]})"


def inline(picture: Picture) -> str:
    """The SVG element as a part of a page, without an ``id`` or a style that could clash."""
    return _svg(picture, "")


def file(picture: Picture) -> bytes:
    """The picture as an SVG file of its own, light or dark as its reader likes it."""
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in COLOURS.items())
    style = (
        f"<style>svg{{{FONT};color:{COLOURS['text'][0]};background:{COLOURS['card'][0]}}}"
        f"@media(prefers-color-scheme:dark){{svg{{{dark}color:{COLOURS['text'][1]};"
        f"background:{COLOURS['card'][1]}}}}}</style>"
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_svg(picture, style)}\n'.encode(
        "utf-8", "replace"
    )


def _svg(picture: Picture, style: str) -> str:
    title, words = words_of(picture.title), words_of(picture.description)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {picture.height:g}" '
        f'width="{WIDTH}" height="{picture.height:g}" class="picture" role="img" '
        f'aria-label="{title}" fill="currentColor"><title>{title}</title><desc>{words}</desc>'
        f"{style}{picture.drawing}</svg>"
    )


def words_of(text: str) -> str:
    """Somebody's words, fit for an element or an attribute."""
    return escape(printable(text))
