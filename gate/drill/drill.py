"""The whole drill: which faults, at how many places at once, and every one of them told of."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import fcntl
import functools
import math
import os
import pathlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import TypeVar

from gate import temporary
from gate.contract.model import Contract
from gate.drill.bench import Bench, NotUndoneError, folder_for, unnoted
from gate.drill.fault import Fault
from gate.drill.gating import Gating
from gate.drill.journal import Journal
from gate.drill.load import Faults
from gate.drill.trial import Trial
from gate.errors import ContractError, GateError, TargetError
from gate.target import Target
from gate.threads import at_once

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What a drill is asked to do.

    Attributes:
        target: Where.
        contract: The promises, with the drill's own.
        folder: Where the contract's are.
        own: Items that are the drill's own.
        faults: The faults, and where they are.
        chosen: Those that are tried, by name.
        reports: Folder for what is written.
        cwd: Where the gate is run.
        jobs: Over how many instances of an embedded target.
        within_s: No fault is begun later than so many seconds after the drill's start.
        note: Is told what a drill waits for.
    """

    target: Target
    contract: Contract
    folder: pathlib.Path
    faults: Faults
    chosen: Mapping[str, Fault]
    reports: pathlib.Path
    cwd: pathlib.Path
    jobs: int = 1
    own: frozenset[str] = frozenset()
    within_s: float = math.inf
    note: Callable[[str], object] = unnoted


def allowed(target: Target, *, applies: bool) -> None:
    """Refuse a target that was not given up to be broken.

    Raises:
        TargetError: It is a real one, and says no ``[drill]`` with a reason, or nobody said so.
    """
    drill = target.drill
    if drill is None:
        raise TargetError(
            f"{target.file}: a drill breaks what it is done to: where that may be done, the "
            f"target says so with [drill] place = … (and throwaway = the reason)"
        )
    if target.embedded:
        return
    if not drill.throwaway:
        raise TargetError(
            f"{target.file}: drill.throwaway: says why this host may be broken; only a target "
            f"that the gate starts itself needs no reason"
        )
    if not applies:
        raise TargetError(
            f"{target.file}: a drill BREAKS {target.host}, and takes it back: say --apply"
        )


def chosen(
    faults: Faults, place: str, only: Iterable[str], chapters: Iterable[str], part: str
) -> dict[str, Fault]:
    """The faults that can be done at a place, and were asked for.

    Args:
        faults: All of them.
        place: What kind of place it is.
        only: Names; all where empty.
        chapters: Chapters of faults; all where empty.
        part: ``K/N`` for every N-th of them, from the K-th on; all where empty. A K beyond N counts
            on through the parts, and begins each further round with another fault of its part: in
            time every fault is the first one once.

    Raises:
        ContractError: There is no such fault or chapter, or nothing is left.
    """
    here = {
        name: one for name, one in faults.by_name.items() if not one.where or place in one.where
    }
    only, chapters = list(only), list(chapters)
    for word in only:
        if word not in here:
            there = "it cannot be done at" if word in faults.by_name else "there is no such fault:"
            raise ContractError(f"--only: {word}: {there} {place}; known: {', '.join(here)}")
    known = sorted({one.chapter for one in here.values()})
    for word in chapters:
        if word not in known:
            raise ContractError(f"--chapter: unknown: {word}; known: {', '.join(known)}")
    found = {
        name: one
        for name, one in here.items()
        if (not only or name in only) and (not chapters or one.chapter in chapters)
    }
    if part:
        which, _, of = part.partition("/")
        if not (which.isdigit() and of.isdigit() and int(which) and int(of)):
            raise ContractError(f"--part: {part}: must be K/N, such as 1/5")
        turn, number = divmod(int(which) - 1, int(of))
        names = list(found)[number :: int(of)]
        first = turn % len(names) if names else 0
        found = {name: found[name] for name in (*names[first:], *names[:first])}
    if not found:
        raise ContractError(f"{faults.folder}: no fault is left for {place}")
    return found


def drill(
    plan: Plan, tell: Callable[[Trial], None], cancelled: threading.Event
) -> tuple[dict[str, Trial], GateError | None]:
    """Try the faults; returns what became of each that was tried, and what ended the drill.

    They come in their order; nothing ended it where it went through, or was interrupted and took
    back what it had done.

    Args:
        plan: What is asked.
        tell: Is told of each as it ends.
        cancelled: Set by another thread: what is under way is taken back, the rest is left out.

    Raises:
        GateError: Nothing was tried: the gate is not green where nothing was done, or there is no
            place to try at.
    """
    run = _Run(plan, tell, cancelled)
    numbers = range(max(1, min(plan.jobs, len(plan.chosen))))
    with _alone(plan):
        works = [functools.partial(run.through, number) for number in numbers]
        at_once(works, cancelled, "drill")
    tried = {name: run.trials[name] for name in plan.chosen if name in run.trials}
    wrong = next((one for one in run.wrong if isinstance(one, NotUndoneError)), None)
    if wrong is not None or cancelled.is_set():
        return tried, wrong
    other = next(iter(run.wrong), None)
    if other is not None and not (tried and isinstance(other, GateError)):
        raise other
    return tried, other


class _Run:
    """What the threads of a drill share: the faults that wait, and what became of the others."""

    def __init__(
        self, plan: Plan, tell: Callable[[Trial], None], cancelled: threading.Event
    ) -> None:
        """Put the faults into their order."""
        self.trials: dict[str, Trial] = {}
        self.wrong: list[Exception] = []
        self._plan, self._tell, self._cancelled = plan, tell, cancelled
        self._chapters = {id_: one.chapter for id_, one in plan.contract.promises.items()}
        self._lock = threading.Lock()
        self._until = time.monotonic() + plan.within_s
        self._waiting = collections.deque(in_order(plan.chosen))

    def through(self, number: int) -> None:
        """Try faults at one bench until none waits, or something is wrong."""
        try:
            with bench(self._plan, number, self._cancelled) as place:
                while (name := self._next()) is not None:
                    fault = self._plan.chosen[name]
                    done = place.trial(name, fault, self._chapters, self._plan.own)
                    with self._lock:
                        if not self._cancelled.is_set():
                            self.trials[name] = done
                            self._tell(done)
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever waits
            self.wrong.append(error)

    def _next(self) -> str | None:
        with self._lock:
            late = time.monotonic() > self._until
            over = late or self._cancelled.is_set() or self.wrong or not self._waiting
            return None if over else self._waiting.popleft()


def to_its_end(do: Callable[[], T], cancelled: threading.Event) -> T:
    """Do something in a thread; where it is interrupted, it is told to end, and waited for."""
    found: Future[T] = Future()

    def run() -> None:
        try:
            found.set_result(do())
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            found.set_exception(error)

    if at_once([run], cancelled, "drill") and not found.done():
        raise KeyboardInterrupt
    return found.result()


RANK = {("before", "predeploy"): 0, ("before", "postdeploy"): 1, ("after", "postdeploy"): 2}
RANK |= {("after", "rollback"): 3, ("before", "rollback"): 4, ("after", "predeploy"): 5}
"""Faults of one state come together: bringing a system into the other one takes its time."""


def in_order(chosen: Mapping[str, Fault]) -> list[str]:
    """Names of faults, those of one state together; the first one's state comes first."""
    ranks = {name: RANK[one.stands, one.moment] for name, one in chosen.items()}
    first = next(iter(ranks.values()), 0)
    return sorted(ranks, key=lambda name: (ranks[name] - first) % len(RANK))


@contextlib.contextmanager
def bench(plan: Plan, number: int, cancelled: threading.Event) -> Iterator[Bench]:
    """A bench of the drill's own, gone with it."""
    target = plan.target
    with temporary.folder() as folder:
        gating = Gating(
            target=target,
            contract=plan.folder,
            instance=f"drill-{os.getpid()}-{number}",
            folder=folder,
            own=plan.faults.promises.resolve() if plan.faults.promises else None,
            cwd=plan.cwd,
            applies=not target.embedded,
            cancelled=cancelled,
        )
        kept = folder if target.embedded else folder_for(plan.reports, target)
        with Bench(target, gating, plan.faults, Journal(kept), plan.note) as found:
            yield found


@contextlib.contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """One drill at a time at a real target.

    Raises:
        GateError: There is another one.
    """
    folder = folder_for(plan.reports, plan.target)
    folder.mkdir(parents=True, exist_ok=True)
    if plan.target.embedded:
        yield
        return
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise GateError(
                f"{folder}: another drill is under way at {plan.target.name}"
            ) from error
        yield
