"""What a drill found, as a page of the documents.

``python -m tests.bench.drilled reports/drill/sandbox reports/drill/machine-x [others.json]`` reads
``matrix.json`` and ``healthy.json`` of each folder, and prints Markdown.
"""

from __future__ import annotations

import collections
import json
import pathlib
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.table import cell_row

Json = Mapping[str, Any]
HEAD = """\
# What the drill found

`gate drill` does every fault of `tests/faults` for real, proves that it is in effect, has the gate
look, undoes it and waits for green ([how](howto/drill.md)). A fault counts as detected only if the
items that have to turn turned, with the cause in their reason, nothing else did, and the exit
status and the time were right. This page is written by `python -m tests.bench.drilled` from the
files that the drills left; nothing of it is written by hand.
"""


def page(folders: Sequence[pathlib.Path], others: Mapping[str, Mapping[str, str]]) -> str:
    """The page of some drills.

    Args:
        folders: Of a drill each, as `gate drill` writes them.
        others: What other tools made of the faults, by fault and tool.
    """
    parts = [HEAD]
    parts += [_place(some) for some in _by_target(_read(folders, "matrix.json")).values()]
    parts += [_healthy(one) for one in _read(folders, "healthy.json")]
    if others:
        parts.append(_others(others))
    return "\n".join(parts)


def _read(folders: Sequence[pathlib.Path], name: str) -> list[Json]:
    files = [folder / name for folder in folders if (folder / name).exists()]
    return [json.loads(file.read_text("utf-8")) for file in files]


def _by_target(found: Sequence[Json]) -> dict[str, list[Json]]:
    """The drills at each target, the oldest first."""
    by_target: dict[str, list[Json]] = collections.defaultdict(list)
    for one in sorted(found, key=lambda one: str(one["finished"])):
        by_target[one["target"]].append(one)
    return by_target


def _place(drills: Sequence[Json]) -> str:
    """Of a fault that was tried again, the last trial counts; that there were several is said."""
    found, faults = drills[-1], [*{one["id"]: one for d in drills for one in d["faults"]}.values()]
    tries = [f"{len(one['faults'])} in {one['seconds'] / 60:.0f} minutes" for one in drills]
    by_chapter: dict[str, list[Json]] = collections.defaultdict(list)
    for one in faults:
        by_chapter[one["chapter"]].append(one)
    lines = [
        f"## At {found['target']}",
        "",
        f"{_counted(faults)} of {len(faults)} faults detected ({_machine(found)}).",
        f"Tried, one drill after the other: {', then '.join(tries)}, on {found['finished'][:10]};",
        "of a fault that was tried again, the last trial counts.",
        "",
        cell_row(["chapter", "faults", "detected", "median of a look", "slowest"]),
        cell_row(["---"] * 5),
    ]
    for chapter, some in sorted(by_chapter.items()):
        took = [one["seconds"] for one in some if one["seconds"] is not None] or [0.0]
        seconds = [f"{statistics.median(took):.1f} s", f"{max(took):.1f} s"]
        lines.append(cell_row([chapter, str(len(some)), str(_counted(some)), *seconds]))
    left = [one for one in faults if one["end"] != "detected"]
    lines += ["", *(f"- {one['id']}: {one['end']}: {one['why'][:200]}" for one in left)]
    return "\n".join(lines).rstrip() + "\n"


def _counted(some: Sequence[Json]) -> int:
    return sum(one["end"] == "detected" for one in some)


def _machine(found: Json) -> str:
    on = found["machine"]
    return f"{on['system'].partition('-')[0]}, {on['cores']} cores, Python {on['python']}"


def _healthy(found: Json) -> str:
    healthy, alarms = found["healthy"], found["healthy"]["alarms"]
    blocked = f"{len(alarms)} of {healthy['runs']} healthy runs were blocked"
    bound = f"{healthy['sure']:.0%} sure that no more than {healthy['at_most']:.1%} are"
    took = f"In {found['seconds'] / 60:.0f} minutes, on {found['finished'][:10]}."
    lines = [f"## False alarms at {found['target']}", "", f"{blocked}: {bound}; {_machine(found)}."]
    lines.append(took)
    lines += ["", cell_row(["way", "runs", "blocked"]), cell_row(["---"] * 3)]
    for way, runs in healthy["ways"].items():
        of_it = sum(one["way"] == way for one in alarms)
        lines.append(cell_row([way, str(runs), str(of_it)]))
    return "\n".join(lines) + "\n"


def _others(others: Mapping[str, Mapping[str, str]]) -> str:
    tools = sorted({tool for one in others.values() for tool in one})
    words = ("caught", "missed", "cannot be promised")
    lines = [
        "## The same faults, put to others",
        "",
        f"{len(others)} faults of host and API, one by one [beside other tools](comparison.md):",
        "",
        cell_row(["tool", *words]),
        cell_row(["---"] * 4),
    ]
    for tool in tools:
        counted = collections.Counter(one.get(tool) for one in others.values())
        lines.append(cell_row([tool, *(str(counted[word]) for word in words)]))
    return "\n".join(lines) + "\n"


def main(words: Sequence[str]) -> None:
    """Print the page."""
    files = [pathlib.Path(one) for one in words]
    others = [json.loads(one.read_text("utf-8")) for one in files if one.is_file()]
    folders = [one for one in files if one.is_dir()]
    sys.stdout.write(page(folders, dict(item for one in others for item in one.items())))


if __name__ == "__main__":
    main(sys.argv[1:])
