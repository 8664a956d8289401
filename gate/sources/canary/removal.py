"""Take a canary away: only what bears its mark, and proven to be gone."""

from __future__ import annotations

import threading

from gate.errors import ObservationError
from gate.sources.canary import mark as marks
from gate.sources.canary.facts import Left
from gate.sources.canary.place import Place, Row, until
from gate.sources.canary.promised import PromisedCanary, Removal
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen

GONE_S = 10.0
MOST = 20
"""Rows of one mark that are taken away; more are no canary's."""
UNDER_WAY_S = 120.0
"""So long beyond its own time another run may still be at a canary, in seconds."""


def marked(rows: list[Row], mark: str) -> list[Row]:
    """The rows that bear a mark, whatever else a query found: one that only quotes it does not.

    Raises:
        ObservationError: The query does not show the mark.
    """
    return [row for row in _showing(rows) if row["mark"] == mark]


def _showing(rows: list[Row]) -> list[Row]:
    if any("mark" not in row for row in rows):
        raise ObservationError("cannot tell: `find` must give the mark, alone, as a column `mark`")
    return rows


def remove(
    canary: PromisedCanary, place: Place, mark: str, stop: threading.Event
) -> Fact[str] | None:
    """Take everything away that bears a mark, and look whether it is gone.

    Returns:
        Seen: how; absent: what is left of it, and why.
    """
    how, find = canary.remove, canary.find
    if how is None or find is None:
        return None
    if place.carrier is None and not how.requests:
        return Seen("it goes with the clone")
    words, most_s = {"mark": mark}, min(GONE_S, canary.within_s)
    try:
        rows = marked(place.rows(find, words, stop), mark)
        if len(rows) > MOST:
            return Absent(f"{len(rows)} rows bear {mark}: that is no canary, nothing was removed")
        wrong = [text for row in rows for text in _removed(how, place, {**row, **words}, stop)]
        gone = until(lambda: not _there(canary, place, rows, mark, stop), most_s, stop)
        if not gone:
            wrong.append(f"{_there(canary, place, rows, mark, stop)} still there, with {mark}")
    except ObservationError as error:
        return CannotTell(f"whether {mark} is gone: {error}", Cause.UPSTREAM)
    if wrong:
        return Absent("; ".join(wrong))
    return Seen(f"{len(rows)} row{'' if len(rows) == 1 else 's'} removed, and seen to be gone")


def _removed(how: Removal, place: Place, words: Row, stop: threading.Event) -> list[str]:
    """Send and run what removes a row; what went wrong."""
    wrong = []
    for one in how.requests:
        answer = place.ask(marks.filled(one, words).exchange(writes=True), stop)
        if isinstance(answer, Seen):
            if answer.value.status != one.status:
                wrong.append(f"{one.method} {one.path} answered {answer.value.status}")
        else:
            why = answer.proof if isinstance(answer, Absent) else answer.reason
            wrong.append(f"{one.method} {one.path}: {why}")
    if how.run is not None and place.carrier is not None:
        try:
            place.run(how.run, words)
        except ObservationError as error:
            wrong.append(str(error))
    return wrong


def _there(
    canary: PromisedCanary, place: Place, rows: list[Row], mark: str, stop: threading.Event
) -> str:
    """What is still there, in words; empty where all of it is gone."""
    how = canary.remove
    words = {**(rows[0] if rows else {}), "mark": mark}
    own = marked(place.rows(canary.find or "", words, stop), mark)
    gone = (how.gone if how else ()) if rows else ()
    count = len(own) + sum(len(place.rows(one, words, stop)) for one in gone)
    return f"{count} rows are" if count > 1 else "1 row is" if count else ""


def left_by_others(
    canary: PromisedCanary, place: Place, *, may_remove: bool
) -> Fact[tuple[Left, ...]]:
    """Find what canaries of earlier runs left, and take it away where that is allowed.

    What another run may be at just now is let alone.
    """
    if canary.find is None:
        return Seen(())
    stop = place.interrupted
    try:
        rows = place.rows(canary.find, {"mark": f"{marks.PREFIX}%"}, stop)
        found: dict[str, int] = {}
        for row in _showing(rows):
            if marks.MARK.fullmatch(row["mark"]):
                found[row["mark"]] = found.get(row["mark"], 0) + 1
    except ObservationError as error:
        return CannotTell(str(error), Cause.UPSTREAM)
    left = []
    for mark, count in found.items():
        age = marks.age_s(mark)
        over = age > canary.within_s + UNDER_WAY_S
        removed = remove(canary, place, mark, stop) if over and may_remove else None
        left.append(Left(mark=mark, rows=count, age_s=round(age), removed=removed))
    return Seen(tuple(left))
