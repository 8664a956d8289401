"""Sections about what can go wrong and how to go back."""

from __future__ import annotations

from gate.account.verdict import Outcome
from gate.contract.kinds import Risk, Step
from gate.duration import seconds
from gate.report.marks import BROKEN, HELD, mark, why
from gate.report.snapshot.view import View
from gate.report.text import cell, markdown, row
from gate.sources.fact import Seen


def risks(view: View) -> list[str]:
    """The risk table; a risk that materialised says so in its notes."""
    rows = ["| Area | Risk Level | Notes |", "|------|------------|-------|"]
    for id_, item in view.contract.of(Risk, view.moment).items():
        line = view.lines.get(id_)
        notes = cell(item.note)
        if line is not None and line.outcome is Outcome.FAIL:
            notes += f" {BROKEN} materialised: {why(line, 100)}"
        elif line is None or line.outcome is not Outcome.PASS:
            notes += f" {mark(line)} {why(line, 100)}"
        rows.append(row(cell(item.area), item.level, notes))
    return rows


def rollback_plan(view: View) -> list[str]:
    """The numbered steps; after a rollback with what each of them came to."""
    steps = [
        (one.before.order, one.id, one.before.text)
        for one in view.contract.promises.values()
        if isinstance(one.before, Step) and one.before.phase == "rollback" and one.before.text
    ]
    lines = [
        f"{number}. {markdown(text)}{_done(view, id_)}"
        for number, (_, id_, text) in enumerate(sorted(steps), start=1)
    ]
    return lines or ["The contract holds no step of a rollback."]


def _done(view: View, id_: str) -> str:
    """How a step ended: said where it was carried out, and where it could not be."""
    line = view.lines.get(id_)
    if line is None:
        return f" {mark(line)} ({why(line)})" if view.moment == "rollback" else ""
    if line.outcome is not Outcome.PASS:
        return f" {mark(line)} ({why(line)})"
    plan = view.observed.plan if view.observed else None
    record = plan.value.steps.get(id_) if isinstance(plan, Seen) else None
    if view.moment == "rollback" and isinstance(record, Seen):
        done = record.value
        return f" {HELD} ({seconds(done.seconds) if done.state == 'done' else done.state})"
    return ""
