"""A team's own tests: named by the contract they count, and the gate's fixtures are theirs."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
"""
PROMISE = """
[test.own]
title = "The team's own test passes"
source = "a self-test"
node = "tests/test_own.py::{name}"
"""
TESTS = """
import pytest

def test_holds(): assert True
def test_breaks(): assert 1 == 2, "the checkout is closed"
def test_errs(): raise RuntimeError("no money")
def test_skips(): pytest.skip("not today")
@pytest.mark.xfail(strict=False)
def test_xfails(): assert False
@pytest.mark.xfail(strict=False)
def test_xpasses(): assert True
@pytest.mark.parametrize("n", [1, 2])
def test_many(n): assert n == 1
class TestGroup:
    def test_inside(self): assert True
"""
WAYS = """
def test_ways(gate_target, gate_host, gate_scene):
    assert gate_target.title == "This machine"
    assert gate_host.check_output("echo %s", "a b") == "a b"
    assert gate_host.file("/").is_directory
    assert gate_scene.moment == "predeploy"

def test_api(gate_api):
    assert gate_api.get("/hello").text == "hello"
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A project with a contract, a target, and tests of its own."""
    for name in ("contract", "targets", "tests"):
        (tmp_path / name).mkdir()
    (tmp_path / "targets/here.toml").write_text(TARGET, "utf-8")
    (tmp_path / "tests/test_own.py").write_text(TESTS, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nxfail_strict = false\n", "utf-8")
    return tmp_path


def promise(folder: pathlib.Path, name: str) -> None:
    """Name a test in the contract."""
    (folder / "contract/tests.toml").write_text(PROMISE.format(name=name), "utf-8")


def run(folder: pathlib.Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in the project, as a team would; the plugin comes by name."""
    words = [sys.executable, "-m", "pytest", "-p", "gate.plugin", "-p", "gate.plugin.short_names"]
    return subprocess.run(  # noqa: S603 - the gate itself
        [*words, *options],
        cwd=folder,
        env=runs.environ(PYTHONPATH=str(runs.ROOT), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=runs.WITHIN_S,
    )


def item(folder: pathlib.Path) -> dict[str, Any]:
    """The one item of the newest verdict."""
    file = folder / "reports/here/predeploy/verdict.json"
    (found,) = json.loads(file.read_text("utf-8"))["items"]
    return dict(found)


@pytest.mark.parametrize(
    ("name", "outcome", "status", "says"),
    [
        ("test_holds", "PASS", 0, ""),
        ("TestGroup::test_inside", "PASS", 0, ""),
        ("test_breaks", "FAIL", 1, "the checkout is closed"),
        ("test_errs", "INCONCLUSIVE", 10, "no money"),
        ("test_skips", "INCONCLUSIVE", 10, "no test accounted"),
        ("test_xfails", "INCONCLUSIVE", 10, ""),
        ("test_xpasses", "INCONCLUSIVE", 10, "expected to fail"),
        ("test_many", "FAIL", 1, ""),
    ],
)
def test_counts_like_any_other(
    folder: pathlib.Path, name: str, outcome: str, status: int, says: str
) -> None:
    """Passed it holds, failed it is broken; anything else has proven nothing."""
    promise(folder, name)
    done = run(folder, "-m", "predeploy")
    assert done.returncode == status, done.stdout + done.stderr
    assert item(folder)["outcome"] == outcome
    assert says in item(folder)["reason"]


@pytest.mark.parametrize(("name", "options"), [("holds", ["-k", "not holds"]), ("gone", [])])
def test_left_out_is_not_green(folder: pathlib.Path, name: str, options: list[str]) -> None:
    """Whoever deselects or loses it has not kept the promise."""
    promise(folder, f"test_{name}")
    path = folder / "contract/paths.toml"
    path.write_text('[path.x]\ntitle="x"\nsource="x"\npath="/"\npurpose="x"\n', "utf-8")
    done = run(folder, "-m", "predeploy", *options)
    assert done.returncode == 10, done.stdout + done.stderr


def test_ways_to_the_target(folder: pathlib.Path) -> None:
    """Target, testinfra's host and the scene are at hand; without a moment the test is skipped."""
    (folder / "tests/test_own.py").write_text(WAYS, "utf-8")
    promise(folder, "test_ways")
    done = run(folder, "-m", "predeploy")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(folder, "-q", "-rs", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 skipped" in done.stdout
    assert "the gate is not running" in done.stdout


class Hello(BaseHTTPRequestHandler):
    """Answers everything with one word."""

    def do_GET(self) -> None:
        """Say hello."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Say nothing else."""


def test_a_client_of_the_api(folder: pathlib.Path) -> None:
    """It leads to the target's own base address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f'[api]\nbase = "http://127.0.0.1:{server.server_port}"\n'
        (folder / "targets/here.toml").write_text(TARGET + base, "utf-8")
        (folder / "tests/test_own.py").write_text(WAYS, "utf-8")
        promise(folder, "test_api")
        done = run(folder, "-m", "predeploy")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        server.shutdown()
        server.server_close()


def test_the_suites_moments(folder: pathlib.Path) -> None:
    """A fixture of the suite's own waits for its moment."""
    text = "def test_it(rehearsed):\n    assert rehearsed.moment == 'predeploy'\n"
    (folder / "tests/test_own.py").write_text(text, "utf-8")
    promise(folder, "test_it")
    done = run(folder, "-m", "predeploy", "-p", "fixtures.moments")
    assert done.returncode == 0, done.stdout + done.stderr


def test_waits_for_its_moment(folder: pathlib.Path) -> None:
    """A test that asks for no fixture is run when its moment was looked at, all the same."""
    slow = (
        '[runtime.slow]\ntitle = "s"\nsource = "us"\nlabel = "s"\nversion = "1"\n'
        """command = ["sh", "-c", "sleep 1; echo 1"]\n"""
    )
    (folder / "contract/runtimes.toml").write_text(slow, "utf-8")
    text = (
        "import pathlib, time\n\n"
        "def test_when():\n    pathlib.Path('when').write_text(str(time.time()))\n"
    )
    (folder / "tests/test_own.py").write_text(text, "utf-8")
    promise(folder, "test_when")
    done = run(folder, "-m", "predeploy")
    assert done.returncode == 0, done.stdout + done.stderr
    observed = json.loads((folder / "reports/here/predeploy/observed.json").read_text("utf-8"))
    finished = dt.datetime.fromisoformat(observed["finished"].replace("Z", "+00:00"))
    assert float((folder / "when").read_text()) >= finished.timestamp()


def test_a_risk_beside_a_test(folder: pathlib.Path) -> None:
    """A risk that a test guards, too, is told by the other items; the test stands for itself."""
    risk = '[risk.shop]\ntitle = "r"\nsource = "us"\narea = "a"\nlevel = "LOW"\n'
    (folder / "contract/risks.toml").write_text(risk, "utf-8")
    path = '[path.x]\ntitle="x"\nsource="x"\npath="/"\npurpose="x"\nrisk="risk.shop"\n'
    (folder / "contract/paths.toml").write_text(path, "utf-8")
    text = PROMISE.format(name="test_holds") + 'risk = "risk.shop"\n'
    (folder / "contract/tests.toml").write_text(text, "utf-8")
    done = run(folder, "-m", "predeploy")
    assert done.returncode == 0, done.stdout + done.stderr
