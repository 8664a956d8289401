"""What a look tells of a log."""

from __future__ import annotations

import datetime as dt

from gate.sources.fact import Cause, Model


class LogFacts(Model):
    """Lines of a log that count, within a period.

    Attributes:
        place: Where it was read: the journal of a unit, files, a container.
        since: Begin of the period, by the host's clock (UTC); ``None`` where there was none.
        matches: How many lines are like what must not be said, and not let pass.
        last: The newest of them, at most 5, the newest last; redacted, without control characters.
        said: When the line that is looked for was last said (UTC); ``None`` where it was not, or
            bears no time.
        said_line: That line.
        newest: Time of the newest line at all (UTC), as far as it bears one.
        incomplete: Why there may be more lines than were read; empty where all were.
        cause: What kind of obstacle that was.
        state: What systemd or the container's engine says of who logs.
        running: Whether it runs.
    """

    place: str
    since: dt.datetime | None
    matches: int
    last: tuple[str, ...] = ()
    said: dt.datetime | None = None
    said_line: str = ""
    newest: dt.datetime | None = None
    incomplete: str = ""
    cause: Cause = Cause.UPSTREAM
    state: str = ""
    running: bool = True
