"""Times as systemd tells them of a unit."""

from __future__ import annotations

import datetime as dt

NEVER = ("", "n/a", "0")


def time_of(text: str) -> dt.datetime | None:
    """A time by the calendar (UTC), to the second; ``None`` where it never was."""
    if text in NEVER:
        return None
    return dt.datetime.strptime(text.replace("UTC", "+0000"), "%a %Y-%m-%d %H:%M:%S %z")


def since_boot(text: str) -> float | None:
    """A time in seconds after the host's boot, from microseconds; ``None`` where it never was."""
    return int(text) / 1e6 if text.isdecimal() and text not in NEVER else None
