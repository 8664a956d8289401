"""Order among the runs of a target: what killed ones left is said, and the oldest are removed."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import shutil

from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.holding import held
from gate.report import private
from gate.report.run_links import is_copy, lead, leads
from gate.report.runs import (
    INTERRUPTED,
    NAME,
    NEW,
    OLD,
    RUNNING,
    RUNS,
    VERDICT,
    earlier,
    folders,
    free,
    is_finished,
    word,
)
from gate.report.verdict_json import dumps
from gate.target import Readers

CUT_OFF = "the gate ended without finishing this run: it was killed, or its machine went down"


def close_dead_runs(place: pathlib.Path, readers: Readers) -> None:
    """Put in order what killed runs and older versions of the gate left; only while alone.

    A dead run that says RUNNING is said to be INTERRUPTED; a moment's folder from before there
    were runs becomes one; each moment's link leads to the run that finished last.
    """
    for moment in MOMENTS:
        _adopt(place, moment)
    for path in (place / RUNS).iterdir():
        if path.is_dir() and not path.is_symlink():
            _close_dead_run(path, readers)
    for moment in MOMENTS:
        done = [one for one in earlier(place, moment) if is_finished(one)]
        newest = max(done, key=lambda one: (one / VERDICT).stat().st_mtime_ns, default=None)
        if newest is not None and not leads(place, moment, newest):
            lead(place, moment, newest)
    _clear(place)


def _close_dead_run(path: pathlib.Path, readers: Readers) -> None:
    is_left = path.name.startswith((NEW, OLD))
    if not is_left and not (NAME.match(path.name) and word(path) == RUNNING):
        return
    number = held(path)
    if number is None:
        return  # of a living gate
    try:
        if is_left:
            shutil.rmtree(path, ignore_errors=True)
        else:
            _clear(path)
            _say_interrupted(path, readers)
    finally:
        os.close(number)


def _clear(folder: pathlib.Path) -> None:
    """Remove what was half-written when its writer was killed."""
    for part in folder.glob(".*.part"):
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _say_interrupted(path: pathlib.Path, readers: Readers) -> None:
    document = json.loads((path / VERDICT).read_text("utf-8"))
    document |= {"verdict": INTERRUPTED, "exit_status": 2, "reason": CUT_OFF}
    private.write(path / VERDICT, dumps(document).encode(), readers)


def _adopt(place: pathlib.Path, moment: Moment) -> None:
    """Move a moment's folder from before there were runs among them, and lead to it."""
    old = place / moment
    if old.is_symlink() or not old.is_dir() or is_copy(old):
        return
    try:
        text = json.loads((old / VERDICT).read_text("utf-8"))["started"]
        started = dt.datetime.fromisoformat(text)
    except (OSError, ValueError, KeyError, TypeError):
        started = dt.datetime.fromtimestamp(old.stat().st_mtime, dt.timezone.utc)
    path = free(place / RUNS, started, f"-{moment}")
    old.rename(path)
    if is_finished(path):
        lead(place, moment, path)


def prune(place: pathlib.Path, keep: int) -> None:
    """Remove the oldest runs; never one that a link leads to, nor one of a living gate."""
    led_to = {os.path.basename(os.readlink(one)) for one in place.iterdir() if one.is_symlink()}  # noqa: PTH115, PTH119
    for path in sorted(folders(place), reverse=True)[keep:]:
        number = held(path)
        if number is None:
            continue
        try:
            if path.name not in led_to:
                old = path.with_name(f"{OLD}{path.name}")
                path.rename(old)
                shutil.rmtree(old, ignore_errors=True)
        finally:
            os.close(number)
