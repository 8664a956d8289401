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
from gate.drill.healthy import Count, healthy, upper_bound
from gate.drill.matrix import Matrix, as_json, as_markdown, rate
from tests.selftest import runs
from tests.selftest.drills import look


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
    told: list[int] = []
    count = healthy(4, lambda _: next(given), lambda one: told.append(one.runs), threading.Event())
    matrix = Matrix(target="t", faults={}, trials={}, healthy=count)
    assert (told, matrix.exit_status) == ([1, 2, 3, 4], 1)
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
