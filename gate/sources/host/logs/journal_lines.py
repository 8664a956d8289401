"""A unit's own journal within a period: its lines, and whether they are all of it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.logs.answer import Answer
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.lines import QUOTED, Line, bad, quoted, said

ROUNDED_S = 2.0
"""The shell tells a start to the second, and by a clock of its own."""
HINT = "not seeing messages"
ELSEWHERE = ("null", "file:", "append:", "truncate:", "socket", "fd:")
"""Where a unit's output may go that the journal does not hear."""
MESSAGE = re.compile(r'"MESSAGE" ?: ?"((?:[^"\\]|\\.)*)')
TIME = re.compile(r'"__REALTIME_TIMESTAMP" ?: ?"(\d{1,18})"')
PRIORITY = re.compile(r'"PRIORITY" ?: ?"([0-7])"')


def read_journal(answer: Answer) -> LogFacts | Absent | CannotTell:
    """What the journal tells of a unit."""
    name = answer.subject.place
    if not answer.unit:
        return answer.failed
    if answer.unit.get("LoadState") == "not-found" and not answer.started:
        return Absent(f"systemctl show {name}: LoadState=not-found")
    refused = _refused(answer)
    if refused:
        return refused
    since = _since(answer)
    entries = map(line_of, reversed(answer.all("L")))
    lines = [one for one in entries if one is not None and _counts(one, since)]
    hits, last = bad(answer.subject, lines), said(answer.subject, lines)
    why, cause = next(_missing(answer, since), None) or answer.unread(last) or ("", Cause.UPSTREAM)
    newest = line_of(answer.first("N") or "")
    return LogFacts(
        place=f"the journal of {answer.unit.get('Id') or name}",
        since=since,
        matches=len(hits),
        last=tuple(quoted(one.text) for one in hits[-QUOTED:]),
        said=last.time if last else None,
        said_line=quoted(last.text) if last else "",
        newest=newest.time if newest else None,
        incomplete=why,
        cause=cause,
        state=answer.state,
        running=answer.unit.get("ActiveState") in ("active", "activating", "reloading"),
    )


def _since(answer: Answer) -> dt.datetime | None:
    """The unit's start to the microsecond, where the period begins with it."""
    since, started = answer.since, answer.started
    if since and started and abs((since - started).total_seconds()) < ROUNDED_S:
        return started
    return since


def _counts(line: Line, since: dt.datetime | None) -> bool:
    return since is None or line.time is None or line.time >= since


def _refused(answer: Answer) -> CannotTell | None:
    """Why the journal tells nothing of the unit at all."""
    complaints = " ".join(answer.all("E"))
    if HINT in complaints or "insufficient permissions" in complaints:
        why = f"{answer.subject.place}: the user who looks may not read the journal"
        return CannotTell(f"{why} (groups adm, systemd-journal)", Cause.PERMISSION)
    rc = [] if answer.late else (answer.first("R") or "").split()
    if rc and rc[0] != "0":
        return CannotTell(f"journalctl -u {answer.subject.place}: {complaints[:300]}", _tool(rc[0]))
    output = [answer.unit.get(key, "") for key in ("StandardOutput", "StandardError")]
    where = next((one for one in reversed(output) if one.startswith(ELSEWHERE)), "")
    if where:
        said = f"its output goes to {where}, and not to the journal"
        return CannotTell(f"{answer.subject.place}: {said}", Cause.UPSTREAM)
    if rc and rc[1:] == ["0"] and answer.since is not None:
        said = "the journal has no line of it since then, not even of its start"
        return CannotTell(f"{answer.subject.place}: {said}", Cause.UPSTREAM)
    return None


def _tool(rc: str) -> Cause:
    return Cause.TOOL_MISSING if rc == "127" else Cause.UPSTREAM


def _missing(answer: Answer, since: dt.datetime | None) -> Iterator[tuple[str, Cause]]:
    """Why lines of the period may be missing."""
    if answer.late:
        yield "the journal could not be read to the start in time", Cause.TIMEOUT
    if answer.first("R") is None:
        yield f"more than {answer.most >> 10} KiB of it would have to be read", Cause.UPSTREAM
    dropped = [one for one in map(line_of, answer.all("D")) if one and _counts(one, since)]
    if dropped:
        yield f"journald dropped some of it: {quoted(dropped[-1].text)}", Cause.UPSTREAM
    if since is None:
        yield "the unit was never started since the host came up", Cause.UPSTREAM
    elif not _told_from_start(answer, since):
        first = line_of(answer.first("F") or "")
        if first is None or first.time is None:
            yield "how far back the journal goes is not told", Cause.UPSTREAM
        elif first.time > since:
            back = f"the journal goes back to {first.time:%Y-%m-%d %H:%M:%S} UTC only"
            yield f"{back}, and not to {since:%Y-%m-%d %H:%M:%S}", Cause.UPSTREAM


def _told_from_start(answer: Answer, since: dt.datetime) -> bool:
    """Whether the oldest entry is systemd's own word on the start that the period begins with."""
    oldest = line_of(answer.first("O") or "")
    if oldest is None or oldest.time is None or "UNIT" not in _entry(answer.first("O") or ""):
        return False
    return abs((oldest.time - since).total_seconds()) < ROUNDED_S


def _entry(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def line_of(text: str) -> Line | None:
    """An entry of the journal as it was printed, cut or whole; ``None`` where it is none."""
    time, priority = TIME.search(text), PRIORITY.search(text)
    if time is None:
        return None
    message = _entry(text).get("MESSAGE")
    if isinstance(message, list):  # bytes that are no text; or the same field more than once
        values = [one for one in message if isinstance(one, int) and 0 <= one < 1 << 8]
        texts = [one for one in message if isinstance(one, str)]
        message = bytes(values).decode("utf-8", "backslashreplace") or " ".join(texts)
    if not isinstance(message, str):
        cut = MESSAGE.search(text)
        message = cut[1] if cut else ""
    when = dt.datetime.fromtimestamp(int(time[1]) / 1e6, dt.timezone.utc)
    return Line(when, message, int(priority[1]) if priority else None)
