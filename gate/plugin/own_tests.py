"""A team's own tests that the contract names: run once per moment, and accounted for."""

from __future__ import annotations

import sys

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Contract, Promise
from gate.kinds.test import OwnTest


def promise_of(nodeid: str, contract: Contract) -> Promise | None:
    """The promise that names a test, if any does."""
    node = nodeid.partition("[")[0]
    return next(
        (
            one
            for one in contract.promises.values()
            if isinstance(one.before, OwnTest)
            and node in (one.before.node, getattr(one.after, "node", None))
        ),
        None,
    )


def moments_of_test(promise: Promise) -> list[Moment]:
    """When a named test is run, in order."""
    return [moment for moment in MOMENTS if moment in promise.moments]


def result_of_test(report: pytest.TestReport, error: BaseException | None) -> Result | None:
    """What a phase of a named test came to; ``None`` where it says nothing.

    An assertion is a broken promise; any other error is no look. A test that was expected to fail,
    or whose assertions Python has stripped, has proven nothing.
    """
    if report.failed:
        is_broken = isinstance(error, AssertionError) and report.when == "call"
        outcome = Outcome.FAIL if is_broken else Outcome.INCONCLUSIVE
        words = str(error).splitlines() if error is not None else []
        reason = words[0] if words else "the test failed"
        return Result(outcome=outcome, promised="passes", seen="failed", reason=reason)
    if report.skipped or report.when != "call":
        return None
    if hasattr(report, "wasxfail"):
        return _unproven("it is marked as expected to fail")
    if sys.flags.optimize:
        return _unproven("Python runs without assertions (-O)")
    return Result(outcome=Outcome.PASS, promised="passes", seen="passed")


def _unproven(reason: str) -> Result:
    return Result(outcome=Outcome.INCONCLUSIVE, promised="passes", reason=reason)
