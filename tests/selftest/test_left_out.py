"""Ways to leave something out: none of them ends with exit status 0.

Where a promise is kept and its test is kept from judging it, it is INCONCLUSIVE; where one is
broken and whatever would show that is taken away, the run is no promotion.
"""

from __future__ import annotations

import pathlib

import pytest

from tests.selftest import left_out, runs

ITEMS = """
import unittest
import pytest

def _way(item):
    return item.nodeid.rpartition("path.")[2].rstrip("]")

def _skips(item):
    pytest.skip("no time")

def _skips_as_unittest(item):
    raise unittest.SkipTest("no time")

def _expects_to_fail(item):
    pytest.xfail("known")

def _exits(item):
    raise SystemExit(0)

def _breaks(item):
    raise ValueError("of its own")

def _nothing(item=None, **_):
    return None

ON_SETUP = {"skip_in_setup": _skips, "unittest_skip_in_setup": _skips_as_unittest,
            "xfail_in_setup": _expects_to_fail, "exit_in_setup": _exits, "error_in_setup": _breaks}
ON_CALL = {"skip_in_call": _skips, "unittest_skip_in_call": _skips_as_unittest,
           "xfail_in_call": _expects_to_fail, "exit_in_call": _exits, "error_in_call": _breaks}
MARKS = {"skip": pytest.mark.skip(reason="no time"), "skipif": pytest.mark.skipif(True, reason="x"),
         "xfail_not_run": pytest.mark.xfail(run=False)}
DROPPED = ("dropped", "deselected")

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        if _way(item) in MARKS:
            item.add_marker(MARKS[_way(item)])
        if _way(item) == "runs_nothing":
            item.runtest = _nothing
    gone = [item for item in items if _way(item) == "deselected"]
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if _way(item) not in DROPPED]

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    ON_SETUP.get(_way(item), _nothing)(item)

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    ON_CALL.get(_way(item), _nothing)(item)

def pytest_runtest_teardown(item):
    if _way(item) == "error_in_teardown":
        raise ValueError("too late")

def pytest_runtest_protocol(item, nextitem):
    if _way(item) == "not_begun":
        return True
    if _way(item) == "only_said":
        ihook = item.ihook
        for when in ("setup", "call", "teardown"):
            report = pytest.TestReport(
                nodeid=item.nodeid, location=item.location, keywords={}, outcome="passed",
                longrepr=None, when=when)
            ihook.pytest_runtest_logreport(report=report)
        return True

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    return True if _way(pyfuncitem) == "call_taken_over" else None
"""
WAYS = (
    *("skip_in_setup", "unittest_skip_in_setup", "xfail_in_setup", "exit_in_setup"),
    *("error_in_setup", "skip_in_call", "unittest_skip_in_call", "xfail_in_call", "exit_in_call"),
    *("error_in_call", "skip", "skipif", "xfail_not_run", "dropped", "deselected", "runs_nothing"),
    *("error_in_teardown", "not_begun", "only_said"),
)
OF_PYTHON = ("call_taken_over",)
"""Ways that only a test in Python has."""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("python", ["", "python"])
def test_an_item_is_not_judged(tmp_path: pathlib.Path, workers: str, python: str) -> None:
    """Each of these items holds, and is INCONCLUSIVE, since nothing was compared."""
    ways = (*WAYS, *OF_PYTHON) if python else WAYS
    # What was only said to be run leaves pytest's set-up to the item behind it, not the plain one.
    left_out.project(tmp_path, (*ways, "behind", "plain"), python=bool(python))
    done = left_out.run(tmp_path, "-n", workers, plugin=ITEMS)
    assert done.returncode == 10, done.stdout + done.stderr
    outcomes = runs.outcomes(tmp_path, "predeploy")
    assert [one for one in ways if outcomes[f"path.{one}"] != "INCONCLUSIVE"] == []
    assert outcomes["path.plain"] == "PASS"


OPTIONS = {
    "keyword": ("-k", "kept"),
    "keyword of nothing": ("-k", "nothing_like_it"),
    "deselected": ("--deselect=contract/paths.toml::path.broken",),
    "deselected file": ("--deselect=contract/paths.toml",),
    "ignored": ("--ignore=contract",),
    "ignored by pattern": ("--ignore-glob=*.toml",),
    "one named": ("contract/paths.toml::path.kept",),
    "another path": ("test_own.py",),
    "own test by keyword": ("-k", "own"),
    "own test by path, two workers": ("test_own.py", "-n", "2"),
    "no such path": ("nowhere",),
    "no such item": ("contract/paths.toml::path.nowhere",),
    "first failure": ("-x",),
    "first failure, two workers": ("-x", "-n", "2"),
    "two failures": ("--maxfail=2",),
    "set-up alone": ("--setup-only",),
    "plan alone": ("--setup-plan",),
    "stepwise": ("-p", "cacheprovider", "--stepwise", "--stepwise-skip"),
    "last failed": ("-p", "cacheprovider", "--last-failed", "--last-failed-no-failures=none"),
    "failed first": ("-p", "cacheprovider", "--failed-first"),
    "xfails run": ("--runxfail",),
    "no terminal": ("-p", "no:terminal"),
    "no runner": ("-p", "no:runner"),
    "no logging": ("-p", "no:logging"),
    "no skipping": ("-p", "no:skipping"),
    "no assertions": ("--assert=plain", "-p", "no:assertion"),
    "no warnings": ("-p", "no:warnings", "-W", "ignore"),
    "quiet": ("-qqq",),
    "no summary": ("--no-summary", "--tb=no"),
    "each worker": ("-n", "2", "--dist=each"),
    "another root": ("--rootdir=/",),
    "another configuration": ("-c", "/dev/null"),
    "empty set is a skip": ("-o", "empty_parameter_set_mark=skip"),
    "no such contract": ("-o", "gate_contract=nowhere"),
    "another marker": ("-m", "postdeploy and predeploy"),
    "misspelt moment": ("-m", "predploy"),
    "no ledger": ("-p", "no:gate.plugin.ledger"),
    "no telling": ("-p", "no:gate.plugin.reporting"),
    "no guard": ("-p", "no:gate-guard"),
    "no story": ("-p", "no:gate-story"),
    "no controller": ("-p", "no:gate-controller"),
    "no scheduler": ("-p", "no:gate.plugin.scheduler"),
    "no items": ("-p", "no:gate.plugin.promised_items"),
    "no collection": ("-p", "no:gate.plugin.collection"),
    "no signals": ("-p", "no:gate.plugin.signals"),
    "no options": ("-p", "no:gate.plugin.options"),
    "no plugin": ("-p", "no:gate.plugin"),
}
ENVIRON = {
    "keyword": "-k kept",
    "collects only": "--collect-only",
    "collects only, in short": "--co -q",
    "plan alone": "--setup-plan",
    "no ledger": "-p no:gate.plugin.ledger",
    "deselected": "--deselect=contract/paths.toml::path.broken",
}


@pytest.fixture
def half(tmp_path: pathlib.Path) -> pathlib.Path:
    """A project with one promise that holds, one that is broken, and a test of its own."""
    own = "import pytest\n\n@pytest.mark.predeploy\ndef test_own():\n    pass\n"
    (tmp_path / "test_own.py").write_text(own, "utf-8")
    return left_out.project(tmp_path, ("kept",), ("broken",))


@pytest.mark.parametrize("way", OPTIONS)
def test_an_option_hides_what_is_broken(half: pathlib.Path, way: str) -> None:
    """Whatever pytest is asked to leave out, the account has it."""
    done = left_out.run(half, *OPTIONS[way])
    assert done.returncode != 0, done.stdout + done.stderr


@pytest.mark.parametrize("way", ENVIRON)
def test_the_environment_hides_what_is_broken(half: pathlib.Path, way: str) -> None:
    """Nobody sees what stands in PYTEST_ADDOPTS."""
    done = left_out.run(half, PYTEST_ADDOPTS=ENVIRON[way])
    assert done.returncode != 0, done.stdout + done.stderr


EXIT = """
import pytest

def {hook}():
    pytest.exit("enough", returncode=0)
"""
HOOKS = (
    *("pytest_configure", "pytest_sessionstart", "pytest_collection", "pytest_itemcollected"),
    *("pytest_collection_modifyitems", "pytest_collection_finish", "pytest_runtestloop"),
    *("pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call"),
    *("pytest_runtest_teardown", "pytest_runtest_logreport", "pytest_sessionfinish"),
)
PLUGINS = {
    "status forced": """
import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    yield
    session.exitstatus = 0
""",
    "status forced late": """
import pytest
@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    config.pluginmanager.get_plugin("session").exitstatus = 0
""",
    "loop taken over": "def pytest_runtestloop():\n    return True\n",
    "collection emptied": "def pytest_collection_modifyitems(items):\n    items.clear()\n",
    "files not collected": "def pytest_ignore_collect():\n    return True\n",
    "reports renamed": """
import pytest
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    report.nodeid = "elsewhere"
    report.outcome = "passed"
""",
    "log broken": "def pytest_runtest_logreport():\n    raise ValueError\n",
    "interrupted": "def pytest_runtest_call():\n    raise KeyboardInterrupt\n",
    "should stop": "def pytest_runtest_logstart():\n    pass\n"
    "def pytest_runtest_setup(item):\n    item.session.shouldstop = 'enough'\n",
    "parts unregistered": """
import pytest
@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    manager = session.config.pluginmanager
    for name in ("gate-controller", "gate.plugin.reporting", "gate.plugin.ledger"):
        manager.unregister(name=name)
""",
}
WORKERS = {
    "dies": "import os\ndef pytest_runtest_call():\n    os._exit(0)\n",
    "dies when collecting": """
import os
def pytest_collection_finish(session):
    if hasattr(session.config, "workerinput"):
        os._exit(0)
""",
    "dies at its end": """
import os
def pytest_runtest_teardown(item):
    os._exit(0)
""",
    "says nothing": """
import pytest
def pytest_sessionstart(session):
    manager = session.config.pluginmanager
    if hasattr(session.config, "workerinput"):
        manager.unregister(name="gate.plugin.ledger")
""",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_plugin_exits_with_0(half: pathlib.Path, hook: str) -> None:
    """``pytest.exit(returncode=0)`` is no promotion, wherever it is called."""
    done = left_out.run(half, plugin=EXIT.format(hook=hook))
    assert done.returncode != 0, done.stdout + done.stderr


@pytest.mark.parametrize("way", PLUGINS)
def test_a_plugin_hides_what_is_broken(half: pathlib.Path, way: str) -> None:
    """A plugin that has its way with pytest does not have it with the exit status."""
    done = left_out.run(half, plugin=PLUGINS[way])
    assert done.returncode != 0, done.stdout + done.stderr


@pytest.mark.parametrize("restarts", ["0", "1", "4"])
@pytest.mark.parametrize("way", WORKERS)
def test_a_worker_ends(half: pathlib.Path, way: str, restarts: str) -> None:
    """What a worker takes with it is missed, also where another one takes its place."""
    done = left_out.run(half, "-n2", f"--max-worker-restart={restarts}", plugin=WORKERS[way])
    assert done.returncode != 0, done.stdout + done.stderr


OWN = """
import unittest
import pytest

@pytest.mark.skip(reason="x")
def test_skipped(): pass
def test_skips(): pytest.skip("x")
@pytest.mark.xfail
def test_xfails(): assert False
@pytest.mark.xfail(strict=False)
def test_xpasses(): pass
@pytest.mark.xfail(run=False)
def test_xfail_not_run(): pass
@pytest.fixture
def skips(): pytest.skip("x")
def test_fixture_skips(skips): pass
@pytest.fixture
def breaks():
    yield
    raise ValueError
def test_fixture_breaks(breaks): pass
def test_fixture_gone(there_is_none): pass
def test_imports(): pytest.importorskip("there_is_none")
@pytest.mark.parametrize("case", [1, 2])
def test_of_cases(case): assert case == 1
async def test_async(): pass
def test_exits(): raise SystemExit(0)
@pytest.mark.skip(reason="x")
class TestClass:
    def test_method(self): pass
class TestUnit(unittest.TestCase):
    def test_unit(self): self.skipTest("x")
def test_subtests(subtests):
    with subtests.test("one"):
        assert False
def test_subtests_skipped(subtests):
    pytest.skip("x")
def gone_by_name(): pass
def test_nothing_else(): pass
"""
NODES = (
    *("test_skipped", "test_skips", "test_xfails", "test_xpasses", "test_xfail_not_run"),
    *("test_fixture_skips", "test_fixture_breaks", "test_fixture_gone", "test_imports"),
    *("test_of_cases", "test_async", "test_exits", "TestClass::test_method"),
    *("TestUnit::test_unit", "test_subtests", "test_subtests_skipped", "gone_by_name"),
    "test_that_never_was",
)
OWN_ITEM = """
[test.{name}]
title = "It passes"
source = "a self-test"
node = "test_own.py::{node}"
"""


def test_an_own_test_proves_nothing(tmp_path: pathlib.Path) -> None:
    """A test that a promise names is skipped, expected to fail, gone or of another shape."""
    left_out.project(tmp_path, ("kept",))
    (tmp_path / "test_own.py").write_text(OWN, "utf-8")
    (tmp_path / "contract" / "tests.toml").write_text(
        "".join(OWN_ITEM.format(name=f"n{n}", node=node) for n, node in enumerate(NODES))
        + OWN_ITEM.format(name="module_gone", node="test_own.py::x").replace("test_own", "test_no")
        + OWN_ITEM.format(name="sound", node="test_nothing_else"),
        "utf-8",
    )
    done = left_out.run(tmp_path)
    assert done.returncode != 0, done.stdout + done.stderr
    outcomes = runs.outcomes(tmp_path, "predeploy")
    passed = [node for n, node in enumerate(NODES) if outcomes[f"test.n{n}"] == "PASS"]
    assert (passed, outcomes["test.module_gone"]) == ([], "INCONCLUSIVE")
    assert outcomes["test.sound"] == "PASS"


def test_an_own_file_that_cannot_be_collected(tmp_path: pathlib.Path) -> None:
    """It blocks, also where pytest is told to go on."""
    left_out.project(tmp_path, ("kept",))
    (tmp_path / "test_own.py").write_text("syntax error\n", "utf-8")
    done = left_out.run(tmp_path, "--continue-on-collection-errors")
    assert done.returncode == 1, done.stdout + done.stderr


BESIDE = """
import pytest

@pytest.mark.predeploy
def test_of_the_team(): assert 1 + 1 == 3
@pytest.mark.predeploy
def test_that_holds(): pass
"""


def test_a_failed_test_beside_the_promises(tmp_path: pathlib.Path) -> None:
    """Exit status, verdict, page, snapshot and what machines read say that it blocks, by name."""
    left_out.project(tmp_path, ("kept",))
    (tmp_path / "test_beside.py").write_text(BESIDE, "utf-8")
    done = left_out.run(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    name = "test_beside.py::test_of_the_team"
    document = runs.verdict(tmp_path, "predeploy")
    assert (document["verdict"], document["exit_status"]) == ("BLOCKED", 1)
    assert document["counts"]["PASS"] == len(document["items"])
    failed = f"a test that accounts for no promise failed: {name}: assert (1 + 1) == 3"
    assert failed in document["warnings"]
    folder = tmp_path / "reports" / "here" / "predeploy"
    told = ("report.html", "STATE_SNAPSHOT_BEFORE.md", "summary.md", "findings.jsonl", "junit.xml")
    for file in told:
        text = (folder / file).read_text("utf-8")
        assert name in text, file
        assert "BLOCKED" in text, file
        assert "PROMOTE" not in text, file
    assert f"FAIL {failed}" in " ".join(done.stdout.split())
    assert "verdict: BLOCKED (exit 1): 1 PASS of 1 items" in done.stdout
