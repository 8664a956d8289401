"""The end of a run: every promise accounted for, the reports written, one exit status."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from gate.account.verdict import Outcome, Result, Verdict, Word, verdict
from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Contract
from gate.errors import GateError
from gate.evidence.seal import UNSIGNED, seal
from gate.kinds.waiver import Waiver
from gate.report.account import Account
from gate.report.allure import run_url
from gate.report.conclusion import ADVISES
from gate.report.run_folder import explained
from gate.report.unwritten import amend, unwritten, withhold
from gate.report.write import write_all
from gate.run.benchmarks import store
from gate.run.earlier import earlier_moments
from gate.run.options import Run
from gate.run.stage import Stage
from gate.run.timings import keep
from gate.secrets import known
from gate.secrets.leaks import scan
from gate.secrets.redactor import Redactor
from gate.sources.observed import Observed
from gate.target import Target

GATE_CLOSED = 10
"""Status of a run whose account could not be kept: blocked, look again."""

Ledger = Mapping[str, Mapping[str, Sequence[Result]]]
"""Results by moment and item id."""


def verdicts_of(
    run: Run,
    ledger: Ledger,
    moments: Iterable[Moment],
    *,
    interrupted: bool,
    besides: Iterable[str] = (),
) -> dict[Moment, Verdict]:
    """Account for every moment that a run was about, in their order.

    Args:
        run: What was asked for.
        ledger: What was found.
        moments: What the run was about.
        interrupted: Whether it was ended before it was through.
        besides: Tests that failed and account for no promise: they block every moment.
    """
    now = run.replay.started if run.replay else dt.datetime.now(dt.timezone.utc)
    wanted, failed = set(moments), tuple(besides)
    return {
        moment: verdict(
            run.contract.at(moment),
            ledger.get(moment, {}),
            run.contract.of(Waiver, moment),
            moment=moment,
            today=now.astimezone(dt.timezone.utc).date(),
            interrupted=interrupted,
            replayed=run.replay is not None,
            besides=failed,
        )
        for moment in MOMENTS
        if moment in wanted
    }


def stands_against(id_: str, result: Result, contract: Contract, moment: Moment) -> str:
    """Why nothing may be deployed on top of what an item came to; empty where nothing is.

    A waiver excuses at its own moments only; one that has expired stands against it itself.
    """
    if result.outcome is Outcome.INCONCLUSIVE:
        return f"{id_}: {result.reason}"
    if result.outcome is not Outcome.FAIL:
        return ""
    waived = any(one.item == id_ for one in contract.of(Waiver, moment).values())
    return "" if waived else f"{id_}: {result.reason}"


def write_reports(
    stage: Stage,
    verdicts: dict[Moment, Verdict],
    observed: Mapping[Moment, Observed],
    baselines: Mapping[Moment, Observed | None],
) -> tuple[list[str], list[Account]]:
    """Write the reports of every moment.

    Where a report holds a secret all the same, the moment's verdict becomes BLOCKED, the reports
    say so, and no link leads to them. Where they cannot be written, it promotes nothing.

    Returns:
        What could not be written, or must not be passed on, and why; and the accounts as they
        ended, for the summary.
    """
    problems: list[str] = []
    accounts: list[Account] = []
    run = stage.run
    replay = run.replay
    known.learn(*stage.secrets())
    redactor = known.redactor()
    for moment, one in list(verdicts.items()):
        folder = stage.folder(moment)
        account = Account(
            contract=run.contract,
            target=stage.target,
            moment=moment,
            verdict=one,
            observed=observed.get(moment),
            started=replay.started if replay else run.started,
            finished=replay.finished if replay else dt.datetime.now(dt.timezone.utc),
            replay=run.replayed,
            baseline=baselines.get(moment),
            baseline_verdict=verdicts.get("predeploy") if moment != "predeploy" else None,
            earlier=earlier_moments(moment, stage, verdicts, observed, baselines),
            run=folder.name,
            release=run.release,
            advises=run.advises,
        )
        why = _told(account, folder, redactor)
        found = scan(folder, redactor) if folder.is_dir() else []  # somebody may have moved it
        leaks = [f"SECRET IN A REPORT: {text}" for text in found]
        if leaks:
            verdicts[moment] = _blocked(one, leaks)
            withhold(folder)
        elif not why and one.word is not Word.INTERRUPTED:
            try:
                problems += _sealed(folder, stage.target)
                stage.folders[moment].publish(stage.target.reports.keep)
                _keep_timings(stage, one, observed.get(moment), folder.name)
            except GateError as error:
                why = f"REPORTS NOT WRITTEN: {error}"
        if why:
            verdicts[moment] = unwritten(verdicts[moment], why)
        if leaks or why:
            account = dataclasses.replace(account, verdict=verdicts[moment])
            _told(account, folder, redactor)
            readers = stage.target.reports.readable_by
            still = amend(folder, verdicts[moment], "; ".join([*leaks, why]), readers)
            problems += [one for one in (*leaks, why, still) if one]
        accounts.append(account)
    return problems, accounts


def _told(account: Account, folder: pathlib.Path, redactor: Redactor) -> str:
    """Write every report of a moment; returns why they are not whole, if they are not."""
    try:
        write_all(folder, account, redactor, url=run_url(os.environ))
    except GateError as error:
        return f"REPORTS NOT WRITTEN: {error}"
    return ""


def _sealed(folder: pathlib.Path, target: Target) -> list[str]:
    """Attest to the run; a key that cannot be used changes nothing but that it is told.

    Raises:
        GateError: The evidence cannot be written.
    """
    with explained(folder):
        why = seal(folder, target)
    return [known.tell(why)] if why else []


def _keep_timings(stage: Stage, one: Verdict, seen: Observed | None, name: str) -> None:
    """Keep how long answers took, for the runs to come."""
    if seen is not None and stage.run.replay is None:
        run = stage.run
        store(
            stage.place,
            stage.folder(seen.moment),
            stage.target.reports.readable_by,
            stage.target.reports.keep,
        )
        keep(stage.place, one, seen, contract=run.contract, target=stage.target, run=name)


def _blocked(one: Verdict, why: Sequence[str]) -> Verdict:
    """The verdict of a moment whose reports must not be passed on."""
    warnings = (*one.warnings, *why)
    return dataclasses.replace(one, word=Word.BLOCKED, exit_status=1, warnings=warnings)


def advised(status: int, run: Run, problems: Iterable[str] = ()) -> int:
    """The exit status of a run that may only advise: what stands against the target blocks nothing.

    An interruption, a mistake, an error of the gate and a secret in a report are no advice.
    """
    leaked = any(one.startswith("SECRET") for one in problems)
    return 0 if run.advises and not leaked and status in (1, GATE_CLOSED) else status


def advice(status: int, run: Run) -> list[str]:
    """What is said of that at the very end."""
    if not run.advises:
        return []
    else_ = f"without --advise this would end with {status}" if status else "nothing is against it"
    return [f"{ADVISES}; {else_}"]


def exit_status(
    verdicts: Mapping[Moment, Verdict],
    *,
    pytest_status: int = 0,
    problems: list[str] | None = None,
) -> int:
    """The worst of all moments; pytest's own statuses above 1 stand.

    Args:
        verdicts: Of the moments that a run was about.
        pytest_status: What pytest alone would end with.
        problems: Reports that could not be written, or hold a secret.
    """
    if pytest_status > 1 or not verdicts:
        return pytest_status
    leaked = any(one.startswith("SECRET") for one in problems or ())
    if leaked or Word.BLOCKED in {one.word for one in verdicts.values()}:
        return 1
    unkept = any(not one.startswith(UNSIGNED) for one in problems or ())
    return max(GATE_CLOSED if unkept else 0, *(one.exit_status for one in verdicts.values()))
