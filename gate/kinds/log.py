"""Logs: what a unit, a file or a container must not say, and what it must."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

from gate.contract.item import AbsolutePath, Item, Moment, Name, Pattern, Seconds
from gate.contract.model import Promise
from gate.duration import AHEAD_S, moment_of, seconds
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.host_kind import judged
from gate.kinds.kind import Cells, Kind, always, no_references, no_state, shown
from gate.kinds.scene import Scene
from gate.rule import Filled, Has, Is, Not, One, Rule, Some, at_least_one
from gate.sources.fact import Absent, CannotTell, Cause, Seen, known
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.probe import LOGS
from gate.sources.host.logs.subject import ERRORS, Subject
from gate.sources.host.probe import AskProbe
from gate.sources.host.questions import AskUnit
from gate.target import Target
from gate.toml import Strict


class Says(Strict):
    """A line that proves that something goes on.

    Attributes:
        pattern: Regular expression that the line is like.
        within_s: How long ago it may have been logged.
    """

    pattern: Pattern
    within_s: Seconds


class Log(Item):
    """What is logged by a unit (its journal), in files, or by a container.

    Python and most services log to standard error, which the journal keeps at priority *info*: the
    level stands in the text. ``never = "errors"`` finds it there, by the first word in a line that
    names a level: Python's logging, uvicorn, gunicorn, Celery, Go (slog, zap, logrus, klog), Java
    (log4j, logback, java.util.logging), JSON lines with `level` or `severity`, nginx, Apache and
    PostgreSQL; and tracebacks, stack traces, ``panic:``, and syslog's priorities 0 to 3.

    What could not be read to the begin of the period (a journal or a file that was rotated away or
    emptied, lines that journald dropped, more than may be read) cannot be told, unless what was
    read breaks the promise already. A time without a zone is of the host's own: where a file's last
    line was written whole quarters of an hour from its time, nothing of its times can be told.

    Attributes:
        unit: Its systemd unit; beside `file` the one whose start begins the period.
        file: Path of the file, or of several with ``*``, ``?`` or ``[]``; what they were rotated to
            (``x.log.1``, ``x.log-20260213.gz``) is read where the period needs it.
        container: Name of the container, of Docker or Podman.
        since: Begin of the period: ``start`` of the unit or container; ``deployment``, where one
            was carried out or looked at before (else the start); or how many seconds ago.
        never: Patterns that no line may be like; the word ``errors`` stands for the common formats.
        but: Patterns of lines that are let pass all the same.
        at_most: How many lines like `never` are tolerated.
        says: A line that must have been logged lately.
    """

    unit: Name | None = None
    file: AbsolutePath | None = None
    container: Name | None = None
    since: Literal["start", "deployment"] | Seconds | None = None
    never: tuple[Pattern, ...] | None = None
    but: tuple[Pattern, ...] = ()
    at_most: Annotated[int, pydantic.Field(ge=0)] = 0
    says: Says | None = None

    RULES = (
        at_least_one("unit", "file", "container"),
        Rule(
            Some(Not(Has("container")), One("unit", "file", "container")),
            "container stands alone, without unit and file",
        ),
        Rule(Some(Filled("never"), Has("says")), "needs at least one of never, says"),
        *(
            Rule(
                Some(Not(Has("file")), Has("unit"), begins),
                'a file has no start: name its unit, or say since = "deployment"',
            )
            for begins in (Has("since"), Not(Is("since", "start")))
        ),
    )

    @pydantic.field_validator("never", mode="before", json_schema_input_type=str | tuple[str, ...])
    @classmethod
    def _patterns(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def begins(self) -> str | float:
        """Begin of the period, where it is not said: the start."""
        return "start" if self.since is None else self.since


def subject_of(item: Log, target: Target) -> Subject:
    """What is asked for an item."""
    if item.container:
        kind, place = "container", item.container
    elif item.file:
        kind, place = "file", target.placed(item.file)
    else:
        kind, place = "journal", item.unit or ""
    return Subject(
        kind=kind,
        place=place,
        unit=(item.unit or "") if item.file else "",
        since=item.begins if isinstance(item.begins, str) else f"{item.begins:g}",
        never=item.never or (),
        but=item.but,
        says=item.says.pattern if item.says else "",
    )


def log(promise: Promise, scene: Scene) -> Finding:
    """Compare a log.

    Raises:
        ObservationError: What was read breaks nothing, and is not all of it.
    """
    item = scene.item(promise, Log)
    look = look_at(item, scene.target)
    if item.absent and item.unit and not item.file:
        return _no_unit(item.unit, scene, look)
    facts = known(_find(promise, scene))
    if isinstance(facts, Absent):
        missing = () if item.absent else (f"nothing logs: {facts.proof}",)
        return Finding(promised=_promised(item), seen=facts.proof, broken=missing, look=look)
    if item.absent:
        there = (f"{facts.place} is there",)
        return Finding(promised="absent", seen=_seen(facts), broken=there, look=look)
    clock = scene.host.identity.clock
    broken = judged([*_never(item, facts), *_says(item, facts, clock), *_fallen(facts)])
    if not broken and facts.incomplete:
        raise ObservationError(
            f"cannot tell ({facts.cause.value}): {facts.place}: {facts.incomplete}; in what was "
            f"read, {_seen(facts)}"
        )
    return Finding(promised=_promised(item), seen=_seen(facts), broken=broken, look=look)


def trace(promise: Promise, scene: Scene) -> Finding:
    """Compare what a log says of a cycle alone: errors beside it are the log's own item.

    Raises:
        ObservationError: The line is not there, and what was read is not all of it.
    """
    item = scene.item(promise, Log)
    look = look_at(item, scene.target)
    facts = known(_find(promise, scene))
    if isinstance(facts, Absent):
        gone = (f"nothing logs: {facts.proof}",)
        return Finding(promised=_promised(item), seen=facts.proof, broken=gone, look=look)
    broken = judged(_says(item, facts, scene.host.identity.clock))
    if facts.said is None and facts.incomplete:
        raise ObservationError(
            f"cannot tell ({facts.cause.value}): {facts.place}: {facts.incomplete}"
        )
    return Finding(promised=_promised(item), seen=_seen(facts), broken=broken, look=look)


def _no_unit(name: str, scene: Scene, look: str) -> Finding:
    """The journal of a unit that is gone stays: it is absent where the unit is."""
    unit = known(scene.unit(name))
    if isinstance(unit, Absent):
        return Finding(promised="absent", seen=f"there is no {name}", look=look)
    return Finding(
        promised="absent", seen=f"{name} is there", broken=(f"{name} is there",), look=look
    )


def _never(item: Log, facts: LogFacts) -> tuple[str, ...]:
    if item.never is None or facts.matches <= item.at_most:
        return ()
    more = "at least " if facts.incomplete else ""
    since = f" since {moment_of(facts.since)}" if facts.since else ""
    lines = " | ".join(facts.last)
    return (f"{more}{facts.matches} lines that must not be in {facts.place}{since}: {lines}",)


def _says(item: Log, facts: LogFacts, clock: dt.datetime) -> tuple[str | CannotTell, ...]:
    """Whether the line that proves a cycle is fresh."""
    if item.says is None:
        return ()
    within = f"within {item.says.within_s:g} s"
    if facts.said is None and facts.said_line:
        return _unclear(f"{facts.place}: the line {facts.said_line!r} bears no time")
    if facts.said is not None:
        return _said(item.says, facts.said, facts.place, clock)
    age = (clock - facts.since).total_seconds() if facts.since else None
    if facts.since and age is not None and age < item.says.within_s:
        return _unclear(
            f"{facts.place}: nothing like {item.says.pattern!r} yet, {age:.0f} s after "
            f"{moment_of(facts.since)}, and {seconds(item.says.within_s)} are promised; look again"
        )
    if facts.incomplete and facts.newest is None:
        return ()
    return (f"{facts.place}: nothing like {item.says.pattern!r} {within}",)


def _said(
    says: Says, said: dt.datetime, place: str, clock: dt.datetime
) -> tuple[str | CannotTell, ...]:
    """Whether a line that was logged is fresh."""
    age = (clock - said).total_seconds()
    if age < -AHEAD_S:
        return _unclear(
            f"{place}: last said {says.pattern!r} at {moment_of(said)}, which is yet to come: it "
            f"is of another clock or zone"
        )
    if age <= says.within_s:
        return ()
    return (f"{place}: last said {says.pattern!r} {age:.0f} s ago, not within {says.within_s:g} s",)


def _unclear(why: str) -> tuple[CannotTell]:
    return (CannotTell(why, Cause.UPSTREAM),)


def _fallen(facts: LogFacts) -> tuple[str, ...]:
    """Whoever failed logs no errors any more."""
    bad = facts.state.startswith("failed") or facts.state in ("dead", "exited")
    return (f"who logs there is {facts.state}",) if bad and not facts.running else ()


def _promised(item: Log) -> str:
    if item.absent:
        return "absent"
    words = []
    if item.never is not None:
        since = f"the {item.begins}" if isinstance(item.begins, str) else f"{item.begins:g} s ago"
        never = ", ".join(one if one == ERRORS else repr(one) for one in item.never)
        most = f"at most {item.at_most} lines" if item.at_most else "no line"
        words.append(f"{most} of {never} since {since}")
    if item.says:
        words.append(f"{item.says.pattern!r} within {item.says.within_s:g} s")
    return "; ".join(words)


def _seen(facts: LogFacts) -> str:
    words = [f"{facts.matches} such lines"]
    if facts.since:
        words[0] += f" since {moment_of(facts.since)}"
    if facts.said:
        words.append(f"last said at {moment_of(facts.said)}: {facts.said_line}")
    return "; ".join(words)


def look_at(item: Log, target: Target) -> str:
    """A command to look for oneself."""
    if item.container:
        return f"docker logs --tail 20 {item.container}"
    if item.file:
        return f"tail -n 20 {target.placed(item.file)}"
    return f"journalctl -u {item.unit} -n 20"


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    item = promise.at(moment)
    if not isinstance(item, Log):
        return []
    unit = [AskUnit(item.unit)] if item.unit and item.absent else []
    return [AskProbe(LOGS, subject_of(item, target)), *unit]


def _find(promise: Promise, scene: Scene) -> Seen[LogFacts] | Absent | CannotTell:
    return scene.probed(LOGS, subject_of(scene.item(promise, Log), scene.target))


def _row(promise: Promise, scene: Scene) -> Cells:
    item, fact = scene.item(promise, Log), _find(promise, scene)
    place = item.unit if item.unit and not item.file else item.container or item.file or ""
    count = shown(fact, "absent", lambda one: f"{one.matches}{'+' if one.incomplete else ''}")
    return {"Log": place, "Lines that must not be there": count}


KIND = Kind(
    name="log",
    chapter="logs",
    rank=12,
    model=Log,
    severity="critical",
    moments=always,
    asks=_asks,
    find=_find,
    compare=log,
    state=no_state,
    row=_row,
    references=no_references,
)
