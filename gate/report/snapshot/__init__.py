"""The snapshot document: the user's own sections, order and table shapes, with live values.

What the gate has to add stands in one section behind the closing line, so that the user's document
stays a prefix of it. Ports and paths are the contract's; where the target moves them, that section
says where to.
"""

from __future__ import annotations

import datetime as dt

from gate.account.verdict import Verdict
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.report.account import lines_by_id
from gate.report.snapshot.api import endpoints
from gate.report.snapshot.database import alembic, database_checks, tables
from gate.report.snapshot.gate import gate
from gate.report.snapshot.host import key_paths, port_map, runtimes, services
from gate.report.snapshot.plan import risks, rollback_plan
from gate.report.snapshot.rehearsal import rehearsal
from gate.report.snapshot.view import View, heading
from gate.report.text import markdown
from gate.sources.observed import Observed
from gate.target import Target

PHASE: dict[Moment, str] = {
    "predeploy": "Pre-Deployment",
    "postdeploy": "Post-Deployment",
    "rollback": "After Rollback",
}
CLOSING: dict[Moment, str] = {
    "predeploy": "*Snapshot taken before enhancement deployment*",
    "postdeploy": "*Snapshot taken after enhancement deployment*",
    "rollback": "*Snapshot taken after rollback of the enhancement deployment*",
}


def render(
    contract: Contract,
    target: Target,
    moment: Moment,
    observed: Observed | None,
    verdict: Verdict,
    *,
    started: dt.datetime | None = None,
    replay: str = "",
) -> str:
    """Write the document as Markdown.

    Args:
        contract: What is promised; its ``system`` and ``cwd`` stand in the heading.
        target: Where it was looked at.
        moment: Which document: before, after or restored.
        observed: What was seen; ``None`` where nothing was looked at.
        verdict: How every item ended; the marks follow it.
        started: The time in the heading where nothing was looked at.
        replay: What is said of a replay.
    """
    view = View(contract, target, moment, observed, lines_by_id(verdict))
    phase = PHASE[moment]
    sections = [
        [*heading(view, started), *(["", f"**{markdown(replay)}**"] if replay else [])],
        ["## Services Status (" + phase + ")", "", *services(view)],
        ["## Port Map", "", *port_map(view)],
        ["## Key Paths", "", *key_paths(view)],
        ["## Runtime Versions", "", *runtimes(view)],
        ["## Database Tables (Current)", "", *tables(view)],
        ["## Alembic Status", "", *alembic(view)],
        [
            f"## {phase.replace(' ', '-')} Health Check",
            "",
            "### API Endpoints",
            *endpoints(view),
            "",
            "### Database",
            *database_checks(view),
        ],
        ["## Risk Assessment", "", *risks(view)],
        ["## Rollback Plan", "", *rollback_plan(view)],
        [CLOSING[moment]],
        ["## Gate", "", *gate(view, verdict, replay)],
    ]
    rehearsed = rehearsal(view)
    sections += [["## Rehearsal", "", *rehearsed]] if rehearsed else []
    return "\n\n---\n\n".join("\n".join(lines) for lines in sections) + "\n"
