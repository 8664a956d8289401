"""Parts that every section of the page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gate.account.verdict import Outcome
from gate.report.text import printable

SYMBOL = {
    Outcome.PASS: "✓",
    Outcome.WARN: "!",
    Outcome.FAIL: "✕",
    Outcome.INCONCLUSIVE: "?",
    Outcome.WAIVED: "~",
}
MANY = 12
"""More items than this are listed folded."""


def said(text: str) -> str:
    """Somebody's words as text of the page."""
    return escape(printable(text))


def excerpt(text: str, most: int) -> str:
    """The same, of endless words the beginning; they are whole in ``verdict.json``."""
    return said(text if len(text) <= most else f"{text[:most]}… (whole in verdict.json)")


def css_class(outcome: Outcome) -> str:
    """The class that an outcome is coloured and filtered by."""
    return outcome.value.lower()


def badge(outcome: Outcome) -> str:
    """An outcome's word, with a symbol that is no letter to those who listen."""
    symbol = f'<span aria-hidden="true">{SYMBOL[outcome]}</span>'
    return f'<span class="badge {css_class(outcome)}">{symbol} {outcome.value}</span>'


def link(id_: str) -> str:
    """A link to an item of the page."""
    return f'<a href="#{escape(id_)}">{escape(id_)}</a>'


def links(ids: Sequence[str]) -> str:
    """Links to items, folded where they are many."""
    text = ", ".join(map(link, ids))
    if len(ids) <= MANY:
        return f'<p class="ids">{text}</p>'
    return f'<details><summary>All {len(ids)} items</summary><p class="ids">{text}</p></details>'


def scrolled(table: str, label: str) -> str:
    """A table, or a picture, that scrolls within the page where it is wider than that."""
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(label)}">{table}</div>'
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of finished cells."""
    head = "".join(f'<th scope="col">{said(one)}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
