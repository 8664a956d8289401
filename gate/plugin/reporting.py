"""Telling: one set of results becomes the reports, the summary and the exit status."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from gate.contract.item import Moment
from gate.plugin.last_word import STATUS, left_out
from gate.plugin.ledger import BESIDES, LEDGER, VERDICTS
from gate.plugin.nodes import expected_in
from gate.plugin.options import RUN
from gate.plugin.scheduler import SCHEDULER
from gate.plugin.signals import INTERRUPTION
from gate.report.account import Account
from gate.report.allure import description, labels
from gate.report.terminal import one_line, shown, summary
from gate.run.conclusion import (
    GATE_CLOSED,
    advice,
    advised,
    exit_status,
    verdicts_of,
    write_reports,
)
from gate.run.page import page

ACCOUNTS = pytest.StashKey[list[Account]]()
"""What the summary tells."""
PAGE = pytest.StashKey[str]()
"""What became of the page of Allure."""
UNWRITTEN = pytest.StashKey[list[str]]()
"""Why reports could not be written, or must not be passed on."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Leave the telling of broken promises to the summary, unless -vv asks for tracebacks.

    With -q what is said of each item is left out, too: there is one line per moment.
    """
    config = session.config
    if SCHEDULER not in config.stash or config.get_verbosity() >= 2:  # noqa: PLR2004 - -vv
        return
    config.option.tbstyle = "no"
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.reportchars = ""
        if config.get_verbosity() < 0:
            reporter._show_progress_info = False  # noqa: SLF001 - there is no other way


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(
    session: pytest.Session, exitstatus: int
) -> Generator[None, object, object]:
    """Account for everything, write it down, and let the verdict decide the exit status."""
    config = session.config
    scheduler = config.stash.get(SCHEDULER, None)
    if scheduler is not None and scheduler.moments:
        scheduler.end()
        if config.stash[INTERRUPTION].name and int(exitstatus) <= 1:
            exitstatus = session.exitstatus = pytest.ExitCode.INTERRUPTED
        ledger, interrupted = config.stash[LEDGER], int(exitstatus) > 1
        besides = config.stash[BESIDES]
        verdicts = verdicts_of(
            scheduler.run,
            ledger,
            scheduler.moments,
            interrupted=interrupted,
            besides=besides,
        )
        config.stash[VERDICTS] = verdicts
        problems, config.stash[ACCOUNTS] = write_reports(
            scheduler.stage, verdicts, scheduler.observed, scheduler.baselines
        )
        config.stash[UNWRITTEN] = problems
        status = exit_status(
            verdicts,
            pytest_status=int(session.exitstatus),
            problems=problems,
        )
        missing = left_out(config, scheduler.moments)
        if missing:
            problems += [f"NOT RUN: {one}: no test of it is left" for one in missing]
            status = status or GATE_CLOSED
        problems += advice(status, scheduler.run)
        status = advised(status, scheduler.run, problems)
        session.exitstatus = config.stash[STATUS] = status
        if scheduler.run.html and not interrupted:
            with config.stash[INTERRUPTION].heeded():
                config.stash[PAGE] = page(scheduler.stage)
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell each moment by chapter, then what is wrong, the verdict last."""
    accounts = config.stash.get(ACCOUNTS, None)
    if not accounts:
        return
    scheduler = config.stash[SCHEDULER]
    writer = terminalreporter._tw  # noqa: SLF001 - the one way to the width and colours of the terminal
    for account in accounts:
        folder = shown(scheduler.stage.folder(account.moment))
        if config.get_verbosity() < 0:
            terminalreporter.write_line(one_line(account, folder))
            continue
        terminalreporter.write_sep("=", f"gate: {account.moment}", bold=True)
        for line in summary(account, folder, colour=writer.hasmarkup, width=writer.fullwidth):
            terminalreporter.write_line(line)
    if line := config.stash.get(PAGE, ""):
        terminalreporter.write_line(line)
    for problem in config.stash[UNWRITTEN]:
        terminalreporter.write_line(problem, red=True, bold=True)


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
