"""The one value of an answer, judged; none is as wrong as another one, many tell nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator

from gate.duration import AHEAD_S, uptime
from gate.sources.fact import CannotTell, Cause
from gate.sources.queries.rows import Rows, Value

Judge = Callable[[Value], Iterable["str | CannotTell"]]


def one_value(found: Rows, judge: Judge) -> Iterator[str | CannotTell]:
    """Judge the one value of an answer; none is as wrong as another one, many tell nothing."""
    if not found.rows:
        yield "it answers no row"
    elif len(found.rows) > 1 or len(found.columns) != 1:
        size = f"{len(found.rows)} rows of {len(found.columns)} columns"
        yield CannotTell(f"it answers {size}, not one value", Cause.UPSTREAM)
    else:
        yield from judge(found.rows[0][0])


def number(
    found: Rows, judge: Callable[[float], Iterable[str | CannotTell]]
) -> Iterator[str | CannotTell]:
    """Judge the one number of an answer."""

    def judge_number(is_: Value) -> Iterable[str | CannotTell]:
        if is_ is None:
            return ["it is NULL"]
        if isinstance(is_, (str, bool)):
            return [CannotTell(f"it is no number: {is_!r}", Cause.UPSTREAM)]
        return judge(is_)

    return one_value(found, judge_number)


def whole(time: str) -> str:
    """A time as PostgreSQL prints it, with minutes of its zone and six digits of its second.

    Python before 3.11 reads neither another number of them, nor a zone without minutes.
    """
    zoned = re.sub(r"(:[\d.]+[+-]\d\d)$", r"\1:00", time)  # the day of a date is no zone
    return re.sub(r"\.(\d{1,6})\d*", lambda found: f".{found[1]:0<6}", zoned)


def age(most: float, is_: Value, clock: dt.datetime) -> Iterable[str | CannotTell]:
    """What is wrong with a time that may be so many seconds old, by the clock that was told."""
    if is_ is None:
        return ["it is NULL"]
    try:
        time = dt.datetime.fromisoformat(whole(str(is_)))
    except ValueError:
        return [CannotTell(f"it is no time: {is_!r}", Cause.UPSTREAM)]
    time = time if time.tzinfo else time.replace(tzinfo=dt.timezone.utc)
    age_s = (clock - time).total_seconds()
    if age_s < -AHEAD_S:
        return [CannotTell(f"it is of the future: {is_}", Cause.UPSTREAM)]
    return [f"it is {uptime(time, clock)} old"] if age_s > most else []
