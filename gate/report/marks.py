"""Marks of the snapshot document: what is held, what is broken, and what nobody can tell."""

from __future__ import annotations

from gate.account.verdict import Line, Outcome
from gate.report.text import markdown, obstacle, short
from gate.sources.fact import CannotTell

HELD = "✅"
BROKEN = "❌"
UNKNOWN = "❔"
NOTED = "⚠️"
MARKS = {
    Outcome.PASS: HELD,
    Outcome.WARN: NOTED,
    Outcome.WAIVED: NOTED,
    Outcome.FAIL: BROKEN,
    Outcome.INCONCLUSIVE: UNKNOWN,
}
NOT_RUN = "not checked"


def mark(line: Line | None) -> str:
    """The mark of an item's outcome; unknown where the item has none."""
    return MARKS[line.outcome] if line else UNKNOWN


def why(line: Line | None, limit: int = 100) -> str:
    """Why an item did not pass, in a few words of Markdown: what was seen, or why nothing was."""
    if line is None:
        return NOT_RUN
    if line.outcome is Outcome.INCONCLUSIVE:
        return markdown(short(obstacle(line.reason) or NOT_RUN, limit))
    text = markdown(short(line.seen or line.reason, limit))
    return f"waived: {text}" if line.outcome is Outcome.WAIVED else text


def verdict_mark(line: Line | None, *, was_seen: bool) -> str:
    """A line's end in the health check: the mark, and why where it is not held.

    Args:
        line: How the item ended.
        was_seen: Whether there is anything that was seen; without it nothing is shown as held.
    """
    if line is not None and line.outcome is Outcome.PASS:
        return HELD if was_seen else f"{UNKNOWN} (passed, but nothing of it was kept)"
    return f"{mark(line)} ({why(line)})"


def marked(text: str, line: Line | None) -> str:
    """A finished cell that shows what was seen, with the mark behind it where it did not pass.

    The reason is added where what was seen does not say it already.
    """
    if line is not None and line.outcome is Outcome.PASS:
        return text
    reason = markdown(short(obstacle(line.reason) if line else NOT_RUN, 70))
    added = f" ({reason})" if reason and text not in reason else ""
    return f"{text} {mark(line)}{added}"


def unknown(fact: CannotTell, limit: int = 70) -> str:
    """A cell for what nobody could see, whatever became of its item."""
    return f"{UNKNOWN} cannot tell ({markdown(short(fact.reason, limit))})"
