"""Whole runs of the gate in a process of their own, on what stands in one folder."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHIN_S = 60.0
DROPPED = ("PYTEST_", "CI", "PG", "COLUMNS")
"""Beginnings of environment variables that would change a run."""


def environ(**more: str) -> dict[str, str]:
    """The environment without what would change a run."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
    return {**kept, **more}


def command(folder: pathlib.Path, moment: str, *options: str) -> list[str]:
    """The command line of a run on ``here.toml`` and ``contract`` of a folder."""
    return [
        *(sys.executable, "-m", "pytest", "-m", moment),
        f"--target={folder / 'here.toml'}",
        f"--contract={folder / 'contract'}",
        f"--reports={folder / 'reports'}",
        *options,
    ]


def run(words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end, with more in its environment."""
    return run_in(ROOT, words, **more)


def run_in(folder: pathlib.Path, words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    """The same from another folder."""
    return subprocess.run(  # noqa: S603 - the gate itself
        words,
        cwd=folder,
        env=environ(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )


def verdict(folder: pathlib.Path, moment: str) -> dict[str, Any]:
    """The verdict of a folder's last run of a moment."""
    file = folder / "reports" / "here" / moment / "verdict.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def outcomes(folder: pathlib.Path, moment: str) -> dict[str, str]:
    """Outcome by item of that run."""
    return {one["id"]: one["outcome"] for one in verdict(folder, moment)["items"]}
