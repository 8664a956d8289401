"""What a rehearsal did, in a sentence; and what is odd, one sentence per cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gate.duration import seconds
from gate.sources.fact import Seen
from gate.sources.rehearsal.facts import Leg, Receipt, RehearsalFacts

SHOWN = 5
"""Names that a sentence lists; the report has them all."""
SKIPPING = ", skipping"
"""End of the notice of what is left out since it is there, or is not there."""


def listed(names: Sequence[str]) -> str:
    """Names, as many as a sentence bears."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def counted(number: int, what: str) -> str:
    """A number of things, such as ``1 step`` and ``2 steps``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def by_cause(found: Iterable[tuple[str, str]], text: str) -> list[str]:
    """One sentence per cause.

    Args:
        found: Cause and name.
        text: The sentence, with ``{names}`` and, if need be, ``{cause}``.
    """
    causes: dict[str, list[str]] = {}
    for cause, name in found:
        causes.setdefault(cause, []).append(name)
    return [text.format(names=listed(names), cause=cause) for cause, names in causes.items()]


def noticed(legs: Iterable[Leg]) -> list[str]:
    """What the server said beside its answers; that an IF EXISTS did its work is no news."""
    found = [(text, leg.revision) for leg in legs for text in leg.notices
             if not text.endswith(SKIPPING)]  # fmt: skip
    return by_cause(dict.fromkeys(found), "the server said {cause}: {names}")


def beside(receipts: Sequence[Receipt]) -> list[str]:
    """What a step and those who were at work when it came cost each other."""
    lines = []
    absent: list[tuple[str, str]] = []
    for receipt in receipts:
        for one in receipt.beside:
            who = f"{receipt.revision} beside a running {one.who}"
            absent += [(f"{one.who}: {one.absent}", receipt.revision)] if one.absent else []
            behind = f"{who} waited {one.waited_s:.1f} s for it"
            behind += f' ("{one.statement}")' if one.statement else ""
            gave_up = f"gave up after {one.after_s:.1f} s ({one.gave_up})"
            if one.gave_up:
                lines.append(f"{behind}, and {gave_up}" if one.waited_s else f"{who} {gave_up}")
            elif one.waited_s:
                lines.append(behind)
            lines += [f"{who}: that failed: {one.suffered}"] if one.suffered else []
    return lines + by_cause(absent, "no neighbour was there ({cause}): {names}")


def gone(facts: RehearsalFacts, receipts: Sequence[Receipt]) -> str:
    """How much was rehearsed: steps, tables, rows, seconds, bytes and locks."""
    legs = [*facts.up, *facts.down]
    empty = sum(one.rows_of == "empty" for one in receipts)
    parts = [
        (
            f"{counted(len(receipts), 'step')} of {facts.history} up, down and up again (steps = "
            f"{facts.steps!r}): {listed([one.revision for one in receipts])}"
        )
    ]
    parts += [f"{empty} of them from an empty database"] if empty else []
    if isinstance(facts.clone, Seen):
        clone = facts.clone.value
        parts.append(
            f"{counted(len(clone.rows), 'table')} with {counted(sum(clone.rows.values()), 'row')}"
        )
    made = sum(len(one.witnesses) for one in receipts)
    parts.append(f"rows of the new schema in {counted(made, 'table or column')}".replace(
        "table or columns", "tables or columns"))  # fmt: skip
    locks = sum(len(leg.locks) for leg in legs)
    parts.append(
        f"{seconds(sum(leg.seconds for leg in legs))} up and down, "
        f"{sum(leg.wal_bytes for leg in legs) / 1e6:,.1f} MB of log, "
        f"{counted(locks, 'lock')} on tables in use; {seconds(facts.seconds)} in all"
    )
    if facts.unkept:
        parts.append(
            f"each step began from the start: by its first connection Alembic's process has "
            f"{facts.unkept}"
        )
    return "; ".join(parts)
