"""One fault and what became of it: a pure judgement of what the gate said."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from gate.drill.fault import Fault
from gate.drill.gating import Look

SHOWN = 5
"""So many items are named where an exit status is told."""


class End(enum.Enum):
    """How the trial of a fault ended, the worst first."""

    MISSED = "missed"
    """An item that has to turn did not, or not for this reason, or the exit status is wrong."""
    LATE = "late"
    """The gate did not end in time."""
    OVER_EAGER = "over-eager"
    """Items turned that the fault does not concern."""
    NOT_UNDONE = "not undone"
    """The gate was not green again afterwards."""
    NOT_INJECTED = "not injected"
    """The effect was not proven: what the gate said then proves nothing."""
    KNOWN_GAP = "known gap"
    """Not detected, as is known, and said why."""
    DETECTED = "detected"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """A fault that was tried.

    Attributes:
        name: Of the fault.
        end: How it ended.
        why: In words: what is wrong with the gate or with the fault; empty where it was detected.
        look: What the gate said; ``None`` where it was not asked.
        ready_s: How long it took until the effect was proven.
        undone: What went wrong when it was taken back.
        was_gap: Whether it was said to be a gap; detected all the same, it is none any more.
    """

    name: str
    end: End
    why: str = ""
    look: Look | None = None
    ready_s: float = 0.0
    undone: str = ""
    was_gap: bool = False


def judged(name: str, fault: Fault, look: Look, ready_s: float = 0.0) -> Trial:
    """Compare what the gate said with what the fault has to turn."""
    end, why = _ended(fault, look)
    was_gap = bool(fault.known_gap)
    if was_gap and end is not End.DETECTED:
        end, why = End.KNOWN_GAP, f"{fault.known_gap} ({why})"
    return Trial(name=name, end=end, why=why, look=look, ready_s=ready_s, was_gap=was_gap)


def _ended(fault: Fault, look: Look) -> tuple[End, str]:
    if look.late:
        return End.LATE, f"the gate did not end within {fault.within_s:g} s"
    missed = [line for id_ in fault.expect if (line := _missed(fault, look, id_))]
    if look.exit_status != fault.exit:
        failed = [
            id_ for id_, one in look.odd.items() if one[0] == "FAIL" and id_ not in fault.expect
        ]
        besides = f" (besides, {', '.join(failed[:SHOWN])} failed)" if failed else ""
        missed.append(f"exit status {look.exit_status}, not {fault.exit}{besides}")
    if missed:
        return End.MISSED, "; ".join(missed)
    more = [id_ for id_ in look.odd if id_ not in fault.expect and not fault.allows(id_)]
    # What was warned of before the fault is no part of it: the caller takes that out.
    if more:
        told = (f"{id_} ({look.odd[id_][0]}: {look.odd[id_][1][:200]})" for id_ in more)
        return End.OVER_EAGER, "; ".join(told)
    return End.DETECTED, ""


def _missed(fault: Fault, look: Look, id_: str) -> str:
    wanted = fault.wants(id_)
    if wanted is None:
        return ""
    outcome, words = wanted
    seen, reason = look.odd.get(id_, ("PASS", ""))
    if seen != outcome:
        return f"{id_} is {seen}, not {outcome}" + (f": {reason[:200]}" if reason else "")
    if words not in reason:
        return f"{id_} is {seen} for another reason than {words!r}: {reason[:300]}"
    return ""


def without(look: Look, usual: Mapping[str, tuple[str, str]], fault: Fault) -> Look:
    """A look without what is odd also when all is well.

    What was warned of before has not turned, whatever words it has now: how old something is that
    an earlier look left changes by itself. Of what the fault has to turn the words count, too.
    """

    def is_usual(id_: str, one: tuple[str, str]) -> bool:
        was = usual.get(id_)
        return was is not None and (was == one or (was[0] == one[0] and id_ not in fault.expect))

    odd = {id_: one for id_, one in look.odd.items() if not is_usual(id_, one)}
    return dataclasses.replace(look, odd=odd)
