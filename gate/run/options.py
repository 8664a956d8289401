"""What a person asked for, checked whole before anything is started, looked at or written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib

from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Contract
from gate.errors import ContractError, GateError, TargetError
from gate.evidence.release import Release, release_of
from gate.kinds.load import load_contract
from gate.kinds.look import questions
from gate.report.replay import Replay, replay_of
from gate.report.snapshot.template import check_template
from gate.report.write import prepare
from gate.run.settings import Settings
from gate.sources.api.questions import AskEndpoint
from gate.sources.api.ready import mistakes as unready
from gate.sources.binding import as_looked_at, requests
from gate.sources.migrations.promised import mistakes
from gate.sources.observation_file import read_kept, read_observed
from gate.sources.observed import Observed
from gate.sources.reuse import answering, unfit_as_baseline, unfit_to_replay
from gate.target import Target, load_target


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """Options, as they were given; an empty text is an option that was not.

    Attributes:
        moments: What the run is about; empty where a replayed look says so.
        writes_reports: Whether the reports' folder is needed.
    """

    settings: Settings
    moments: tuple[Moment, ...]
    target: str = ""
    contract: str = ""
    reports: str = ""
    apply: bool = False
    rollback_on_failure: bool = False
    accept_loss: bool = False
    html: bool = False
    replay: str = ""
    baseline: str = ""
    release: str = ""
    advise: bool = False
    writes_reports: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the gate, as it was asked for.

    Attributes:
        moments: What it is about.
        applies: Whether plans are carried out.
        accept_loss: Whether a rollback may lose more rows than the contract allows.
        html: Whether a page of Allure is made at the end.
        replay: A kept look to judge instead of looking.
        replayed: What is told of the replay.
        baseline: A kept look from before the deployment.
        reports: Folder for the reports; each target and moment has its own below it.
        started: When the run began (UTC).
        release: What is released, where anybody says so.
        advises: Whether the run tells and blocks nothing.
    """

    contract: Contract
    target: Target
    moments: tuple[Moment, ...]
    applies: bool
    rollback_on_failure: bool
    accept_loss: bool
    html: bool
    replay: Observed | None
    baseline: Observed | None
    replayed: Replay | None
    reports: pathlib.Path
    started: dt.datetime
    release: Release | None = None
    advises: bool = False


def run_of(asked: Asked) -> Run:
    """Load contract, target and kept looks; the target itself is not touched.

    Raises:
        GateError: A mistake in an option, the target or the contract.
    """
    started, settings = dt.datetime.now(dt.timezone.utc), asked.settings
    replay, digest = read_kept(pathlib.Path(asked.replay)) if asked.replay else (None, "")
    if replay is not None and asked.apply:
        raise GateError("--replay judges what was kept and touches nothing: leave --apply out")
    target = _target(asked, replay)
    applies = replay is None and (target.embedded or asked.apply)
    if not target.embedded and replay is None and len(asked.moments) != 1:
        raise GateError(
            f"{target.title} is a real target: name one moment with -m "
            f"{', '.join(MOMENTS)} (the whole story is told on the sandbox)"
        )
    if replay is not None:
        if asked.moments != (replay.moment,):
            raise GateError(f"{asked.replay}: the look is one of {replay.moment}: say -m so")
        target = as_looked_at(target, replay.bound.place)
        applies = replay.bound.applied
    contract = load_contract(
        pathlib.Path(asked.contract) if asked.contract else settings.contract,
        target.differs,
        carries_out=applies,
        writes=applies,
        logins=target.api.logins,
    )
    check_template(pathlib.Path(contract.folder))
    if replay is None and "predeploy" in asked.moments and (wrong := mistakes(contract, target)):
        raise ContractError("\n".join(f"{contract.folder}: {one}" for one in wrong))
    _places(target, contract, asked.moments, replays=replay is not None)
    if replay is not None:
        why = unfit_to_replay(replay, target, contract.sha256)
        if why:
            raise GateError(f"{asked.replay}: this look cannot be judged again here: {why}")
        replay = answering(replay, requests(questions(contract, target, replay.moment)))
    baseline = _baseline(asked, target, contract, replay.started if replay else started)
    release = release_of(asked.release, os.environ, settings.root)
    reports = pathlib.Path(asked.reports) if asked.reports else settings.reports
    if asked.writes_reports:
        prepare(reports)
    return Run(
        contract=contract,
        target=target,
        moments=asked.moments,
        applies=applies,
        rollback_on_failure=asked.rollback_on_failure,
        accept_loss=asked.accept_loss,
        html=asked.html,
        replay=replay,
        baseline=baseline,
        replayed=replay_of(replay, asked.replay, digest, started) if replay else None,
        reports=reports,
        started=started,
        release=release,
        advises=asked.advise,
    )


def _target(asked: Asked, replay: Observed | None) -> Target:
    """The target that is named, or the project's own; in CI one has to be named."""
    settings = asked.settings
    name = asked.target or (replay.target if replay else "")
    known = ", ".join(sorted(file.stem for file in settings.targets.glob("*.toml"))) or "none"
    if not name and os.environ.get("CI"):
        raise GateError(
            f"CI is set and no target is named: say --target=NAME-or-PATH (known: {known})"
        )
    if not name and not settings.target:
        raise GateError(
            f"no target is named: say --target=NAME-or-PATH (known in {settings.targets}: {known})"
        )
    return load_target(name or settings.target, settings.targets)


def _places(
    target: Target, contract: Contract, moments: tuple[Moment, ...], *, replays: bool
) -> None:
    """A target says where the API is whose answers are promised, and has what leads there."""
    asked = [
        one
        for moment in moments
        for one in questions(contract, target, moment)
        if isinstance(one, AskEndpoint)
    ]
    if asked and not target.api.is_there:
        raise TargetError(
            f"{target.file}: needs [api]: the contract promises {asked[0].id}, and nothing says "
            f"where"
        )
    wrong = [] if replays else unready(target, asked, os.environ)
    lines = [
        f"{contract.file(one.table)}: [{one.table}]: {one.key}: {one.text}"
        if one.is_item
        else f"{target.file}: {one.table}.{one.key}: {one.text}"
        for one in wrong
    ]
    if lines:
        raise TargetError("\n".join(lines))


def _baseline(
    asked: Asked, target: Target, contract: Contract, now: dt.datetime
) -> Observed | None:
    """The look that was named to compare with; refused where it is none of this target."""
    if not asked.baseline:
        return None
    found = read_observed(pathlib.Path(asked.baseline))
    why = unfit_as_baseline(found, target, days=contract.baseline_days, now=now)
    if why:
        raise GateError(f"{asked.baseline}: cannot be the baseline: {why}")
    return found
