"""The runs below ``reports/TARGET/runs``: what they are called, and what became of each."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import pathlib
import re
from collections.abc import Iterator

from gate.contract.item import Moment
from gate.contract.model import MOMENTS

RUNS, LATEST, REPLAY = "runs", "latest", "replay"
VERDICT = "verdict.json"
WITHHELD = "WITHHELD"
"""A file in the folder of a run that holds a secret: no link may ever lead to it."""
RUNNING, INTERRUPTED = "RUNNING", "INTERRUPTED"
NEW, OLD = ".new-", ".old-"
"""Beginnings of the names of folders that are not yet, or no longer, those of a run."""
TIME = "%Y%m%dT%H%M%S.%fZ"
NAME = re.compile(rf"(\d{{8}}T\d{{6}}\.\d{{6}}Z)-({'|'.join(MOMENTS)})(-{REPLAY})?\Z")
HEAD_BYTES = 200
"""The verdict's word stands at the beginning of its document."""
_WORD = re.compile(rb'"verdict":\s*"([A-Z]+)"')


def free(runs: pathlib.Path, started: dt.datetime, rest: str) -> pathlib.Path:
    """A name that is not taken; of two runs in the same microsecond one gets the next."""
    when = started.astimezone(dt.timezone.utc)
    while os.path.lexists(path := runs / f"{when.strftime(TIME)}{rest}"):
        when += dt.timedelta(microseconds=1)
    return path


def earlier(place: pathlib.Path, moment: Moment | None = None) -> Iterator[pathlib.Path]:
    """The folders of runs, the newest first; replays are none, and links are not followed."""
    for path in sorted(folders(place), reverse=True):
        found = NAME.match(path.name)
        if found and not found[3] and moment in (None, found[2]):
            yield path


def word(folder: pathlib.Path) -> str:
    """The word of a run's verdict; empty where there is none."""
    try:
        with (folder / VERDICT).open("rb") as file:
            found = _WORD.search(file.read(HEAD_BYTES))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def is_finished(folder: pathlib.Path) -> bool:
    """Whether a run came to its end by itself, and may be led to."""
    return word(folder) not in ("", RUNNING, INTERRUPTED) and not (folder / WITHHELD).exists()


def folders(place: pathlib.Path) -> list[pathlib.Path]:
    """Every run of a target, in no order; what is called otherwise is none of ours."""
    with contextlib.suppress(FileNotFoundError):
        return [
            one
            for one in (place / RUNS).iterdir()
            if NAME.match(one.name) and one.is_dir() and not one.is_symlink()
        ]
    return []
