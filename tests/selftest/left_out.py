"""A project of its own with many promises, and plugins that keep some of them from being judged."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from tests.selftest import runs

PROJECT = """
[tool.pytest]
strict = true
gate_contract = "contract"
gate_target = "here"
gate_targets = "."
"""
TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.01
"""
PATH = """
[path.{name}]
title = "It is there"
source = "a self-test"
path = "{path}"
purpose = "to be seen"
"""
TESTS = """
import pytest

@pytest.mark.promises("path")
def test_path(gate_account):
    finding = gate_account()
    assert finding.holds, finding.message
"""


def project(
    folder: pathlib.Path,
    kept: tuple[str, ...],
    broken: tuple[str, ...] = (),
    *,
    python: bool = False,
) -> pathlib.Path:
    """A project with promises that hold and promises that do not.

    Args:
        folder: Where.
        kept: Names of paths that are there.
        broken: Names of paths that are not.
        python: Whether a Python test shows them, instead of the contract's own file.
    """
    (folder / "contract").mkdir()
    (folder / "pyproject.toml").write_text(PROJECT, "utf-8")
    (folder / "here.toml").write_text(TARGET, "utf-8")
    paths = [PATH.format(name=name, path=folder) for name in kept]
    paths += [PATH.format(name=name, path=folder / "gone") for name in broken]
    (folder / "contract" / "paths.toml").write_text("".join(paths), "utf-8")
    if python:
        (folder / "test_paths.py").write_text(TESTS, "utf-8")
    return folder


def run(
    folder: pathlib.Path, *options: str, plugin: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the moment before the deployment in a project, perhaps with a plugin of somebody's."""
    (folder / "outsider.py").write_text(plugin, "utf-8")
    words = [sys.executable, "-m", "pytest", "-p", "gate.plugin", "-p", "gate.plugin.short_names"]
    words += [*(["-p", "outsider"] if plugin else []), "-m", "predeploy", "--target=here.toml"]
    return subprocess.run(  # noqa: S603 - the gate itself
        [*words, *options],
        cwd=folder,
        env=runs.environ(PYTHONPATH=f"{folder}:{runs.ROOT}", **environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=runs.WITHIN_S,
    )
