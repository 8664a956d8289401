"""The section behind the user's document: the verdict and what it hangs on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence

from gate.account.verdict import Line, Outcome, Verdict
from gate.duration import moment_of, seconds
from gate.kinds.waiver import Waiver
from gate.report import product
from gate.report.account import ORDER, Account, chapters, lines_by_id
from gate.report.conclusion import UNUSED, advice, conclusion, weight
from gate.report.marks import MARKS, mark
from gate.report.reasons import compact, grouped, outcome_lines, unknown_lines, where
from gate.report.rows import Row
from gate.report.text import cell, counted, markdown, row, short
from gate.sources.observed import Observed

LIST = 2
"""Items with more columns than this are told by a table."""

HEADS = {
    Outcome.FAIL: "Broken",
    Outcome.WARN: "Noted",
    Outcome.WAIVED: "Waived",
}


def gate(account: Account, further: Sequence[Row], fault: str = "") -> list[str]:
    """Everything that the document before it has no place for.

    Args:
        account: What is told.
        further: The items that the document told nothing of.
        fault: Why the suite's own template could not be used, where that is so.
    """
    target, verdict = account.target, account.verdict
    lines = [
        f"**{markdown(conclusion(verdict))}**: {advice(verdict)}",
        "",
        f"- Target: {markdown(target.name)}, {markdown(target.title)} ({markdown(target.host)})",
        f"- Moment: {account.moment}",
        *(f"- {weight(one).value}: {markdown(one)}" for one in verdict.warnings),
        *([f"- {markdown(account.replay.sentence())}"] if account.replay else []),
        f"- Contract: sha256 {account.contract.sha256}, {len(verdict.lines)} items at this moment",
        f"- Gate: {product.NAME} {product.version()}",
        *_moved(account),
        *_deadlines(account),
        *([f"- Template: not used, it fails: {markdown(fault)}"] if fault else []),
        "",
        *_counts(verdict),
    ]
    for outcome, head in HEADS.items():
        lines += _items(head, outcome_lines(verdict, outcome))
    lines += _unknown(verdict)
    lines += _not_run(verdict)
    lines += _not_tried(account)
    lines += ["", "### Waivers in force", *_waivers(account)]
    lines += ["", "### Declared differences", *_differences(account)]
    return lines + _further(further)


def _moved(account: Account) -> list[str]:
    lines = []
    if account.target.port_offset:
        lines.append(
            f"- Ports are shown as in the contract; this target adds {account.target.port_offset}"
        )
    if account.target.prefix:
        lines.append(
            f"- Paths are shown as in the contract; here they lie below "
            f"{markdown(account.target.prefix)}"
        )
    return lines


def _deadlines(account: Account) -> list[str]:
    limits = account.target.deadlines
    text = (
        f"- Deadlines: host {seconds(limits.host_s)}, database {seconds(limits.database_s)}, "
        f"connecting {seconds(limits.connect_s)}; settling window {seconds(limits.window_s)}"
    )
    return [text, *_look(account.observed)]


def _look(observed: Observed | None) -> list[str]:
    if observed is None:
        return ["- Looked: not at all"]
    parts = ", ".join(f"{name} {seconds(value)}" for name, value in observed.seconds.items())
    return [f"- Looked: from {moment_of(observed.started)}{f' ({markdown(parts)})' * bool(parts)}"]


def _further(rows: Sequence[Row]) -> list[str]:
    """A list or a table for each kind of which items are left to be told."""
    kinds: dict[str, list[Row]] = {}
    for one in rows:
        kinds.setdefault(one.kind, []).append(one)
    lines = []
    for kind, members in kinds.items():
        head = members[0].columns
        lines += ["", f"### Further: {kind}", ""]
        if len(head) <= LIST:
            lines += [f"- {_one_line(one)}" for one in members]
            continue
        lines += [row("Item", *map(cell, head)), row(*["---"] * (len(head) + 1))]
        for one in members:
            cells = (one.cells.get(name, "-") for name in head)
            lines.append(row(one.noted(one.id), *cells))
    return lines


def _one_line(one: Row) -> str:
    first, *rest = one.cells.values()
    return f"{first}: {one.marked(rest[0])}" if rest else one.noted(first)


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


def _not_tried(account: Account) -> list[str]:
    lines = [
        f"- {markdown(one.id)}: {markdown(short(one.title, 200))}"
        for one in account.contract.not_tried(account.moment)
    ]
    return ["", "### Not tried: it writes, and needs --apply", *lines] if lines else []


def _waivers(account: Account) -> list[str]:
    ended = lines_by_id(account.verdict)
    lines = [
        f"- {mark(ended.get(id_))} {markdown(item.item)}: {markdown(item.reason)} "
        f"({markdown(item.owner)}, until {item.expires.isoformat()}"
        f"{_expired(item.expires, account)})"
        for id_, item in account.contract.of(Waiver, account.moment).items()
    ]
    return lines or ["- none"]


def _expired(day: dt.date, account: Account) -> str:
    today = account.observed.started.date() if account.observed else None
    return ", expired" if today and day < today else ""


def _differences(account: Account) -> list[str]:
    lines = []
    for one in account.target.differs:
        if one.item in account.contract.unused_differs:
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
