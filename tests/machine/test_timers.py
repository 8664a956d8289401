"""Eight ways not to work, by a timer of the true systemd: each is caught, and no idle twin is."""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator

import pytest

from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.look import questions
from gate.kinds.scene import Scene
from gate.sources.look import look_at
from tests.machine.trial import Machine

WITHIN_S = 60.0
UNITS = """
printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "%s"\\n' {command} \\
  >/run/systemd/system/trial.service
printf '[Timer]\\nOnActiveSec=1\\nOnUnitActiveSec=2\\nAccuracySec=100ms\\n' \\
  >/run/systemd/system/trial.timer
rm -f /run/trial-trace /run/trial-lock; systemctl daemon-reload; systemctl start trial.timer
"""
GONE = """
systemctl stop trial.timer; systemctl kill -s KILL trial.service; systemctl stop trial.service
rm -f /run/systemd/system/trial.service /run/systemd/system/trial.timer /run/trial-*
systemctl daemon-reload; systemctl reset-failed; sleep 0.1
"""
CONTRACT = {
    "services": """
[service.trial]
title = "The timer waits"
source = "a test"
unit = "trial.timer"
state = "active (waiting)"
""",
    "work": """
[work.trial]
title = "The timer's job is done"
source = "a test"
unit = "trial.timer"
[work.trial.timer]
unit = "trial.timer"
ran_within_s = 15
running_within_s = 2
stalled_s = 5
""",
    "logs": """
[log.trial]
title = "Each run says what it did"
source = "a test"
unit = "trial.service"
says = { pattern = "did it", within_s = 15 }
""",
}
GOOD = "echo did it"
# The job, what is done to it once it has begun, and the item and the cause that have to be told.
BAD = {
    "stuck": ("sleep 3600", "", "work.trial", "stuck: 1 at work in trial.timer"),
    "stalled": (GOOD, "systemctl stop trial.timer", "work.trial", "trial.timer is inactive"),
    "error loop": ("echo did it; exit 3", "", "work.trial", "Result=exit-code, status 3"),
    "crash period": ("kill -SEGV $$$$", "", "work.trial", "Result=signal"),
    "deadlocked on a lock": (
        "exec flock /run/trial-lock true", "", "work.trial", "stuck: 1 at work"),
    "aborted transaction": (
        "echo current transaction is aborted; exit 1", "", "work.trial", "Result=exit-code"),
    "frozen": (
        "exec sleep 3601", "pkill -STOP -x -f 'sleep 3601'", "work.trial", "stuck: 1 at work"),
    "busy without result": ("true", "", "log.trial", "did it"),
}  # fmt: skip


def judged(machine: Machine, folder: pathlib.Path) -> dict[str, str]:
    """What does not hold, by item; ``?`` in front of what cannot be told."""
    folder.mkdir(exist_ok=True)
    for name, text in CONTRACT.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    contract, target = load_contract(folder), machine.target()
    asked = questions(contract, target, "predeploy")
    seen = look_at(target, "predeploy", asked, contract=contract)
    scene = Scene(contract=contract, target=target, moment="predeploy", observed=seen)
    odd: dict[str, str] = {}
    for one in contract.at("predeploy"):
        try:
            broken = "; ".join(compare(one, scene).broken)
        except ObservationError as error:
            broken = f"? {error}"
        if broken and one.kind != "service":
            odd[one.id] = broken
    return odd


@contextlib.contextmanager
def timer(machine: Machine, command: str) -> Iterator[None]:
    """A timer of this job, gone at the end."""
    machine.run(UNITS.format(command=f"'{command}'"))
    try:
        yield
    finally:
        machine.run(f"{{ {GONE} }} || :")


@pytest.fixture
def here(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine, with what leads to it."""
    for key, value in machine.environ.items():
        if os.environ.get(key) != value:
            monkeypatch.setenv(key, value)
    return machine


@pytest.mark.parametrize("name", BAD)
def test_a_timer_that_does_not_work(here: Machine, tmp_path: pathlib.Path, name: str) -> None:
    """Each way not to work is caught by its item, with its cause."""
    command, then, item, words = BAD[name]
    holder = "setsid flock /run/trial-lock sleep 120 >/dev/null 2>&1 </dev/null & sleep 0.3"
    with timer(here, command):
        if "lock" in name:
            here.run(f"systemctl stop trial.timer; {holder}; systemctl start trial.timer")
        time.sleep(3)
        if then:
            here.run(then)
        deadline, odd = time.monotonic() + WITHIN_S, judged(here, tmp_path / "c")
        while words not in odd.get(item, ""):
            assert time.monotonic() < deadline, odd
            odd = judged(here, tmp_path / "c")


def test_the_healthy_twin(here: Machine, tmp_path: pathlib.Path) -> None:
    """A timer whose job ends well is not red, from its first run on."""
    with timer(here, GOOD):
        deadline = time.monotonic() + WITHIN_S
        while odd := judged(here, tmp_path / "c"):
            assert time.monotonic() < deadline, odd
        for _ in range(5):
            assert judged(here, tmp_path / "c") == {}
