"""Lines of a log, and which of them count."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from gate.pattern import first_like
from gate.secrets import known
from gate.sources.host.logs.levels import is_error
from gate.sources.host.logs.subject import ERRORS, Subject
from gate.text import line as one_line

QUOTED, SHORT = 5, 400
"""So many lines are quoted, each of so many characters."""
WITHIN_S = 3.0
"""How long the patterns of one log may take, in seconds."""


@dataclasses.dataclass(frozen=True)
class Line:
    """A line.

    Attributes:
        time: When it was logged; ``None`` where that is not told.
        text: The line, as it came.
        priority: syslog's, where the journal has one.
    """

    time: dt.datetime | None
    text: str
    priority: int | None = None


@dataclasses.dataclass(frozen=True)
class Clock:
    """The host's clock.

    Attributes:
        now: With the host's own time zone.
        up_s: For how long the host is up, in seconds.
    """

    now: dt.datetime
    up_s: float

    @property
    def booted(self) -> dt.datetime:
        """When the host came up."""
        return self.now - dt.timedelta(seconds=self.up_s)


def bad(subject: Subject, lines: Sequence[Line]) -> list[Line]:
    """The lines that are like what must not be said, in their order.

    Raises:
        ObservationError: A pattern does not come to an end.
    """
    own = [one for one in subject.never if one != ERRORS]
    texts = [one_line(one.text) for one in lines]
    hits = first_like(own, texts, within_s=WITHIN_S) if own else [""] * len(texts)
    found = [
        (line, text)
        for line, text, hit in zip(lines, texts, hits, strict=True)
        if hit or (ERRORS in subject.never and is_error(line.text, line.priority))
    ]
    if not subject.but:
        return [line for line, _ in found]
    passes = first_like(subject.but, [text for _, text in found], within_s=WITHIN_S)
    return [line for (line, _), passed in zip(found, passes, strict=True) if not passed]


def said(subject: Subject, lines: Sequence[Line]) -> Line | None:
    """The newest line that is like what is looked for; the lines stand oldest first.

    Raises:
        ObservationError: The pattern does not come to an end.
    """
    if not subject.says:
        return None
    newest = [*reversed(lines)]
    hits = first_like([subject.says], [one_line(one.text) for one in newest], within_s=WITHIN_S)
    return next((line for line, hit in zip(newest, hits, strict=True) if hit), None)


def quoted(text: str) -> str:
    """A line as it may be shown: secrets and whatever moves a cursor are taken out."""
    return known.first(one_line(text), SHORT)
