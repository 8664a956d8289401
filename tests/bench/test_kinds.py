"""How long a look takes that asks a host about all kinds of things together, over SSH."""

from __future__ import annotations

import datetime as dt
import pathlib
import resource
import statistics
import time
from collections.abc import Callable

import pytest

from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.sources.fact import Seen
from tests.bench import kinds_of
from tests.machine.trial import ROOT, Machine

pytest_plugins = ["tests.machine.conftest"]

EACH = (1, 25, 85)
"""Items of each kind: 15, 303 and 1,023 in all."""
RUNS = 7
REPORT = ROOT / "reports" / "bench" / "kinds.md"


@pytest.fixture(scope="module")
def machine(boot_machine: Callable[[str], Machine]) -> Machine:
    """A machine as it is delivered."""
    return boot_machine("kinds")


def test_kinds(machine: Machine, tmp_path: pathlib.Path) -> None:
    """The settling window of half a second is part of each look."""
    target = machine.target(differs=[], api=None, database=None, rehearsal=None)
    took: dict[int, list[tuple[float, float]]] = {}
    for each in EACH:
        folder = tmp_path / str(each)
        count = kinds_of.write(folder, each)
        contract = load_contract(folder)
        for _ in range(RUNS + 1):
            began, busy = time.perf_counter(), _processor()
            observed = look(contract, target, "predeploy")
            taken = time.perf_counter() - began, _processor() - busy
            assert isinstance(observed.host, Seen)
            took.setdefault(count, []).append(taken)
    _write({count: runs[1:] for count, runs in took.items()})


def _processor() -> float:
    """The processor's seconds of this process and of what it has started, so far."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(one)[:2]) for one in kinds)


def _write(took: dict[int, list[tuple[float, float]]]) -> None:
    today = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d}"
    lines = [
        f"# A look at all kinds of things of a host, over SSH ({today}, {RUNS} runs)",
        "",
        "| items | median, s | least, s | of the gate's own processor, s |",
        "| --- | --- | --- | --- |",
    ]
    for count, runs in took.items():
        seconds, busy = [one for one, _ in runs], [one for _, one in runs]
        cells = (statistics.median(seconds), min(seconds), statistics.median(busy))
        lines.append(f"| {count} | " + " | ".join(f"{one:.2f}" for one in cells) + " |")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", "utf-8")
