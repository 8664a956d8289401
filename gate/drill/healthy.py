"""False alarms: the gate at a healthy system, again and again, and how rare they are at most."""

from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gate import temporary
from gate.drill.fault import Gate
from gate.drill.gating import Look

SURE = 0.95
"""How sure the upper bound is."""
SAID = 300
"""Characters of what a run said that are kept where it left no item."""
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): sum(range(100_000))\n"
"""It ends with whoever started it, also where that was killed."""
WRITES = (
    "import os, sys\n"
    "block = os.urandom(1 << 20)\n"
    "while os.getppid() == int(sys.argv[1]):\n"
    "    with open(sys.argv[2], 'wb') as file:\n"
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


class Alarm(NamedTuple):
    """A healthy run that did not promote.

    Attributes:
        way: Which way of making one.
        exit_status: How it ended.
        items: What was not green and why, or what the run said where no item tells.
    """

    way: str
    exit_status: int
    items: tuple[str, ...]


@dataclasses.dataclass
class Count:
    """Healthy runs, and how they ended.

    Attributes:
        asked: How many there were to be.
        runs: How many there were.
        alarms: Those that did not promote.
        ways: How many there were of each way.
    """

    asked: int = 0
    runs: int = 0
    alarms: list[Alarm] = dataclasses.field(default_factory=list)
    ways: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def at_most(self) -> float:
        """The rate of false alarms that is not exceeded, with the certainty of `SURE`.

        Of the mixture of ways as they were run; of one way alone there are fewer runs.
        """
        return upper_bound(len(self.alarms), self.runs)

    def take(self, way: Way, look: Look) -> Alarm | None:
        """Count a run, and return the false alarm where it is one."""
        self.runs += 1
        self.ways[way.title] += 1
        if look.green:
            return None
        odd = [f"{id_}: {one[1]}" for id_, one in look.odd.items() if one[0] != "WARN"]
        odd += ["it did not end in time"] if look.late else []
        self.alarms.append(Alarm(way.title, look.exit_status, tuple(odd or [look.said[-SAID:]])))
        return self.alarms[-1]


def upper_bound(found: int, of: int) -> float:
    """The exact (Clopper-Pearson) upper bound of a rate, one-sided.

    Where it never happened that is about three by N: the rule of three.

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
    with temporary.folder() as folder:
        me = str(os.getpid())
        words = {
            "cores": [[sys.executable, "-c", BUSY, me]] * (os.cpu_count() or 1),
            "disk": [[sys.executable, "-c", WRITES, me, f"{folder}/block"]],
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
    tell: Callable[[Count, Alarm | None], None],
    cancelled: threading.Event,
) -> Count:
    """Let the gate look at a healthy system so often, one way after the other.

    Args:
        runs: How often.
        look: Looks once, in one way.
        tell: Is told after each, with the false alarm where it was one.
        cancelled: Set by another thread: the rest is left out.
    """
    count = Count(asked=runs)
    for number in range(runs):
        if cancelled.is_set():
            break
        way = WAYS[number % len(WAYS)]
        with busy(way.busy):
            found = look(way.gate)
        if not cancelled.is_set():
            tell(count, count.take(way, found))
    return count
