"""One place at which faults are tried one after the other, each from a state that is green."""

from __future__ import annotations

import dataclasses
import pathlib
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Literal

from typing_extensions import Self

from gate import launcher
from gate.contract.item import Moment
from gate.drill.fault import Fault, Gate
from gate.drill.gating import Gating, Look
from gate.drill.host import Host
from gate.drill.journal import Journal
from gate.drill.load import Faults, scripts_of
from gate.drill.trial import End, Trial, judged, without
from gate.errors import GateError
from gate.target import Target

State = Literal["before", "after"]
GREEN_S = 120.0
"""Within what time the gate has to be green again, in seconds."""
LOOK_S = 300.0
AGAIN_S = 0.5
MISTAKE = 4
"""Exit status of a mistake in the contract or the target: waiting does not mend it."""
HOME: Mapping[State, Moment] = {"before": "predeploy", "after": "postdeploy"}


class NotGreenError(GateError):
    """The gate is not green where nothing was done: nothing can be said of faults there."""


class Bench:
    """A target, or an instance of an embedded one that is this bench's own."""

    def __init__(self, target: Target, gating: Gating, faults: Faults, journal: Journal) -> None:
        """Take what is tried, and where.

        Args:
            target: Where; an embedded one is started when the bench is entered.
            gating: How the gate is run there.
            faults: What is left out of the contract as a rule.
            journal: Where open faults are written down.
        """
        self._target, self._gating = target, gating
        self._faults, self._journal = faults, journal
        self._state: State | None = None
        self._whole: tuple[str, ...] | None = None
        self._usual: dict[tuple[str, ...], dict[Moment, dict[str, tuple[str, str]]]] = {}
        self._host = Host(target, gating.instance)

    def __enter__(self) -> Self:
        """Start the instance; take back what an earlier drill left open."""
        self._start()
        for name, undo in self._journal.open().items():
            wrong = "" if self._target.embedded else self._host.undo(undo)
            if wrong:
                raise GateError(f"fault {name} of an earlier drill cannot be undone: {wrong}")
            self._journal.ended(name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the instance down."""
        self._stop()

    @property
    def cancelled(self) -> threading.Event:
        """Set where the drill is interrupted."""
        return self._gating.cancelled

    def trial(self, name: str, fault: Fault, chapters: Mapping[str, str]) -> Trial:
        """Do a fault, let the gate look, undo it, and see that all is well again.

        Args:
            name: Of the fault.
            fault: What it is.
            chapters: Chapter of each item of the contract.

        Raises:
            NotGreenError: The gate was not green before.
        """
        left_out = self._left_out(fault, chapters)
        self._reach(fault.stands, left_out)
        usual = self._usual_at(fault.moment, left_out)
        self._reach(fault.stands, left_out)
        scripts = scripts_of(fault, self._host_target)
        undo = self._host.whole_undo(name, scripts.undo) if scripts else ""
        wrong, ready_s, look = "", 0.0, None
        self._journal.begins(name, undo)
        try:
            if scripts is not None:
                began = time.monotonic()
                wrong = self._host.do(name, scripts.do)
                wrong = wrong or self._host.wait(name, scripts.ready, fault.ready_s)
                ready_s = time.monotonic() - began
            if not wrong:
                self.cancelled.wait(fault.wait_s)
                look = self._gating.look(
                    fault.moment,
                    within_s=fault.within_s,
                    without=left_out,
                    differs=fault.differs,
                    **({"gate": fault.gate} if fault.gate else {}),
                )
        finally:
            undone = self._host.undo(undo) if undo else ""
            if not undone:
                self._journal.ended(name)
        if look is None:
            done = Trial(name=name, end=End.NOT_INJECTED, why=wrong, ready_s=ready_s)
        else:
            done = judged(name, fault, without(look, usual), ready_s)
        if self.cancelled.is_set():
            return done
        return self._again(done, fault, left_out, undone)

    def _again(self, done: Trial, fault: Fault, left_out: tuple[str, ...], undone: str) -> Trial:
        """See that all is well again; where it is not, that is said, and the bench begins anew."""
        moved = fault.moment != HOME[fault.stands]
        wrong = undone or self._not_green("rollback" if moved else HOME[fault.stands], left_out)
        if not wrong:
            self._state = "before" if moved else fault.stands
            return done
        self._state = None
        if self._target.embedded:
            self._stop()
            self._start()
        fine = done.end in (End.DETECTED, End.KNOWN_GAP)
        return dataclasses.replace(done, end=End.NOT_UNDONE if fine else done.end, undone=wrong)

    def healthy(
        self, moment: Moment, left_out: tuple[str, ...], within_s: float, gate: Gate
    ) -> Look:
        """Look where nothing was done, in one way."""
        return self._gating.look(moment, within_s=within_s, without=left_out, gate=gate)

    def _left_out(self, fault: Fault, chapters: Mapping[str, str]) -> tuple[str, ...]:
        asked = {chapters.get(one, "") for one in (*fault.expect, *_named(fault))}
        if fault.whole:
            return ()
        return tuple(one for one in self._faults.leaves_out if one not in asked)

    def _reach(self, state: State, left_out: tuple[str, ...]) -> None:
        """Bring the system into a state, by the plan, with the looks that belong to it."""
        if state == "before":
            if self._state == "after":
                self._green("rollback", left_out)
                self._state = None
            if self._state is None or left_out not in self._usual:
                self._green("predeploy", left_out)
            self._state = "before"
            return
        if self._state == "after" and self._whole == left_out:
            return
        self._reach("before", left_out)
        self._green("predeploy", left_out)  # what a later moment is compared with
        self._green("postdeploy", left_out)
        self._state, self._whole = "after", left_out

    def _usual_at(self, moment: Moment, left_out: tuple[str, ...]) -> dict[str, tuple[str, str]]:
        """What is odd at a moment also when all is well."""
        if moment not in self._usual.get(left_out, {}):
            self._reach("after", left_out)
            if moment == "rollback":
                self._reach("before", left_out)
        return self._usual[left_out][moment]

    def _green(self, moment: Moment, left_out: tuple[str, ...]) -> None:
        """Look until the gate promotes.

        Raises:
            NotGreenError: It does not.
        """
        wrong = self._not_green(moment, left_out)
        if wrong:
            raise NotGreenError(wrong)

    def _not_green(self, moment: Moment, left_out: tuple[str, ...]) -> str:
        """Look until the gate promotes; return why it does not in the end, or nothing."""
        until = time.monotonic() + GREEN_S
        while True:
            look = self._gating.look(moment, within_s=LOOK_S, without=left_out)
            if look.green:
                self._usual.setdefault(left_out, {})[moment] = dict(look.odd)
                return ""
            never = look.exit_status == MISTAKE or self.cancelled.is_set()
            if never or time.monotonic() > until:
                odd = "; ".join(f"{id_} ({one[0]}: {one[1][:120]})" for id_, one in _bad(look))
                return (
                    f"the gate is not green at {moment} though nothing is done: "
                    f"exit status {look.exit_status}; {odd or look.said[-600:]}"
                )
            self.cancelled.wait(AGAIN_S)

    def _start(self) -> None:
        if self._target.embedded:
            found = launcher.start_named(self._target, self._gating.instance, self.cancelled)
            self._host_target = launcher.placed(self._target, found)
        else:
            self._host_target = self._target
        self._host = Host(self._host_target, self._gating.instance)

    def _stop(self) -> None:
        if self._target.embedded:
            launcher.stop(self._target, self._gating.instance)


def _named(fault: Fault) -> Iterable[str]:
    """Items that a fault replaces keys of."""
    return (one.item for one in fault.differs)


def _bad(look: Look) -> list[tuple[str, tuple[str, str]]]:
    return [one for one in look.odd.items() if one[1][0] in ("FAIL", "INCONCLUSIVE")]


def folder_for(reports: pathlib.Path, target: Target) -> pathlib.Path:
    """Where a drill at a target keeps what it writes."""
    return reports / "drill" / target.name
