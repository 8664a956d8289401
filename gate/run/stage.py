"""Where a run takes place: its target, what was started for it, and the folders of its reports."""

from __future__ import annotations

import os
import pathlib
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from gate import launcher, temporary
from gate.connection.obstacle import INTERRUPTED
from gate.contract.item import Moment
from gate.errors import ObservationError
from gate.report.run_folder import RunFolder, begin
from gate.report.runs import earlier
from gate.run.options import Run
from gate.run.progress import Progress
from gate.run.voice import Voice
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.sources.observed import Observed
from gate.target import Target


class Stage:
    """Where the moments take place: the target, and what this run started for it.

    Attributes:
        target: The target; for the sandbox complete only after `ready`.
        voice: Says on the terminal what is being done.
        progress: Tells how far that is, while it is entered.
        cancelled: Set when no further step may be begun.
        kept_from: Folder of the run whose look from before the deployment is compared with.
        no_baseline: Why the newest kept look from before the deployment was refused.
    """

    def __init__(self, run: Run, voice: Voice) -> None:
        """Take over the run's target."""
        self.run = run
        self.target: Target = run.target
        self.cancelled = threading.Event()
        self.before: Observed | None = None
        self.kept_from: pathlib.Path | None = None
        self.no_baseline = ""
        self.folders: dict[Moment, RunFolder] = {}
        self.voice, self.progress = voice, Progress(voice)
        self._own = ""
        self._ready = False

    def tell(self, text: str) -> None:
        """Say what is being done from now on; where it is to be quiet, nothing."""
        self.progress.begin(text)
        if not self.voice.is_quiet:
            self.voice.tell(text)

    def go_on(self, text: str) -> None:
        """Say what is done next, unless the run was ended meanwhile.

        Raises:
            ObservationError: It was.
        """
        if self.cancelled.is_set():
            raise ObservationError(INTERRUPTED)
        self.tell(text)

    def ready(self) -> Target:
        """Have the target at hand: the embedded one is started."""
        if self.target.embedded and not self._ready and self.run.replay is None:
            found, self._own = launcher.start(self.run.target, self.tell, self.cancelled)
            os.environ.update(found.env)
            self.target = launcher.placed(self.run.target, found)
            known.learn(*self.secrets())
        self._ready = True
        return self.target

    def is_deployed(self) -> bool:
        """Whether the sandbox is deployed already."""
        return launcher.is_deployed(self.run.target, self._own)

    def close(self) -> None:
        """Take down what this run started, and let go of its folders."""
        for folder in self.folders.values():
            folder.close()
        if self._own:
            launcher.stop(self.run.target, self._own)
            self._own = ""

    def secrets(self) -> tuple[str, ...]:
        """Every secret that this run may come across: of the environment and of libpq's files."""
        return of_run(self.target, os.environ)

    @property
    def place(self) -> pathlib.Path:
        """Where everything about the target is kept."""
        return self.run.reports / self.target.name

    def begin(self, moments: Iterable[Moment]) -> None:
        """Have a folder for each moment of this run, which says RUNNING from now on.

        Raises:
            GateError: The reports cannot be written.
        """
        temporary.sweep()
        contract, kept = self.run.contract, self.target.reports
        for moment in moments:
            document: dict[str, Any] = {
                "target": self.target.name,
                "moment": moment,
                "started": self.run.started.isoformat(),
                "finished": None,
                "contract": {"sha256": contract.sha256, "items": len(contract.at(moment))},
                "items": [],
            }
            self.folders[moment] = begin(
                self.place,
                moment,
                document,
                started=self.run.started,
                readers=kept.readable_by,
                keep=kept.keep,
                replay=self.run.replay is not None,
            )

    def folder(self, moment: Moment) -> pathlib.Path:
        """Where the reports of a moment of this run are kept."""
        return self.folders[moment].path

    def refuse(self, why: str) -> None:
        """Take note of why a kept look is no baseline; the newest one's reason is told."""
        if not self.no_baseline:
            self.no_baseline = why
            self.voice.tell(why)

    def earlier(self, moment: Moment, name: str) -> Iterator[pathlib.Path]:
        """A file of earlier runs of a moment, of those that have it; the newest run first."""
        own = {one.path for one in self.folders.values()}
        for folder in earlier(self.place, moment):
            if folder not in own and (folder / name).is_file():
                yield folder / name
