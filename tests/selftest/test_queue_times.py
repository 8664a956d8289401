"""Times of RQ's jobs: what is no time, or one that is yet to come, is no proof of any work."""

from __future__ import annotations

import datetime as dt

import pytest

from gate.sources.queues import rq

NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("time", "age_s"),
    [
        (b"2026-02-13T15:29:50.000000Z", 10.0),
        (b"2026-02-13T15:29:50", 10.0),
        (b"2026-02-13T16:29:50+01:00", 10.0),
        (b"2026-02-13T15:30:30Z", 0.0),
        (b"2026-02-13T17:29:50Z", None),
        (b"nonsense", None),
        (b"\xff", None),
        (b"", None),
        (None, None),
    ],
)
def test_the_age_of_a_time(time: bytes | None, age_s: float | None) -> None:
    """Without a zone it is of UTC, as RQ writes it."""
    reading = object.__new__(rq._Reading)  # noqa: SLF001 - no Redis is asked
    reading._now = NOW.timestamp()
    assert reading._age(time) == age_s
