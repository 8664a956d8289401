"""The answer of the shell on one log: each line begins with a letter that says what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gate.connection.frame import TIMED_OUT
from gate.sources.fact import CannotTell, Cause
from gate.sources.host.each import Block
from gate.sources.host.logs.lines import Clock
from gate.sources.host.logs.stamps import zone
from gate.sources.host.logs.subject import Subject


class Answer:
    """What the host says of one log, by letters."""

    def __init__(self, subject: Subject, block: Block, most: int) -> None:
        """Take it apart.

        Args:
            subject: What was asked.
            block: What the shell printed.
            most: How many bytes of lines it may print.
        """
        self.subject, self.most = subject, most
        self.told = [(one[:1], one[2:]) for one in block.text.split("\n") if one[1:2] == " "]
        status = (self.first("R") or "").partition(" ")[0]
        self.late = block.late or status in map(str, TIMED_OUT)
        clock = (self.first("C") or "").split()
        now = dt.datetime.fromtimestamp(float(clock[0]), zone(clock[2]))
        self.clock = Clock(now=now, up_s=float(clock[1]))
        self.unit = dict(one.split("=", 1) for one in self.all("P") if "=" in one)

    def all(self, letter: str) -> list[str]:
        """Every line of a letter."""
        return [text for one, text in self.told if one == letter]

    def first(self, letter: str) -> str | None:
        """The first line of a letter."""
        return next(iter(self.all(letter)), None)

    def groups(self, letter: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Lines that follow a letter, up to the next of it."""
        head, body = "", list[tuple[str, str]]()
        for one, text in self.told:
            if one == letter:
                if head:
                    yield head, body
                head, body = text, []
            elif head:
                body.append((one, text))
        if head:
            yield head, body

    @property
    def since(self) -> dt.datetime | None:
        """Begin of the period, to the second."""
        said = self.first("B")
        return self.moment(float(said)) if said and float(said) > 0 else None

    @staticmethod
    def moment(seconds: float) -> dt.datetime:
        """A time of the host's clock."""
        return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)

    @property
    def started(self) -> dt.datetime | None:
        """When the unit was last started, to the microsecond."""
        keys = ("InactiveExitTimestampMonotonic", "ExecMainStartTimestampMonotonic")
        times = [int(one) for key in keys if (one := self.unit.get(key, "")).isdigit() and int(one)]
        if not times:
            return None
        return (self.clock.booted + dt.timedelta(microseconds=min(times))).astimezone(
            dt.timezone.utc
        )

    @property
    def state(self) -> str:
        """Of the unit, as systemd says it."""
        if not self.unit:
            return ""
        return f"{self.unit.get('ActiveState', '')} ({self.unit.get('SubState', '')})"

    def unread(self, line: object) -> tuple[str, Cause] | None:
        """Why what is looked for may have been said all the same, where no such line was found."""
        older = sum(int(one) for one in self.all("W") if one.isdigit())
        if line is not None or not older:
            return None
        why = f"{older} older lines that could be like {self.subject.says!r} were not read"
        return why, Cause.UPSTREAM

    @property
    def failed(self) -> CannotTell:
        """What was complained of, as an obstacle."""
        said = "; ".join(self.all("E"))[:300] or "it told nothing"
        return CannotTell(f"{self.subject.place}: {said}", cause_of(said))


def cause_of(said: str) -> Cause:
    """The kind of obstacle that a tool's complaint tells of."""
    words = said.lower()
    if "permission" in words or "not permitted" in words or "access denied" in words:
        return Cause.PERMISSION
    if "not found" in words or "no docker" in words:
        return Cause.TOOL_MISSING
    return Cause.UPSTREAM
