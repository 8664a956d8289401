"""The storage of pytest-benchmark: ``reports/TARGET/benchmarks``, a numbered file for each run."""

from __future__ import annotations

import contextlib
import pathlib
import re

from gate.report import private
from gate.report.benchmark import FILE
from gate.report.run_folder import explained
from gate.target import Readers

FOLDER = "benchmarks"
NUMBERED = re.compile(r"([0-9]{4})_.*\.json")
LAST = 9999


def store(place: pathlib.Path, run: pathlib.Path, readers: Readers, keep: int) -> None:
    """Put a run's timed answers into the storage; where a run has none, nothing happens.

    Args:
        place: The target's folder of reports.
        run: The run's folder.
        readers: Who may read what is written.
        keep: So many runs stay; the oldest go.

    Raises:
        GateError: The folder cannot be written to.
    """
    try:
        content = (run / FILE).read_bytes()
    except FileNotFoundError:
        return
    from pytest_benchmark.utils import get_machine_id  # noqa: PLC0415 - only where it is stored

    with explained(place):
        private.own_folder(place / FOLDER, readers)
        folder = place / FOLDER / get_machine_id()
        private.own_folder(folder, readers)
        with private.alone(folder) as is_alone:
            kept = sorted(one for one in folder.iterdir() if NUMBERED.fullmatch(one.name))
            number = 1 + max((int(one.name[:4]) for one in kept), default=0)
            if not is_alone or number > LAST:
                return
            private.write(folder / f"{number:04}_{run.name}.json", content, readers)
            for one in kept[: max(0, len(kept) + 1 - keep)]:
                with contextlib.suppress(FileNotFoundError):
                    one.unlink()
