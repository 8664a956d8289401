"""What is under way in this process, for whoever tells of it: any part of the gate may say it.

Kept for the whole process, since what takes long runs in threads of its own; nothing of it is kept
with what was seen, and it decides nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator

_lock = threading.Lock()
_running: dict[int, Activity] = {}


@dataclasses.dataclass
class Activity:
    """Something that takes its time.

    Attributes:
        text: What it is: an item, a source, a step.
        budget_s: How long it may take, in seconds, where that is bounded.
        detail: How far it is, such as ``sample 2 of 3``.
        began: When it began, by the monotonic clock.
    """

    text: str
    budget_s: float | None = None
    detail: str = ""
    began: float = dataclasses.field(default_factory=time.monotonic)

    def told(self, now: float) -> str:
        """It in words: ``endpoint.report, sample 2 of 3 (12 s of 120 s)``."""
        of = f" of {self.budget_s:.0f} s" if self.budget_s else ""
        detail = f", {self.detail}" if self.detail else ""
        return f"{self.text}{detail} ({now - self.began:.0f} s{of})"


@contextlib.contextmanager
def doing(text: str, budget_s: float | None = None) -> Iterator[Activity]:
    """Say that something is under way, until the block is left."""
    one = Activity(text, budget_s)
    with _lock:
        _running[id(one)] = one
    try:
        yield one
    finally:
        with _lock:
            _running.pop(id(one), None)


def running() -> list[Activity]:
    """What is under way now, the oldest first."""
    with _lock:
        return sorted(_running.values(), key=lambda one: one.began)
