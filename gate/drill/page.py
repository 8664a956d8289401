"""The matrix as one page: a picture of faults by kinds of items, and every fault with its words."""

from __future__ import annotations

from html import escape

from gate.drill.fault import Fault
from gate.drill.matrix import Matrix, headline, machine, rate
from gate.drill.trial import End, Trial
from gate.report.pictures.detection import Injected, State, detection, worst
from gate.report.pictures.picture import COLOURS, inline

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
LIGHT, DARK = ("".join(f"--{key}:{one[at]};" for key, one in COLOURS.items()) for at in (0, 1))
STYLE = (
    f":root{{color-scheme:light dark;{LIGHT}}}"
    f"@media(prefers-color-scheme:dark){{:root{{{DARK}}}}}"
    """
body{background:var(--card);color:var(--text);font:16px/1.5 system-ui,sans-serif;margin:0 auto;
max-width:80rem;padding:1rem}h1{font-size:1.5rem}svg{display:block;height:auto;max-width:100%;
min-width:40rem}svg text{font:11px system-ui,sans-serif}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);
padding:.35rem .5rem;text-align:left;vertical-align:top}
td p{margin:0 0 .25rem;max-width:45rem;overflow-wrap:anywhere}
.end{font-weight:600;white-space:nowrap}.detected{color:var(--pass)}.bad{color:var(--fail)}
@media print{body{max-width:none}}
"""
)
FINE = (End.DETECTED, End.KNOWN_GAP)


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
    drawn = detection([_injected(one, matrix) for one in matrix.worst_first], headline(matrix))
    return f"{inline(drawn)}<p>{escape(drawn.note)}</p>" if drawn is not None else ""


def _injected(trial: Trial, matrix: Matrix) -> Injected:
    """A trial as the picture shows it: the state of each kind is the worst of its items'."""
    fault, odd = matrix.faults[trial.name], trial.look.odd if trial.look is not None else {}
    states: dict[str, State] = {}
    for id_ in (*fault.expect, *odd):
        state: State = "wanted" if id_ in odd else "missed"
        if id_ not in fault.expect:
            state = "allowed" if fault.allows(id_) else "eager"
        kind = id_.partition(".")[0]
        states[kind] = worst([states.get(kind, "held"), state])
    took = trial.look.seconds if trial.look is not None else None
    return Injected(trial.name, trial.end.value, took, states, tuple(odd))


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
