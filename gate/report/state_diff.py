"""``STATE_DIFF.md``: promised, before and after side by side, once there are two looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from gate.account.verdict import Verdict
from gate.contract.model import Contract
from gate.duration import moment_of, seconds
from gate.kinds.scene import scene_of
from gate.report.account import Account, lines_by_id
from gate.report.conclusion import conclusion
from gate.report.drift import Change, Kind, compare
from gate.report.facts import measured
from gate.report.marks import mark
from gate.report.text import cell, markdown, row
from gate.sources.observed import Observed
from gate.target import Target

name = "state diff"
FILE = "STATE_DIFF.md"
HEADS = {
    Kind.MISSING: ("❌", "Promised, and did not happen"),
    Kind.DRIFT: ("⚠️", "Happened, and was not promised (drift)"),
    Kind.UNKNOWN: ("❔", "Cannot be compared"),
    Kind.PROMISED: ("✅", "Happened as promised"),
}


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The comparison's file, from the second moment on."""
    del already
    if account.observed is None or account.moment == "predeploy":
        return {}
    text = document(
        account.contract,
        account.target,
        account.baseline,
        account.observed,
        before_verdict=account.baseline_verdict,
        after_verdict=account.verdict,
    )
    return {FILE: text.encode("utf-8", "replace")}


def document(
    contract: Contract,
    target: Target,
    before: Observed | None,
    after: Observed,
    *,
    before_verdict: Verdict | None = None,
    after_verdict: Verdict | None,
) -> str:
    """Write the comparison as Markdown.

    Args:
        contract: What is promised at both moments.
        target: Where; its port offset is needed to find the ports again.
        before: The earlier look; ``None`` where there is none, which the document says.
        after: The later look.
        before_verdict: How the earlier moment ended, where that is known.
        after_verdict: How the later moment ended.
    """
    lines = [
        f"# STATE_DIFF.md - {markdown(contract.system)}",
        "",
        f"**Target:** {markdown(target.name)}",
        f"**Before:** {_look(before, before_verdict)}",
        f"**After:** {_look(after, after_verdict)}",
    ]
    if before is None:
        lines += ["", "Nothing can be compared: there is no look from before."]
        return "\n".join(lines) + "\n"
    changes = compare(contract, target, before, after, after_verdict)
    lines += ["", "---", "", "## Summary", "", *_summary(changes)]
    for kind, (symbol, head) in HEADS.items():
        lines += _section(f"{symbol} {head}", [one for one in changes if one.kind is kind])
    lines += _unchanged(one for one in changes if one.kind is Kind.SAME)
    lines += _times(contract, target, before, after, after_verdict)
    return "\n".join(lines) + "\n"


def _look(observed: Observed | None, verdict: Verdict | None) -> str:
    if observed is None:
        return "not looked at"
    told = f"; {markdown(conclusion(verdict))}" if verdict else ""
    return f"{observed.moment}, {moment_of(observed.started)}{told}"


def _summary(changes: Iterable[Change]) -> list[str]:
    counts = Counter(one.kind for one in changes)
    return [f"- {counts[kind]} {kind.value}" for kind in Kind]


def _section(head: str, changes: list[Change]) -> list[str]:
    if not changes:
        return []
    rows = [
        row(markdown(one.id), cell(one.promised), cell(one.before, 300), cell(one.after, 600))
        for one in changes
    ]
    columns = ["| Item | Promised | Before | After |", "|------|----------|--------|-------|"]
    return ["", "---", "", f"## {head}", "", *columns, *rows]


def _unchanged(changes: Iterable[Change]) -> list[str]:
    counts = Counter(one.chapter for one in changes)
    rows = [row(chapter, str(count)) for chapter, count in counts.items()]
    return ["", "---", "", "## Unchanged", "", "| Chapter | Items |", "|---|---|", *rows]


def _times(
    contract: Contract,
    target: Target,
    before: Observed,
    after: Observed,
    verdict: Verdict | None,
) -> list[str]:
    """How long things took, of the kinds that measure it: medians, for the eye."""
    lines = lines_by_id(verdict) if verdict else {}
    rows = []
    scenes = [scene_of(contract, target, one, after.moment) for one in (before, after)]
    for promise in contract.at(after.moment):
        old, new = (measured(promise, scene) for scene in scenes)
        if old is None and new is None:
            continue
        factor = f"{new / old:.2f}" if old and new else "-"
        name = f"{markdown(promise.id)} {mark(lines.get(promise.id))}"
        rows.append(row(name, *_shown(old, new), factor))
    if not rows:
        return []
    columns = ["| Budget | Before | After | Factor |", "|---|---|---|---|"]
    return ["", "---", "", "## Response times (median)", "", *columns, *rows]


def _shown(*values: float | None) -> Iterator[str]:
    for value in values:
        yield "-" if value is None else seconds(value)
