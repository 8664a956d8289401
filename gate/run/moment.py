"""A moment: bring the target to it, as far as the run is told to, and look once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from gate.connection.carrier import Carrier, open_carrier
from gate.connection.obstacle import INTERRUPTED
from gate.contract.item import Moment
from gate.errors import GateError, ObservationError
from gate.kinds.look import look, questions
from gate.plan.facts import PlanFacts
from gate.report.redacted import redacted_observed
from gate.run.stage import Stage
from gate.run.timings import Timings
from gate.secrets import known
from gate.sources.api.questions import AskSamples
from gate.sources.binding import requests
from gate.sources.fact import Fact, Seen
from gate.sources.look import look_after
from gate.sources.observation_file import read_observed, write_observed
from gate.sources.observed import Observed
from gate.sources.reuse import answering, unfit_as_baseline
from gate.sources.source import Looking
from gate.timing.rules import Past

BASELINE = "baseline.json"


def prepare(moment: Moment, stage: Stage) -> tuple[Observed, Observed | None]:
    """Bring the target to a moment, look once, and keep what was seen.

    Returns:
        The look, and the one from before the deployment where there is one.

    Raises:
        GateError: It could not be done; the text says why.
    """
    run = stage.run
    if run.replay is not None:
        return run.replay, None if moment == "predeploy" else run.baseline or _kept(stage)
    with stage.progress:
        return _brought(moment, stage)


def _brought(moment: Moment, stage: Stage) -> tuple[Observed, Observed | None]:
    run = stage.run
    stage.ready()
    with open_carrier(stage.target, stage.cancelled) as carrier:
        if moment == "predeploy":
            observed = _rehearsed(_look(moment, stage, carrier, None), stage, carrier)
            stage.before = observed
            return observed, None
        baseline = _baseline(moment, stage, carrier)
        plan = None
        if run.applies:
            from gate.run.moves import move  # noqa: PLC0415 - where nothing is moved: not loaded

            plan = move(moment, stage, carrier)
        given = run.baseline is not None or stage.before is not None
        deployed = _deployed(moment, plan, baseline)
        before = baseline if given else None
        return _look(moment, stage, carrier, plan, before, deployed=deployed), baseline


def _look(
    moment: Moment,
    stage: Stage,
    carrier: Carrier,
    plan: PlanFacts | None,
    before: Observed | None = None,
    *,
    deployed: dt.datetime | None = None,
) -> Observed:

    def past(asked: Sequence[object]) -> Callable[[AskSamples], Past]:
        return Timings(stage.place, stage.target, asked, before=before, now=stage.run.started).past

    stage.tell(f"looking at {stage.target.title}, {moment}")
    done = Seen(plan) if plan is not None else None
    found = look(
        stage.run.contract,
        stage.target,
        moment,
        carrier=carrier,
        plan=done,
        applied=stage.run.applies,
        past=past,
        deployed=deployed,
    )
    if stage.cancelled.is_set():
        raise ObservationError(INTERRUPTED)  # half a look is none, and must not be kept
    return found


def _deployed(
    moment: Moment, plan: PlanFacts | None, before: Observed | None
) -> dt.datetime | None:
    """When the deployment, or the way back, was begun: by its first step, else after the look.

    The look from before tells it by the host's own clock. Of a way back that somebody else went
    nothing is known.
    """
    steps = (
        [one.value.started for one in plan.steps.values() if isinstance(one, Seen)] if plan else []
    )
    if steps:
        return min(steps)
    if moment != "postdeploy" or before is None or not isinstance(before.host, Seen):
        return None
    return before.host.value.identity.clock


def _rehearsed(observed: Observed, stage: Stage, carrier: Carrier) -> Observed:
    """Ask the sources that look last: the migration is rehearsed."""

    def looking(of: Callable[[str], Fact[Any]]) -> Looking:
        return Looking(
            target=stage.target,
            moment=observed.moment,
            asked=questions(stage.run.contract, stage.target, observed.moment),
            carrier=carrier,
            contract=stage.run.contract,
            writes=False,
            tell=stage.go_on,
            of=of,
        )

    return look_after(observed, looking)


def _baseline(moment: Moment, stage: Stage, carrier: Carrier) -> Observed | None:
    """Find the look from before the deployment; the sandbox is looked at where it is still due."""
    if stage.run.baseline is not None:
        return _fitting(stage, stage.run.baseline, "--baseline")
    if stage.before is None and stage.target.embedded and not stage.is_deployed():
        stage.tell("looking at the sandbox before the deployment, to compare with")
        stage.before = look(
            stage.run.contract,
            stage.target,
            "predeploy",
            carrier=carrier,
            applied=stage.run.applies,
        )
        kept = redacted_observed(stage.before, known.redactor())
        if kept is not None:
            write_observed(stage.folder(moment) / BASELINE, kept)
    return stage.before or _kept(stage)


def _kept(stage: Stage) -> Observed | None:
    """Return the newest kept look at this very target from before the deployment."""
    files = [
        *stage.earlier("predeploy", "observed.json"),
        *stage.earlier("postdeploy", BASELINE),
        *stage.earlier("rollback", BASELINE),
    ]
    for file in sorted(files, key=lambda one: one.parent.name, reverse=True):
        try:
            kept = read_observed(file)
        except GateError as error:
            stage.refuse(str(error))
            continue
        found = _fitting(stage, kept, str(file))
        if found is not None:
            stage.kept_from = file.parent
            return found
    return None


def _fitting(stage: Stage, kept: Observed, where: str) -> Observed | None:
    """A look from before the deployment, as far as it answers what is asked now."""
    replay = stage.run.replay
    why = unfit_as_baseline(
        kept,
        stage.target,
        days=stage.run.contract.baseline_days,
        now=replay.started if replay else stage.run.started,
    )
    if why:
        stage.refuse(f"{where} cannot be the baseline: {why}")
        return None
    asked = requests(questions(stage.run.contract, stage.target, "predeploy"))
    return answering(kept, asked)
