"""How long the reports of a run take, and how much memory: of a contract's size, and of more."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import platform
import statistics
import sys
from typing import Any

from tests.bench.tools import timed

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(__file__).with_name("reports_of.py")
REPORT = ROOT / "reports" / "bench" / "reports.md"
SIZES = ((227, 0), (227, 200), (1_000, 10), (10_000, 100))
"""Items, and how many of them are broken."""
RUNS = 5
PARTS = ("all but Allure", "with Allure")


def test_reports() -> None:
    """Every report of a look that took place, read again for secrets; each run a process."""
    took: dict[tuple[int, int], list[dict[str, Any]]] = {one: [] for one in SIZES}
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(RUNS):
        for size, found in took.items():
            line = [sys.executable, str(PROGRAM), *map(str, size)]
            _, done = timed(line, ROOT, environ)
            assert done.returncode == 0, done.stderr
            found.append(json.loads(done.stdout))
    _write(took)


def _write(took: dict[tuple[int, int], list[dict[str, Any]]]) -> None:
    today = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d}"
    heads = " | ".join(f"{part}: s | processor s | MiB" for part in PARTS)
    lines = [
        f"# The reports of a run ({today}, Python {platform.python_version()})",
        "",
        f"Medians of {RUNS} processes: seconds, those of the processor, and the most memory of the",
        "whole process, in MiB.",
        "",
        f"| items, of which broken | {heads} |",
        "| --- |" + " --- | --- | --- |" * len(PARTS),
    ]
    for (items, broken), runs in took.items():
        cells = [
            f"{statistics.median(run[part][key] for run in runs):.{digits}f}"
            for part in PARTS
            for key, digits in (("seconds", 2), ("processor", 2), ("peak_mib", 0))
        ]
        lines.append(f"| {items:,}, {broken} | {' | '.join(cells)} |")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", "utf-8")
