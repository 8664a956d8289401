"""What every report is told from: the contract, where, when, what was seen, and the verdict."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable
from typing import TypeVar

from gate.account.verdict import Line, Outcome, Verdict
from gate.contract.item import Moment
from gate.contract.model import Contract, Promise
from gate.evidence.release import Release
from gate.kinds.scene import Scene
from gate.report.replay import Replay
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.facts import Identity
from gate.sources.observed import Observed
from gate.sources.registry import sources
from gate.target import Target

T = TypeVar("T")

SNAPSHOT: dict[Moment, str] = {
    "predeploy": "STATE_SNAPSHOT_BEFORE.md",
    "postdeploy": "STATE_SNAPSHOT_AFTER.md",
    "rollback": "STATE_SNAPSHOT_RESTORED.md",
}
"""The snapshot document's file name at each moment."""

ORDER = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WARN, Outcome.WAIVED, Outcome.PASS)
"""Outcomes, those that matter most first."""


NOTHING = CannotTell("nothing was looked at", Cause.UPSTREAM)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Earlier:
    """An earlier moment of the same deployment.

    Attributes:
        verdict: How it ended; ``None`` where only its look is known, as of a named baseline.
        observed: What was seen then; ``None`` where the look itself did not take place.
        started, finished: Of the look, or of the run where there was none (UTC).
        run: Name of its run's folder, where there is one.
    """

    moment: Moment
    verdict: Verdict | None
    observed: Observed | None
    started: dt.datetime
    finished: dt.datetime
    run: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """One moment at one target, ready to be told.

    Attributes:
        observed: What was seen; ``None`` where the look itself did not take place.
        started, finished: Of the whole run (UTC).
        baseline: What was seen at the earlier moment that this one is compared with.
        baseline_verdict: How that one ended.
        earlier: The earlier moments of the same deployment, in their order.
        run: Name of the run's folder.
        replay: What was judged again, where nothing was looked at.
        url: Where the run can be found, such as a CI job.
        release: What is released.
        advises: Whether the run only advises, and blocks nothing.
    """

    contract: Contract
    target: Target
    moment: Moment
    verdict: Verdict
    observed: Observed | None
    started: dt.datetime
    finished: dt.datetime
    baseline: Observed | None = None
    baseline_verdict: Verdict | None = None
    earlier: tuple[Earlier, ...] = ()
    run: str = ""
    replay: Replay | None = None
    url: str = ""
    release: Release | None = None
    advises: bool = False

    @functools.cached_property
    def scene(self) -> Scene:
        """What the kinds tell of; where nothing was looked at, nothing can be told."""
        observed = self.observed or Observed.model_construct(
            target=self.target.name,
            moment=self.moment,
            started=self.started,
            finished=self.finished,
            sources=dict.fromkeys(sources(), NOTHING),
        )
        return Scene(
            contract=self.contract,
            target=self.target,
            moment=self.moment,
            observed=observed,
            baseline=self.baseline,
        )

    def once(self, make: Callable[[Account], T]) -> T:
        """What is made of this account, made once however many reports need it."""
        made: dict[object, T] = self.__dict__.setdefault("_made", {})
        if make not in made:
            made[make] = make(self)
        return made[make]

    @property
    def identity(self) -> Identity | None:
        """Which host it was; ``None`` where that could not be seen."""
        host = self.scene.observed.host
        return host.value.identity if isinstance(host, Seen) else None


def lines_by_id(verdict: Verdict) -> dict[str, Line]:
    """The lines of a verdict, by item."""
    return {line.id: line for line in verdict.lines}


def chapters(verdict: Verdict) -> dict[str, list[Line]]:
    """The lines of a verdict by chapter, in the contract's order."""
    found: dict[str, list[Line]] = {}
    for line in verdict.lines:
        found.setdefault(line.chapter, []).append(line)
    return found


def tally(verdict: Verdict) -> str:
    """The outcomes that there are, as ``1 FAIL, 84 INCONCLUSIVE, 227 PASS``."""
    counts = ((outcome, verdict.count(outcome)) for outcome in ORDER)
    return ", ".join(f"{count} {outcome.value}" for outcome, count in counts if count) or "no items"


def source_of(contract: Contract, id_: str, moment: Moment) -> str:
    """Who says so; empty for a line that is no item of this contract."""
    promise: Promise | None = contract.promises.get(id_)
    return promise.at(moment).source if promise else ""
