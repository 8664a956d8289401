"""Which runs of a target are one deployment: before, after, and restored, the newest of each."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Container

from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.report.runs import NAME, WITHHELD, folders, is_finished, word


@dataclasses.dataclass(frozen=True)
class Story:
    """One deployment, as far as it is.

    Attributes:
        runs: The folder of the newest finished run of each moment, in the order of the moments.
        missing: What is not in them, such as a later run that was killed; for readers.
    """

    runs: dict[Moment, pathlib.Path]
    missing: tuple[str, ...] = ()

    @property
    def last(self) -> pathlib.Path:
        """The run of its latest moment."""
        return [*self.runs.values()][-1]

    @property
    def name(self) -> str:
        """What it is known by as long as its first run is kept."""
        return next(iter(self.runs.values())).name


def stories(place: pathlib.Path) -> list[Story]:
    """Every deployment that is still kept below ``reports/TARGET``, the oldest first.

    A look from before the deployment begins one, unless nothing but that was seen so far, and so
    does whatever follows a rollback. What is looked at again takes the place of the earlier look,
    and how that ended is said.
    """
    found: list[dict[Moment, pathlib.Path]] = []
    lost: list[list[str]] = []
    for path, moment in _in_order(place):
        if not found or _begins(moment, found[-1]):
            found.append({})
            lost.append([])
        if is_finished(path):
            earlier = found[-1].get(moment)
            if earlier is not None:
                lost[-1].append(f"{earlier.name} ended {word(earlier)}; it was looked at again")
            found[-1][moment] = path
        else:
            why = "its reports hold a secret" if (path / WITHHELD).exists() else word(path)
            lost[-1].append(f"{path.name} is left out: {why or 'it has no verdict'}")
    return [
        Story({one: runs[one] for one in MOMENTS if one in runs}, tuple(why))
        for runs, why in zip(found, lost, strict=True)
        if runs
    ]


def alone(run: pathlib.Path) -> Story:
    """One run by itself, such as a replay."""
    name = NAME.match(run.name)
    return Story({MOMENTS[MOMENTS.index(name[2]) if name else 0]: run})


def _begins(moment: Moment, told: Container[Moment]) -> bool:
    """Whether a moment belongs to another deployment than what is told so far."""
    if moment == "rollback":
        return False
    return "rollback" in told or (moment == "predeploy" and "postdeploy" in told)


def _in_order(place: pathlib.Path) -> list[tuple[pathlib.Path, Moment]]:
    """Runs that are no replays, by their time; of one time, in the order of the moments."""
    found = []
    for path in folders(place):
        name = NAME.match(path.name)
        if name and not name[3]:
            found.append((name[1], MOMENTS.index(name[2]), path))
    return [(path, MOMENTS[number]) for _, number, path in sorted(found)]
