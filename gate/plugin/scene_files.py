"""How scenes travel: the controller publishes each as files, xdist's workers wait for them."""

from __future__ import annotations

import json
import os
import pathlib
import time

from gate.contract.item import Moment
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.observed import Observed
from gate.target import Target

POLL_S = 0.02


def publish(
    folder: pathlib.Path,
    moment: Moment,
    *,
    target: Target,
    observed: Observed | None,
    baseline: Observed | None,
    why: str,
    no_baseline: str,
) -> None:
    """Leave a moment's look for the workers; ``why`` says why there is none."""
    document = {
        "why": why,
        "no_baseline": no_baseline,
        "secrets": known.values(),
        "target": target.model_dump(mode="json", exclude_defaults=True),
        "observed": observed.model_dump(mode="json") if observed else None,
        "baseline": baseline.model_dump(mode="json") if baseline else None,
    }
    temporary = folder / f".{moment}.part"
    temporary.write_text(json.dumps(document), "utf-8")
    temporary.replace(folder / f"{moment}.json")


def receive(folder: pathlib.Path, moment: Moment) -> tuple[Target, Observed, Observed | None, str]:
    """Wait for a moment's look, as long as the controller lives: its own deadlines hold there.

    Raises:
        ObservationError: There was no look, or the controller is gone.
    """
    file, parent = folder / f"{moment}.json", os.getppid()
    while not file.exists():
        if os.getppid() != parent:
            raise ObservationError("cannot tell: the controlling pytest process is gone")
        time.sleep(POLL_S)
    document = json.loads(file.read_text("utf-8"))
    known.learn(*document["secrets"])
    if document["observed"] is None:
        raise ObservationError(document["why"])
    baseline = document["baseline"]
    return (
        Target.model_validate(document["target"]),
        Observed.model_validate(document["observed"]),
        Observed.model_validate(baseline) if baseline else None,
        document["no_baseline"],
    )
