"""A host that was looked at, as facts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from gate.facts.host import Identity

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)


def identity(**changes: Any) -> Identity:
    """Who answered: a host that came up an hour before it was looked at."""
    facts: dict[str, Any] = {
        "hostname": "hera",
        "user": "navi",
        "os": "Debian",
        "kernel": "6",
        "init": "systemd",
        "clock": NOW,
        "booted": NOW - dt.timedelta(hours=1),
        "privileges": "root",
    }
    return Identity(**{**facts, **changes})
