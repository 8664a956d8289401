"""Durations and times as the snapshot document writes them."""

from __future__ import annotations

import datetime as dt

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WHOLE_HOURS_FROM = 6 * HOUR
"""From here on minutes are left out, as `systemctl status` does it (``17h``, ``4h 28m``)."""
WHOLE_SECONDS_FROM = 10.0
MILLISECONDS_BELOW = 0.1
AHEAD_S = 60.0
"""A time that is later than the clock by more is of another clock, or of another zone."""


def uptime(since: dt.datetime | None, now: dt.datetime) -> str:
    """How long something is up: ``45s``, ``12m``, ``4h 28m``, ``17h``, ``3d 4h``.

    ``-`` where it is not known; a start in the future (clocks differ) counts as just now.
    """
    if since is None:
        return "-"
    seconds = max(0, int((now - since).total_seconds()))
    if seconds < MINUTE:
        return f"{seconds}s"
    if seconds < HOUR:
        return f"{seconds // MINUTE}m"
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    if seconds < DAY:
        return f"{hours}h {minutes}m" if minutes and seconds < WHOLE_HOURS_FROM else f"{hours}h"
    days, hours = seconds // DAY, seconds % DAY // HOUR
    return f"{days}d {hours}h" if hours else f"{days}d"


def still(left: dt.timedelta) -> str:
    """What is left of a time: ``12 more days``, ``31 more hours``, ``5 more minutes``."""
    whole = max(0, int(left.total_seconds()))
    if whole >= 2 * DAY:
        return f"{whole // DAY} more days"
    return f"{whole // HOUR} more hours" if whole >= 2 * HOUR else f"{whole // MINUTE} more minutes"


def number(value: float) -> str:
    """A number as a person writes it: ``14``, ``0.5``."""
    return f"{value:.12g}"


def seconds(value: float) -> str:
    """A duration in seconds: ``47s``, ``1.3s``, ``5s``, ``12ms``."""
    if value < MILLISECONDS_BELOW:
        return f"{value * 1000:.0f}ms"
    digits = f"{value:.1f}" if value < WHOLE_SECONDS_FROM else f"{value:.0f}"
    return f"{digits.removesuffix('.0')}s"


def moment_of(when: dt.datetime) -> str:
    """A time to the second, in UTC: ``2026-02-13 15:30:00 UTC``."""
    return when.astimezone(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
