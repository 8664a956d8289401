"""What is let through knowingly: waivers with what would have failed, warnings, differences."""

from __future__ import annotations

import json
from html import escape

from gate.account.verdict import Outcome
from gate.kinds.waiver import Waiver
from gate.report.account import Account, lines_by_id
from gate.report.conclusion import UNUSED
from gate.report.html.parts import badge, css_class, link, said, scrolled, table
from gate.report.html.told import Teller
from gate.report.reasons import outcome_lines
from gate.report.text import counted, short

MOST = 200


def waived(account: Account, teller: Teller) -> str:
    """What would have failed without its waiver, and who answers for that."""
    waivers = {one.item: one for one in account.contract.of(Waiver, account.moment).values()}
    parts = []
    for line in outcome_lines(account.verdict, Outcome.WAIVED)[:MOST]:
        waiver = waivers.get(line.id)
        owner = (
            f"<p>Waived until {waiver.expires.isoformat()} by {escape(waiver.owner)}: "
            f"{escape(waiver.reason)}</p>"
            if waiver
            else ""
        )
        parts.append(
            f'<article class="box {css_class(line.outcome)}"><h3>{badge(line.outcome)} '
            f'{link(line.id)} <span class="title">{said(short(line.title, 300))}</span></h3>'
            f"{owner}{teller.beside(line)}</article>"
        )
    if not parts:
        return ""
    return f'<section id="waived"><h2>Waived: what would have failed</h2>{"".join(parts)}</section>'


def noted(account: Account) -> str:
    """What holds and is odd."""
    lines = outcome_lines(account.verdict, Outcome.WARN)
    if not lines:
        return ""
    rows = "".join(
        f"<li>{badge(one.outcome)} {link(one.id)}: {said(short(one.reason or one.seen, 300))}</li>"
        for one in lines[:MOST]
    )
    head = counted(len(lines), "warning")
    return (
        f'<section class="card" id="noted"><h2>Noted: {head}</h2>'
        f'<ul class="plain">{rows}</ul></section>'
    )


def differences(account: Account) -> str:
    """Where the target is declared to differ from the contract, why, and what came of it."""
    if not account.target.differs:
        return ""
    lines = lines_by_id(account.verdict)
    rows = []
    for one in account.target.differs:
        if one.item in account.contract.unused_differs:
            rows.append((escape(one.item), "", escape(UNUSED), ""))
            continue
        changes = (("", one.set), ("before ", one.before), ("after ", one.after))
        words = "; ".join(
            f"{when}{json.dumps(value, ensure_ascii=False, default=str)}"
            for when, value in changes
            if value
        )
        line = lines.get(one.item)
        name = link(one.item) if line else escape(one.item)
        ended = badge(line.outcome) if line else "not at this moment"
        rows.append((name, ended, escape(one.reason), f"<code>{said(short(words, 300))}</code>"))
    heads = ("Item", "Ended", "Why the target differs", "What is promised here instead")
    return (
        f'<section class="card" id="differs"><h2>Declared differences</h2>'
        f"{scrolled(table(heads, rows), 'Declared differences')}</section>"
    )
