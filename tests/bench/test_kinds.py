"""How long a look takes that asks a host about all kinds of things together, over SSH."""

from __future__ import annotations

import datetime as dt
import pathlib
import resource
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from gate.contract.model import Contract
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from sandbox.machine import cgroup
from tests.bench import kinds_of
from tests.machine import extra
from tests.machine.trial import ROOT, Machine
from tests.selftest.promised import told

pytest_plugins = ["tests.machine.conftest"]

EACH = (1, 14, 42)
"""Items of each kind: 27, 300 and 888 in all."""
RUNS = 5
REPORT = ROOT / "reports" / "bench" / "kinds.md"


class Took(NamedTuple):
    """Seconds of one look: on the clock, of the gate's processor, of the machine's."""

    clock: float
    own: float
    host: float


@pytest.fixture(scope="module")
def machine(boot_machine: Callable[[str], Machine]) -> Machine:
    """A machine on which every promise is kept."""
    found = boot_machine("kinds")
    extra.install(found.record, "nftables", "openssl")
    kinds_of.populate(found, max(EACH))
    return found


def test_kinds(machine: Machine, tmp_path: pathlib.Path) -> None:
    """Every promise holds; the settling window of half a second is part of each look."""
    contracts = {}
    for each in EACH:
        folder = tmp_path / str(each)
        count = kinds_of.write(folder, machine, each)
        contracts[count] = load_contract(folder)
    took: dict[int, list[Took]] = {count: [] for count in contracts}
    for _ in range(RUNS + 1):
        for count, contract in contracts.items():
            took[count].append(_look(machine, contract))
    _write({count: runs[1:] for count, runs in took.items()})


def _look(machine: Machine, contract: Contract) -> Took:
    target = machine.target(differs=[], api=None, database=None, rehearsal=None)
    began, own, host = time.perf_counter(), _own(), _machines(machine)
    observed = look(contract, target, "predeploy")
    found = Took(time.perf_counter() - began, _own() - own, _machines(machine) - host)
    scene = Scene(
        contract=contract, target=target, moment="predeploy", observed=observed, baseline=None
    )
    assert {id_: words for id_, words in told(scene).items() if words} == {}
    return found


def _own() -> float:
    """The processor's seconds of this process and of what it has started, so far."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(one)[:2]) for one in kinds)


def _machines(machine: Machine) -> float:
    """The processor's seconds of everything on the machine, so far."""
    stat = cgroup.groups(machine.record.name)[0] / "cpu.stat"
    words = stat.read_text("ascii").split()
    return int(words[words.index("usage_usec") + 1]) / 1e6


def _write(took: dict[int, list[Took]]) -> None:
    today = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d}"
    lines = [
        f"# A look at all kinds of a host's things, over SSH ({today}, {RUNS} interleaved runs)",
        "",
        "| items | median, s | least, s | least of the host's processor, s | of the gate's, s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for count, runs in took.items():
        clock = [one.clock for one in runs]
        host, own = min(one.host for one in runs), min(one.own for one in runs)
        cells = (statistics.median(clock), min(clock), host, own)
        lines.append(f"| {count} | " + " | ".join(f"{one:.2f}" for one in cells) + " |")
    first, *_, last = took
    slopes = [
        (min(many) - min(few)) / (last - first) * 1000
        for few, many in zip(
            zip(*took[first], strict=True), zip(*took[last], strict=True), strict=True
        )
    ]
    words = "A further item: {:.2f} ms on the clock, {:.2f} ms of the gate's processor, {:.2f} of"
    words += " the host's."
    lines += ["", words.format(*slopes)]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", "utf-8")
