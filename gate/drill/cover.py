"""Which kinds of promises the faults of a folder show, in which ways; the holes, with reasons."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import get_args

from gate.drill.fault import Way
from gate.drill.load import Faults

WAYS: tuple[Way, ...] = get_args(Way)
Cover = Mapping[str, Mapping[Way, tuple[str, ...]]]
"""Names of faults by kind and by way."""


def cover(faults: Faults, kinds: Iterable[str]) -> Cover:
    """The faults that an item of a kind has to turn at, in each way."""
    found: dict[str, dict[Way, tuple[str, ...]]] = {kind: dict.fromkeys(WAYS, ()) for kind in kinds}
    for name, fault in faults.by_name.items():
        for kind in {id_.partition(".")[0] for id_ in fault.expect} & found.keys():
            found[kind][fault.way] += (name,)
    return found


def holes(faults: Faults, table: Cover) -> dict[tuple[str, Way], str]:
    """Why nothing is shown, by kind and way; empty where nobody says so."""
    return {
        (kind, way): next(
            (why for one, why in faults.holes.items() if fnmatch.fnmatchcase(f"{kind}.{way}", one)),
            "",
        )
        for kind, ways in table.items()
        for way, names in ways.items()
        if not names
    }


def stale(faults: Faults, table: Cover) -> list[str]:
    """Holes that are none: each kind and way that they mean is shown, or there is none."""
    open_ = {f"{kind}.{way}" for kind, way in holes(faults, table)}
    return [one for one in faults.holes if not fnmatch.filter(open_, one)]


def as_markdown(faults: Faults, table: Cover) -> str:
    """The table for people: how many faults, and the holes below it."""
    lines = [f"| kind | {' | '.join(WAYS)} |", "|---" * (len(WAYS) + 1) + "|"]
    for kind, ways in table.items():
        cells = (str(len(ways[way])) if ways[way] else "-" for way in WAYS)
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    told = holes(faults, table)
    lines += [
        "",
        *(f"- {kind}, {way}: {why or 'NOBODY SAYS WHY'}" for (kind, way), why in told.items()),
    ]
    return "\n".join(lines)
