"""The links that lead to a run; where links cannot be had, copies."""

from __future__ import annotations

import json
import os
import pathlib
import shutil

from gate.errors import GateError
from gate.report.runs import NAME, RUNS, VERDICT, word


def lead(place: pathlib.Path, name: str, run: pathlib.Path) -> None:
    """Have ``place/name`` lead to a run: a relative link, or a copy where links cannot be had."""
    if link(place, name, run):
        return
    part, way = place / f".{name}.{os.getpid()}.part", place / name
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(run, part, symlinks=True)
    _make_room(way)
    part.rename(way)


def link(place: pathlib.Path, name: str, run: pathlib.Path) -> bool:
    """Replace a link at once; tell whether links can be had here."""
    part, way = place / f".{name}.{os.getpid()}.part", place / name
    part.unlink(missing_ok=True)
    try:
        part.symlink_to(f"{RUNS}/{run.name}")
    except (OSError, NotImplementedError):
        return False
    if way.is_dir() and not way.is_symlink():
        _make_room(way)
    part.replace(way)
    return True


def _make_room(way: pathlib.Path) -> None:
    """Take away a copy of a run; it still is among the runs."""
    if way.is_symlink() or not os.path.lexists(way):
        way.unlink(missing_ok=True)
    elif is_copy(way):
        shutil.rmtree(way)
    else:
        raise GateError(f"{way}: is in the way of the link to the newest run: move it away")


def leads(place: pathlib.Path, name: str, run: pathlib.Path) -> bool:
    """Whether ``place/name`` leads to a run already."""
    way = place / name
    if way.is_symlink():
        return os.readlink(way) == f"{RUNS}/{run.name}"  # noqa: PTH115 - the text as it stands
    return word(way) != "" and json.loads((way / VERDICT).read_text("utf-8"))["run"] == run.name


def is_copy(folder: pathlib.Path) -> bool:
    """Whether a folder is a copy of a run, where links cannot be had."""
    try:
        name = json.loads((folder / VERDICT).read_text("utf-8"))["run"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return isinstance(name, str) and NAME.match(name) is not None
