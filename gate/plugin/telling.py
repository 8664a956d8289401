"""Telling: one set of results becomes the reports, the summary and the exit status."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
from collections.abc import Generator
from typing import Any

import pytest

from gate.account.verdict import Verdict, Word
from gate.contract.item import Moment
from gate.errors import GateError
from gate.plugin.ledger import BESIDES, VERDICTS, exit_status, settle
from gate.plugin.nodes import expected_in
from gate.plugin.options import RUN
from gate.plugin.scheduler import STORY, Story
from gate.plugin.signals import ENDING
from gate.report.account import Account
from gate.report.allure import description, labels, run_url
from gate.report.terminal import summary
from gate.report.write import write_all
from gate.secrets import known
from gate.secrets.leaks import scan

UNWRITTEN = pytest.StashKey[list[str]]()
"""Why reports could not be written, or must not be passed on."""

GATE_CLOSED = 10
"""Status of a run whose account could not be kept: blocked, look again."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave the telling of broken promises to the summary, unless -vv asks for tracebacks."""
    option = session.config.option
    if STORY in session.config.stash and option.verbose < 2:  # noqa: PLR2004 - -vv
        option.tbstyle = "no"
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.reportchars = ""


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(
    session: pytest.Session, exitstatus: int
) -> Generator[None, object, object]:
    """Account for everything, write it down, and let the verdict decide the exit status."""
    config = session.config
    story = config.stash.get(STORY, None)
    if story is not None and story.moments:
        story.end()
        if config.stash[ENDING].name and int(exitstatus) <= 1:
            exitstatus = session.exitstatus = pytest.ExitCode.INTERRUPTED
        interrupted = int(exitstatus) > 1
        verdicts = settle(config, interrupted=interrupted)
        config.stash[VERDICTS] = verdicts
        config.stash[UNWRITTEN] = _write(story, verdicts)
        status = exit_status(verdicts, int(session.exitstatus), config.stash[BESIDES])
        if config.stash[UNWRITTEN] and status in (0, GATE_CLOSED):
            leaked = any(one.startswith("SECRET") for one in config.stash[UNWRITTEN])
            status = 1 if leaked else GATE_CLOSED
        session.exitstatus = status
    return (yield)


def _write(story: Story, verdicts: dict[Moment, Verdict]) -> list[str]:
    """Write the reports of every moment; return what could not be written, and why."""
    problems = []
    replay = story.run.replay
    known.learn(*story.stage.secrets())
    redactor = known.redactor()
    for moment, verdict in verdicts.items():
        account = Account(
            contract=story.run.contract,
            target=story.stage.target,
            moment=moment,
            verdict=verdict,
            observed=story.observed.get(moment),
            started=replay.started if replay else story.run.started,
            finished=replay.finished if replay else dt.datetime.now(dt.timezone.utc),
            replay=story.run.replayed,
            baseline=story.baselines.get(moment),
            baseline_verdict=verdicts.get("predeploy") if moment != "predeploy" else None,
            run=story.stage.folder(moment).name,
        )
        folder = story.stage.folder(moment)
        try:
            write_all(folder, account, redactor, url=run_url(os.environ))
            if verdict.word is not Word.INTERRUPTED:
                story.stage.folders[moment].publish(story.stage.target.reports.keep)
        except GateError as error:
            problems.append(f"REPORTS NOT WRITTEN: {error}")
        else:
            problems += [f"SECRET IN A REPORT: {one}" for one in scan(folder, redactor)]
    return problems


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell each moment by chapter, then what is wrong, the verdict last."""
    verdicts = config.stash.get(VERDICTS, None)
    if not verdicts:
        return
    story = config.stash[STORY]
    writer = terminalreporter._tw  # noqa: SLF001 - the one way to the width and colours of the terminal
    for moment, verdict in verdicts.items():
        terminalreporter.section(f"gate: {moment}", bold=True)
        for line in summary(
            story.run.contract,
            story.stage.target,
            moment,
            verdict,
            _shown(story.stage.folder(moment)),
            replay=story.run.replayed,
            colour=writer.hasmarkup,
            width=writer.fullwidth,
        ):
            terminalreporter.write_line(line)
    for problem in config.stash[UNWRITTEN]:
        terminalreporter.write_line(problem, red=True, bold=True)


def _shown(folder: pathlib.Path) -> str:
    """A folder as a person would type it from here."""
    try:
        return str(folder.resolve().relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(folder)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Head a result of ``--alluredir`` with its promise, also when set-up broke.

    Outermost on purpose: allure-pytest names the result after the fixtures ran.
    """
    try:
        return (yield)
    finally:
        found = expected_in(item.nodeid)
        if found is not None and item.config.pluginmanager.has_plugin("allure_listener"):
            _head(item, *found)


def _head(item: pytest.Item, moment: Moment, id_: str) -> None:
    import allure  # noqa: PLC0415 - only where its results were asked for

    run = item.config.stash[RUN]
    promise = run.contract.promises[id_]
    dynamic: Any = allure.dynamic
    dynamic.title(promise.at(moment).title)
    dynamic.description(description(promise, moment, None))
    for name, value in labels(promise, moment, run.contract, run.target):
        dynamic.label(name, value)
