"""How long ago a timer has to have run, for the recorder: twice the longest wait of its file."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gate.duration import DAY, MINUTE
from gate.kinds.kind import LeftOut
from gate.kinds.scene import Scene
from gate.kinds.units_there import asks
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.intervals import ALL, INTERVALS
from gate.sources.host.probe import AskProbe
from gate.target import Target

TIMES = 2
"""A recorded timer may miss one run, and not two."""


def asks_times(target: Target) -> Iterable[object]:
    """The units of the host, and how long its timers wait."""
    yield from asks(target)
    yield AskProbe(INTERVALS, ALL)


def ran_within(timer: str, scene: Scene) -> int | LeftOut | CannotTell:
    """Within how many seconds a timer runs, or why that is not written."""
    fact = scene.probed(INTERVALS, ALL)
    if isinstance(fact, CannotTell):
        return fact
    what = f"ran_within_s of timer {timer.removesuffix('.timer')}"
    one = fact.value.timers.get(timer) if isinstance(fact, Seen) else None
    if one is None:
        return LeftOut(f"{what}: systemctl tells nothing of its times")
    if one.longest_s is None:
        said = fact.value.why if isinstance(fact, Seen) else ""
        return LeftOut(f"{what}: {said or 'its file gives it no interval from run to run'}")
    if not one.persistent and one.longest_s > DAY:
        days = f"{one.longest_s / DAY:g} days"
        return LeftOut(
            f"{what}: it waits up to {days}, and is not Persistent: a reboot has it forget its "
            f"last run"
        )
    return math.ceil(TIMES * (one.longest_s + one.late_s) / MINUTE) * MINUTE
