"""Every report there is, in the order in which they are rendered."""

from __future__ import annotations

import functools

from gate.errors import GateError
from gate.outside import named
from gate.report import (
    allure_results,
    attestation,
    benchmark,
    ci_annotations,
    ctrf,
    findings,
    html,
    junit,
    observed_json,
    outputs,
    prometheus,
    snapshot,
    state_diff,
    summary,
    verdict_json,
)
from gate.report.report import Report

GROUP = "gate.reports"
"""Entry points of this group name a `Report` in a package from outside."""
OWN: tuple[Report, ...] = (
    verdict_json,
    observed_json,
    snapshot,
    state_diff,
    html,
    junit,
    ctrf,
    findings,
    summary,
    ci_annotations,
    outputs,
    prometheus,
    benchmark,
    allure_results,
)
"""A later one can use what the earlier ones made."""
LAST: Report = attestation
"""It names the files of all the others."""


@functools.cache
def reports() -> tuple[Report, ...]:
    """The engine's own, what others add, and what attests to them all.

    Raises:
        GateError: What is named from outside is no report.
    """
    return (*OWN, *_from_outside(), LAST)


def _from_outside() -> tuple[Report, ...]:
    found = []
    for point in named(GROUP):
        report = point.load()
        if not isinstance(report, Report):
            raise GateError(
                f"the entry point {point.name!r} of the group {GROUP} names {point.value}, "
                f"which is no gate.report.report.Report"
            )
        found.append(report)
    return tuple(found)
