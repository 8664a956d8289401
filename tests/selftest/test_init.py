"""`gate init` in an empty folder: what it writes is clean, green, and never replaces anything."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.selftest import runs
from tests.selftest.schemas import DRAFTS, TARGET, complaint

FILES = {
    "none": {"contract/paths.toml", "contract/runtimes.toml", "targets/here.toml"},
    "github": {".github/workflows/gate.yml"},
    "gitlab": {".gitlab-ci.yml"},
}


def run(folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the gate's modules in a folder."""
    return subprocess.run(  # noqa: S603 - the gate itself
        [sys.executable, "-m", *words],
        cwd=folder,
        env=runs.environ(PYTHONPATH=str(runs.ROOT)),
        capture_output=True,
        text=True,
        check=False,
        timeout=runs.WITHIN_S,
    )


def written(folder: pathlib.Path) -> set[str]:
    """Every file of a folder, but for the schemas."""
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    return {one for one in found if not one.startswith(".gate/")}


@pytest.mark.parametrize("ci", FILES)
def test_what_is_written(tmp_path: pathlib.Path, ci: str) -> None:
    """Contract, target and CI job; TOML begins with its schema, which accepts it."""
    done = run(tmp_path, "gate", "init", f"--ci={ci}")
    assert done.returncode == 0, done.stderr
    assert written(tmp_path) == FILES["none"] | FILES[ci]
    for file in FILES["none"]:
        text = (tmp_path / file).read_text("utf-8")
        schema = text.splitlines()[0].removeprefix("#:schema ")
        assert (tmp_path / file).parent.joinpath(schema).resolve().is_file()
        of = TARGET if file.startswith("targets") else pathlib.Path(file).stem
        assert [complaint(of, text, draft) for draft in DRAFTS] == ["", ""]


def test_clean_and_green(tmp_path: pathlib.Path) -> None:
    """Lint has nothing to say; the check and pytest come to one verdict, and that is green."""
    assert run(tmp_path, "gate", "init").returncode == 0
    lint = run(tmp_path, "gate", "lint", "--strict")
    assert (lint.returncode, lint.stdout) == (0, "0 mistakes, 0 warnings, 0 advice\n")
    checked = run(tmp_path, "gate", "check", "predeploy", "--reports=checked")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = run(tmp_path, "pytest", "-m", "predeploy", "--reports=tested")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    verdicts = [
        json.loads((tmp_path / one / "here/predeploy/verdict.json").read_text("utf-8"))
        for one in ("checked", "tested")
    ]
    outcomes = [{one["id"]: one["outcome"] for one in verdict["items"]} for verdict in verdicts]
    assert outcomes[0] == outcomes[1]
    assert {"path.home", "clock.host", "runtime.python"} <= outcomes[0].keys()
    assert {verdict["verdict"] for verdict in verdicts} == {"PROMOTE"}


def test_nothing_is_replaced(tmp_path: pathlib.Path) -> None:
    """A file that is there is named and left alone, and nothing else is written either."""
    (tmp_path / "contract").mkdir()
    mine = tmp_path / "contract/paths.toml"
    mine.write_text("# mine\n", "utf-8")
    done = run(tmp_path, "gate", "init")
    assert done.returncode == 4
    assert "contract/paths.toml: is there already" in done.stdout
    assert written(tmp_path) == {"contract/paths.toml"}
    assert mine.read_text("utf-8") == "# mine\n"
    assert run(tmp_path, "gate", "init", "--force").returncode == 0
    assert "[path.home]" in mine.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["--host=nowhere"], 4, "host: is no host spec"),
        (["--host=local://", "--name=a b"], 4, "name: "),
        (["--host=docker://gate-has-no-such-container"], 1, "cannot tell"),
    ],
)
def test_no_target(tmp_path: pathlib.Path, options: list[str], status: int, says: str) -> None:
    """A target that is none, or cannot be looked at: nothing is written."""
    done = run(tmp_path, "gate", "init", *options)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert written(tmp_path) == set()


def test_a_folder_with_an_odd_name(tmp_path: pathlib.Path) -> None:
    """Quotes, blanks, dollars and other scripts of a path stand in the contract as they are."""
    folder = tmp_path / """a "b" $day 'c' ё"""
    folder.mkdir()
    assert run(folder, "gate", "init", "--ci=none").returncode == 0
    done = run(folder, "gate", "check", "predeploy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.path.exists(folder / "reports/here/predeploy")  # noqa: PTH110 - a link
