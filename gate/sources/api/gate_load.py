"""How far the gate's own machine kept waiting what could have run, while durations were taken."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import os
import pathlib
import time
from collections.abc import AsyncIterator

TICK_S = 0.02
KEPT = 20_000
"""Ticks that are remembered: some seven minutes."""
LOADAVG = pathlib.Path("/proc/loadavg")


class Strain:
    """Ticks of a heart that beats in the same loop as the requests.

    Each remembers how late it came (a process that gets no CPU, was stopped, or runs on a machine
    that was) and how many tasks of the machine could run at that time.
    """

    def __init__(self) -> None:
        """Remember nothing."""
        self._ticks: collections.deque[tuple[float, float, float]] = collections.deque(maxlen=KEPT)
        self._cores = os.cpu_count() or 1

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Beat meanwhile."""
        task = asyncio.ensure_future(self._beat())
        try:
            yield
        finally:
            task.cancel()

    async def _beat(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            self._ticks.append((now, max(0.0, now - before - TICK_S), self._kept_waiting()))

    def _kept_waiting(self) -> float:
        """The share of the runnable tasks that have no core just now.

        Source:
            ``/proc/loadavg``, proc(5): "currently runnable kernel scheduling entities / existing".
        """
        try:
            runnable = int(LOADAVG.read_text("ascii").split()[3].partition("/")[0])
        except (OSError, ValueError, IndexError):
            return 0.0
        return max(0.0, 1 - self._cores / runnable) if runnable else 0.0

    def since(self, started: float) -> float:
        """The strain from a time of `time.perf_counter` until now, from 0 to 1.

        Of a time that is shorter than a few ticks it is that of the ticks around it.
        """
        ticks = self._since(started - 5 * TICK_S)
        if not ticks:
            return 0.0
        late = sum(one[1] for one in ticks)
        share = late / (late + TICK_S * len(ticks))
        return round(max(share, sum(one[2] for one in ticks) / len(ticks)), 3)

    def stood_still(self, started: float) -> float:
        """The longest time since then for which the gate itself did not run, in seconds."""
        return max((late for _, late, _ in self._since(started)), default=0.0)

    def _since(self, begin: float) -> list[tuple[float, float, float]]:
        return list(itertools.takewhile(lambda one: one[0] >= begin, reversed(self._ticks)))
