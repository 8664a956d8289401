"""A kept look, read for a contract and a target that it has to fit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from gate.sources.binding import belonging, unfit, unfit_before
from gate.sources.fact import Seen
from gate.sources.observed import Observed
from gate.target import Target


def unfit_to_replay(observed: Observed, target: Target, sha256: str) -> str:
    """Why a look cannot be judged again; empty where it can."""
    return unfit(observed.bound, target, sha256)


def unfit_as_baseline(observed: Observed, target: Target, *, days: float, now: dt.datetime) -> str:
    """Why a look cannot be what is compared with; empty where it can."""
    if observed.moment != "predeploy":
        return f"it is one of {observed.moment}, not of predeploy"
    times = (observed.started, observed.finished)
    return unfit_before(observed.bound, times, target, days=days, now=now)


def answering(observed: Observed, asked: Mapping[str, str]) -> Observed:
    """The look with the answers alone that belong to what is asked now.

    Args:
        observed: A kept look.
        asked: Digests of requests by item id, as `gate.sources.binding.requests` makes them.
    """
    was, changed = observed.bound.asked, dict[str, object]()
    if isinstance(observed.api, Seen):
        api = observed.api.value
        own = belonging(api.answers, was, asked)
        changed["api"] = Seen(api.model_copy(update={"answers": own}))
    if isinstance(observed.host, Seen):
        host = observed.host.value
        parts = {
            "outputs": belonging(host.outputs, was, asked),
            "packages": belonging(host.packages, was, asked),
        }
        changed["host"] = Seen(host.model_copy(update=parts))
    if isinstance(observed.database, Seen):
        database = observed.database.value
        work = {
            id_: facts
            for id_, facts in database.work.items()
            if id_ not in asked or was.get(id_) == asked[id_]
        }
        changed["database"] = Seen(database.model_copy(update={"work": work}))
    return observed.model_copy(update=changed)
