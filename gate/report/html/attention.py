"""What keeps the gate shut, cause by cause: a person reads here what broke, and clicks for more."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gate.account.verdict import Line, Outcome
from gate.report.account import Account, tally
from gate.report.causes import Block, blocks
from gate.report.html.parts import MANY, badge, css_class, excerpt, link, links, said
from gate.report.html.told import BESIDE, Teller
from gate.report.reasons import where_of
from gate.report.text import counted, short

WHOLE = 40
"""So many causes are told whole; the rest by name."""


def attention(account: Account, teller: Teller) -> str:
    """Causes one by one, the worst first; empty where nothing needs any."""
    verdict = account.verdict
    found = [one for one in blocks(account) if one.outcome is not Outcome.WAIVED]
    if not (found or verdict.not_run):
        return ""
    parts = [_block(one, teller) for one in found[:WHOLE]]
    rest = [line.id for one in found[WHOLE:] for line in one.lines]
    if rest:
        head = f"{counted(len(found) - WHOLE, 'cause')} more, of {counted(len(rest), 'item')}"
        parts.append(_box(found[WHOLE].outcome, escape(head), "", links(rest)))
    if verdict.not_run:
        head = f"not run: {counted(len(verdict.not_run), 'item')}"
        parts.append(_box(Outcome.INCONCLUSIVE, head, "", links(verdict.not_run)))
    items = sum(len(one.lines) for one in found)
    told = f"{counted(len(found), 'cause')}, {counted(items, 'item')}" if found else ""
    return (
        f'<section class="attention" id="attention"><h2>Needs attention '
        f'<span class="muted">{told}</span></h2>{"".join(parts)}</section>'
    )


def _block(block: Block, teller: Teller) -> str:
    first, *others = block.cause
    why = f'<p class="why">{excerpt(block.reason, BESIDE)}</p>'
    follows = _follows(block)
    if others:
        groups = where_of(block.cause)
        verb = "broke" if first.outcome is Outcome.FAIL else "cannot be told"
        head = f"{escape(groups)}: {len(block.cause)} items {verb} for one reason"
        inside = why + links([one.id for one in block.cause]) + follows
        return _box(block.outcome, head, "", inside)
    head = f'{link(first.id)} <span class="title">{said(short(first.title, 300))}</span>'
    if not teller.why(first):
        why = ""
    evidence = f'<p class="more"><a href="#{escape(teller.evidence_of(first))}">Evidence</a></p>'
    look = f"<p>Look oneself: <code>{said(first.look)}</code></p>" if first.look else ""
    inside = why + teller.beside(first) + look + evidence + follows
    return _box(block.outcome, head, "", inside)


def _follows(block: Block) -> str:
    parts = []
    if block.follows:
        head = f"{counted(len(block.follows), 'item')} that {_verb(block.follows)} from this"
        rows = "".join(_one(line) for line in block.follows)
        is_open = " open" if len(block.follows) <= MANY else ""
        parts.append(
            f'<details class="follows"{is_open}><summary>{head}</summary><ul>{rows}</ul></details>'
        )
    if block.also:
        names = ", ".join(link(one.id) for one in block.also[:MANY])
        more = f" and {len(block.also) - MANY} more" if len(block.also) > MANY else ""
        parts.append(f'<p class="muted">Adds to: {names}{more}</p>')
    return "".join(parts)


def _verb(lines: Sequence[Line]) -> str:
    return "follows" if len(lines) == 1 else "follow"


def _one(line: Line) -> str:
    return (
        f"<li>{badge(line.outcome)} {link(line.id)} "
        f'<span class="muted">{said(short(line.title, 120))}</span></li>'
    )


def _box(outcome: Outcome, head: str, text: str, inside: str) -> str:
    return (
        f'<article class="box {css_class(outcome)}"><h3>{badge(outcome)} {head}</h3>'
        f"{text}{inside}</article>"
    )


def earlier(told: Sequence[Account], ids: set[str]) -> str:
    """What went wrong at the moments before this one, cause by cause, in a few words each."""
    parts = []
    for account in told:
        found = [one for one in blocks(account) if one.outcome is not Outcome.WAIVED]
        if not found:
            continue
        rows = "".join(_short(one, ids) for one in found[:WHOLE])
        more = f"<li>{counted(len(found) - WHOLE, 'cause')} more</li>" * (len(found) > WHOLE)
        run = f", run {account.run}" if account.run else ""
        parts.append(
            f'<div class="card"><h3>{account.moment}: {account.verdict.word.value}</h3>'
            f'<p class="muted">{escape(tally(account.verdict))}{escape(run)}</p>'
            f'<ul class="plain">{rows}{more}</ul></div>'
        )
    if not parts:
        return ""
    return f'<section id="earlier"><h2>What went wrong before</h2>{"".join(parts)}</section>'


def _short(block: Block, ids: set[str]) -> str:
    names = [one.id for one in block.cause]
    shown = ", ".join(link(one) if one in ids else escape(one) for one in names[:MANY])
    shown += f" and {len(names) - MANY} more" if len(names) > MANY else ""
    follows = f"; {counted(len(block.follows), 'item')} more from this" if block.follows else ""
    return (
        f"<li>{badge(block.outcome)} {shown}: {said(short(block.reason, 300))}"
        f'<span class="muted">{follows}</span></li>'
    )
