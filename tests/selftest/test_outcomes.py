"""Green only where a finding holds: whatever Python, plugins or tests do to an assertion."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
[api]
base = "http://127.0.0.1:9"
[database]
service = "atum_no_such_service"
"""
BROKEN = """
[path.broken]
title = "The file is there"
source = "a self-test"
path = "{folder}/not there"
purpose = "to be missed"
"""
KEPT = BROKEN.replace("broken", "kept").replace("/not there", "")
SWALLOWS = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except BaseException:
        return True

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome, report.longrepr = "passed", None
    return report
"""
FORGETS = """
def pytest_pyfunc_call(pyfuncitem):
    return True
"""
FLAKY = """
import pathlib
import gate.kinds.judge
import gate.account.judge

compare = gate.kinds.judge.compare

def flaky(promise, scene):
    mark = pathlib.Path({mark!r})
    first = not mark.exists()
    mark.touch()
    found = compare(promise, scene)
    import dataclasses
    return dataclasses.replace(found, broken=("the first time",)) if first else found

gate.account.judge.compare = flaky
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A target, and a contract that is broken."""
    (tmp_path / "here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "contract").mkdir()
    promise(tmp_path, BROKEN)
    return tmp_path


def promise(folder: pathlib.Path, text: str) -> None:
    """Write the one chapter of the contract."""
    chapter = folder / "contract" / "paths.toml"
    chapter.write_text(text.replace("{folder}", str(folder)), "utf-8")


def plugin(folder: pathlib.Path, text: str) -> dict[str, str]:
    """A plugin from outside: what the environment of a run needs to load it."""
    (folder / "outsider.py").write_text(text, "utf-8")
    return {"PYTEST_PLUGINS": "outsider", "PYTHONPATH": f"{folder}:{runs.ROOT}"}


def run(folder: pathlib.Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the moment before the deployment."""
    return runs.run(runs.command(folder, "predeploy", *options), **environ)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_without_assertions(folder: pathlib.Path, workers: str) -> None:
    """``python -O`` with plain assertions takes every ``assert`` away, and nothing else."""
    options = ("--assert=plain", "-W", "ignore", "-n", workers)
    words = runs.command(folder, "predeploy", *options)
    done = runs.run([sys.executable, "-O", *words[1:]], PYTHONOPTIMIZE="1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert runs.outcomes(folder, "predeploy") == {"path.broken": "FAIL"}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_plugin_swallows_errors(folder: pathlib.Path, workers: str) -> None:
    """What a plugin makes of a test's error does not decide; the terminal says FAIL."""
    done = run(folder, "-n", workers, **plugin(folder, SWALLOWS))
    assert done.returncode == 1, done.stdout + done.stderr
    assert runs.outcomes(folder, "predeploy") == {"path.broken": "FAIL"}
    assert "FAIL path.broken" in done.stdout


def test_a_plugin_forgets_to_call_tests(folder: pathlib.Path) -> None:
    """A test that was never called has compared nothing, whatever its item is like."""
    promise(folder, KEPT)
    done = run(folder, **plugin(folder, FORGETS))
    assert done.returncode == 10, done.stdout + done.stderr
    assert runs.outcomes(folder, "predeploy") == {"path.kept": "INCONCLUSIVE"}


def test_the_worst_run_counts(folder: pathlib.Path) -> None:
    """An item that broke and then held when it was run again is broken."""
    pytest.importorskip("pytest_rerunfailures")
    promise(folder, KEPT)
    mark = str(folder / "mark")
    done = run(folder, "--reruns=2", **plugin(folder, FLAKY.format(mark=mark)))
    assert done.returncode == 1, done.stdout + done.stderr
    assert runs.outcomes(folder, "predeploy") == {"path.kept": "FAIL"}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_another_failed_test_blocks(folder: pathlib.Path, workers: str) -> None:
    """A team's own test in the same run that fails is no promotion, though it is no promise."""
    promise(folder, KEPT)
    test = "import pytest\n\n@pytest.mark.predeploy\ndef test_own():\n    raise ValueError\n"
    (folder / "test_own.py").write_text(test, "utf-8")
    words = runs.command(folder, "predeploy", "-n", workers)
    done = runs.run([*words, str(runs.ROOT / "tests" / "test_paths.py"), str(folder)])
    assert done.returncode == 1, done.stdout + done.stderr
    assert runs.outcomes(folder, "predeploy") == {"path.kept": "PASS"}


LEAKS = """
import os
import pathlib
import pytest

@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_sessionfinish(session):
    folder = pathlib.Path({reports!r}) / "here" / "latest"
    (folder / "leak.txt").write_text(os.environ["PLANTED_TOKEN"])
    return (yield)
"""


def test_a_secret_in_a_report_blocks(folder: pathlib.Path) -> None:
    """The verdict that is written says so, too, and no moment's link leads to it."""
    promise(folder, KEPT)
    text = LEAKS.format(reports=str(folder / "reports"))
    done = run(folder, **plugin(folder, text), PLANTED_TOKEN="tk-5d41402abc4b2a76b9719d911017c592")  # noqa: S106
    assert done.returncode == 1, done.stdout + done.stderr
    assert "SECRET IN A REPORT" in done.stdout
    assert "5d41402abc4b2a76" not in done.stdout
    written = json.loads((folder / "reports/here/latest/verdict.json").read_text("utf-8"))
    assert (written["verdict"], written["exit_status"]) == ("BLOCKED", 1)
    assert not (folder / "reports/here/predeploy").exists()
