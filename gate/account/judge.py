"""One finding becomes one result: the outcome of an item comes from its finding, and only there.

No outcome rests on an exception that somebody could catch, strip or swallow: a test that shows an
item is a view of the result that is made here.
"""

from __future__ import annotations

import dataclasses
import time

from gate.account.verdict import SEVERITY, Outcome, Result
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.judge import compare
from gate.kinds.scene import Scene


@dataclasses.dataclass(frozen=True, kw_only=True)
class Judgement:
    """An item's result, and the finding behind it; none where nothing could be told."""

    result: Result
    finding: Finding | None = None

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.finding is not None and self.finding.holds

    @property
    def message(self) -> str:
        """What a person reads of it: the finding, or why there is none."""
        return self.finding.message if self.finding is not None else self.result.reason


def judge(promise: Promise, scene: Scene) -> Judgement:
    """Compare a promise with what was seen, and say what that comes to; it never raises.

    A mistake of the gate itself is no broken promise: it leaves the item INCONCLUSIVE.
    """
    began = time.perf_counter()
    try:
        finding = compare(promise, scene)
    except ObservationError as error:
        return Judgement(result=unknown(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it says nothing about the target
        return Judgement(result=unknown(error))
    return Judgement(result=result_of(finding, time.perf_counter() - began), finding=finding)


def result_of(finding: Finding, seconds: float = 0.0) -> Result:
    """What a finding comes to: FAIL where anything is broken, WARN where something is odd."""
    outcome = Outcome.FAIL if finding.broken else Outcome.WARN if finding.warnings else Outcome.PASS
    return Result(
        outcome=outcome,
        promised=finding.promised,
        seen=finding.seen,
        reason="; ".join(finding.broken or finding.warnings),
        look=finding.look,
        seconds=seconds,
    )


def unknown(error: BaseException) -> Result:
    """The result of an item that an error kept from being told."""
    if isinstance(error, ObservationError):
        reason = str(error).removeprefix("cannot tell ")
    else:
        reason = f"the gate itself failed: {type(error).__name__}: {error}"
    return Result(outcome=Outcome.INCONCLUSIVE, reason=reason)


def worst(*results: Result) -> Result:
    """Of several results of one item, the one that counts."""
    return min(results, key=lambda one: SEVERITY.index(one.outcome))
