"""``report.html``: the whole account as one self-contained file, without scripts or requests."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from gate.account.verdict import Outcome
from gate.duration import moment_of, seconds
from gate.report import product
from gate.report.account import ORDER, SNAPSHOT, Account, chapters
from gate.report.conclusion import ADVICE
from gate.report.html.document import to_html
from gate.report.html.items import attention, chapter, css_class
from gate.report.html.style import STYLE
from gate.report.reasons import compact

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


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
    verdict, target = account.verdict, account.target
    title = f"{verdict.word.value}: {account.moment} on {target.name}"
    title += " (replay)" if account.replay else ""
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
        attention(account),
        _overview(account, documents),
        _filters(account),
        *(chapter(name, lines, account) for name, lines in chapters(verdict).items()),
        *(
            f'<section class="card document" id="{id_}"><h2>{head}</h2>{to_html(text)}</section>'
            for id_, head, text in documents
        ),
        f"</main><footer>{product.NAME} {escape(product.version())}</footer></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _banner(account: Account) -> str:
    verdict = account.verdict
    counts = "".join(
        f'<li class="{css_class(outcome)}"><b>{count}</b> {outcome.value}</li>'
        for outcome in ORDER
        if (count := verdict.count(outcome))
    )
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in _facts(account)
    )
    return (
        f'<header class="banner {verdict.word.value.lower()}"><div class="wide">'
        f'<p class="system">{escape(account.contract.system)} · {account.moment}</p>'
        f"<h1>{verdict.word.value}</h1>"
        f'<p class="advice">{escape(ADVICE[verdict.word])}</p>'
        f"{_replay(account)}{_warnings(account)}"
        f'<ul class="counts">{counts}</ul></div></header>'
        f'<dl class="facts wide">{facts}</dl>'
    )


def _replay(account: Account) -> str:
    if account.replay is None:
        return ""
    return f'<p class="replay" role="alert"><b>{escape(account.replay.sentence())}</b></p>'


def _warnings(account: Account) -> str:
    return "".join(
        f'<p class="replay" role="alert"><b>WARN: {escape(one)}</b></p>'
        for one in account.verdict.warnings
    )


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


def _overview(account: Account, documents: list[tuple[str, str, str]]) -> str:
    """Chapters with their counts, as the page's table of contents."""
    rows = []
    for name, lines in chapters(account.verdict).items():
        counts = {outcome: sum(one.outcome is outcome for one in lines) for outcome in ORDER}
        bar = "".join(
            f'<i class="{css_class(outcome)}" style="flex-grow:{count}"></i>'
            for outcome, count in reversed(counts.items())
            if count
        )
        rest = ", ".join(
            f'<span class="{css_class(outcome)}">{count} {outcome.value}</span>'
            for outcome, count in counts.items()
            if count and outcome is not Outcome.PASS
        )
        rows.append(
            f'<tr><th scope="row"><a href="#{name}">{name}</a></th>'
            f'<td class="number">{counts[Outcome.PASS]}/{len(lines)}</td>'
            f'<td class="bar" aria-hidden="true"><div>{bar}</div></td><td>{rest}</td></tr>'
        )
    links = " · ".join(f'<a href="#{id_}">{head}</a>' for id_, head, _ in documents)
    return (
        '<section class="card overview"><h2>Chapters</h2><table><thead><tr>'
        '<th scope="col">Chapter</th><th scope="col" class="number">Passed</th>'
        '<th scope="col"><span class="unseen">Share</span></th>'
        '<th scope="col">Others</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table><p>{links}</p></section>"
    )


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
    return f'<h2 id="items">Items</h2>{"".join(inputs)}<div class="filters">{"".join(labels)}</div>'
