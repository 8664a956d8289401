"""Each run has a folder of its own, ``reports/TARGET/runs/TIME-MOMENT``, and links lead to some.

``reports/TARGET/MOMENT`` leads to the run of that moment that finished last; a run that was
interrupted or killed is not among them. ``reports/TARGET/latest`` leads to the run that began
last, whatever became of it, and ``reports/TARGET/replay`` to the replay that finished last.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import errno
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from gate.contract.item import Moment
from gate.errors import GateError
from gate.holding import held
from gate.report import private
from gate.report.run_keeping import close_dead_runs, prune
from gate.report.run_links import lead, link
from gate.report.runs import LATEST, NEW, REPLAY, RUNNING, RUNS, VERDICT, free, is_finished
from gate.report.verdict_json import dumps
from gate.report.verdict_schema import FORMAT
from gate.target import Readers

FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclasses.dataclass
class RunFolder:
    """The folder of a run that is under way; it says RUNNING until it is finished.

    Attributes:
        path: The folder.
        readers: Who may read what is in it.
        replay: Whether a kept look is judged again: then no moment's link is moved.
    """

    path: pathlib.Path
    moment: Moment
    readers: Readers
    replay: bool
    _held: int | None

    @property
    def place(self) -> pathlib.Path:
        """The folder of the target."""
        return self.path.parent.parent

    def publish(self, keep: int) -> None:
        """Lead to this run, now that its verdict is written, and remove what is too old.

        Raises:
            GateError: The folder of the target cannot be written to.
        """
        with explained(self.place), private.alone(self.path.parent) as is_alone:
            name = REPLAY if self.replay else self.moment
            if not is_alone or not _is_older(self.path, self.place / name):
                lead(self.place, name, self.path)
            if is_alone:
                prune(self.place, keep)

    def close(self) -> None:
        """Let go of it: nothing more is written."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def begin(
    place: pathlib.Path,
    moment: Moment,
    document: Mapping[str, Any],
    *,
    started: dt.datetime,
    readers: Readers,
    keep: int,
    replay: bool = False,
) -> RunFolder:
    """Make a run's folder, with a verdict in it that says RUNNING from the first moment on.

    Args:
        place: Folder of the target, made where it is missing.
        moment: Which moment is looked at.
        document: What the verdict says beyond its word and the name of the run.
        started: When the run began (UTC).
        readers: Who may read what is written.
        keep: How many runs of the target stay, this one included.
        replay: Whether a kept look is judged again.

    Raises:
        GateError: The folder cannot be written to, or a symbolic link is in the way.
    """
    with explained(place):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.own_folder(place, readers)
        runs = place / RUNS
        private.own_folder(runs, readers)
        with private.alone(runs) as is_alone:
            if is_alone:
                close_dead_runs(place, readers)
            name = free(runs, started, f"-{moment}{f'-{REPLAY}' * replay}")
            new = pathlib.Path(tempfile.mkdtemp(prefix=NEW, dir=runs))
            try:
                new.chmod(private.MODES[readers][0])
                number = held(new)
                path = _named(new, name, document, readers)
            except OSError:
                shutil.rmtree(new, ignore_errors=True)
                raise
            link(place, LATEST, path)
            if is_alone:
                prune(place, keep)
    return RunFolder(path, moment, readers, replay, number)


def _named(
    new: pathlib.Path, path: pathlib.Path, document: Mapping[str, Any], readers: Readers
) -> pathlib.Path:
    """Give a new folder its verdict and then its name, which no other run has."""
    words = {"verdict": RUNNING, "exit_status": 10, "format": FORMAT, "run": path.name}
    private.write(new / VERDICT, dumps({**words, **document}).encode(), readers)
    new.rename(path)
    return path


def _is_older(run: pathlib.Path, other: pathlib.Path) -> bool:
    """Whether another run finished after this one, and was quicker to have itself led to."""
    if not is_finished(other):
        return False
    ended, now = (one.joinpath(VERDICT).stat().st_mtime_ns for one in (run, other))
    return ended < now


@contextlib.contextmanager
def explained(folder: pathlib.Path) -> Iterator[None]:
    """Explain what is wrong with a folder that cannot be written to.

    Raises:
        GateError: Instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        advice = "make room" if error.errno in FULL else "make the folder writable for this user"
        raise GateError(
            f"{folder}: reports cannot be written here: {error.strerror}{where}; {advice}, or "
            f"choose another one with --reports=DIR"
        ) from error
