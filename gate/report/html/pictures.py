"""The pictures of the page, each with its words and its table; and the story that is scrubbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from gate.account.verdict import Outcome
from gate.duration import moment_of
from gate.report.account import Account
from gate.report.events import Event
from gate.report.html.parts import said, scrolled, table
from gate.report.pictures.latency import latency
from gate.report.pictures.locks import locks
from gate.report.pictures.picture import Picture, inline
from gate.report.pictures.tables import tables
from gate.report.pictures.timeline import clock, timeline, x_of
from gate.report.story import UNTOLD

DRAWN: tuple[Callable[[Account], Picture | None], ...] = (tables, latency)
"""Pictures of a moment, in the order of the page."""


def story_section(told: Sequence[Account]) -> str:
    """The moments, what took place, and a handle to go through it."""
    strip = "".join(_moment(one) for one in told)
    found = timeline(told)
    scrub = _scrub(*found) if found else ""
    return (
        f'<section class="card" id="story"><h2>The story</h2><ol class="strip">{strip}</ol>'
        f"{scrub}</section>"
    )


def _moment(account: Account) -> str:
    verdict = account.verdict
    if verdict is UNTOLD:
        word, counts = "looked", ""
    else:
        word = verdict.word.value
        counts = ", ".join(
            f"{count} {outcome.value}" for outcome in Outcome if (count := verdict.count(outcome))
        )
    looked = account.observed.started if account.observed else None
    when = moment_of(looked) if looked else "nothing was looked at"
    return (
        f'<li class="{word.lower()}"><b>{account.moment}</b> <span class="word">{word}</span>'
        f'<span class="muted">{when}</span><span class="muted">{counts}</span></li>'
    )


def _scrub(picture: Picture, events: Sequence[Event], places: object) -> str:
    first = next((at for at, one in enumerate(events) if one.bad), 0)
    place_of = places.at  # type: ignore[attr-defined]
    rows = "".join(
        f'<tr data-x="{x_of(place_of(one.start)):.1f}" data-start="{one.start.timestamp():.3f}" '
        f'data-end="{one.end.timestamp():.3f}"{" class=bad" * one.bad}><td>{clock(one)}</td>'
        f"<td>{said(row[1])}</td><td>{said(row[2])}</td></tr>"
        for one, row in zip(events, picture.rows, strict=True)
    )
    heads = "".join(f'<th scope="col">{said(one)}</th>' for one in picture.heads)
    body = f'<table id="events"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    cursor = (
        f'<line id="cursor" x1="0" x2="0" y1="16" y2="{picture.height:g}" stroke="currentColor" '
        f'stroke-width="2" visibility="hidden"/></svg>'
    )
    drawn = inline(picture).removesuffix("</svg>") + cursor
    return (
        f'<div class="scrub live" hidden><label for="at">Go through it</label>'
        f'<input type="range" id="at" min="0" max="{len(events) - 1}" step="1" '
        f'value="{first}" data-first="{first}">'
        f'<p aria-live="polite"><output id="now" for="at"></output></p>'
        f'<p class="muted" id="meanwhile"></p></div>'
        f"{scrolled(drawn, picture.title)}"
        f'<p class="muted note">{said(picture.note)}</p>'
        f"<details><summary>As a table: {len(events)} events</summary>"
        f"{scrolled(body, 'What took place, as a table')}</details>"
    )


def figures(told: Sequence[Account]) -> str:
    """What was rehearsed before, and how this moment stands beside the earlier ones."""
    account = told[-1]
    rehearsed = next((one for one in map(locks, reversed(told)) if one is not None), None)
    found = [rehearsed, *(draw(account) for draw in DRAWN)]
    parts = [figure(one) for one in found if one is not None]
    if not parts:
        return ""
    return f'<section id="pictures"><h2>Pictures</h2>{"".join(parts)}</section>'


def figure(picture: Picture) -> str:
    """A picture with its words, and the same as a table."""
    rows = [[said(cell) for cell in row] for row in picture.rows]
    body = scrolled(table(picture.heads, rows), f"{picture.title}, as a table")
    return (
        f'<figure class="card" id="picture-{escape(picture.name)}">'
        f"<figcaption><h3>{said(picture.title)}</h3><p>{said(picture.description)}</p></figcaption>"
        f"{scrolled(inline(picture), picture.title)}"
        f'<p class="muted note">{said(picture.note)}</p>'
        f"<details><summary>As a table</summary>{body}</details></figure>"
    )
