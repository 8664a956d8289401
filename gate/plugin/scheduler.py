"""The scheduler of moments: each is prepared, looked at once, and published to its tests.

One director thread, in the process that controls the run, takes the moments in their order. A
later moment begins when every test of the one before has reported, and only if none of them
stands against it; so the plan is carried out between the last judgement of *before* and the
first of *after*, with xdist's workers as well as without.
"""

from __future__ import annotations

import pathlib
import threading
from collections import Counter
from collections.abc import Generator, Iterable

import pytest

from gate import temporary
from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.errors import GateError, ObservationError
from gate.kinds.scene import Scene
from gate.plugin.nodes import expected_in
from gate.plugin.options import RUN
from gate.plugin.scene_files import publish, receive
from gate.plugin.signals import INTERRUPTION
from gate.plugin.speaker import speaker
from gate.run.interruption import Interruption
from gate.run.moment import prepare
from gate.run.options import Run
from gate.run.stage import Stage
from gate.secrets import known
from gate.sources.observed import Observed

SCRATCH = "gate_scratch"
"""Key under which xdist's workers get the folder of published scenes."""

ORDERED = ("no", "load", "worksteal")
"""xdist distributions that keep the order of the tests."""


class Scheduler:
    """The director and what it has published.

    Attributes:
        observed: Looks by moment, as far as there are any.
        baselines: What each moment is compared with.
        has_workers: Whether there are processes that what is published has to travel to.
    """

    def __init__(self, run: Run, stage: Stage, ending: Interruption) -> None:
        """Take over a run; nothing begins before `begin`."""
        self._ending = ending
        self.run = run
        self.stage = stage
        self._scratch: pathlib.Path | None = None
        self.observed: dict[Moment, Observed] = {}
        self.baselines: dict[Moment, Observed | None] = {}
        self.moments: list[Moment] = []
        self.blocked: dict[Moment, str] = {}
        self.has_workers = False
        self._why: dict[Moment, str] = {}
        self._open: Counter[str] = Counter()
        self._published = {moment: threading.Event() for moment in MOMENTS}
        self._judged = {moment: threading.Event() for moment in MOMENTS}
        self._thread: threading.Thread | None = None

    @property
    def scratch(self) -> pathlib.Path:
        """Where scenes are published; made when it is first asked for."""
        if self._scratch is None:
            self._scratch = temporary.make()
        return self._scratch

    def begin(self, nodeids: Iterable[str]) -> None:
        """Start with the collected tests; a second call (of another worker) does nothing."""
        if self._thread is not None:
            return
        found = [expected_in(one) for one in nodeids]
        self._open = Counter(one[0] for one in found if one)
        moments = [moment for moment in MOMENTS if self._open[moment]]
        if not moments:
            return
        try:
            with self._ending.later():
                self.stage.begin(moments)
                self.moments = moments
        except GateError as error:
            raise pytest.UsageError(known.tell(str(error))) from None
        self._thread = threading.Thread(target=self._direct, name="director", daemon=True)
        self._thread.start()

    def judged(self, moment: str) -> None:
        """Count a test's report; the last one of a moment lets the next moment begin."""
        self._open[moment] -= 1
        if self._open[moment] <= 0 and moment in self._judged:
            self._judged[moment].set()

    def scene(self, moment: Moment) -> Scene:
        """Return a moment's scene; wait for it, as long as the director is at work.

        Raises:
            ObservationError: There was no look.
        """
        while not self._published[moment].wait(0.2):
            gone = self._thread is None or not self._thread.is_alive()
            # Asked again: the director may have published and gone just after the wait.
            if gone and not self._published[moment].is_set():
                raise ObservationError(f"cannot tell: nobody looked at {moment}")
        if moment not in self.observed:
            raise ObservationError(self._why[moment])
        return Scene(
            contract=self.run.contract,
            target=self.stage.target,
            moment=moment,
            observed=self.observed[moment],
            baseline=self.baselines[moment],
            no_baseline=self.stage.no_baseline,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """End before pytest tells of it: what still runs would be in its way."""
        if self._ending.name != "SIGINT":
            self.stage.tell(f"{self._ending.name or 'interrupted'}: ending, as told")
        self.end()

    def end(self) -> None:
        """Stop directing: no further step, no further moment; and clean up."""
        self.stage.cancelled.set()
        self._ending.leave_closed_terminals()
        for event in self._judged.values():
            event.set()
        if self._thread is not None:
            self._thread.join()
        if self._scratch is not None:
            temporary.remove(self._scratch)

    def _direct(self) -> None:
        for number, moment in enumerate(self.moments):
            why = ""
            try:
                if number:
                    self._wait_for(self.moments[number - 1])
                self.observed[moment], self.baselines[moment] = prepare(moment, self.stage)
            except GateError as error:
                why = str(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, every test must hear of it
                why = f"the gate itself failed while looking: {type(error).__name__}: {error}"
            self._why[moment] = why
            if self.has_workers:
                self._publish(moment)
            self._published[moment].set()

    def _publish(self, moment: Moment) -> None:
        publish(
            self.scratch,
            moment,
            target=self.stage.target,
            observed=self.observed.get(moment),
            baseline=self.baselines.get(moment),
            why=self._why[moment],
            no_baseline=self.stage.no_baseline,
        )

    def _wait_for(self, moment: Moment) -> None:
        self._judged[moment].wait()
        if self.stage.cancelled.is_set():
            raise ObservationError("cannot tell: the run was ended before")
        if moment in self.blocked:
            raise ObservationError(
                f"not carried out: {moment} is not green ({self.blocked[moment]}), "
                f"so nothing after it was done"
            )


SCHEDULER = pytest.StashKey[Scheduler]()
SCENES = pytest.StashKey[dict[Moment, Scene]]()
"""Scenes that this process has received so far."""


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Have a scheduler in the process that controls the run."""
    config = session.config
    if RUN in config.stash and not is_worker(config) and not config.option.collectonly:
        config.stash[SCHEDULER] = Scheduler(
            config.stash[RUN],
            Stage(config.stash[RUN], speaker(config)),
            config.stash[INTERRUPTION],
        )
        config.pluginmanager.register(config.stash[SCHEDULER], "gate-scheduler")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker where the scenes are published."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    scheduler = config.stash.get(SCHEDULER, None)
    if scheduler is not None:
        scheduler.has_workers = True
        node.workerinput[SCRATCH] = str(scheduler.scratch)  # type: ignore[attr-defined]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: object, ids: list[str]) -> None:
    """Begin when the first worker knows its tests."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    if SCHEDULER in config.stash:
        scheduler = config.stash[SCHEDULER]
        scheduler.begin(ids)
        if len(scheduler.moments) > 1 and config.option.dist not in ORDERED:
            raise pytest.UsageError(
                f"--dist={config.option.dist} does not keep the order of the moments; "
                f"leave it out, or name one moment with -m"
            )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Begin, without xdist, when the tests are known and nothing was wrong with collecting them.

    Not when collecting ends: pytest says so of a collection that failed, too.
    """
    scheduler = session.config.stash.get(SCHEDULER, None)
    failed = session.testsfailed and not session.config.option.continue_on_collection_errors
    if scheduler is not None and session.items and not failed:
        scheduler.begin(item.nodeid for item in session.items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """End the scheduler when everything else has been told; no signal cuts that in two."""
    session.config.stash[INTERRUPTION].ignore()
    try:
        return (yield)
    finally:
        scheduler = session.config.stash.get(SCHEDULER, None)
        if scheduler is not None:
            scheduler.end()
            scheduler.stage.close()


@pytest.fixture
def gate_scene(request: pytest.FixtureRequest) -> Scene:
    """What was promised and seen at the moment that this run of the test accounts for."""
    found = expected_in(request.node.nodeid)
    if found is None:
        raise LookupError("only a test that accounts for a promise has a scene")
    return scene_of(found[0], request.config)


def scene_of(moment: Moment, config: pytest.Config) -> Scene:
    """A moment's scene in this process; received once.

    Raises:
        ObservationError: There was no look.
    """
    scenes = config.stash.setdefault(SCENES, {})
    if moment not in scenes:
        scenes[moment] = _scene(moment, config)
    return scenes[moment]


def _scene(moment: Moment, config: pytest.Config) -> Scene:
    if not is_worker(config):
        return config.stash[SCHEDULER].scene(moment)
    run = config.stash[RUN]
    folder = pathlib.Path(config.workerinput[SCRATCH])  # type: ignore[attr-defined]
    target, observed, baseline, no_baseline = receive(folder, moment)
    return Scene(
        contract=run.contract,
        target=target,
        moment=moment,
        observed=observed,
        baseline=baseline,
        no_baseline=no_baseline,
    )
