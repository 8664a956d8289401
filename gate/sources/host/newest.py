"""The file that changed last of those that a process reads, as the host tells it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from gate.sources.fact import Fact, Seen
from gate.sources.host.parts import cannot_tell
from gate.sources.host.section import Section


def newest(files: Sequence[str], every: Section, section: Section) -> Fact[tuple[str, dt.datetime]]:
    """The file that changed last, as it was found beside those of others, or by itself."""
    *lines, end = every.text.strip().split("\n")
    if end == ".":
        rows = [one.split("\t") for one in lines]
        told = {one[1]: (one[0], one[2]) for one in rows if len(one) == 3}  # noqa: PLR2004
        if all(one in told for one in files):
            time, path = max((told[one] for one in files), key=lambda one: float(one[0]))
            return Seen((path, dt.datetime.fromtimestamp(float(time), dt.timezone.utc)))
    time, _, path = section.text.strip().partition(" ")
    if section.err:
        return cannot_tell(section, "find")
    try:
        return Seen((path, dt.datetime.fromtimestamp(float(time), dt.timezone.utc)))
    except ValueError:
        return cannot_tell(section, "find")
