"""Rows that only the new release writes: what the way down makes of them, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from gate.kinds.rehearsal import summary
from gate.sources.rehearsal.facts import Receipt


def lost(receipts: Iterable[Receipt]) -> list[str]:
    """Where a way down fails on them, or loses what they hold: one sentence per cause."""
    wrong = [(one, receipt.revision) for receipt in receipts for one in receipt.newly
             if one.how != "filled"]  # fmt: skip
    first = [(f"{one.what}: {one.came}", name) for one, name in wrong if one.first]
    newly = [(f"({one.what}): {one.came}", name) for one, name in wrong if not one.first]
    return [
        *summary.by_cause(first, "only with {cause}: {names}"),
        *summary.by_cause(newly, "only with what it newly allows {cause}: {names}"),
    ]


def filled(receipts: Iterable[Receipt]) -> list[str]:
    """Where it fills a NULL, as the schema from before asks for: a cost, and no harm."""
    found = [
        (f"{one.what} ({one.came})", receipt.revision)
        for receipt in receipts for one in receipt.newly if one.how == "filled"
    ]  # fmt: skip
    return summary.by_cause(found, "the way down fills {cause}: {names}")
