"""The earlier moments of the same deployment: of this run, or of the newest runs that are kept."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from gate.account.verdict import Verdict
from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.errors import GateError
from gate.report.account import Earlier
from gate.report.runs import NAME, is_finished
from gate.report.story import read_verdict
from gate.run.stage import Stage
from gate.sources.binding import IDENTITY
from gate.sources.observation_file import read_observed
from gate.sources.observed import Observed

LOOK = "observed.json"


def earlier_moments(
    moment: Moment,
    stage: Stage,
    verdicts: Mapping[Moment, Verdict],
    observed: Mapping[Moment, Observed],
    baselines: Mapping[Moment, Observed | None],
) -> tuple[Earlier, ...]:
    """What came before a moment, as far as it is known.

    The look from before the deployment is the one that everything is compared with. Between it and
    a way back the newest kept look after the deployment is told, where it is one of this very
    target and was taken after that. A replay knows what it compares with, and nothing else.

    Args:
        moment: The moment that is told.
        stage: Where the runs of the target are kept.
        verdicts: Of the moments of this run.
        observed: The looks of this run.
        baselines: What each moment is compared with.
    """
    found = []
    for one in MOMENTS[: MOMENTS.index(moment)]:
        if one in verdicts:
            found.append(_of_this_run(one, stage, verdicts[one], observed.get(one)))
        elif one == "predeploy":
            found += _before(stage, baselines.get(moment))
        elif stage.run.replay is None:
            before = next((before.observed for before in found), None)
            found += _after(stage, before)
    return tuple(found)


def _of_this_run(
    moment: Moment, stage: Stage, verdict: Verdict, observed: Observed | None
) -> Earlier:
    start = observed.started if observed else stage.run.started
    end = observed.finished if observed else stage.run.started
    run = stage.folder(moment).name
    return Earlier(
        moment=moment, verdict=verdict, observed=observed, started=start, finished=end, run=run
    )


def _before(stage: Stage, baseline: Observed | None) -> list[Earlier]:
    if baseline is None:
        return []
    folder = stage.kept_from
    if folder is not None and _moment(folder) != "predeploy":
        folder = None  # a look that another moment took on the way: it has no verdict of its own
    return [_kept("predeploy", baseline, folder)]


def _after(stage: Stage, before: Observed | None) -> list[Earlier]:
    """The newest finished look after the deployment, if it was taken after the one before it."""
    for file in stage.earlier("postdeploy", LOOK):
        if not is_finished(file.parent):
            continue
        try:
            found = read_observed(file)
        except GateError:
            return []
        if before is not None and _same(found, before) and found.started >= before.finished:
            return [_kept("postdeploy", found, file.parent)]
        return []
    return []


def _kept(moment: Moment, observed: Observed, folder: pathlib.Path | None) -> Earlier:
    return Earlier(
        moment=moment,
        verdict=read_verdict(folder) if folder is not None else None,
        observed=observed,
        started=observed.started,
        finished=observed.finished,
        run=folder.name if folder is not None else "",
    )


def _same(one: Observed, other: Observed) -> bool:
    """Whether two looks are such of one target."""
    return all(getattr(one.bound.place, key) == getattr(other.bound.place, key) for key in IDENTITY)


def _moment(folder: pathlib.Path) -> str:
    found = NAME.match(folder.name)
    return found[2] if found else ""
