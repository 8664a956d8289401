"""The section behind the user's document: the verdict and what it hangs on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable

from gate.account.verdict import Line, Outcome, Verdict
from gate.contract.host import Clock
from gate.contract.kinds import Waiver
from gate.duration import moment_of, seconds
from gate.report import product
from gate.report.account import ORDER, chapters
from gate.report.conclusion import ADVICE, conclusion
from gate.report.marks import MARKS, mark, marked, unknown
from gate.report.reasons import compact, grouped, outcome_lines, unknown_lines, where
from gate.report.seen import clock_of
from gate.report.snapshot.view import View
from gate.report.text import cell, counted, markdown, row, short
from gate.sources.fact import CannotTell, Seen
from gate.sources.observed import Observed

UNUSED = "declared, but this contract has no such item: it changes nothing"
"""Said of a declared difference that nothing hangs on."""

HEADS = {
    Outcome.FAIL: "Broken",
    Outcome.WARN: "Noted",
    Outcome.WAIVED: "Waived",
}


def gate(view: View, verdict: Verdict, replay: str = "") -> list[str]:
    """Everything that the user's document has no place for."""
    target = view.target
    lines = [
        f"**{markdown(conclusion(verdict))}**: {ADVICE[verdict.word]}",
        "",
        f"- Target: {markdown(target.name)}, {markdown(target.title)} ({markdown(target.host)})",
        f"- Moment: {view.moment}",
        *([f"- {markdown(replay)}"] if replay else []),
        f"- Contract: sha256 {view.contract.sha256}, {len(verdict.lines)} items at this moment",
        f"- Gate: {product.NAME} {product.version()}",
        *_moved(view),
        *_deadlines(view),
        *_clocks(view),
        "",
        *_counts(verdict),
    ]
    for outcome, head in HEADS.items():
        lines += _items(head, outcome_lines(verdict, outcome))
    lines += _unknown(verdict)
    lines += _not_run(verdict)
    lines += _not_tried(view)
    lines += ["", "### Waivers in force", *_waivers(view)]
    lines += ["", "### Declared differences", *_differences(view)]
    return lines


def _moved(view: View) -> list[str]:
    lines = []
    if view.target.port_offset:
        lines.append(
            f"- Ports are shown as in the contract; this target adds {view.target.port_offset}"
        )
    if view.target.prefix:
        lines.append(
            f"- Paths are shown as in the contract; here they lie below "
            f"{markdown(view.target.prefix)}"
        )
    return lines


def _deadlines(view: View) -> list[str]:
    limits = view.target.deadlines
    text = (
        f"- Deadlines: host {seconds(limits.host_s)}, database {seconds(limits.database_s)}, "
        f"connecting {seconds(limits.connect_s)}; settling window {seconds(limits.window_s)}"
    )
    return [text, *_look(view.observed)]


def _look(observed: Observed | None) -> list[str]:
    if observed is None:
        return ["- Looked: not at all"]
    parts = ", ".join(f"{name} {seconds(value)}" for name, value in observed.seconds.items())
    return [f"- Looked: from {moment_of(observed.started)}{f' ({markdown(parts)})' * bool(parts)}"]


def _clocks(view: View) -> list[str]:
    """The time that each promised clock told, and what is wrong with it."""
    lines = []
    for id_, item in view.contract.of(Clock, view.moment).items():
        fact = clock_of(view.observed, item)
        if isinstance(fact, CannotTell):
            text = unknown(fact)
        else:
            told = moment_of(fact.value) if isinstance(fact, Seen) else "nowhere"
            text = marked(told, view.lines.get(id_))
        lines.append(f"- Clock of the {item.of}: {text}")
    return lines


def _counts(verdict: Verdict) -> list[str]:
    names = [outcome.value for outcome in reversed(ORDER)]
    rows = [row("Chapter", "Items", *names), row(*["---"] * (len(names) + 2))]
    for chapter, lines in chapters(verdict).items():
        counts = [sum(one.outcome is outcome for one in lines) for outcome in reversed(ORDER)]
        rows.append(row(chapter, str(len(lines)), *(str(count) for count in counts)))
    return rows


def _items(head: str, lines: Iterable[Line]) -> list[str]:
    rows = [
        row(
            f"{mark(one)} {markdown(one.id)}",
            cell(one.promised),
            cell(one.seen),
            cell(one.reason, 300),
        )
        for one in lines
    ]
    columns = ["| Item | Promised | Seen | Reason |", "|---|---|---|---|"]
    return ["", f"### {head}", "", *columns, *rows] if rows else []


def _unknown(verdict: Verdict) -> list[str]:
    told = ["", "### Could not be told"]
    for group in grouped(unknown_lines(verdict)):
        ids = compact([one.id for one in group.lines])
        told.append(
            f"- {MARKS[Outcome.INCONCLUSIVE]} {where(group)}, {counted(len(group.lines), 'item')}: "
            f"{markdown(short(group.reason, 300))} ({markdown(ids)})"
        )
    return told if len(told) > len(("", "head")) else []


def _not_run(verdict: Verdict) -> list[str]:
    if not verdict.not_run:
        return []
    ids = markdown(compact(verdict.not_run))
    return ["", "### Not run", f"- {counted(len(verdict.not_run), 'item')}: {ids}"]


def _not_tried(view: View) -> list[str]:
    lines = [
        f"- {markdown(one.id)}: {markdown(short(one.title, 200))}"
        for one in view.contract.not_tried(view.moment)
    ]
    return ["", "### Not tried: it writes, and needs --apply", *lines] if lines else []


def _waivers(view: View) -> list[str]:
    lines = [
        f"- {mark(view.lines.get(id_))} {markdown(item.item)}: {markdown(item.reason)} "
        f"({markdown(item.owner)}, until {item.expires.isoformat()}"
        f"{_expired(item.expires, view)})"
        for id_, item in view.contract.of(Waiver, view.moment).items()
    ]
    return lines or ["- none"]


def _expired(day: dt.date, view: View) -> str:
    today = view.observed.started.date() if view.observed else None
    return ", expired" if today and day < today else ""


def _differences(view: View) -> list[str]:
    lines = []
    for one in view.target.differs:
        if one.item in view.contract.unused_differs:
            lines.append(f"- {markdown(one.item)}: {UNUSED}")
            continue
        changes = [
            f"{where_}{json.dumps(value, ensure_ascii=False, default=str)}"
            for where_, value in (("", one.set), ("before ", one.before), ("after ", one.after))
            if value
        ]
        lines.append(
            f"- {markdown(one.item)}: {markdown(one.reason)} "
            f"({markdown(short('; '.join(changes), 200))})"
        )
    return lines or ["- none"]
