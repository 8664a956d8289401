"""The ledger: every test's result is carried to the controller and counted against the contract."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
from collections import defaultdict
from collections.abc import Generator
from typing import Any

import pytest

from gate.account.judge import judge, unknown, worst
from gate.account.verdict import Outcome, Result, Verdict
from gate.contract.item import Moment
from gate.contract.model import Contract, Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.kinds.test import OwnTest
from gate.kinds.waiver import Waiver, in_force
from gate.plugin.nodes import expected_in
from gate.plugin.options import RUN
from gate.plugin.own_tests import result_of_test
from gate.plugin.scheduler import SCHEDULER, is_worker
from gate.plugin.tracebacks import begin_at_test
from gate.run.conclusion import stands_against
from gate.secrets import known

PROPERTY = "gate"
"""Name of the user property that carries a result from a worker to the controller."""

Ledger = dict[str, dict[str, list[Result]]]
"""Results by moment and item id."""

LEDGER = pytest.StashKey[Ledger]()
BESIDES = pytest.StashKey[list[str]]()
"""Failed tests that account for no promise: they block every moment, and the verdict names them."""
VERDICTS = pytest.StashKey[dict[Moment, Verdict]]()

WORDS = {
    Outcome.PASS: ("passed", ".", "PASS"),
    Outcome.WARN: ("warned", "w", ("WARN", {"yellow": True})),
    Outcome.FAIL: ("failed", "F", ("FAIL", {"red": True})),
    Outcome.INCONCLUSIVE: ("inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})),
}
"""How pytest counts, marks and words an outcome."""


def pytest_configure(config: pytest.Config) -> None:
    """Open the ledger."""
    ledger: Ledger = defaultdict(lambda: defaultdict(list))
    config.stash[LEDGER] = ledger
    config.stash[BESIDES] = []


class Account:
    """Called by a test: has its item judged by the engine, and gives the finding back.

    What counts is the judgement, not what the test makes of it; a test that never calls it has
    compared nothing.
    """

    def __init__(self, promise: Promise, scene: Scene) -> None:
        """Nothing is accounted for yet."""
        self._promise, self._scene = promise, scene
        self.result: Result | None = None

    @property
    def id(self) -> str:
        """The item that is accounted for."""
        return self._promise.id

    def __call__(self) -> Finding:
        """Account for the item.

        Raises:
            ObservationError: It could not be told.
        """
        judgement = judge(self._promise, self._scene)
        self.result = judgement.result
        if judgement.finding is None:
            raise ObservationError(judgement.result.reason)
        return judgement.finding


@pytest.fixture
def gate_account(gate_promise: Promise, gate_scene: Scene) -> Account:
    """A function ``gate_account()`` that judges the item of this test and returns the finding."""
    return Account(gate_promise, gate_scene)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the item's result on its report: that is what xdist carries to the controller.

    Outermost, and made from the engine's judgement: a plugin that swallows the error of a test, or
    a Python that strips its assertions, changes nothing about what counts.
    """
    expected = expected_in(item.nodeid)
    if expected is None:
        return (yield)
    begin_at_test(item, call.excinfo)
    report = yield
    result = _result_of(item, report, call, expected[1])
    if result is not None:
        words = {**dataclasses.asdict(result), "outcome": result.outcome.value}
        item.user_properties.append((PROPERTY, json.dumps(known.tell_json(words))))
        report.user_properties = list(item.user_properties)
        _agree(report, result, getattr(item.config.option, "verbose", 0))
        if report.failed and result.outcome is Outcome.FAIL:
            _waive(report, item.config.stash[RUN].contract, expected)
    return report


def _result_of(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None], id_: str
) -> Result | None:
    """A named test speaks for itself; for everything else the engine does."""
    promise = item.config.stash[RUN].contract.promises.get(id_)
    if promise is not None and isinstance(promise.before, OwnTest):
        found = result_of_test(report, call.excinfo.value if call.excinfo else None)
        return found and dataclasses.replace(found, seconds=call.duration)
    return _result(report, _judged(item, id_), call)


def _agree(report: pytest.TestReport, result: Result, verbose: int) -> None:
    """Have pytest's own reports say what the account says."""
    broken = result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)
    if broken and report.passed:
        report.outcome = "failed"
    if report.failed and (verbose < 2 or not report.longrepr):  # noqa: PLR2004 - -vv
        report.longrepr = result.reason


def _waive(report: pytest.TestReport, contract: Contract, what: tuple[Moment, str]) -> None:
    """Where a waiver in force stands over a broken item, pytest counts a failure that is expected.

    The account still has what was found: whether the waiver holds is for the verdict to say.
    """
    moment, id_ = what
    waivers = contract.of(Waiver, moment)
    waived_by = in_force(waivers, dt.datetime.now(dt.timezone.utc).date()).get(id_)
    if waived_by is not None:
        waiver = waivers[waived_by]
        report.wasxfail = f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
        report.outcome = "skipped"


def _judged(item: pytest.Item, id_: str) -> Result | None:
    """What the engine came to about an item, as far as its test asked for just it."""
    account = getattr(item, "account", None)
    if isinstance(item, pytest.Function):
        account = item.funcargs.get("gate_account")
    return account.result if isinstance(account, Account) and account.id == id_ else None


def _result(
    report: pytest.TestReport, judged: Result | None, call: pytest.CallInfo[None]
) -> Result | None:
    """What a phase of a test came to; ``None`` where it says nothing about the item.

    An error of the test itself, beyond a promise that is broken, leaves the item INCONCLUSIVE.
    """
    if report.skipped or (report.when != "call" and not report.failed):
        return None
    if judged is None and not report.failed:
        return unknown(ObservationError("the test compared nothing"))
    found = [judged] if judged is not None else []
    error = call.excinfo.value if call.excinfo else None
    if report.failed and not _is_shown(judged, error):
        found.append(unknown(error or ObservationError("the test failed without an error")))
    return dataclasses.replace(worst(*found), seconds=call.duration)


def _is_shown(judged: Result | None, error: BaseException | None) -> bool:
    """Whether a test failed by what the engine found, and by nothing else."""
    if judged is None:
        return False
    shows = {Outcome.FAIL: AssertionError, Outcome.INCONCLUSIVE: ObservationError}
    return isinstance(error, shows.get(judged.outcome, ()))


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
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
    """Word a result as the gate does."""
    if not isinstance(report, pytest.TestReport) or expected_in(report.nodeid) is None:
        return None
    if report.when == "setup" and not report.failed:
        return "", "", ""
    result = result_of(report)
    if result is not None and result.outcome is Outcome.FAIL and hasattr(report, "wasxfail"):
        told: Any = ("waived", "W", ("WAIVED", {"yellow": True}))
    elif result is not None:
        told = WORDS[result.outcome]
    else:
        return None
    return (told[0], "", "") if config.get_verbosity() < 0 else told


def _failed(report: pytest.TestReport | pytest.CollectReport) -> str:
    """A failed test by its name, and the first line of why."""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = getattr(crash, "message", None) or str(report.longrepr or "")
    return ": ".join([report.nodeid, *[one for one in said.splitlines() if one.strip()][:1]])


class Controller:
    """The half of the ledger that lives in the controlling process."""

    def __init__(self, config: pytest.Config) -> None:
        """Count for one run."""
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter a report; a finished test counts for its moment."""
        found = expected_in(report.nodeid)
        if found is None:
            self.config.stash[BESIDES] += [_failed(report)] if report.failed else []
            return
        moment, id_ = found
        result = result_of(report)
        if result is not None:
            self.config.stash[LEDGER][moment][id_].append(result)
            self._block(moment, id_, result)
        if report.when == "teardown" or report.when not in ("setup", "call"):
            self.config.stash[SCHEDULER].judged(moment)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected stands against a promotion, as a failed test does."""
        self.config.stash[BESIDES] += [_failed(report)] if report.failed else []

    def _block(self, moment: Moment, id_: str, result: Result) -> None:
        """Nothing is deployed on top of a state that is not green."""
        why = stands_against(id_, result, self.config.stash[RUN].contract, moment)
        if why:
            self.config.stash[SCHEDULER].blocked.setdefault(moment, why)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Count only in the process that controls the run."""
    config = session.config
    if RUN in config.stash and not is_worker(config) and not config.option.collectonly:
        config.pluginmanager.register(Controller(config), "gate-controller")
