"""False alarms: the gate at a healthy system, again and again, and how rare they are at most."""

from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gate.drill.fault import Gate
from gate.drill.gating import Look

SURE = 0.95
"""How sure the upper bound is."""
BUSY = "while True: pass"
WRITES = (
    "import os, sys\n"
    "block = os.urandom(1 << 20)\n"
    "while True:\n"
    "    with open(sys.argv[1], 'wb') as file:\n"
    "        for _ in range(64):\n"
    "            file.write(block)\n"
    "        file.flush(); os.fsync(file.fileno())\n"
)


@dataclasses.dataclass(frozen=True)
class Way:
    """How a healthy run is made.

    Attributes:
        title: What people call it.
        gate: How the gate is run.
        busy: What keeps the machine busy meanwhile: ``""``, ``"cores"`` or ``"disk"``.
    """

    title: str
    gate: Gate
    busy: str = ""


WAYS = (
    Way("gate check", Gate()),
    Way("pytest", Gate(pytest=True)),
    Way("pytest -n 2", Gate(pytest=True, options=("-n", "2"))),
    Way("gate check, all cores busy", Gate(), "cores"),
    Way("gate check, the disk busy", Gate(), "disk"),
)


@dataclasses.dataclass
class Count:
    """Healthy runs, and how they ended.

    Attributes:
        runs: How many there were.
        alarms: Those that did not promote: which way, exit status, and items.
    """

    runs: int = 0
    alarms: list[tuple[str, int, tuple[str, ...]]] = dataclasses.field(default_factory=list)

    @property
    def at_most(self) -> float:
        """The rate of false alarms that is not exceeded, with the certainty of `SURE`."""
        return upper_bound(len(self.alarms), self.runs)

    def take(self, way: Way, look: Look) -> None:
        """Count a run."""
        self.runs += 1
        if not look.green:
            odd = tuple(f"{id_}: {one[1]}" for id_, one in look.odd.items() if one[0] != "WARN")
            self.alarms.append((way.title, look.exit_status, odd))


def upper_bound(found: int, of: int) -> float:
    """The exact (Clopper-Pearson) upper bound of a rate, one-sided.

    Args:
        found: How often it happened.
        of: In how many trials.
    """
    if of == 0 or found >= of:
        return 1.0
    low, high = found / of, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        chance = math.fsum(
            math.comb(of, n) * middle**n * (1 - middle) ** (of - n) for n in range(found + 1)
        )
        low, high = (middle, high) if chance > 1 - SURE else (low, middle)
    return high


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Keep the machine busy with programs that end with it."""
    with tempfile.TemporaryDirectory(prefix="gate-drill-busy-") as folder:
        words = {
            "cores": [[sys.executable, "-c", BUSY]] * (os.cpu_count() or 1),
            "disk": [[sys.executable, "-c", WRITES, f"{folder}/block"]],
        }.get(what, [])
        running = [subprocess.Popen(one) for one in words]  # noqa: S603 - our own programs
        try:
            yield
        finally:
            for one in running:
                one.kill()
                one.wait()


def healthy(
    runs: int,
    look: Callable[[Gate], Look],
    tell: Callable[[Count], None],
    cancelled: threading.Event,
) -> Count:
    """Let the gate look at a healthy system so often, one way after the other.

    Args:
        runs: How often.
        look: Looks once, in one way.
        tell: Is told after each.
        cancelled: Set by another thread: the rest is left out.
    """
    count = Count()
    for number in range(runs):
        if cancelled.is_set():
            break
        way = WAYS[number % len(WAYS)]
        with busy(way.busy):
            found = look(way.gate)
        if not cancelled.is_set():
            count.take(way, found)
            tell(count)
    return count
