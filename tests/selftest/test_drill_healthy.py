"""Healthy runs: counted by their way, and what their number proves."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from gate.drill.drill import to_its_end
from gate.drill.gating import Look
from gate.drill.healthy import Alarm, Count, healthy, upper_bound
from gate.drill.matrix import Matrix, as_json, as_markdown, rate
from gate.drill.trial import judged
from gate.threads import at_once
from tests.bench import drilled
from tests.selftest import runs
from tests.selftest.drills import FAULT, TURNED, look


@pytest.mark.parametrize(
    ("found", "of", "least", "most"),
    [(0, 300, 0.0099, 0.01), (0, 1, 0.949, 0.951), (3, 300, 0.025, 0.026), (5, 5, 1.0, 1.0)],
)
def test_the_bound_of_a_rate(found: int, of: int, least: float, most: float) -> None:
    """Three by N where none was found; the exact one otherwise."""
    assert least <= upper_bound(found, of) <= most


def test_healthy_runs_are_counted_by_their_way() -> None:
    """What blocked is named, with why; fewer than were asked for are no answer."""
    looks = [Look(0, "PROMOTE", {}, 1.0)] * 4
    looks[2] = look({"port.api": ("FAIL", "closed"), "log.api": ("WARN", "odd")})
    looks[3] = Look(-15, "", {}, 300.0, late=True)
    given = iter(looks)
    told: list[tuple[int, bool]] = []

    def tell(count: Count, alarm: Alarm | None) -> None:
        told.append((count.runs, alarm is not None))

    count = healthy(4, lambda _: next(given), tell, threading.Event())
    matrix = Matrix(target="t", faults={}, trials={}, healthy=count)
    assert (told, matrix.exit_status) == ([(1, False), (2, False), (3, True), (4, True)], 1)
    assert [(way, items) for way, _, items in count.alarms] == [
        ("pytest -n 2", ("port.api: closed",)),
        ("gate check, all cores busy", ("it did not end in time",)),
    ]
    assert '"pytest -n 2": 1' in as_json(matrix)
    assert "2 of 4 healthy runs blocked" in as_markdown(matrix)
    assert "- pytest -n 2: exit 1: port.api: closed" in as_markdown(matrix)
    assert "faults detected" not in as_markdown(matrix)


@pytest.mark.parametrize(
    ("runs", "status", "words"),
    [
        (0, 10, "0 of 0 healthy runs blocked (of 20 that were asked for): nothing is known"),
        (19, 10, "0 of 19 healthy runs blocked (of 20 that were asked for): 95% sure that no more"),
        (
            20,
            0,
            "0 of 20 healthy runs blocked: 95% sure that no more than 13.9% are, about 3/20 by the",
        ),
    ],
)
def test_the_rate_of_false_alarms_is_told(runs: int, status: int, words: str) -> None:
    """With its upper bound; what was not run is no good news."""
    count = Count(asked=20, runs=runs)
    assert rate(count).startswith(words)
    assert Matrix(target="t", faults={}, trials={}, healthy=count).exit_status == status


def test_an_interruption_ends_what_is_under_way() -> None:
    """It is told to end, and waited for; what it found is kept."""
    cancelled, begun = threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        assert cancelled.wait(20)
        return 7

    def interrupt() -> None:
        begun.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    assert to_its_end(wait, cancelled) == 7
    with pytest.raises(ZeroDivisionError):
        to_its_end(lambda: 1 // 0, threading.Event())


@pytest.mark.parametrize("what", ["cores", "disk"])
def test_what_keeps_the_machine_busy_ends_with_it(what: str, tmp_path: pathlib.Path) -> None:
    """Also where whoever started it is killed."""
    program = (
        "import os, pathlib, sys, subprocess\n"
        "from gate.drill import healthy\n"
        "started, popen = [], subprocess.Popen\n"
        "def start(words):\n"
        "    started.append(popen(words)); return started[-1]\n"
        "healthy.subprocess.Popen = start\n"
        f"with healthy.busy({what!r}):\n"
        "    pathlib.Path(sys.argv[1]).write_text(' '.join(str(one.pid) for one in started))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    environ = {**runs.environ(), "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", program, str(tmp_path / "pids")]
    subprocess.run(words, env=environ, cwd=runs.ROOT, check=False, timeout=60)  # noqa: S603
    pids = (tmp_path / "pids").read_text("utf-8").split()
    assert pids
    until = time.monotonic() + 20
    while [one for one in pids if pathlib.Path(f"/proc/{one}/exe").exists()]:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_page_of_the_documents_counts_what_the_files_say(tmp_path: pathlib.Path) -> None:
    """By chapter, what was not detected by name; runs by their way; other tools by their word."""
    worker = judged("worker", FAULT, look(TURNED))
    port = judged("port", FAULT.model_copy(update={"chapter": "ports"}), look({}, 0))
    faults = {"worker": FAULT, "port": FAULT.model_copy(update={"chapter": "ports"})}
    count = Count(asked=2, runs=2, alarms=[Alarm("pytest", 10, ("port.api: closed",))])
    count.ways.update({"pytest": 1, "gate check": 1})
    matrix = Matrix(target="here", faults=faults, trials={"worker": worker, "port": port})
    (tmp_path / "matrix.json").write_text(as_json(matrix), "utf-8")
    runs_only = Matrix(target="here", faults={}, trials={}, healthy=count)
    (tmp_path / "healthy.json").write_text(as_json(runs_only), "utf-8")
    told = drilled.page([tmp_path], {"worker": {"Goss 1": "missed"}, "port": {"Goss 1": "caught"}})
    assert "1 of 2 faults detected" in told
    assert "| services | 1 | 1 | 1.0 s | 1.0 s |" in told
    assert "| ports | 1 | 0 |" in told
    assert "- port: missed: " in told
    assert "1 of 2 healthy runs were blocked" in told
    assert "| pytest | 1 | 1 |" in told
    assert "| gate check | 1 | 0 |" in told
    assert "| Goss 1 | 1 | 1 | 0 |" in told


@pytest.mark.parametrize("late_s", [0.0, 0.3])
def test_whoever_is_interrupted_waits_for_all_that_began(late_s: float) -> None:
    """Also where the signal comes while a thread is being begun."""
    cancelled, ended = threading.Event(), threading.Event()

    def work() -> None:
        time.sleep(late_s)  # what the case is about: begun already, or just being begun
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled.wait(20)
        ended.set()

    assert at_once([work], cancelled, "one")
    assert ended.is_set()
    assert not at_once([], cancelled, "none")
