"""Log files within a period: what they were rotated to, what was emptied, what may not be read."""

from __future__ import annotations

import dataclasses
import datetime as dt

from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.logs.answer import Answer, cause_of
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.lines import QUOTED, Line, bad, quoted, said
from gate.sources.host.logs.stamps import stamp

SLACK_S = 60.0
"""The first line of a file may come so long after the begin of the period."""
PACKED = (".gz", ".xz", ".zst", ".bz2")
QUARTER_S, WRITTEN_S = 900.0, 5.0
"""Time zones are whole quarters of an hour apart; a line is written so soon after its time."""


@dataclasses.dataclass
class File:
    """One file of a family.

    Attributes:
        inode, size: Of the file, before it was read.
        changed, born: When it was last written, and made; 0 where the file system does not say.
        begins: Its first lines; without the very first where only its end was read.
        lines: Lines that were let through, oldest first.
        newest: Time of the last line that bears one.
        untimed: How many lines that bear none follow it; ``None`` where that was not told.
        unpacked: Whether what read it, or unpacked it, ended well.
        read: Whether it was read, and to its end.
        cut: Whether the oldest of what counts was left out.
    """

    path: str
    inode: int
    size: int
    changed: dt.datetime
    born: dt.datetime | None
    begins: list[str] = dataclasses.field(default_factory=list)
    lines: list[Line] = dataclasses.field(default_factory=list)
    newest: dt.datetime | None = None
    untimed: int | None = None
    unpacked: bool = False
    read: bool = False
    cut: bool = False


def read_files(answer: Answer, tail_bytes: int) -> LogFacts | Absent | CannotTell:
    """What the files tell."""
    subject = answer.subject
    if answer.first("U") is not None or (subject.unit and not answer.unit):
        return answer.failed
    families = [*answer.groups("M")]
    if not families:
        return _nothing(answer)
    files: list[File] = []
    incomplete: list[tuple[str, Cause]] = []
    for path, told in families:
        members = _members(told, answer)
        files += members.values()
        why = _apart(members.get(path)) or _lost(path, told, members, answer, tail_bytes)
        incomplete += [why] if why else []
    lines = [line for one in files for line in one.lines]
    lines.sort(key=lambda one: one.time or answer.clock.booted)
    return _facts(answer, [path for path, _ in families], files, lines, incomplete)


def _facts(
    answer: Answer,
    paths: list[str],
    files: list[File],
    lines: list[Line],
    incomplete: list[tuple[str, Cause]],
) -> LogFacts:
    since = answer.since
    hits = bad(answer.subject, lines)
    untimed = [one for one in hits if one.time is None]
    within = [one for one in hits if one.time and (since is None or one.time >= since)]
    if since and all(one.born and one.born >= since for one in files):
        within, untimed = [*within, *untimed], []  # none of the files was there before
    if untimed and since and not within:
        bears = f"{len(untimed)} lines bear no time, the last {quoted(untimed[-1].text)!r}"
        incomplete = [(f"{bears}: whether they came since then is not told", Cause.UPSTREAM)]
    last = said(answer.subject, lines)
    newest = max((one.newest or one.changed for one in files), default=None)
    unread = answer.unread(last)
    incomplete += [unread] if unread else []
    why, cause = incomplete[0] if incomplete else ("", Cause.UPSTREAM)
    return LogFacts(
        place=", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else ""),  # noqa: PLR2004
        since=since,
        matches=len(within) + (len(untimed) if within or since is None else 0),
        last=tuple(quoted(one.text) for one in (within or untimed)[-QUOTED:]),
        said=last.time if last else None,
        said_line=quoted(last.text) if last else "",
        newest=newest,
        incomplete=why,
        cause=cause,
        state=answer.state,
        running=not answer.unit or answer.unit.get("ActiveState") == "active",
    )


def _nothing(answer: Answer) -> Absent | CannotTell:
    said = "; ".join(answer.all("A"))
    if said and cause_of(said) is Cause.PERMISSION:
        return CannotTell(known.first(said, 300), Cause.PERMISSION)
    if not answer.late and not said and answer.first("B") is not None:
        why = f"{answer.subject.place}: each of its files is what another one was rotated to"
        return CannotTell(why, Cause.UPSTREAM)
    if answer.late or not said:
        return CannotTell(f"{answer.subject.place}: not told in time", Cause.TIMEOUT)
    return Absent(f"no file is called {answer.subject.place}")


def _members(told: list[tuple[str, str]], answer: Answer) -> dict[str, File]:
    """Files of a family by their paths."""
    found: dict[str, File] = {}
    current: File | None = None
    timed: dt.datetime | None = None
    for letter, text in told:
        if letter == "S":
            one = _stat(text)
            found.update({one.path: one} if one else {})
        elif letter == "Q":
            current, timed = found.get(text), None
        elif current is None:
            continue
        elif letter == "K":
            timed = stamp(text, answer.clock.now)
        elif letter == "L":
            timed = stamp(text, answer.clock.now) or timed
            current.lines.append(Line(timed, text))
        else:
            _take(current, letter, text, answer)
    return found


def _take(current: File, letter: str, text: str, answer: Answer) -> None:
    """What is said of a file beside its lines."""
    if letter == "T":
        current.begins.append(text)
    elif letter == "H":
        current.unpacked = text.strip() == "0"
    elif letter == "Z":
        current.read = current.unpacked
        current.cut = text.strip() != "0" and not current.begins
    elif letter == "N":
        current.newest = stamp(text, answer.clock.now)
    elif letter == "Y" and text.strip().isdigit():
        current.untimed = int(text)


def _stat(text: str) -> File | None:
    numbers, tab, path = text.partition("\t")
    words = numbers.split()
    if not tab or len(words) != 4 or not all(one.lstrip("-").isdigit() for one in words):  # noqa: PLR2004
        return None
    inode, size, changed, born = map(int, words)
    made = Answer.moment(born) if born > 0 else None
    return File(path, inode, size, Answer.moment(changed), made)


def _lost(
    path: str,
    told: list[tuple[str, str]],
    members: dict[str, File],
    answer: Answer,
    tail_bytes: int,
) -> tuple[str, Cause] | None:
    """Why lines of the period may be missing from a family of files."""
    closed = next((text for letter, text in told if letter == "X"), "")
    if closed:
        return known.first(closed, 300), Cause.PERMISSION
    base = members.get(path)
    after = next((text.partition("\t")[0].split() for letter, text in told if letter == "G"), [])
    if base is None or answer.late or not after:
        return f"{path} could not be read in time", Cause.TIMEOUT
    if after[0] != str(base.inode) or int(after[1]) < base.size:
        return f"{path} was rotated while it was read; look again", Cause.UPSTREAM
    since = answer.since
    due = [one for one in members.values() if since is None or one.changed >= since]
    unread = next((one for one in due if not one.read or one.cut), None)
    if unread is not None:
        why = f"more than {answer.most >> 10} KiB of it would have to be read"
        undone = "could not be unpacked" if unread.path.endswith(PACKED) else "could not be read"
        return f"{unread.path}: {why if unread.cut else undone}", Cause.UPSTREAM
    if since is None or len(due) < len(members):
        return None  # one of them was written for the last time before the period began
    oldest = min(due, key=lambda one: (one.changed, one.path == path))
    return _begins(oldest, since, answer, tail_bytes)


def _apart(one: File | None) -> tuple[str, Cause] | None:
    """Why a file's times may be of another zone than the host's.

    Then lines of the period would be taken for older ones, or old ones for fresh.
    """
    if one is None or one.newest is None or one.untimed != 0:
        return None
    off_s = (one.changed - one.newest).total_seconds()
    quarters = round(off_s / QUARTER_S)
    if not quarters or abs(off_s - quarters * QUARTER_S) > WRITTEN_S:
        return None
    bears, written = (
        f"{at:%H:%M:%S}" for at in (one.newest.astimezone(one.changed.tzinfo), one.changed)
    )
    return (
        f"{one.path}: its last line bears {bears} UTC by the host's zone, and was written at "
        f"{written}: it is of another zone, and when its lines came cannot be told"
    ), Cause.UPSTREAM


def _begins(
    oldest: File, since: dt.datetime, answer: Answer, tail_bytes: int
) -> tuple[str, Cause] | None:
    """Why the oldest file may not hold the begin of the period."""
    cut = oldest.size > tail_bytes and not oldest.path.endswith(PACKED)
    begins = oldest.begins[1:] if cut else oldest.begins
    if not begins:
        untouched = (
            oldest.born is not None and abs(oldest.changed - oldest.born).total_seconds() < 1
        )
        if untouched:
            return None
        return f"{oldest.path} is empty, and was written to since: it was emptied", Cause.UPSTREAM
    first = next((found for one in begins if (found := stamp(one, answer.clock.now))), None)
    if first is None:
        bears = "its first lines bear no time"
        if cut:
            return f"{oldest.path}: {bears}, and it is too long to be read whole", Cause.UPSTREAM
        return (
            None
            if oldest.born and oldest.born <= since
            else (f"{oldest.path}: {bears}: how far back it goes is not told", Cause.UPSTREAM)
        )
    if first <= since + dt.timedelta(seconds=SLACK_S):
        return None
    word = "what was read of it begins" if cut else "it begins"
    begins_with = f"{word} with {first.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    gone = "it was emptied, or what it was rotated to is gone"
    return f"{oldest.path}: {begins_with}, not {since:%Y-%m-%d %H:%M:%S}: {gone}", Cause.UPSTREAM
