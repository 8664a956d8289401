"""A kept look, read for a contract and a target that it has to fit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from gate.sources.binding import unfit, unfit_before
from gate.sources.fact import Seen
from gate.sources.observed import Observed
from gate.sources.registry import sources
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
    was, known = observed.bound.asked, sources()
    changed = {
        name: Seen(known[name].belonging(fact.value, was, asked))
        for name, fact in observed.sources.items()
        if isinstance(fact, Seen) and name in known
    }
    return observed.model_copy(update=changed)
