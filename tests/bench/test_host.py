"""The same checks of one host by several tools: same verdicts, and how long each takes."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import platform
import statistics
from collections.abc import Callable

import pytest

from tests.bench import table
from tests.bench.checks import checks, populate
from tests.bench.others import Goss, Multiplexed, Serverspec, Testinfra
from tests.bench.ours import Gate, Look
from tests.bench.tools import WINDOW_S, Tool
from tests.machine import extra
from tests.machine.trial import ROOT, Machine

pytest_plugins = ["tests.machine.conftest"]

SIZES = ((9, 4), (30, 30), (100, 100), (300, 300), (1000, 1000))
"""Services and paths; the first is the contract's own size."""
RUNS = 3
REPORTS = ROOT / "reports" / "bench"


@pytest.fixture(scope="module")
def machine(boot_machine: Callable[[str], Machine]) -> Machine:
    """A machine with the other tools on it."""
    found = boot_machine("bench")
    extra.install(found.record, "goss", "ruby-serverspec")
    return found


def test_host(machine: Machine, tmp_path: pathlib.Path) -> None:
    """Every tool comes to the same verdicts; what they took is written down."""
    kinds = (Gate, Look, Testinfra, Multiplexed, Goss, Serverspec)
    tools: list[Tool] = [kind(machine, tmp_path / kind.__name__) for kind in kinds]
    rows = []
    for services, paths in SIZES:
        wanted = checks(services, paths)
        populate(machine, wanted)
        taking_part = [tool for tool in tools if services <= tool.most]
        for tool in taking_part:
            tool.prepare(wanted)
        took: dict[str, list[float]] = {tool.title: [] for tool in taking_part}
        for run in range(RUNS):
            for tool in taking_part:
                if run and services >= tool.once:
                    continue
                seconds, verdict = tool.run()
                assert wanted.differing(verdict) == {}, tool.title
                took[tool.title].append(round(seconds, 3))
        rows.append(table.Row(services, paths, took))
        _report(tools, rows)
    assert all(statistics.median(one) > 0 for row in rows for one in row.took.values())


def _report(tools: list[Tool], rows: list[table.Row]) -> None:
    """Write what is known so far."""
    facts = {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "host": f"{platform.machine()}, {platform.system()} {platform.release()}",
        "versions": {tool.title: tool.version() for tool in tools if tool.version()},
        "rows": [row._asdict() for row in rows],
    }
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "host.json").write_text(json.dumps(facts, indent=2) + "\n")
    titles = {tool.title: (tool.version(), tool.most, tool.once) for tool in tools}
    head = f"# Checks of a host, side by side ({facts['date']}, {facts['host']})"
    notes = table.NOTES.format(runs=RUNS, window=WINDOW_S)
    (REPORTS / "host.md").write_text(table.markdown(head, titles, rows, notes))
