"""How a drill reads a run of the gate: its own verdict alone, and its end, whatever holds it up."""

from __future__ import annotations

import json
import pathlib
import signal
import threading
from typing import Any

import pytest

from gate.drill import gating as module
from gate.drill.fault import Gate
from gate.drill.gating import Gating
from gate.errors import ObservationError
from gate.target import Difference
from gate.toml import parse
from tests.selftest.drills import local

PROGRAM = """\
import json, os, pathlib, subprocess, sys, time
moment, reports = sys.argv[2], sys.argv[-1].partition("=")[2]
file = pathlib.Path(reports, "here", moment, "verdict.json")
file.parent.mkdir(parents=True, exist_ok=True)
print(json.dumps([os.path.basename(__file__), *sys.argv[1:]]), flush=True)
"""
"""Stands where the gate is run as its module; each case says what it does."""
WRITES = "file.write_text({text!r}); sys.exit({status})"
ITEMS = [
    {"id": "port.api", "outcome": "PASS", "reason": ""},
    {"id": "log.api", "outcome": "WARN", "reason": "a line"},
    {"id": "service.api", "outcome": "FAIL", "reason": "is dead"},
]
SLEEPS = "time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n"
LEFT = "subprocess.Popen(['sleep', '9'], start_new_session=True); print('left', flush=True)"


def gating(root: pathlib.Path, does: str, **more: Any) -> Gating:
    """How a program is run that does something in the place of the gate."""
    for name in ("gate", "pytest"):
        (root / f"{name}.py").write_text(PROGRAM + does + "\n", "utf-8")
    contract, folder = root / "contract", root / "folder"
    contract.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    (root / "here.toml").write_text('title = "here"\nhost = "local://"\n', "utf-8")
    target = local(root, file=str(root / "here.toml"), **more)
    return Gating(target=target, contract=contract, instance="x", folder=folder, cwd=root)


def verdict(word: str, run: str = "1", items: object = ()) -> str:
    """What the gate writes."""
    return json.dumps({"run": run, "verdict": word, "items": items})


@pytest.mark.parametrize(
    ("text", "status", "green", "odd"),
    [
        (verdict("PROMOTE", items=ITEMS[:2]), 0, True, {"log.api": ("WARN", "a line")}),
        (verdict("PROMOTE"), 1, False, {}),
        (verdict("BLOCKED"), 0, False, {}),
        (
            verdict("BLOCKED", items=ITEMS),
            1,
            False,
            {"log.api": ("WARN", "a line"), "service.api": ("FAIL", "is dead")},
        ),
        ("[]", 0, False, {}),
    ],
)
def test_a_run_is_green_by_its_status_and_its_verdict(
    text: str,
    status: int,
    green: bool,  # noqa: FBT001 - a case
    odd: dict[str, tuple[str, str]],
    tmp_path: pathlib.Path,
) -> None:
    """One of the two alone is no promotion."""
    found = gating(tmp_path, WRITES.format(text=text, status=status)).look(
        "predeploy", within_s=60.0
    )
    assert (found.exit_status, found.green, found.odd, found.late) == (status, green, odd, False)


def test_the_verdict_of_an_earlier_run_is_none_of_this_one(tmp_path: pathlib.Path) -> None:
    """A gate that ended without one, with whatever status, is not green."""
    assert (
        gating(tmp_path, WRITES.format(text=verdict("PROMOTE"), status=0))
        .look("predeploy", within_s=60.0)
        .green
    )
    found = gating(tmp_path, "print('nothing to say')").look("predeploy", within_s=60.0)
    assert (found.exit_status, found.verdict, found.green) == (0, "", False)
    assert "nothing to say" in found.said
    again = WRITES.format(text=verdict("PROMOTE", "2"), status=0)
    assert gating(tmp_path, again).look("predeploy", within_s=60.0).green


def test_a_verdict_that_cannot_be_read_is_told(tmp_path: pathlib.Path) -> None:
    """With its file."""
    with pytest.raises(ObservationError, match=r"predeploy/verdict\.json: cannot be read"):
        gating(tmp_path, WRITES.format(text="{", status=0)).look("predeploy", within_s=60.0)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (Gate(), ["gate.py", "check", "postdeploy"]),
        (Gate(pytest=True, options=("-n", "2")), ["pytest.py", "-q", "-m"]),
    ],
)
def test_the_gate_is_run_as_a_user_does(
    gate: Gate, words: list[str], tmp_path: pathlib.Path
) -> None:
    """By its command or by pytest, with the target's own file, and what the fault says."""
    said = gating(tmp_path, "").look("postdeploy", within_s=60.0, gate=gate).said
    told = json.loads(said.splitlines()[0])
    assert told[:3] == words
    assert f"--gate-target={tmp_path}/here.toml" in told
    assert f"--gate-contract={tmp_path}/contract" in told
    assert told[len(told) - len(gate.options) :] == list(gate.options)


@pytest.mark.parametrize(
    ("does", "within_s", "kill_s", "status", "late"),
    [
        (SLEEPS, 0.6, None, -signal.SIGTERM, True),
        (SLEEPS, 60.0, 0.6, -signal.SIGKILL, False),
        (DEAF + SLEEPS, 3.0, None, -signal.SIGKILL, True),
        (LEFT, 3.0, None, 0, True),
    ],
)
def test_a_run_that_does_not_end_is_ended(  # noqa: PLR0917 - a case's columns
    does: str,
    within_s: float,
    kill_s: float | None,
    status: int,
    late: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told to end, and killed; what it left in a session of its own holds nobody up."""
    monkeypatch.setattr(module, "STOP_S", 0.3)
    found = gating(tmp_path, does).look("predeploy", within_s=within_s, gate=Gate(kill_s=kill_s))
    assert (found.exit_status, found.late, found.green) == (status, late, False)


def test_a_run_of_a_drill_that_is_interrupted_is_not_late(tmp_path: pathlib.Path) -> None:
    """It is told to end, and says nothing of the gate."""
    place = gating(tmp_path, SLEEPS)
    threading.Timer(0.3, place.cancelled.set).start()
    found = place.look("predeploy", within_s=60.0)
    assert (found.exit_status, found.late) == (-signal.SIGTERM, False)


def test_what_differs_for_a_fault_goes_over_the_targets_own(tmp_path: pathlib.Path) -> None:
    """Key by key where both speak of one item; the target's other lines stay, its folder too."""
    place = gating(tmp_path, "")
    (tmp_path / "here.toml").write_text(
        """\
title = "here"
launcher = { title = "x", cwd = "sub", up = ["x"], down = ["x"], status = ["x"] }
differs = [
  { item = "port.api", reason = "other", set = { port = 1, why = "y" }, after = { open = true } },
  { item = "port.b", reason = "kept", set = { port = 2 } },
]
""",
        "utf-8",
    )
    own = Difference.model_validate(
        {"item": "port.api", "reason": "the fault", "set": {"port": 9}, "before": {"open": False}}
    )
    said = place.look("predeploy", within_s=60.0, differs=[own]).said
    file = tmp_path / "folder/targets/here.toml"
    assert f"--gate-target={file}" in json.loads(said.splitlines()[0])
    told = parse(file, ObservationError)
    assert told["launcher"]["cwd"] == str(tmp_path / "sub")
    assert told["differs"] == [
        {"item": "port.b", "reason": "kept", "set": {"port": 2}},
        {
            "item": "port.api",
            "reason": "the fault",
            "set": {"port": 9, "why": "y"},
            "before": {"open": False},
            "after": {"open": True},
        },
    ]
