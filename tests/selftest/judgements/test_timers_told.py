"""What systemd tells of a timer as a queue: what is due, at work, failed, or never came."""

from __future__ import annotations

from typing import Any

import pytest

from gate.sources.fact import Absent, CannotTell
from gate.sources.host.section import Section
from gate.sources.queues.facts import QueueFacts
from gate.sources.queues.timer import PROBE

UP = 100_000.0
CLOCK = f"now=1767225600 up={UP:.0f}"
"""2026-01-01 00:00:00 UTC."""
TIMER = {
    "Id": "a.timer", "LoadState": "loaded", "ActiveState": "active", "SubState": "waiting",
    "Triggers": "a.service", "LastTriggerUSecMonotonic": "1d 3h 45min 40s",
    "NextElapseUSecRealtime": "Thu 2026-01-01 00:05:00 UTC", "NextElapseUSecMonotonic": "",
    "ActiveEnterTimestampMonotonic": "1000000",
}  # fmt: skip
SERVICE = {
    "Id": "a.service", "ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0",
    "ExecMainStartTimestampMonotonic": "99940000000",
}  # fmt: skip


def told(timer: dict[str, str | None], service: dict[str, str | None] | None = None) -> Any:
    """What is said of a timer that ran a minute ago and runs again in five."""
    blocks = [CLOCK]
    for keys, changes in ((TIMER, timer), (SERVICE, service)):
        if changes is not None:
            found = {key: one for key, one in {**keys, **changes}.items() if one is not None}
            blocks.append("\n".join(f"{key}={one}" for key, one in found.items()))
    section = Section("\n\n".join(blocks).encode(), 0, "")
    return PROBE.read(section, [("a.timer", 3600.0)])["a.timer", 3600.0]


@pytest.mark.parametrize(
    ("timer", "service", "facts"),
    [
        ({}, {}, {"taken_s": 60.0}),
        ({"Triggers": None}, {}, {"taken_s": 60.0}),
        ({}, {"ActiveState": "activating"}, {"taken_s": 60.0, "running": (60.0,)}),
        ({}, {"ActiveState": "active", "ExecMainStartTimestampMonotonic": "x"}, {"taken_s": 60.0}),
        # One that failed is no sign that any is finished.
        (
            {},
            {"Result": "exit-code", "ExecMainStatus": "3"},
            {
                "taken_s": None, "tried_s": 60.0, "failed": 1, "failures": (60.0,),
                "error": "a.service ended with Result=exit-code, status 3",
            },
        ),
        (
            {},
            {"Result": "exit-code", "ActiveState": "activating"},
            {"taken_s": 60.0, "running": (60.0,)},
        ),
        ({"ActiveState": "inactive", "SubState": "dead"}, {}, {"broken": ("a.timer is inactive (dead)",)}),
        # No next run is one that never comes; while it is at work there is none yet.
        ({"NextElapseUSecRealtime": ""}, {}, {"broken": ("a.timer has no next run",)}),
        (
            {"NextElapseUSecRealtime": "", "NextElapseUSecMonotonic": "infinity"},
            {},
            {"broken": ("a.timer has no next run",)},
        ),
        ({"NextElapseUSecRealtime": "", "NextElapseUSecMonotonic": "1d 3h 47min 40s"}, {}, {"broken": ()}),
        ({"NextElapseUSecRealtime": "", "SubState": "running"}, {}, {"broken": ()}),
        ({"NextElapseUSecRealtime": ""}, {"ActiveState": "activating"}, {"broken": ()}),
        # What is due and does not come waits.
        (
            {"NextElapseUSecRealtime": "Wed 2025-12-31 23:00:00 UTC"},
            {},
            {"waiting": 1, "broken": ()},
        ),
        ({"NextElapseUSecRealtime": "Wed 2025-12-31 23:00:00 UTC"}, {"ActiveState": "activating"},
         {"waiting": 0}),
        # It ran too long ago, or never.
        (
            {"LastTriggerUSecMonotonic": "1h"},
            {},
            {"broken": ("a.timer last ran 96400 s ago, not within 3600 s",)},
        ),
        ({"LastTriggerUSecMonotonic": "1h"}, {"ActiveState": "activating"}, {"broken": ()}),
        (
            {"LastTriggerUSecMonotonic": None},
            {},
            {"taken_s": None, "broken": ("a.timer was started 99999 s ago and has never run",)},
        ),
        (
            {"LastTriggerUSecMonotonic": None, "ActiveEnterTimestampMonotonic": "99000000000"},
            {},
            {"taken_s": None, "broken": ()},
        ),
        (
            {"LastTriggerUSecMonotonic": None, "ActiveEnterTimestampMonotonic": "0"},
            {},
            {"taken_s": None, "broken": ()},
        ),
    ],
)  # fmt: skip
def test_a_timer(timer: Any, service: Any, facts: dict[str, Any]) -> None:
    """By the host's own clock; nothing but what is wrong is broken."""
    found = told(timer, service)
    assert isinstance(found, QueueFacts), found
    assert {key: getattr(found, key) for key in facts} == facts


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (told({"LoadState": "not-found"}), Absent("a.timer: LoadState=not-found")),
        (told({}), "systemctl show told nothing of a.service"),
        (told({"Id": "b.timer"}, {}), "systemctl show told nothing of a.timer"),
    ],
)
def test_a_timer_that_is_not_told(found: Any, expected: Any) -> None:
    """Absent where systemd says so; what it triggers has to be told, too."""
    if isinstance(expected, Absent):
        assert found == expected
    else:
        assert isinstance(found, CannotTell)
        assert found.reason == expected


@pytest.mark.parametrize("section", [Section(b"", 0, ""), Section(CLOCK.encode(), 1, "no bus")])
def test_no_timer_is_told_without_systemd(section: Section) -> None:
    """Not one of them."""
    (found,) = PROBE.read(section, [("a.timer", 1.0)]).values()
    assert isinstance(found, CannotTell)
    assert found.reason.startswith("systemctl show: ")
