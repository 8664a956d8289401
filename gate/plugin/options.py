"""The options of the gate, and the run that they describe."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import gc
import os
import pathlib

import pytest

from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Contract
from gate.errors import GateError
from gate.kinds.look import questions
from gate.kinds.registry import load_contract
from gate.plugin.selection import compiled, selected
from gate.report.replay import Replay, replay_of
from gate.report.snapshot.template import check_template
from gate.report.write import prepare
from gate.secrets import known
from gate.sources.binding import as_looked_at, requests
from gate.sources.kept import answering, unfit_as_baseline, unfit_to_replay
from gate.sources.observation_file import read_kept, read_observed
from gate.sources.observed import Observed
from gate.target import Target, load_target

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TARGETS = ROOT / "fixtures" / "targets"
EMBEDDED = "sandbox"
SELFTESTS = (ROOT / "tests" / "selftest", ROOT / "tests" / "machine", ROOT / "tests" / "bench")
"""Tests of the gate itself; a run of these alone looks at no target."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the gate, as it was asked for.

    Attributes:
        applies: Whether plans are carried out.
        accept_loss: Whether a rollback may lose more rows than the contract allows.
        replay: A kept look to judge instead of looking.
        replayed: What is told of the replay.
        baseline: A kept look from before the deployment.
        reports: Folder for the reports; each target and moment has its own below it.
        started: When the run began (UTC).
    """

    contract: Contract
    target: Target
    applies: bool
    rollback_on_failure: bool
    accept_loss: bool
    replay: Observed | None
    baseline: Observed | None
    replayed: Replay | None
    reports: pathlib.Path
    started: dt.datetime


RUN = pytest.StashKey[Run]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; each is written ``--name=VALUE``."""
    group = parser.getgroup("gate", "deployment gate")
    group.addoption(
        "--target",
        metavar="NAME-or-PATH",
        help="what to look at: a file of fixtures/targets/ by its name, or the path of a .toml "
        "file (default: the embedded sandbox; where CI is set a target must be named)",
    )
    group.addoption(
        "--contract",
        metavar="DIR",
        default=str(ROOT / "tests" / "contract"),
        help="folder of the promises, one .toml file per chapter (default: tests/contract)",
    )
    group.addoption(
        "--apply",
        action="store_true",
        help="on a real target: carry out the deploy or rollback plan, and send the requests that "
        "write (the sandbox needs none)",
    )
    group.addoption(
        "--rollback-on-failure",
        action="store_true",
        help="when a step of the deploy plan fails, carry out the rollback plan at once",
    )
    group.addoption(
        "--accept-loss",
        "--gate-accept-loss",
        dest="accept_loss",
        action="store_true",
        help="roll back although more rows are lost than the contract allows (may_lose)",
    )
    group.addoption(
        "--replay",
        metavar="FILE",
        help="judge a kept observed.json again, without touching the target",
    )
    group.addoption(
        "--baseline",
        metavar="FILE",
        help="observed.json from before the deployment, to compare with (default: the one that "
        "predeploy kept for this target)",
    )
    group.addoption(
        "--reports",
        metavar="DIR",
        default=str(ROOT / "reports"),
        help="folder for the reports (default: reports)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Load contract and target before anything else; a mistake ends the run with status 4."""
    for moment, words in MOMENT_WORDS.items():
        config.addinivalue_line("markers", f"{moment}: {words}")
    config.addinivalue_line(
        "markers", "promises(kind): the kind of item that the test accounts for"
    )
    if not is_gate_run(config):
        return
    # One look is read and kept whole: collecting its objects again and again only costs time.
    gc.set_threshold(100_000, 50, 50)
    config.add_cleanup(gc.freeze)
    try:
        config.stash[RUN] = _run(config)
    except GateError as error:
        raise pytest.UsageError(known.tell(str(error))) from None
    gc.freeze()  # modules, contract and a replayed look stay to the end


MOMENT_WORDS: dict[Moment, str] = {
    "predeploy": "the state before the deployment",
    "postdeploy": "the state after the deployment",
    "rollback": "the state that a rollback restores",
}


def is_gate_run(config: pytest.Config) -> bool:
    """Whether this run looks at a target: not when it only runs the gate's own tests."""
    if config.option.help or getattr(config.option, "version", 0) or config.option.showfixtures:
        return False
    paths = [
        (pathlib.Path(config.invocation_params.dir) / arg.split("::")[0]).resolve()
        for arg in config.args
    ]
    own = [any(path.is_relative_to(one) for one in SELFTESTS) for path in paths]
    return not (own and all(own))


def _run(config: pytest.Config) -> Run:
    option, started = config.option, dt.datetime.now(dt.timezone.utc)
    replay, digest = read_kept(pathlib.Path(option.replay)) if option.replay else (None, "")
    if replay is not None and option.apply:
        raise GateError("--replay judges what was kept and touches nothing: leave --apply out")
    compiled("-k", option.keyword)
    selected(option.markexpr, config.getini("markers"))
    name = option.target or (replay.target if replay else None)
    if name is None:
        if os.environ.get("CI"):
            raise GateError(
                "CI is set and no target is named: say --target=NAME-or-PATH "
                f"(known: {', '.join(sorted(file.stem for file in TARGETS.glob('*.toml')))})"
            )
        name = EMBEDDED
    target = load_target(name, TARGETS)
    applies = replay is None and (target.embedded or bool(option.apply))
    moment = option.markexpr.strip()
    if not target.embedded and replay is None and moment not in MOMENTS:
        raise GateError(
            f"{target.title} is a real target: name one moment with -m "
            f"{', '.join(MOMENTS)} (the whole story is told on the sandbox)"
        )
    if replay is not None:
        option.markexpr = option.markexpr or replay.moment
        if selected(option.markexpr, config.getini("markers")) != (replay.moment,):
            raise GateError(f"{option.replay}: the look is one of {replay.moment}: say -m so")
        target = as_looked_at(target, replay.bound.place)
        applies = replay.bound.applied
    contract = load_contract(
        pathlib.Path(option.contract),
        target.differs,
        carries_out=applies,
        writes=applies,
        login=target.api.login,
    )
    check_template(pathlib.Path(option.contract))
    if replay is not None:
        why = unfit_to_replay(replay, target, contract.sha256)
        if why:
            raise GateError(f"{option.replay}: this look cannot be judged again here: {why}")
        replay = answering(replay, requests(questions(contract, target, replay.moment)))
    baseline = _baseline(option, target, contract, replay.started if replay else started)
    if not option.collectonly:
        prepare(pathlib.Path(option.reports))
    return Run(
        contract=contract,
        target=target,
        applies=applies,
        rollback_on_failure=bool(option.rollback_on_failure),
        accept_loss=bool(option.accept_loss),
        replay=replay,
        baseline=baseline,
        replayed=replay_of(replay, option.replay, digest, started) if replay else None,
        reports=pathlib.Path(option.reports),
        started=started,
    )


def _baseline(
    option: argparse.Namespace, target: Target, contract: Contract, now: dt.datetime
) -> Observed | None:
    """The look that was named to compare with; refused where it is none of this target."""
    if not option.baseline:
        return None
    found = read_observed(pathlib.Path(option.baseline))
    why = unfit_as_baseline(found, target, days=contract.baseline_days, now=now)
    if why:
        raise GateError(f"{option.baseline}: cannot be the baseline: {why}")
    return found


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the target and the contract before any verdict about them."""
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    what = f"gate target: {run.target.name} ({run.target.title})"
    if run.replay is not None:
        what += f", replayed from {config.option.replay}: NOTHING IS LOOKED AT"
    elif run.target.embedded:
        what += " - THE EMBEDDED SANDBOX, NOT A HOST; name a host with --target"
    lines = [what, f"gate contract: {run.contract.folder}, {len(run.contract.promises)} items"]
    if run.applies and not run.target.embedded and run.replay is None:
        lines.append("gate plan: --apply: the plan of this moment WILL BE CARRIED OUT")
    return lines
