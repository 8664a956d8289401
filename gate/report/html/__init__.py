"""``report.html``: the whole story as one self-contained file that asks nobody for anything."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from gate.account.verdict import Outcome
from gate.duration import moment_of, seconds
from gate.report import product
from gate.report.account import ORDER, SNAPSHOT, Account, chapters
from gate.report.conclusion import advice, weight
from gate.report.html.attention import attention, earlier
from gate.report.html.document import to_html
from gate.report.html.evidence import Evidence
from gate.report.html.items import chapter
from gate.report.html.parts import css_class, scrolled
from gate.report.html.pictures import figures, story_section
from gate.report.html.policy import POLICY
from gate.report.html.script import SCRIPT
from gate.report.html.settled import differences, noted, waived
from gate.report.html.style import STYLE
from gate.report.html.told import Teller
from gate.report.reasons import compact
from gate.report.story import story

name = "html"
FILE = "report.html"
DOCUMENTS = {"STATE_DIFF.md": ("diff", "What changed since before")}
"""Documents that are chapters of the page, with id and heading; the others are snapshots."""


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The page's file, with the Markdown documents that are there already."""
    shown = [
        (*DOCUMENTS.get(file, ("snapshot", "Snapshot document")), content.decode())
        for file, content in already.items()
        if file in DOCUMENTS or file == SNAPSHOT[account.moment]
    ]
    return {FILE: page(account, shown).encode("utf-8", "replace")}


def page(account: Account, documents: list[tuple[str, str, str]]) -> str:
    """Write the page.

    Args:
        account: What is told.
        documents: Id, heading and Markdown of each document that is shown as a chapter.
    """
    verdict, target, told = account.verdict, account.target, story(account)
    title = f"{verdict.word.value}: {account.moment} on {target.name}"
    title += " (replay)" if account.replay else ""
    teller, evidence = Teller(account, told[:-1]), Evidence(account.scene)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        '<a class="skip" href="#items">Skip to the items</a>',
        _banner(account),
        "<main>",
        _about(account),
        _contents(account, documents),
        attention(account, teller),
        earlier(told[:-1], {one.id for one in verdict.lines}),
        story_section(told),
        waived(account, teller),
        noted(account),
        differences(account),
        figures(told),
        _overview(account),
        _filters(account),
        *(
            chapter(name, lines, account, teller, evidence)
            for name, lines in chapters(verdict).items()
        ),
        *(
            f'<section class="card document" id="{id_}"><h2>{head}</h2>{_document(text)}</section>'
            for id_, head, text in documents
        ),
        f"</main><footer>{product.NAME} {escape(product.version())}</footer>",
        f"<script>{SCRIPT}</script></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _document(text: str) -> str:
    """A document whose tables scroll."""
    frame = '<div class="scroll" role="group" tabindex="0" aria-label="Table"><table>'
    return to_html(text).replace("<table>", frame).replace("</table>", "</table></div>")


def _contents(account: Account, documents: list[tuple[str, str, str]]) -> str:
    """What there is on the page."""
    here = [("story", "The story"), ("items", "Items")]
    here += [(id_, head) for id_, head, _ in documents]
    if any(one.outcome is not Outcome.PASS for one in account.verdict.lines):
        here = [("chapters", "Chapters"), *here]
    links = " · ".join(f'<a href="#{id_}">{head}</a>' for id_, head in here)
    return f'<nav class="contents" aria-label="On this page">{links}</nav>'


def _banner(account: Account) -> str:
    verdict = account.verdict
    counts = "".join(
        f'<li class="{css_class(outcome)}"><b>{count}</b> {outcome.value}</li>'
        for outcome in ORDER
        if (count := verdict.count(outcome))
    )
    return (
        f'<header class="banner {verdict.word.value.lower()}"><div class="wide">'
        f'<p class="system">{escape(account.contract.system)} · {account.moment}</p>'
        f"<h1>{verdict.word.value}</h1>"
        f'<p class="advice">{escape(advice(verdict))}</p>'
        f"{_replay(account)}{_warnings(account)}"
        f'<ul class="counts">{counts}</ul></div></header>'
    )


def _replay(account: Account) -> str:
    if account.replay is None:
        return ""
    return f'<p class="replay" role="alert"><b>{escape(account.replay.sentence())}</b></p>'


def _warnings(account: Account) -> str:
    return "".join(
        f'<p class="replay" role="alert"><b>{weight(one).value}: {escape(one)}</b></p>'
        for one in account.verdict.warnings
    )


def _about(account: Account) -> str:
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in _facts(account)
    )
    return f'<dl class="facts">{facts}</dl>'


def _facts(account: Account) -> list[tuple[str, str]]:
    target, identity = account.target, account.identity
    place = " (embedded sandbox)" if target.embedded else ""
    took = seconds((account.finished - account.started).total_seconds())
    return [
        ("Target", f"{target.name}: {target.title}{place}"),
        ("Host", f"{identity.hostname} as {identity.user}" if identity else "not seen"),
        ("Run", f"{moment_of(account.started)}, {took}"),
        ("Items", str(len(account.verdict.lines))),
        *_not_tried(account),
        ("Exit status", str(account.verdict.exit_status)),
        ("Contract", account.contract.sha256[:16]),
    ]


def _not_tried(account: Account) -> list[tuple[str, str]]:
    """What writes and was not sent, by id; the snapshot document below has the titles."""
    ids = [one.id for one in account.contract.not_tried(account.moment)]
    return [("Not tried: it writes", compact(ids))] if ids else []


def _overview(account: Account) -> str:
    """Chapters with their counts, as the items' table of contents."""
    rows = []
    for name, lines in chapters(account.verdict).items():
        counts = {outcome: sum(one.outcome is outcome for one in lines) for outcome in ORDER}
        rest = ", ".join(
            f'<span class="{css_class(outcome)}">{count} {outcome.value}</span>'
            for outcome, count in counts.items()
            if count and outcome is not Outcome.PASS
        )
        bar = _bar(counts, len(lines))
        rows.append(
            f'<tr><th scope="row"><a href="#{name}">{name}</a></th>'
            f'<td class="number">{counts[Outcome.PASS]}/{len(lines)}</td>'
            f'<td class="bar" aria-hidden="true">{bar}</td><td>{rest}</td></tr>'
        )
    body = (
        '<table><thead><tr><th scope="col">Chapter</th><th scope="col" class="number">Passed</th>'
        '<th scope="col"><span class="unseen">Share</span></th><th scope="col">Others</th></tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return (
        f'<section class="card overview" id="chapters"><h2>Chapters</h2>'
        f"{scrolled(body, 'Chapters')}</section>"
    )


def _bar(counts: Mapping[Outcome, int], whole: int) -> str:
    """How a chapter's items ended, as a bar: for the eye alone."""
    parts, at = [], 0.0
    for outcome, count in reversed([*counts.items()]):
        if count:
            width = 100 * count / whole
            parts.append(
                f'<rect class="{css_class(outcome)}" x="{at:.2f}" width="{width:.2f}" height="6"/>'
            )
            at += width
    return f'<svg viewBox="0 0 100 6" preserveAspectRatio="none">{"".join(parts)}</svg>'


def _filters(account: Account) -> str:
    """Radio buttons ahead of the chapters: style sheets alone hide what is not asked for."""
    outcomes = [outcome for outcome in ORDER if account.verdict.count(outcome)]
    inputs = ['<input class="unseen" type="radio" name="filter" id="show-all" checked>']
    labels = [f'<label for="show-all">All {len(account.verdict.lines)}</label>']
    for outcome in outcomes:
        name = css_class(outcome)
        inputs.append(f'<input class="unseen" type="radio" name="filter" id="show-{name}">')
        count = account.verdict.count(outcome)
        labels.append(f'<label for="show-{name}" class="{name}">{outcome.value} {count}</label>')
    search = (
        '<div class="search live" role="search" hidden><label for="search">Search</label>'
        '<input type="search" id="search" autocomplete="off" spellcheck="false">'
        '<output id="found" for="search"></output></div>'
    )
    return (
        f'<h2 id="items" tabindex="-1">Items</h2>{search}{"".join(inputs)}'
        f'<div class="filters">{"".join(labels)}</div>'
    )
