"""What a run loads before it looks: nothing that only a look needs, and nothing twice."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

from gate.outside import named
from gate.plugin import spare_engine

CONFIGURED = """
import sys, gate.run.options, gate.run.conclusion, gate.report.reports
from gate.kinds.registry import kinds
from gate.sources.registry import sources
kinds(), sources(), gate.report.reports.reports()
print(*sorted({"psycopg", "httpx", "asyncio", "cryptography"} & {*sys.modules}))
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
    """Pytest looks for assertions in the plugin alone; in the tests of others as ever."""
    hook = AssertionRewritingHook(pytestconfig)
    hook.mark_rewrite("gate", "gated_by_others")
    config = types.SimpleNamespace(pluginmanager=types.SimpleNamespace(rewrite_hook=hook))
    spare_engine(config)  # type: ignore[arg-type]
    marked = hook._must_rewrite  # noqa: SLF001 - there is no other way to know
    assert marked == {"gate.plugin", "gated_by_others"}


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
