"""The items of the page, chapter by chapter: one line each that opens."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gate.account.verdict import Line, Outcome
from gate.report.account import Account
from gate.report.html.evidence import Evidence
from gate.report.html.parts import badge, css_class, said
from gate.report.html.told import Teller
from gate.report.text import short


def chapter(
    name: str, lines: Sequence[Line], account: Account, teller: Teller, evidence: Evidence
) -> str:
    """One chapter with all of its items."""
    has = " ".join(sorted({f"has-{css_class(line.outcome)}" for line in lines}))
    passed = sum(line.outcome is Outcome.PASS for line in lines)
    items = "".join(_item(line, account, teller, evidence) for line in lines)
    return (
        f'<section class="chapter card {has}" id="{escape(name)}">'
        f'<h3>{escape(name)} <span class="muted">{passed}/{len(lines)}</span></h3>{items}</section>'
    )


def _item(line: Line, account: Account, teller: Teller, evidence: Evidence) -> str:
    """An item: what is broken or odd is open already.

    Why others could not be told stands above, by reason.
    """
    is_open = "" if line.outcome in (Outcome.PASS, Outcome.INCONCLUSIVE) else " open"
    glance = said(short(line.seen)) if line.outcome is Outcome.PASS else ""
    promise, id_ = account.contract.promises.get(line.id), escape(line.id)
    broken = line.outcome is not Outcome.PASS
    found = evidence.of(promise, broken=broken) if promise else ""
    return (
        f'<details class="item {css_class(line.outcome)}" id="{id_}"{is_open}>'
        f"<summary>{badge(line.outcome)}"
        f'<span class="title">{said(line.title)}</span><span class="glance">{glance}</span>'
        f'<code>{id_}</code></summary><div class="told">{teller.beside(line)}{teller.rows(line)}'
        f'<p class="more"><a href="#{id_}">Link to this item</a></p></div>{found}</details>'
    )
