"""The matrix as one page: a picture of faults by kinds of items, and every fault with its words."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gate.drill.fault import Fault
from gate.drill.matrix import Matrix, headline, machine, rate
from gate.drill.trial import End, Trial

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
CELL, LABEL, HEAD = 14, 260, 120
"""Sizes of the picture, in its own units."""
STYLE = """
:root{color-scheme:light dark;--ok:#1a7f37;--bad:#b42318;--odd:#9a6700;--line:#8885;--none:#8882}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:80rem;padding:1rem}
h1{font-size:1.5rem}svg{display:block;height:auto;max-width:100%}svg text{fill:currentColor;
font:11px system-ui,sans-serif}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.35rem .5rem;text-align:left;vertical-align:top}
td p{margin:0 0 .25rem;max-width:45rem;overflow-wrap:anywhere}.wanted{fill:var(--ok)}
.allowed{fill:var(--odd)}.missed{fill:var(--bad)}.eager{fill:var(--bad)}.none{fill:var(--none)}
.end{font-weight:600;white-space:nowrap}.detected{color:var(--ok)}.bad{color:var(--bad)}
@media(prefers-color-scheme:dark){:root{--ok:#3fb950;--bad:#ff7b72;--odd:#d29922}}
@media print{body{max-width:none}}
"""
FINE = (End.DETECTED, End.KNOWN_GAP)
WORDS = {
    "wanted": "turned, as it has to",
    "allowed": "turned, as it may",
    "missed": "did not turn, and has to",
    "eager": "turned, and is not concerned",
    "none": "held",
}


def page(matrix: Matrix) -> str:
    """The page, without scripts and without requests."""
    on, healthy = machine(), matrix.healthy
    alarms = f"<p>False alarms: {escape(rate(healthy))}.</p>" if healthy is not None else ""
    title = f"Drill at {matrix.target}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{escape(title)}</h1><p>{escape(headline(matrix))}.</p>{alarms}",
            f"<p>{escape(on['system'])}, {on['cores']} cores, Python {escape(on['python'])}.",
            f"It took {matrix.seconds:.0f} s.</p>",
            "<h2>Faults by kinds of items</h2>",
            '<div class="scroll" tabindex="0" role="region" aria-label="Picture">',
            picture(matrix),
            "</div>",
            "<h2>Every fault</h2>",
            '<div class="scroll" tabindex="0" role="region" aria-label="Every fault">',
            "<table><thead><tr>",
            *(f'<th scope="col">{one}</th>' for one in ("Fault", "Ended", "Turned", "Seconds")),
            "</tr></thead><tbody>",
            *(_row(one, matrix.faults[one.name]) for one in matrix.worst_first),
            "</tbody></table></div></main></body></html>",
            "",
        ]
    )


def picture(matrix: Matrix) -> str:
    """Faults in rows, kinds of items in columns: what turned, what had to, what should not."""
    trials = matrix.worst_first
    kinds = sorted({_kind(id_) for one in trials for id_ in _ids(one, matrix.faults[one.name])})
    width, height = LABEL + CELL * len(kinds) + 8, HEAD + CELL * len(trials) + 8
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img"',
        f' xmlns="http://www.w3.org/2000/svg"><title>{escape(headline(matrix))}</title>',
    ]
    for column, kind in enumerate(kinds):
        x = LABEL + CELL * column + CELL - 4
        parts.append(
            f'<text x="{x}" y="{HEAD - 6}" transform="rotate(-60 {x} {HEAD - 6})">'
            f"{escape(kind)}</text>"
        )
    for line, one in enumerate(trials):
        y = HEAD + CELL * line
        parts.append(
            f'<text x="{LABEL - 6}" y="{y + CELL - 4}" text-anchor="end">{escape(one.name)}</text>'
        )
        states = _states(one, matrix.faults[one.name])
        for column, kind in enumerate(kinds):
            state = states.get(kind, "none")
            told = f"{one.name}, {kind}: {WORDS[state]}"
            parts.append(
                f'<rect class="{state}" x="{LABEL + CELL * column}" y="{y}" '
                f'width="{CELL - 2}" height="{CELL - 2}"><title>{escape(told)}</title></rect>'
            )
    return "".join([*parts, "</svg>"])


def _ids(trial: Trial, fault: Fault) -> Iterator[str]:
    yield from fault.expect
    if trial.look is not None:
        yield from trial.look.odd


def _states(trial: Trial, fault: Fault) -> dict[str, str]:
    """The state of each kind of items; the worst of its items counts."""
    found: dict[str, str] = {}
    order = ["none", "allowed", "wanted", "eager", "missed"]
    odd = trial.look.odd if trial.look is not None else {}
    for id_ in _ids(trial, fault):
        if id_ in fault.expect:
            state = "wanted" if id_ in odd else "missed"
        else:
            state = "allowed" if fault.allows(id_) else "eager"
        found[_kind(id_)] = max(found.get(_kind(id_), "none"), state, key=order.index)
    return found


def _kind(id_: str) -> str:
    return id_.partition(".")[0]


def _row(trial: Trial, fault: Fault) -> str:
    look = trial.look
    turned = "".join(
        f"<p><code>{escape(id_)}</code> {escape(outcome)}: {escape(reason[:600])}</p>"
        for id_, (outcome, reason) in (look.odd if look else {}).items()
    )
    css = "detected" if trial.end is End.DETECTED else "" if trial.end in FINE else "bad"
    more = "".join(f"<p>{escape(text)}</p>" for text in (trial.why, trial.undone) if text)
    return (
        f'<tr id="{escape(trial.name)}"><th scope="row"><code>{escape(trial.name)}</code><br>'
        f'{escape(fault.title)}</th><td><span class="end {css}">{trial.end.value}</span>{more}</td>'
        f"<td>{turned or '-'}</td><td>{f'{look.seconds:.1f}' if look else '-'}</td></tr>"
    )
