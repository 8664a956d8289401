"""Measured times as a Markdown table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gate.report.text import cell

NOTES = """\
Each check of a service: it runs and is enabled. Each check of a path: it is there, with a mode and
an owner. One service is stopped, one file has another mode and one is gone; every tool must find
exactly those. All tools look at the same machine (Debian under its own systemd), which grows from
size to size. Medians of {runs} interleaved runs in seconds; `(1)` was run a single time. In
brackets: how many times as long as the gate's whole process.

The gate's time is that of `python -m pytest -m predeploy` from start to exit: a new SSH connection,
one look with a settling window of {window:g} s (in which no other tool waits), the comparison, and
all reports. Goss and Serverspec run on the machine itself and pay for no connection. testinfra
opens one for every command, unless ssh's own configuration has a ControlPath; it was run so, too.
"""


TENS = 10.0


class Row(NamedTuple):
    """Times at one size.

    Attributes:
        took: Seconds of every run, by the tool's title.
    """

    services: int
    paths: int
    took: dict[str, list[float]]


def markdown(
    head: str, titles: Mapping[str, tuple[str, int, int]], rows: Sequence[Row], notes: str
) -> str:
    """Write the table.

    Args:
        head: First line.
        titles: Version, largest size and size of single runs of each tool; the first is what the
            others are compared with.
        rows: What was measured.
        notes: Text below the table.
    """
    first = next(iter(titles))
    lines = [head, "", "| services / paths | " + " | ".join(titles) + " |"]
    lines.append("|---" * (len(titles) + 1) + "|")
    for row in rows:
        cells = [_cell(row.took.get(title), row.took[first]) for title in titles]
        lines.append(f"| {row.services:,} / {row.paths:,} | {' | '.join(cells)} |")
    left_out = [
        f"- {title}: not run above {most:,} services."
        for title, (_, most, _) in titles.items()
        if most < max(row.services for row in rows)
    ]
    versions = [f"- {title}: {version}" for title, (version, _, _) in titles.items() if version]
    parts = ["\n".join(lines), notes]
    parts += ["Left out:\n\n" + "\n".join(left_out)] if left_out else []
    parts += ["Versions:\n\n" + "\n".join(versions)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _cell(took: list[float] | None, gate: list[float]) -> str:
    if not took:
        return "-"
    median, alone = statistics.median(took), statistics.median(gate)
    single = " (1)" if len(took) == 1 else ""
    times = median / alone
    ratio = "" if took is gate else f" [{times:.0f}]" if times >= TENS else f" [{times:.2g}]"
    return f"{median:.2f}{single}{ratio}"


def cell_row(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cell(one) for one in cells)} |"
