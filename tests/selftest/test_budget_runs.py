"""Budgets from end to end: a real server with a latency that varies, looked at again and again.

``GATE_BUDGET_RUNS`` says how many fine runs there are in a row (``tox -e budgets``: 200).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome, Result
from gate.contract.model import Contract
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from gate.run.benchmarks import store
from gate.run.timings import Median, Timings, add, key_of
from gate.sources.api.facts import Timing
from gate.sources.api.questions import AskSamples
from gate.sources.binding import requests
from gate.sources.fact import Seen
from gate.sources.observed import Observed
from gate.target import Target, load_target
from tests.selftest import runs

RUNS = int(os.environ.get("GATE_BUDGET_RUNS", "12"))
BASE_S = 0.04
LONG_S = 0.3
"""Beside this, what this machine adds by itself is little."""
CONTRACT = """
[endpoint.slow]
title = "It answers"
source = "a self-test"
path = "/slow"
slow = true

[endpoint.cheap]
title = "It answers, too"
source = "a self-test"
path = "/cheap"
"""
BUDGETS = """
[budget.slow]
title = "It is as quick as it was"
source = "a self-test"
endpoint = "slow"
relative = true
slack_s = 0.001
"""
BESIDE = """
[budget.cheap_beside_slow]
title = "The other one goes on answering"
source = "a self-test"
endpoint = "cheap"
beside = "slow"
at_most_s = 0.5
"""
BURN = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"


class Handler(BaseHTTPRequestHandler):
    """Answers after a time that varies like a model's."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Stay silent."""

    def do_GET(self) -> None:
        """Take as long as it is told."""
        served: Served = self.server  # type: ignore[assignment]
        status = served.status
        if self.path == "/slow":
            served.thinks.set()
            time.sleep(
                served.base_s * served.slowdown * served.dice.lognormvariate(0, served.noise)
            )
        elif served.thinks.is_set():
            time.sleep(served.stalls)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(b"{}")


class Served(ThreadingHTTPServer):
    """The server, and how it answers."""

    daemon_threads = True
    base_s = BASE_S
    slowdown = 1.0
    noise = 0.05
    stalls = 0.0
    status = 200

    def __init__(self) -> None:
        """Listen."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.dice = random.Random(7)  # noqa: S311 - no secret
        self.thinks = threading.Event()


@pytest.fixture
def served() -> Iterator[Served]:
    """A server of one's own."""
    server = Served()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def folder(served: Served, tmp_path: pathlib.Path) -> pathlib.Path:
    """A target and a contract for it."""
    (tmp_path / "here.toml").write_text(
        'title = "This machine"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\n'
        f'[api]\nbase = "http://127.0.0.1:{served.server_address[1]}"\n'
    )
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "endpoints.toml").write_text(CONTRACT)
    (tmp_path / "contract" / "budgets.toml").write_text(BUDGETS)
    return tmp_path


class Story:
    """Run after run on one target, in this process; what passes is kept."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Load what is promised, and where."""
        self.place = folder / "kept"
        self.place.mkdir()
        self.contract: Contract = load_contract(folder / "contract")
        self.target: Target = load_target(str(folder / "here.toml"), folder)
        self.asked: list[object] = []

    def run(self, *, strain: float | None = None, moment: Any = "predeploy") -> Result:
        """Look and judge.

        Args:
            strain: What is said of this machine instead of what was measured of it.
            moment: Which one it is.
        """
        now = dt.datetime.now(dt.timezone.utc)

        def past(asked: Any) -> Any:
            self.asked = list(asked)
            return Timings(self.place, self.target, asked, before=None, now=now).past

        observed = look(self.contract, self.target, moment, past=past)
        if strain is not None:
            observed = strained(observed, strain)
        scene = Scene(contract=self.contract, target=self.target, moment=moment, observed=observed)
        result = judge(self.contract.promise("budget.slow"), scene).result
        if result.outcome is Outcome.PASS:
            self.keep(observed)
        return result

    def keep(self, observed: Observed, seconds: float = 0) -> None:
        """Keep the median."""
        (asked,) = [one for one in self.asked if isinstance(one, AskSamples)]
        timing = timing_of(observed)
        median = Median(
            key=key_of(asked, self.target, requests(self.asked)["endpoint.slow"]),
            item="budget.slow",
            look=observed.started,
            run="r",
            median_s=seconds or statistics.median(timing.samples_s),
            samples=len(timing.samples_s),
        )
        add(self.place, [median], "owner")


def timing_of(observed: Observed) -> Timing:
    """What was timed."""
    assert isinstance(observed.api, Seen)
    answer = observed.api.value.answers["endpoint.slow"]
    assert isinstance(answer, Seen)
    timing = answer.value.timing
    assert isinstance(timing, Timing)
    return timing


def strained(observed: Observed, strain: float) -> Observed:
    """The same look on a machine with so much strain."""
    assert isinstance(observed.api, Seen)
    facts = observed.api.value
    answer = facts.answers["endpoint.slow"]
    assert isinstance(answer, Seen)
    timing = timing_of(observed).model_copy(update={"strain": strain})
    changed = Seen(answer.value.model_copy(update={"timing": timing}))
    api = facts.model_copy(update={"answers": {**facts.answers, "endpoint.slow": changed}})
    return observed.model_copy(update={"api": Seen(api)})


def test_fine_runs_do_not_fail(folder: pathlib.Path) -> None:
    """Run after run at the same speed, whatever else this machine has to do."""
    story = Story(folder)
    found = [story.run().outcome for _ in range(RUNS)]
    assert Outcome.FAIL not in found
    assert found.count(Outcome.PASS) >= RUNS // 2


def test_half_as_slow_again_fails(folder: pathlib.Path, served: Served) -> None:
    """After three runs before; with the numbers that it is judged by."""
    served.base_s, served.noise = LONG_S, 0.01
    story = Story(folder)
    for _ in range(3):
        story.run(strain=0)
    served.slowdown = 1.5
    found = story.run(strain=0, moment="postdeploy")
    assert found.outcome is Outcome.FAIL, found
    assert "of 10" in found.reason
    assert "runs before (p = " in found.reason
    assert story.run(strain=0.3, moment="postdeploy").outcome is Outcome.INCONCLUSIVE


def test_both_cores_busy(folder: pathlib.Path) -> None:
    """No FAIL while more wants to run on this machine than can, however slow it looks."""
    story = Story(folder)
    for _ in range(3):
        story.run(strain=0)
    burners = [
        subprocess.Popen([sys.executable, "-S", "-c", BURN])  # noqa: S603 - this very Python
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        found = {story.run(moment="postdeploy").outcome for _ in range(3)}
    finally:
        for one in burners:
            one.kill()
            one.wait()
    assert Outcome.FAIL not in found


def test_without_a_run_before(folder: pathlib.Path) -> None:
    """After a deployment nothing to compare with is no pass."""
    found = Story(folder).run(moment="postdeploy")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "no run before that passed" in found.reason


def test_a_wrong_answer_keeps_no_budget(folder: pathlib.Path, served: Served) -> None:
    """A quick error is no quick answer, and is kept nowhere."""
    served.status = 503
    story = Story(folder)
    found = story.run()
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "not answered as promised" in found.reason
    assert not (story.place / "timings").exists()


@pytest.mark.parametrize(("typical", "too_fast"), [(10, "fail"), (10, "warn"), (0.1, "fail")])
def test_an_answer_that_comes_too_fast(folder: pathlib.Path, typical: float, too_fast: str) -> None:
    """Ten times faster than typical comes from somewhere else, as the contract says."""
    text = BUDGETS + f'typical_s = {typical}\ntoo_fast = "{too_fast}"\n'
    (folder / "contract" / "budgets.toml").write_text(text)
    expected = Outcome.PASS if typical < 1 else Outcome(too_fast.upper())
    assert Story(folder).run().outcome is expected


def command(folder: pathlib.Path, moment: str) -> list[str]:
    """A whole run without pytest."""
    words = runs.command(folder, moment)
    return [sys.executable, "-m", "gate", "check", moment, *words[5:]]


def one(folder: pathlib.Path, moment: str, name: str = "slow") -> dict[str, Any]:
    """An item of a folder's last run."""
    items = runs.verdict(folder, moment)["items"]
    found: dict[str, Any] = next(item for item in items if item["id"] == f"budget.{name}")
    return found


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "two-workers"])
def test_whole_runs(folder: pathlib.Path, served: Served, options: list[str]) -> None:
    """Runs that passed are what the next one is compared with, in pytest and without."""
    served.base_s, served.noise = LONG_S, 0.01
    for _ in range(3):
        found = runs.run(command(folder, "predeploy"))
        assert found.returncode in (0, 10), found.stdout
    kept = folder / "reports" / "here" / "timings" / "medians.jsonl"
    assert 1 <= len([line for line in kept.read_text().split("\n") if line]) <= 3
    served.slowdown = 1.5
    before = kept.read_text()
    found = runs.run(runs.command(folder, "postdeploy", *options))
    told = one(folder, "postdeploy")
    assert found.returncode in (1, 10), found.stdout
    busy = "own machine was overloaded" in told["reason"]  # where others use it, too
    assert told["outcome"] == ("INCONCLUSIVE" if busy else "FAIL"), told
    assert kept.read_text() == before
    observed = json.loads((folder / "reports/here/postdeploy/observed.json").read_text())
    facts = observed["sources"]["api"]["facts"]["value"]
    assert len(facts["past"]["budget.slow"]["last"]) >= 1


def test_pytest_benchmark_reads_every_run(folder: pathlib.Path) -> None:
    """Its own program compares them, and its own option finds the newest one."""
    for _ in range(2):
        assert runs.run(command(folder, "predeploy")).returncode in (0, 10)
    place = folder / "reports" / "here"
    stored = sorted((place / "benchmarks").glob("*/*.json"))
    assert [one.name[:5] for one in stored] == ["0001_", "0002_"]
    assert stored[1].read_text() == (place / "predeploy" / "benchmark.json").read_text()
    (kept,) = json.loads(stored[1].read_text())["benchmarks"]
    told = json.loads((place / "predeploy" / "observed.json").read_text())
    answer = told["sources"]["api"]["facts"]["value"]["answers"]["endpoint.slow"]["value"]
    assert kept["stats"]["data"] == answer["timing"]["samples_s"]
    storage = f"file://{place / 'benchmarks'}"
    words = [sys.executable, "-m", "pytest_benchmark", "--storage", storage, "compare"]
    done = runs.run([*words, "--columns=median,rounds"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("budget.slow") == 2
    (folder / "test_own.py").write_text("def test_own(benchmark):\n    benchmark(len, 'a')\n")
    words = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:gate.plugin"]
    own = [f"--rootdir={folder}", f"--benchmark-storage={storage}", "--benchmark-compare"]
    done = subprocess.run(  # noqa: S603 - in the folder of the reports, as pytest-benchmark needs it
        [*words, str(folder / "test_own.py"), *own],
        cwd=folder,
        env=runs.environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert re.search(r"Comparing against benchmarks from: .*0002_", told), told
    if importlib.util.find_spec("pygal"):
        assert b"budget.slow" in (place / "predeploy" / "benchmark.svg").read_bytes()


def test_the_storage_keeps_so_many_runs(tmp_path: pathlib.Path) -> None:
    """The oldest go, the numbers go on, and what is no run stays."""
    for number in range(6):
        run = tmp_path / "runs" / f"run-{number}"
        run.mkdir(parents=True)
        (run / "benchmark.json").write_text("{}")
        store(tmp_path, run, "owner", 3)
    (folder,) = (tmp_path / "benchmarks").iterdir()
    assert sorted(one.name for one in folder.iterdir()) == [
        "0004_run-3.json",
        "0005_run-4.json",
        "0006_run-5.json",
    ]
    store(tmp_path, tmp_path, "owner", 3)
    assert len([*folder.iterdir()]) == 3


def test_what_stalls_beside_something_slow(folder: pathlib.Path, served: Served) -> None:
    """It is a finding of its own, and the slow one's budget stands."""
    (folder / "contract" / "budgets.toml").write_text(BUDGETS + BESIDE)
    assert runs.run(command(folder, "predeploy")).returncode in (0, 10)
    told = one(folder, "predeploy", "cheap_beside_slow")
    assert told["outcome"] == "PASS", told
    served.thinks.clear()
    served.stalls = 0.8
    runs.run(command(folder, "predeploy"))
    told = one(folder, "predeploy", "cheap_beside_slow")
    assert told["outcome"] in ("FAIL", "INCONCLUSIVE")
    assert "while endpoint.slow ran, it took" in told["reason"]
    assert one(folder, "predeploy")["outcome"] != "FAIL"
