"""What a run loads before it looks: nothing that only a look needs, and nothing twice."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import types

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

from gate.outside import named
from gate.plugin import spare_engine
from tests.selftest import runs

CONFIGURED = """
import sys, gate.run.options, gate.run.conclusion, gate.report.reports
from gate.kinds.registry import kinds
from gate.sources.registry import sources
kinds(), sources(), gate.report.reports.reports()
print(*sorted({"psycopg", "httpx", "asyncio", "cryptography"} & {*sys.modules}))
"""

ROOT_PATH = """
[path.root]
title = "The root is a folder"
source = "a self-test"
path = "/"
purpose = "files"
type = "directory"
"""


def test_what_only_a_look_needs_is_loaded_by_it() -> None:
    """The drivers are imported beside the host's own work, which takes half a second anyway."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", CONFIGURED],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == []


def test_engine_is_imported_as_it_is(pytestconfig: pytest.Config) -> None:
    """Pytest looks for assertions in the tests of others as ever, and not in what judges."""
    hook = AssertionRewritingHook(pytestconfig)
    marked = hook._must_rewrite  # noqa: SLF001 - there is no other way to know
    marked |= {"gate", "gated_by_others"}
    config = types.SimpleNamespace(pluginmanager=types.SimpleNamespace(rewrite_hook=hook))
    spare_engine(config)  # type: ignore[arg-type]
    assert marked == {"gated_by_others"}


def test_a_run_by_the_script_warns_of_nothing(tmp_path: pathlib.Path) -> None:
    """As the README types it: nothing of this checkout is on the path but by the installation."""
    for name in ("contract", "targets"):
        (tmp_path / name).mkdir()
    (tmp_path / "targets/here.toml").write_text('title = "It"\nhost = "local://"\n', "utf-8")
    (tmp_path / "contract/paths.toml").write_text(ROOT_PATH, "utf-8")
    script = pathlib.Path(sys.executable).with_name("pytest")
    done = runs.run_in(tmp_path, [str(script), "-W", "error", "-m", "predeploy", "--target=here"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "already imported" not in done.stdout + done.stderr


def test_pytest_without_that_hook_goes_on() -> None:
    """Where pytest does it otherwise one day, nothing is lost but time."""
    bare = types.SimpleNamespace(pluginmanager=types.SimpleNamespace())
    spare_engine(bare)  # type: ignore[arg-type]


def test_entry_points_are_read_anew_where_the_path_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A package that comes to be on the path is found, and one that goes is not."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "late-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text("[gate.late]\nlate = late:KIND\n", "utf-8")
    assert named("gate.late") == ()
    with monkeypatch.context() as changed:
        changed.syspath_prepend(str(folder))
        assert [one.value for one in named("gate.late")] == ["late:KIND"]
    assert named("gate.late") == ()


def test_the_suite_runs_without_assertions() -> None:
    """``python -O``: pytest's warning of it is no error of the suite's configuration."""
    done = subprocess.run(
        [sys.executable, "-O", "-m", "pytest", "--collect-only", "-q", "-m", "predeploy"],
        cwd=runs.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_services" in done.stdout
