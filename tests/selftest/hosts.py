"""A host that was looked at, as facts, and a target that leads to one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from gate.api import Api
from gate.postgres import Database
from gate.sources.host.facts import Identity
from gate.target import Target

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


def target(host: str) -> Target:
    """A target of which nothing but its host matters."""
    return Target(
        name="desk",
        title="Desk",
        host=host,
        api=Api(base="http://127.0.0.1:8000"),
        database=Database(service="desk"),
    )
