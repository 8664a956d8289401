"""The ledger: every test's result is carried to the controller and counted against the contract."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections import defaultdict
from collections.abc import Generator
from typing import Any

import pytest

from gate.account.verdict import Outcome, Result, Verdict, Word, verdict
from gate.contract.item import Moment
from gate.contract.kinds import Waiver
from gate.contract.model import MOMENTS
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.plugin.collection import expected_in
from gate.plugin.options import RUN
from gate.plugin.scheduler import STORY, is_worker
from gate.secrets import known

PROPERTY = "gate"
"""Name of the user property that carries a result from a worker to the controller."""

Ledger = dict[str, dict[str, list[Result]]]
"""Results by moment and item id."""

LEDGER = pytest.StashKey[Ledger]()
VERDICTS = pytest.StashKey[dict[Moment, Verdict]]()

WORDS = {
    Outcome.PASS: ("passed", ".", "PASS"),
    Outcome.WARN: ("warned", "w", ("WARN", {"yellow": True})),
    Outcome.FAIL: ("failed", "F", ("FAIL", {"red": True})),
    Outcome.INCONCLUSIVE: ("inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})),
}
"""How pytest counts, marks and words an outcome."""


class Account:
    """Called by a test with its finding: keeps the evidence and gives the finding back."""

    def __init__(self) -> None:
        """Nothing is accounted for yet."""
        self.finding: Finding | None = None

    def __call__(self, finding: Finding) -> Finding:
        """Account for a finding."""
        self.finding = finding
        return finding


def pytest_configure(config: pytest.Config) -> None:
    """Open the ledger."""
    ledger: Ledger = defaultdict(lambda: defaultdict(list))
    config.stash[LEDGER] = ledger


@pytest.fixture
def account() -> Account:
    """A function ``account(finding)`` that keeps the evidence and gives the finding back."""
    return Account()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the item's result on its report: that is what xdist carries to the controller."""
    report = yield
    if expected_in(item.nodeid) is None:
        return report
    error = call.excinfo.value if call.excinfo else None
    result = _result(report, _finding(item), error, call.duration)
    if result is not None:
        item.user_properties.append((PROPERTY, json.dumps(known.tell_json(result))))
        report.user_properties = list(item.user_properties)
        if report.failed and item.config.option.verbose < 2:  # noqa: PLR2004 - -vv
            report.longrepr = str(error)
    return report


def _finding(item: pytest.Item) -> Finding | None:
    """What the item's test has accounted for so far."""
    account = item.funcargs.get("account") if isinstance(item, pytest.Function) else None
    return account.finding if isinstance(account, Account) else None


def _result(
    report: pytest.TestReport,
    finding: Finding | None,
    error: BaseException | None,
    seconds: float,
) -> dict[str, Any] | None:
    """What a phase of a test came to; ``None`` where it says nothing about the item."""
    outcome, reason = Outcome.PASS, ""
    if report.skipped:
        return None
    if report.failed:
        is_broken = isinstance(error, AssertionError) and finding is not None
        outcome = Outcome.FAIL if is_broken else Outcome.INCONCLUSIVE
        reason = "; ".join(finding.broken) if is_broken and finding else _why(error)
    elif report.when != "call":
        return None
    elif finding is None:
        outcome, reason = Outcome.INCONCLUSIVE, "the test compared nothing"
    elif finding.warnings:
        outcome, reason = Outcome.WARN, "; ".join(finding.warnings)
    return {
        "outcome": outcome.value,
        "promised": finding.promised if finding else "",
        "seen": finding.seen if finding else "",
        "look": finding.look if finding else "",
        "reason": reason,
        "seconds": seconds,
    }


def _why(error: BaseException | None) -> str:
    if isinstance(error, ObservationError):
        return str(error).removeprefix("cannot tell ")
    return f"the gate itself failed: {type(error).__name__}: {error}"


def result_of(report: pytest.TestReport) -> Result | None:
    """Read an item's result off a report; ``None`` where this phase says nothing."""
    found = [str(value) for name, value in report.user_properties if name == PROPERTY]
    if not found or (report.when == "teardown" and not report.failed):
        return None
    return _read(found[-1])


@functools.lru_cache(maxsize=1)  # asked by whoever hears of the report, one after the other
def _read(text: str) -> Result:
    values = json.loads(text)
    return Result(**{**values, "outcome": Outcome(values["outcome"])})


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.TestReport,
) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
    """Word a result as the gate does."""
    if not isinstance(report, pytest.TestReport) or expected_in(report.nodeid) is None:
        return None
    if report.when == "setup" and not report.failed:
        return "", "", ""
    result = result_of(report)
    return WORDS[result.outcome] if result is not None else None  # type: ignore[return-value]


class Controller:
    """The half of the ledger that lives in the controlling process."""

    def __init__(self, config: pytest.Config) -> None:
        """Count for one run."""
        self.config = config
        self._waived = {
            one.before.item
            for one in config.stash[RUN].contract.promises.values()
            if isinstance(one.before, Waiver)
        }

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter a report; a finished test counts for its moment."""
        found = expected_in(report.nodeid)
        if found is None:
            return
        moment, id_ = found
        result = result_of(report)
        if result is not None:
            self.config.stash[LEDGER][moment][id_].append(result)
            self._block(moment, id_, result)
        if report.when == "teardown" or report.when not in ("setup", "call"):
            self.config.stash[STORY].judged(moment)

    def _block(self, moment: str, id_: str, result: Result) -> None:
        """Nothing is deployed on top of a state that is not green."""
        story = self.config.stash[STORY]
        if result.outcome is Outcome.INCONCLUSIVE or (
            result.outcome is Outcome.FAIL and id_ not in self._waived
        ):
            story.blocked.setdefault(moment, f"{id_}: {result.reason}")  # type: ignore[arg-type]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Count only in the process that controls the run."""
    config = session.config
    if RUN in config.stash and not is_worker(config) and not config.option.collectonly:
        config.pluginmanager.register(Controller(config), "gate-controller")


def settle(config: pytest.Config, *, interrupted: bool) -> dict[Moment, Verdict]:
    """Account for every moment that this run was about."""
    run, story = config.stash[RUN], config.stash[STORY]
    today = dt.datetime.now(dt.timezone.utc).date()
    return {
        moment: verdict(
            run.contract.at(moment),
            config.stash[LEDGER][moment],
            run.contract.of(Waiver, moment),
            today=today,
            interrupted=interrupted,
        )
        for moment in MOMENTS
        if moment in story.moments
    }


def exit_status(verdicts: dict[Moment, Verdict], pytest_status: int) -> int:
    """The worst of all moments; pytest's own statuses above 1 stand."""
    if pytest_status > 1 or not verdicts:
        return pytest_status
    words = {one.word for one in verdicts.values()}
    if Word.BLOCKED in words:
        return 1
    return max(one.exit_status for one in verdicts.values())
