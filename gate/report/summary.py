"""``summary.md``: the run in Markdown, small enough for a job's summary or a comment."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from gate.account.verdict import Line, Outcome
from gate.report.account import ORDER, Account
from gate.report.causes import worst_first
from gate.report.conclusion import ADVISES, advice, conclusion, weight
from gate.report.findings import causes
from gate.report.marks import MARKS
from gate.report.places import place_of, told
from gate.report.text import cell, counted, markdown, row

name = "summary"
FILE = "summary.md"
MOST = 800_000
"""Bytes; the least of what CI servers take is 1 MiB, and redaction may make it a little longer."""
WHOLE = 10
"""So many items of a cause are told; of the rest it is said how many there are."""


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The summary's file; what does not fit is counted."""
    del already
    parts = [part.encode("utf-8", "replace") for part in _parts(account)]
    fit = sum(one <= MOST for one in itertools.accumulate(map(len, parts)))
    rest = counted(len(parts) - fit, "cause")
    more = f"\n{rest} more: see `report.html`.\n".encode() if fit < len(parts) else b""
    return {FILE: b"".join(parts[:fit]) + more}


def _parts(account: Account) -> Iterator[str]:
    """The head, then each cause for itself, the worst first."""
    verdict = account.verdict
    head = [
        f"# {markdown(account.contract.system)}: {account.moment} on {account.target.name}",
        "",
        f"**{markdown(conclusion(verdict))}** {advice(verdict)}.",
    ]
    head += ["", markdown(account.replay.sentence())] if account.replay else []
    head += ["", f"**{ADVISES}.**"] if account.advises else []
    head += ["", *(f"- {MARKS[weight(one)]} {markdown(one)}" for one in verdict.warnings)]
    counts = [row("Outcome", "Items"), "|---|---:|"]
    counts += [row(f"{MARKS[one]} {one.value}", str(verdict.count(one))) for one in ORDER]
    yield "\n".join([*head, "", *counts]) + "\n"
    by_cause: dict[tuple[str, str], list[Line]] = {}
    cause = causes(account)
    for line, _ in worst_first(account):
        by_cause.setdefault(cause[line.id], []).append(line)
    for (of, why), lines in by_cause.items():
        first = sorted(lines, key=lambda one, of=of: one.id != of)  # type: ignore[misc]
        yield "\n".join(_cause(account, lines[0].outcome, why, first)) + "\n"


def _cause(account: Account, outcome: Outcome, why: str, lines: list[Line]) -> list[str]:
    found = ["", f"## {MARKS[outcome]} {outcome.value}: {cell(why, 500)}", ""]
    found += [row("Item", "Promised", "Seen", "Contract", "Look"), "|---|---|---|---|---|"]
    for line in lines[:WHOLE]:
        place = told(place_of(account.contract.promises[line.id], account.contract))
        words = (line.promised, line.seen, place, line.look)
        name = f"{MARKS[line.outcome]} {markdown(line.id)}"
        found.append(row(name, *(cell(one, 400) for one in words)))
    rest = lines[WHOLE:]
    if rest:
        names = cell(", ".join(one.id for one in rest), 2000)
        found += ["", f"and {counted(len(rest), 'item')} more: {names}"]
    return found
