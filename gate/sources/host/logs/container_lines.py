"""What a container wrote, by the engine that keeps it."""

from __future__ import annotations

import datetime as dt

from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.logs.answer import Answer, cause_of
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.lines import QUOTED, Line, bad, quoted, said
from gate.sources.host.logs.stamps import stamp

SLACK_S = 60.0


def read_container(answer: Answer) -> LogFacts | Absent | CannotTell:
    """What a container tells."""
    name, complaints = answer.subject.place, "; ".join(answer.all("E"))
    facts = (answer.first("V") or "").split("|", 3)
    if len(facts) < 4:  # noqa: PLR2004 - status, start, driver, its options
        if "no such" in complaints.lower():
            return Absent(complaints[:300])
        return CannotTell(
            f"container {name}: {complaints[:300] or 'not told'}", cause_of(complaints)
        )
    status, _, driver, options = facts
    lines = [_line(one, answer.clock.now) for one in answer.all("L")]
    rc = (answer.first("R") or "").split()
    if rc and rc[0] != "0":
        why = f"container {name} (log driver {driver}): its log cannot be read"
        return CannotTell(f"{why}: {lines[-1].text[:200] if lines else ''}", Cause.UPSTREAM)
    oldest = _line(answer.first("O") or "", answer.clock.now)
    lines.sort(key=lambda one: one.time or answer.clock.booted)
    hits, last = bad(answer.subject, lines), said(answer.subject, lines)
    why, cause = _incomplete(answer, rc, oldest, driver, options)
    if not why:
        why, cause = answer.unread(last) or (why, cause)
    return LogFacts(
        place=f"the log of the container {name}",
        since=answer.since,
        matches=len(hits),
        last=tuple(quoted(one.text) for one in hits[-QUOTED:]),
        said=last.time if last else None,
        said_line=quoted(last.text) if last else "",
        newest=_line(answer.first("N") or "", answer.clock.now).time,
        incomplete=why,
        cause=cause,
        state=status,
        running=status == "running",
    )


def _line(text: str, now: dt.datetime) -> Line:
    """A line behind the time that the engine puts in front of it."""
    head, _, rest = text.partition(" ")
    return Line(stamp(head, now), rest)


def _incomplete(
    answer: Answer, rc: list[str], oldest: Line, driver: str, options: str
) -> tuple[str, Cause]:
    if answer.late:
        return "it could not be read to the end in time", Cause.TIMEOUT
    if not rc or (rc[1:] != ["0"] and answer.first("O") is None):
        return f"more than {answer.most >> 10} KiB of it would have to be read", Cause.UPSTREAM
    if driver in ("none", ""):
        return f"its log driver is {driver or 'not told'}: nothing is kept", Cause.UPSTREAM
    rotates = "max-size" in options or driver in ("local", "k8s-file")
    since = answer.since
    if (
        rotates
        and since
        and (oldest.time is None or (oldest.time - since).total_seconds() > SLACK_S)
    ):
        begins = f"begins with {oldest.time:%Y-%m-%d %H:%M:%S}" if oldest.time else "is empty"
        return f"its log is rotated, and {begins}: the rest may be gone", Cause.UPSTREAM
    return "", Cause.UPSTREAM
