"""One place at which faults are tried one after the other, each from a state that is green."""

from __future__ import annotations

import dataclasses
import pathlib
import threading
import time
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import Literal

from typing_extensions import Self

from gate import launcher
from gate.contract.item import Moment
from gate.drill.fault import Fault, Gate
from gate.drill.gating import Gating, Look
from gate.drill.host import Host
from gate.drill.journal import Journal
from gate.drill.load import Faults, injected, scripts_of
from gate.drill.scope import Scope, scope_of
from gate.drill.trial import End, Trial, judged, without
from gate.errors import GateError
from gate.target import Target

State = Literal["before", "after"]
Odd = dict[str, tuple[str, str]]
"""What is not PASS: outcome and reason, by item."""
GREEN_S = 120.0
"""Within what time the gate has to be green again, in seconds."""
NOTE_S = 10.0
"""After so many seconds of it, whoever waits is told what for."""
LOOK_S = 300.0
AGAIN_S = 0.5
MISTAKE = 4
"""Exit status of a mistake in the contract or the target: waiting does not mend it."""
STAGE, STAGE_S = "[stage]", 30.0
"""What stands in the journal for the stage, as no fault is called, and within what time it has to
stand, in seconds."""
HOME: Mapping[State, Moment] = {"before": "predeploy", "after": "postdeploy"}


class NotGreenError(GateError):
    """The gate is not green where nothing was done: nothing can be said of faults there."""


class NotUndoneError(GateError):
    """Something that was done to the host stands there still."""


def unnoted(text: str) -> None:
    """Tell nobody."""
    del text


class Bench:
    """A target, or an instance of an embedded one that is this bench's own."""

    def __init__(
        self,
        target: Target,
        gating: Gating,
        faults: Faults,
        journal: Journal,
        note: Callable[[str], object] = unnoted,
    ) -> None:
        """Take what is tried, and where.

        Args:
            target: Where; an embedded one is started when the bench is entered.
            gating: How the gate is run there.
            faults: What is left out of the contract as a rule.
            journal: Where open faults are written down.
            note: Is told what is waited for.
        """
        self._target, self._gating, self._note = target, gating, note
        self._faults, self._journal = faults, journal
        self._state: State | None = None
        self._whole: Scope | None = None
        self._usual: dict[Scope, dict[Moment, Odd]] = {}
        self._latest: Odd = {}
        self._staged = ""

    def __enter__(self) -> Self:
        """Start the instance; take back what an earlier drill left open."""
        self._host = self._start()
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
        """Take the instance down, and the stage with it.

        Raises:
            NotUndoneError: The stage stands still.
        """
        if self._staged and not self._target.embedded:
            wrong = self._host.undo(self._staged)
            if wrong:
                told = f"the stage of the drill is NOT UNDONE: {wrong}; the next drill tries again"
                before = f" (before that: {error})" if isinstance(error, GateError) else ""
                raise NotUndoneError(told + before)
            self._journal.ended(STAGE)
        self._stop()

    @property
    def cancelled(self) -> threading.Event:
        """Set where the drill is interrupted."""
        return self._gating.cancelled

    def trial(
        self, name: str, fault: Fault, chapters: Mapping[str, str], own: Collection[str] = ()
    ) -> Trial:
        """Do a fault, let the gate look, undo it, and see that all is well again.

        Args:
            name: Of the fault.
            fault: What it is.
            chapters: Chapter of each item of the contract.
            own: Items that are the drill's own.

        Raises:
            NotGreenError: The gate was not green before.
            NotUndoneError: The drill is interrupted, or the gate could not be run, and the fault
                stands still.
        """
        scope = scope_of(fault, self._faults, chapters, own)
        if scope.own:
            self._set_stage()
        self._reach(fault.stands, scope)
        usual = self._usual_at(fault.moment, scope)
        self._reach(fault.stands, scope)
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
                    scope=scope,
                    differs=fault.differs,
                    **({"gate": fault.gate} if fault.gate else {}),
                )
        except BaseException as error:
            undone = self._undone(name, undo)
            if undone and not self._target.embedded:
                told = f"fault {name} is NOT UNDONE: {undone} (before that: {error})"
                raise NotUndoneError(told) from error
            raise
        undone = self._undone(name, undo)
        if look is None:
            done = Trial(name=name, end=End.NOT_INJECTED, why=wrong, ready_s=ready_s)
        else:
            done = judged(name, fault, without(look, usual, fault), ready_s)
        if self.cancelled.is_set():
            if undone and not self._target.embedded:
                raise NotUndoneError(f"fault {name} is NOT UNDONE: {undone}")
            return done
        return self._again(done, fault, scope, undone)

    def _undone(self, name: str, undo: str) -> str:
        """Undo a fault, and write that down; return what went wrong, or nothing."""
        wrong = self._host.undo(undo) if undo else ""
        if not wrong:
            self._journal.ended(name)
        return wrong

    def _again(self, done: Trial, fault: Fault, scope: Scope, undone: str) -> Trial:
        """See that all is well again; where it is not, that is said, and the bench begins anew."""
        moved = fault.moment != HOME[fault.stands]
        wrong = undone or self._not_green("rollback" if moved else HOME[fault.stands], scope)
        if not wrong:
            self._state = "before" if moved else fault.stands
            return done
        self._state = None
        if self._target.embedded:
            self._stop()
            self._host = self._start()
        fine = done.end in (End.DETECTED, End.KNOWN_GAP)
        return dataclasses.replace(done, end=End.NOT_UNDONE if fine else done.end, undone=wrong)

    def healthy(self, moment: Moment, scope: Scope, within_s: float, gate: Gate) -> Look:
        """Look where nothing was done, in one way."""
        return self._gating.look(moment, within_s=within_s, scope=scope, gate=gate)

    def _set_stage(self) -> None:
        """Do what the drill's own promises are about, once; it stands until the end.

        Raises:
            NotGreenError: It cannot be done.
        """
        scripts = injected(self._faults.stage, self._host_target)
        if self._staged or scripts is None:
            return
        self._staged = self._host.whole_undo(STAGE, scripts.undo)
        self._journal.begins(STAGE, self._staged)
        wrong = self._host.do(STAGE, scripts.do)
        wrong = wrong or self._host.wait(STAGE, scripts.ready, STAGE_S)
        if wrong:
            raise NotGreenError(f"the stage of the drill's own promises is not set: {wrong}")

    def _reach(self, state: State, scope: Scope) -> None:
        """Bring the system into a state, by the plan, with the looks that belong to it."""
        if state == "before":
            if self._state == "after":
                self._green("rollback", scope)
                self._state = None
            if self._state is None or scope not in self._usual:
                self._green("predeploy", scope)
            self._state = "before"
            return
        if self._state == "after" and self._whole == scope:
            return
        self._reach("before", scope)
        self._green("predeploy", scope)  # what a later moment is compared with
        self._green("postdeploy", scope)
        self._state, self._whole = "after", scope

    def _usual_at(self, moment: Moment, scope: Scope) -> Odd:
        """What is odd at a moment also when all is well, and what an earlier fault left."""
        if moment not in self._usual.get(scope, {}):
            self._reach("after", scope)
            if moment == "rollback":
                self._reach("before", scope)
        return {**self._usual[scope][moment], **self._latest}

    def _green(self, moment: Moment, scope: Scope) -> None:
        """Look until the gate promotes.

        Raises:
            NotGreenError: It does not.
        """
        wrong = self._not_green(moment, scope)
        if wrong:
            raise NotGreenError(wrong)

    def _not_green(self, moment: Moment, scope: Scope) -> str:
        """Look until the gate promotes; return why it does not in the end, or nothing."""
        began, noted = time.monotonic(), False
        while True:
            look = self._gating.look(moment, within_s=LOOK_S, scope=scope)
            if look.green:
                self._usual.setdefault(scope, {})[moment] = dict(look.odd)
                self._latest = dict(look.odd)
                return ""
            waited_s = time.monotonic() - began
            odd = "; ".join(f"{id_} ({one[0]}: {one[1][:120]})" for id_, one in _bad(look))
            told = f"exit status {look.exit_status}; {odd or look.said[-600:]}"
            never = look.exit_status == MISTAKE or self.cancelled.is_set()
            if never or waited_s > GREEN_S:
                return f"the gate is not green at {moment} though nothing is done: {told}"
            if waited_s > NOTE_S and not noted:
                noted = True
                self._note(
                    f"waiting up to {GREEN_S:g} s for the gate to be green at {moment}: {told}"
                )
            self.cancelled.wait(AGAIN_S)

    def _start(self) -> Host:
        """Start the instance; returns the host that faults are done to."""
        self._staged = ""
        if self._target.embedded:
            found = launcher.start_named(self._target, self._gating.instance, self.cancelled)
            self._host_target = launcher.placed(self._target, found)
        else:
            self._host_target = self._target
        return Host(self._host_target, self._gating.instance)

    def _stop(self) -> None:
        if self._target.embedded:
            launcher.stop(self._target, self._gating.instance)


def _bad(look: Look) -> list[tuple[str, tuple[str, str]]]:
    return [one for one in look.odd.items() if one[1][0] in ("FAIL", "INCONCLUSIVE")]


def folder_for(reports: pathlib.Path, target: Target) -> pathlib.Path:
    """Where a drill at a target keeps what it writes."""
    return reports / "drill" / target.name
