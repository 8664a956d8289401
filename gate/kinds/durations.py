"""Timed answers, fit to be judged: of an endpoint that answers well, by a gate that had time."""

from __future__ import annotations

from collections.abc import Sequence

from gate.errors import ObservationError
from gate.kinds.endpoint import answered, endpoint
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.sources.api.facts import Timing, beside_key
from gate.sources.fact import Absent
from gate.timing.rules import Check, Word

OVERLOADED = 0.25
"""From this strain on the gate's own machine counts as overloaded."""


def timing_of(id_: str, scene: Scene) -> Timing:
    """The timed answers of an endpoint that answers as it should.

    Raises:
        ObservationError: It does not, or there are none: nobody knows how long it takes.
    """
    answer = answered(scene, id_)
    if isinstance(answer, Absent):
        raise ObservationError(f"cannot tell how long {id_} takes: {answer.proof}")
    finding = endpoint(scene.contract.promise(id_), scene)
    if not finding.holds:
        raise ObservationError(
            f"cannot tell how long {id_} takes: it is not answered as promised: {finding.broken[0]}"
        )
    if answer.timing is None or not answer.timing.samples_s:
        why = answer.timing.ended if answer.timing else "it was not timed in this look"
        raise ObservationError(f"cannot tell how long {id_} takes: no samples: {why}")
    return answer.timing


def left_by_load(durations: Sequence[float], timing: Timing) -> tuple[float, ...]:
    """What is left of durations, in seconds, where the gate's machine made as much as it may."""
    return tuple(one * (1 - timing.strain) for one in durations)


def not_open(checks: Sequence[Check], timing: Timing, at_least: Sequence[Check]) -> None:
    """Let a budget be decided by enough samples, taken on a machine that had time for them.

    Args:
        checks: What the samples prove.
        timing: The samples.
        at_least: What is proven by what is left of them by the load.

    Raises:
        ObservationError: The samples prove nothing, or what they prove may be the gate's doing.
    """
    broken = [one for one in checks if one.word is Word.BROKEN]
    sure = any(one.word is Word.BROKEN for one in at_least)
    if broken and not sure and timing.strain >= OVERLOADED:
        raise ObservationError(f"cannot tell: {_overloaded(timing)}; {broken[0].seen} may be its")
    left = [one for one in checks if one.word is Word.OPEN]
    if left and not broken:
        why = f"; the next one: {timing.ended}" if timing.ended else ""
        if timing.strain >= OVERLOADED:
            why += f"; {_overloaded(timing)}"
        raise ObservationError(
            f"cannot tell: {left[0].seen}, promised {left[0].promised}: that proves neither{why}"
        )


def _overloaded(timing: Timing) -> str:
    return (
        f"the gate's own machine was overloaded: what could run on it waited "
        f"{timing.strain:.0%} of the time"
    )


def beside(slow: str, probed: str, limit: float, scene: Scene) -> Finding:
    """A cheap endpoint while something slow runs; what stalls then is a finding of its own.

    Raises:
        ObservationError: It was not asked meanwhile, or nothing ran that could have slowed it down.
    """
    finding = endpoint(scene.contract.promise(slow), scene)
    if not finding.holds:
        raise ObservationError(
            f"cannot tell how {probed} answers while {slow} runs, which is not answered as "
            f"promised: {finding.broken[0]}"
        )
    timing = scene.api.beside.get(beside_key(slow, probed), Timing())
    slowest, count = max(timing.samples_s, default=0.0), len(timing.samples_s)
    broken = [f"while {slow} ran, {timing.ended}"] if timing.ended else []
    if slowest > limit:
        broken.append(f"while {slow} ran, it took {slowest:.3g} s, promised {limit:g} s at most")
    sure = max(left_by_load(timing.samples_s, timing), default=0.0) > limit
    if broken and not sure and timing.strain >= OVERLOADED:
        raise ObservationError(f"cannot tell: {_overloaded(timing)}; {broken[0]}")
    if not broken and not count:
        raise ObservationError(f"cannot tell: {probed} was not asked while {slow} ran")
    return Finding(
        promised=f"at most {limit:g} s while {slow} runs",
        seen=f"slowest {slowest:.3g} s of {count}",
        broken=tuple(broken),
    )
