"""Many items, one reason: what cannot be told is told once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from gate.account.verdict import Line, Outcome, Verdict
from gate.report.text import obstacle

NO_REASON = "no reason was given"


@dataclasses.dataclass(frozen=True)
class Group:
    """Lines of one outcome that share their reason."""

    reason: str
    lines: tuple[Line, ...]

    @property
    def chapters(self) -> dict[str, int]:
        """How many of the lines each chapter has."""
        counts: dict[str, int] = {}
        for line in self.lines:
            counts[line.chapter] = counts.get(line.chapter, 0) + 1
        return counts


def outcome_lines(verdict: Verdict, outcome: Outcome) -> list[Line]:
    """The lines that ended so, in the contract's order."""
    return [line for line in verdict.lines if line.outcome is outcome]


def unknown_lines(verdict: Verdict) -> list[Line]:
    """What was run and could not be told; what was not run at all is listed apart."""
    lines = outcome_lines(verdict, Outcome.INCONCLUSIVE)
    return [line for line in lines if line.id not in verdict.not_run]


def grouped(lines: Iterable[Line]) -> list[Group]:
    """Group lines by reason, the largest group first; an item's own id in front does not count."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        reason = obstacle(line.reason.removeprefix(f"{line.id}: ")) or NO_REASON
        groups.setdefault(reason, []).append(line)
    ranked = sorted(groups.items(), key=lambda one: -len(one[1]))
    return [Group(reason, tuple(members)) for reason, members in ranked]


def compact(ids: Sequence[str]) -> str:
    """Ids with their kind said once: ``table: assets, comments; column: orders_risk``."""
    kinds: dict[str, list[str]] = {}
    for id_ in ids:
        kind, _, name = id_.partition(".")
        kinds.setdefault(kind, []).append(name)
    return "; ".join(
        f"{kind}.{names[0]}" if len(names) == 1 else f"{kind}: {', '.join(names)}"
        for kind, names in kinds.items()
    )


def where(group: Group) -> str:
    """The chapters of a group, with counts where there are several: ``database 122, work 3``."""
    return where_of(group.lines)


def where_of(lines: Iterable[Line]) -> str:
    """The chapters of some lines, told in the same way."""
    counts = Group("", tuple(lines)).chapters
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} {count}" for name, count in counts.items())
