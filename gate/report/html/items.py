"""Items of the page: what needs attention first, then every chapter with all of its items."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gate.account.verdict import Line, Outcome
from gate.report.account import Account, source_of
from gate.report.reasons import Group, grouped, outcome_lines, unknown_lines, where
from gate.report.text import counted, printable, short

SYMBOL = {
    Outcome.PASS: "✓",
    Outcome.WARN: "!",
    Outcome.FAIL: "✕",
    Outcome.INCONCLUSIVE: "?",
    Outcome.WAIVED: "~",
}
MANY = 12
"""More items than this with one reason are listed folded."""


def css_class(outcome: Outcome) -> str:
    """The class that an outcome is coloured and filtered by."""
    return outcome.value.lower()


def attention(account: Account) -> str:
    """Whatever keeps the gate shut: broken promises one by one, failed looks by reason."""
    verdict = account.verdict
    broken = outcome_lines(verdict, Outcome.FAIL)
    groups = grouped(unknown_lines(verdict))
    if not (broken or groups or verdict.not_run):
        return ""
    parts = [_attention_item(line) for line in broken]
    parts += [_attention_group(group) for group in groups]
    if verdict.not_run:
        head = f"not run: {counted(len(verdict.not_run), 'item')}"
        parts.append(_box("inconclusive", head, "", _links(verdict.not_run)))
    return f'<section class="attention"><h2>Needs attention</h2>{"".join(parts)}</section>'


def _attention_item(line: Line) -> str:
    rows = _rows(line, "")
    head = f'<a href="#{escape(line.id)}">{escape(line.id)}</a> {escape(line.title)}'
    return (
        f'<div class="box {css_class(line.outcome)}"><h3>{_badge(line.outcome)} {head}</h3>'
        f"{rows}</div>"
    )


def _attention_group(group: Group) -> str:
    if len(group.lines) == 1:
        return _attention_item(group.lines[0])
    head = f"{where(group)}: {len(group.lines)} items cannot be told"
    return _box("inconclusive", head, group.reason, _links([one.id for one in group.lines]))


def _box(name: str, head: str, text: str, links: str) -> str:
    reason = f"<p>{escape(printable(text))}</p>" if text else ""
    badge = _badge(Outcome.INCONCLUSIVE)
    return f'<div class="box {name}"><h3>{badge} {escape(head)}</h3>{reason}{links}</div>'


def _links(ids: Sequence[str]) -> str:
    links = ", ".join(f'<a href="#{escape(id_)}">{escape(id_)}</a>' for id_ in ids)
    if len(ids) <= MANY:
        return f'<p class="ids">{links}</p>'
    return f'<details><summary>All {len(ids)} items</summary><p class="ids">{links}</p></details>'


def chapter(name: str, lines: Sequence[Line], account: Account) -> str:
    """One chapter with all of its items."""
    has = " ".join(sorted({f"has-{css_class(line.outcome)}" for line in lines}))
    passed = sum(line.outcome is Outcome.PASS for line in lines)
    items = "".join(
        _item(line, source_of(account.contract, line.id, account.moment)) for line in lines
    )
    return (
        f'<section class="chapter card {has}" id="{escape(name)}">'
        f'<h3>{escape(name)} <span class="muted">{passed}/{len(lines)}</span></h3>{items}</section>'
    )


def _item(line: Line, source: str) -> str:
    """An item: one line that opens.

    What is broken or odd is open already; why others could not be told stands above, by reason.
    """
    is_open = "" if line.outcome in (Outcome.PASS, Outcome.INCONCLUSIVE) else " open"
    glance = escape(short(line.seen)) if line.outcome is Outcome.PASS else ""
    return (
        f'<details class="item {css_class(line.outcome)}" id="{escape(line.id)}"{is_open}>'
        f"<summary>{_badge(line.outcome)}"
        f'<span class="title">{escape(line.title)}</span><span class="glance">{glance}</span>'
        f"<code>{escape(line.id)}</code></summary>{_rows(line, source)}</details>"
    )


def _rows(line: Line, source: str) -> str:
    rows = [
        ("Promised", escape(printable(line.promised))),
        ("Seen", escape(printable(line.seen))),
        ("Reason", escape(printable(line.reason))),
        ("Look at", f"<code>{escape(printable(line.look))}</code>" if line.look else ""),
        ("Promised by", escape(source)),
    ]
    body = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value)
    return f'<dl class="rows">{body}</dl>'


def _badge(outcome: Outcome) -> str:
    symbol = f'<span aria-hidden="true">{SYMBOL[outcome]}</span>'
    return f'<span class="badge {css_class(outcome)}">{symbol} {outcome.value}</span>'
