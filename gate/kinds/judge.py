"""One comparison for any promise: the kind of its item decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from gate.contract.model import Promise
from gate.errors import JudgedElsewhereError, ObservationError
from gate.kinds.finding import Finding
from gate.kinds.pasted import pasted
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.sources.fact import Cause


def compare(promise: Promise, scene: Scene) -> Finding:
    """Compare a promise with what was seen at the scene's moment.

    Raises:
        ObservationError: It cannot be told.
    """
    finding = kinds()[promise.kind].compare(promise, scene)
    source = promise.at(scene.moment).source
    look = pasted(finding.look, scene)
    return dataclasses.replace(
        finding, id=promise.id, source=source, seen=_seen(finding), look=look
    )


def _seen(finding: Finding) -> str:
    """What was seen; where the words are those of the promise and it is broken, what is broken."""
    same = finding.seen.split() == finding.promised.split()
    return "; ".join(finding.broken) if finding.broken and same else finding.seen


AWAY = (Cause.UNREACHABLE, Cause.TIMEOUT)
"""Why nothing can be told of what cannot be reached."""


def broken_among(
    promises: Iterable[Promise], scene: Scene, *, away: bool = False
) -> tuple[list[str], list[str]]:
    """Return what is broken among some promises, and what cannot be told of them.

    A promise that another program accounts for is none of both: it stands for itself.

    Args:
        promises: The promises.
        scene: Where they are judged.
        away: Whether what cannot be reached counts as broken.
    """
    broken: list[str] = []
    unknown: list[str] = []
    for one in promises:
        try:
            finding = compare(one, scene)
        except JudgedElsewhereError:
            continue
        except ObservationError as error:
            is_away = away and getattr(error, "cause", None) in AWAY
            (broken if is_away else unknown).append(f"{one.id}: {error}" if is_away else str(error))
            continue
        if not finding.holds:
            broken.append(f"{one.id}: {finding.broken[0]}")
    return broken, unknown
