"""Look again, cheaply: whether the target still is what the evidence is about.

Nothing is written, carried out, rehearsed or sampled; what only such a look could tell again is
taken from the kept one. What an item *is* must be the same, and what held must not be broken.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from gate import launcher
from gate.account.judge import judge
from gate.account.verdict import Outcome
from gate.contract.model import Contract
from gate.errors import GateError, TargetError
from gate.evidence.checks import Against
from gate.kinds.look import questions
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.report.drift import Kind, compare
from gate.report.runs import earlier
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.sources.api.questions import AskSamples
from gate.sources.fact import CannotTell, Fact, Seen
from gate.sources.host.questions import AskDeployed
from gate.sources.look import look_at
from gate.sources.observation_file import read_observed
from gate.sources.observed import Observed
from gate.sources.registry import sources
from gate.sources.reuse import unfit_to_replay
from gate.target import Target

Now = dt.datetime


def placed(target: Target) -> Target:
    """The target as it is now; an embedded one has to stand, for none is started here.

    Raises:
        GateError: It does not.
    """
    if not target.embedded or target.launcher is None:
        return target
    found = launcher.status(target, target.launcher.standing)
    if not found.running:
        raise TargetError(f"{target.title} does not stand, so it cannot be looked at again")
    os.environ.update(found.env)
    now = launcher.placed(target, found)
    known.learn(*of_run(now, os.environ))
    return now


def other(kept: Observed, target: Target, contract: Contract) -> Iterator[Against]:
    """Whether a look was one at this target, by this contract."""
    why = unfit_to_replay(kept, target, contract.sha256)
    if why:
        yield Against(why)


def moved(
    kept: Observed, target: Target, contract: Contract, folder: pathlib.Path
) -> list[Against]:
    """Look again, and tell what is not as it was.

    Args:
        kept: The look that the evidence rests on.
        target: Where it was taken, as it is now.
        contract: By which it was taken; nothing in it may write.
        folder: Of the run.
    """
    if kept.bound.place.instance != target.instance:
        return [Against("the target was started anew since: it is another instance")]
    slow = {one.id for one in contract.at(kept.moment) if _samples(one, kept, target)}
    asked = [
        one for one in questions(contract, target, kept.moment) if not isinstance(one, AskSamples)
    ]
    baseline = _baseline(kept, folder)
    deployed = _deployed(kept, baseline)
    given: dict[str, Fact[Any]] = {
        name: kept.told(name) for name, one in sources().items() if one.late or not one.look
    }
    now = look_at(
        target,
        kept.moment,
        [*asked, AskDeployed(deployed.timestamp())] if deployed else asked,
        contract=contract,
        given=given,
    )
    found = [*_changed(kept, now, target, contract, slow)]
    scene = Scene(
        contract=contract, target=target, moment=kept.moment, observed=now, baseline=baseline
    )
    then = dataclasses.replace(scene, observed=kept)
    for promise in contract.at(kept.moment):
        if promise.id in slow or promise.id in {one.text.split(":")[0] for one in found}:
            continue
        if judge(promise, then).result.outcome not in HELD:
            continue
        result = judge(promise, scene).result
        if result.outcome is Outcome.FAIL:
            found.append(Against(f"{promise.id}: held, and is broken now: {result.reason}"))
        elif result.outcome is Outcome.INCONCLUSIVE and _looks(promise, kept, target):
            words = f"{promise.id}: held, and cannot be told now: {result.reason}"
            found.append(Against(words, untold=True))
    return found


HELD = (Outcome.PASS, Outcome.WARN)


def _samples(promise: Any, kept: Observed, target: Target) -> bool:
    asks = kinds()[promise.kind].asks(promise, kept.moment, target)
    return any(isinstance(one, AskSamples) for one in asks)


def _looks(promise: Any, kept: Observed, target: Target) -> bool:
    """Whether it asks for anything; what others guard, slow ones too, is told by those."""
    return any(True for _ in kinds()[promise.kind].asks(promise, kept.moment, target))


def _changed(
    kept: Observed, now: Observed, target: Target, contract: Contract, slow: set[str]
) -> Iterator[Against]:
    """What is another state than it was; what could not be told then does not matter now."""
    before = {one.id: one for one in compare(contract, target, kept, kept, None)}
    for one in compare(contract, target, kept, now, None):
        was = before.get(one.id)
        not_asked = one.id in slow or one.id in contract.withheld
        if not_asked or (was is not None and was.kind is Kind.UNKNOWN):
            continue
        if one.kind is Kind.UNKNOWN:
            yield Against(f"{one.id}: {one.after}", untold=True)
        elif one.kind is not Kind.SAME:
            yield Against(f"{one.id}: was {one.before}, and is {one.after}")
    host = now.host
    if isinstance(host, CannotTell):
        yield Against(f"the host cannot be looked at: {host.reason}", untold=True)


def _baseline(kept: Observed, folder: pathlib.Path) -> Observed | None:
    """The look from before the deployment that the run compared with, where it is still there."""
    if kept.moment == "predeploy":
        return None
    files = [folder / "baseline.json"]
    files += [one / "observed.json" for one in earlier(folder.parent.parent, "predeploy")]
    for file in files:
        try:
            found = read_observed(file)
        except GateError:
            continue
        if found.finished <= kept.started:
            return found
    return None


def _deployed(kept: Observed, baseline: Observed | None) -> Now | None:
    """When the deployment was begun, as the run had it."""
    plan = kept.plan
    if isinstance(plan, Seen):
        steps = [one.value.started for one in plan.value.steps.values() if isinstance(one, Seen)]
        if steps:
            return min(steps)
    if kept.moment != "postdeploy" or baseline is None or not isinstance(baseline.host, Seen):
        return None
    return baseline.host.value.identity.clock
