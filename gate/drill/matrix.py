"""The matrix of a drill: every fault beside what turned, as JSON and as Markdown."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import os
import platform
from collections import Counter
from collections.abc import Mapping
from typing import Any

from gate.drill.fault import Fault
from gate.drill.healthy import SURE, Alarm, Count
from gate.drill.trial import End, Trial
from gate.report.text import cell

FORMAT = 1
ORDER = {one: rank for rank, one in enumerate(End)}
"""The worst first."""
WIDEST = 400
SHOWN = 6
"""So many items are named in a cell of the Markdown table; the JSON has them all."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Matrix:
    """What a drill found.

    Attributes:
        target: Where.
        faults: Those that were tried.
        trials: What became of each.
        left: Faults that were chosen and not tried: it was interrupted, or its time was over.
        within_s: The time that was given, where that is why some are left.
        healthy: Healthy runs, where some were made.
        seconds: How long all of it took.
        not_undone: What of the drill itself stands on the host still, in words.
        others: By fault, what other tools made of it; by the tool's name, in words.
    """

    target: str
    faults: Mapping[str, Fault]
    trials: Mapping[str, Trial]
    left: tuple[str, ...] = ()
    healthy: Count | None = None
    seconds: float = 0.0
    within_s: float = math.inf
    not_undone: str = ""
    others: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many faults ended how; none is left out."""
        found = Counter(one.end for one in self.trials.values())
        return {one.value: found[one] for one in End}

    @property
    def worst_first(self) -> list[Trial]:
        """The trials in the order in which a person reads them."""
        return sorted(self.trials.values(), key=lambda one: (ORDER[one.end], one.name))

    @property
    def exit_status(self) -> int:
        """0 where all were detected or are known gaps, 10 where one was not shown, else 1.

        What was left since its time was over was not asked for, as long as anything was tried.
        """
        ends = {one.end for one in self.trials.values()}
        alarms = self.healthy is not None and self.healthy.alarms
        if ends - {End.DETECTED, End.KNOWN_GAP, End.NOT_INJECTED} or alarms or self.not_undone:
            return 1
        if self.healthy is not None and self.healthy.runs < max(1, self.healthy.asked):
            return 10
        left = self.left and (math.isinf(self.within_s) or not self.trials)
        return 10 if left or End.NOT_INJECTED in ends else 0


def document(matrix: Matrix) -> dict[str, Any]:
    """The whole matrix as it is written to ``matrix.json``."""
    return {
        "format": FORMAT,
        "target": matrix.target,
        "finished": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "seconds": round(matrix.seconds, 1),
        "exit_status": matrix.exit_status,
        "counts": matrix.counts,
        "left": list(matrix.left),
        "not_undone": matrix.not_undone,
        "healthy": _healthy(matrix.healthy),
        "faults": [_fault(one, matrix) for one in matrix.worst_first],
    }


def _healthy(count: Count | None) -> dict[str, Any] | None:
    if count is None:
        return None
    alarms = [one._asdict() for one in count.alarms]
    return {
        "asked": count.asked,
        "runs": count.runs,
        "ways": dict(count.ways),
        "alarms": alarms,
        "at_most": count.at_most,
        "sure": SURE,
    }


def _fault(trial: Trial, matrix: Matrix) -> dict[str, Any]:
    fault, look = matrix.faults[trial.name], trial.look
    return {
        "id": trial.name,
        "title": fault.title,
        "chapter": fault.chapter,
        "moment": fault.moment,
        "end": trial.end.value,
        "why": trial.why,
        "undone": trial.undone,
        "expect": dict(fault.expect),
        "may": list(fault.may),
        "known_gap": fault.known_gap,
        "gap_is_closed": trial.was_gap and trial.end is End.DETECTED,
        "ready_s": round(trial.ready_s, 3),
        "exit_status": look.exit_status if look else None,
        "seconds": round(look.seconds, 3) if look else None,
        "turned": {
            id_: {"outcome": one[0], "reason": one[1], "expected": id_ in fault.expect}
            for id_, one in (look.odd if look else {}).items()
        },
        "others": dict(matrix.others.get(trial.name, {})),
    }


def machine() -> dict[str, Any]:
    """What the drill ran on."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def as_json(matrix: Matrix) -> str:
    """The matrix for machines."""
    return json.dumps(document(matrix), indent=1, ensure_ascii=False) + "\n"


def headline(matrix: Matrix) -> str:
    """How many were detected, and what was not, in one line."""
    counts = matrix.counts
    tried = len(matrix.trials)
    rest = [f"{count} {word}" for word, count in counts.items() if count and word != "detected"]
    why = "" if math.isinf(matrix.within_s) else f" within {matrix.within_s:g} s"
    left = [f"{len(matrix.left)} not tried{why}"] if matrix.left else []
    left += ["and the host is not as it was"] if matrix.not_undone else []
    return ", ".join([f"{counts['detected']} of {tried} faults detected", *rest, *left])


def rate(count: Count) -> str:
    """The rate of false alarms in one line."""
    found = f"{len(count.alarms)} of {count.runs} healthy runs blocked"
    found += f" (of {count.asked} that were asked for)" if count.runs < count.asked else ""
    if not count.runs:
        return f"{found}: nothing is known of the rate of false alarms"
    three = f", about 3/{count.runs} by the rule of three" if not count.alarms else ""
    return f"{found}: {SURE:.0%} sure that no more than {count.at_most:.1%} are{three}"


def told(alarm: Alarm) -> str:
    """A false alarm in one line: how the run was made, how it ended, and why."""
    return f"{alarm.way}: exit {alarm.exit_status}: {'; '.join(alarm.items)}"


def as_markdown(matrix: Matrix) -> str:
    """The matrix for people."""
    on = machine()
    lines = [
        f"# Drill at {cell(matrix.target)}",
        "",
        f"{headline(matrix) if matrix.healthy is None else rate(matrix.healthy)}.",
        "",
        f"Machine: {on['system']}, {on['cores']} cores, Python {on['python']}.",
        f"It took {matrix.seconds:.0f} s.",
        "",
    ]
    lines += [f"{cell(matrix.not_undone)}.", ""] if matrix.not_undone else []
    if matrix.healthy is not None:
        lines += [f"- {way}: run {count} times" for way, count in matrix.healthy.ways.items()]
        lines += [f"- {cell(told(one))}" for one in matrix.healthy.alarms]
        return "\n".join(lines) + "\n"
    tools = sorted({tool for one in matrix.others.values() for tool in one})
    heads = ["Fault", "Ended", "Turned", "Seconds", *tools]
    lines += [_line(heads), _line(["---"] * len(heads))]
    for one in matrix.worst_first:
        lines.append(_line([*_row(one, matrix), *_others(one, matrix, tools)]))
    return "\n".join(lines) + "\n"


def _row(trial: Trial, matrix: Matrix) -> list[str]:
    fault, look = matrix.faults[trial.name], trial.look
    ended = trial.end.value + (f": {trial.why}" if trial.why else "")
    turned = [*look.odd] if look else []
    more = f" and {len(turned) - SHOWN} more" if len(turned) > SHOWN else ""
    return [
        f"{trial.name}: {fault.title}",
        ended + (f"; not undone: {trial.undone}" if trial.undone else ""),
        ", ".join(turned[:SHOWN]) + more,
        f"{look.seconds:.1f}" if look else "-",
    ]


def _others(trial: Trial, matrix: Matrix, tools: list[str]) -> list[str]:
    return [matrix.others.get(trial.name, {}).get(one, "-") for one in tools]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell(one, WIDEST) for one in cells) + " |"
