"""Small parts of a run: what it is told, what stands in its way, what it finds of others."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from gate import temporary
from gate.api import Role
from gate.drill.drill import allowed, chosen, to_its_end
from gate.errors import ContractError, GateError, ObservationError, TargetError
from gate.lint.hints import of_contract, of_target
from gate.plan.moves import Moves
from gate.report import private, run_folder
from gate.report.run_folder import RunFolder
from gate.report.run_links import leads, link
from gate.run.interruption import Interruption
from gate.run.stage import Stage
from gate.sources.fact import Cause
from gate.sources.look import _asked
from gate.sources.observed import _read
from tests.selftest.given import DESK, promised, unclear


def test_a_run_that_was_ended() -> None:
    """Nothing more is begun; and of what was refused the newest one's reason is kept."""
    stage, told = Stage.__new__(Stage), list[str]()
    stage.cancelled, stage.no_baseline = threading.Event(), ""
    stage.voice = SimpleNamespace(tell=told.append, is_quiet=False)  # type: ignore[assignment]
    stage.progress = SimpleNamespace(begin=lambda _: None)  # type: ignore[assignment]
    stage.go_on("looking")
    stage.refuse("it is too old")
    stage.refuse("it is older still")
    assert (told, stage.no_baseline) == (["looking", "it is too old"], "it is too old")
    stage.cancelled.set()
    with pytest.raises(ObservationError):
        stage.go_on("looking again")
    assert told[-1] == "it is too old"


def test_a_signal_that_waits() -> None:
    """The first one alone, and until what must not be cut in two is done."""
    heard = Interruption()
    waits = contextlib.ExitStack()
    waits.enter_context(heard.later())
    heard._come(signal.SIGTERM, None)  # noqa: SLF001 - as the system calls it
    heard._come(signal.SIGINT, None)  # noqa: SLF001 - as above
    with pytest.raises(KeyboardInterrupt):
        waits.close()
    assert heard.name == "SIGTERM"
    at_once = Interruption()
    with pytest.raises(KeyboardInterrupt):
        at_once._come(signal.SIGINT, None)  # noqa: SLF001 - as above
    with at_once.later():
        at_once._come(signal.SIGTERM, None)  # noqa: SLF001 - as above
    assert at_once.name == "SIGINT"


def test_a_source_that_fails() -> None:
    """It cannot tell; where the run was ended the run is."""
    over = threading.Event()

    def fails(_: object) -> Any:
        raise ObservationError("no way")

    source: Any = SimpleNamespace(name="x", look=fails)
    looking: Any = SimpleNamespace(carrier=SimpleNamespace(interrupted=over))
    assert _asked(source, looking) == unclear("no way", Cause.UPSTREAM)
    over.set()
    with pytest.raises(ObservationError, match="no way"):
        _asked(source, looking)
    with pytest.raises(ValueError, match="expected facts by source"):
        _read([])


def moves(**changes: Any) -> Any:
    """What a run does to a target, of which these parts are known."""
    told: list[str] = []
    facts: dict[str, Any] = {
        "orders": SimpleNamespace(deploys_first=lambda: True, rollback_on_failure=True),
        "past": SimpleNamespace(known=False),
        "way": SimpleNamespace(tell=told.append, cancelled=lambda: False),
        "_outlasted": lambda: "",
        "_rolled_back": lambda: "rolled back",
        "_carried_out": lambda _: (SimpleNamespace(steps={}), ""),
        "_left_undone": lambda phase, why: (phase, why),
        **changes,
    }
    found = Moves.__new__(Moves)
    vars(found).update(facts)
    return found, told


def test_a_way_back_before_any_deployment() -> None:
    """A throw-away target is deployed first; where that fails there is nothing to try."""
    found, told = moves()
    assert found.move("rollback") == "rolled back"
    assert told == ["deploying first: there is nothing to roll back yet"]
    found, told = moves(past=SimpleNamespace(known=True))
    assert (found.move("rollback"), told) == ("rolled back", [])
    found, _ = moves(_carried_out=lambda _: (SimpleNamespace(steps={}), "step 1: no"))
    with pytest.raises(GateError, match="could not be deployed before rolling back: step 1: no"):
        found.move("rollback")


def test_a_step_that_outlasted_its_time() -> None:
    """As long as it may still run, nothing is taken back."""
    found, told = moves(_outlasted=lambda: "step 1 may still run")
    assert found._turned_back({}, "step 2") == ("rollback", "step 1 may still run")  # noqa: SLF001
    assert told == ["step 2: not rolled back: step 1 may still run"]
    assert found.move("postdeploy") == ("deploy", "step 1 may still run")


def test_where_a_drill_may_be() -> None:
    """Where the target says so: one that the gate starts itself, or one that is given up."""
    with pytest.raises(TargetError, match="a drill breaks what it is done to"):
        allowed(DESK, applies=True)
    drill: Any = SimpleNamespace(throwaway="", place="x")
    own: Any = SimpleNamespace(file="x", drill=drill, embedded=True)
    allowed(own, applies=False)
    own.embedded = False
    with pytest.raises(TargetError):
        allowed(own, applies=True)


def test_which_faults_are_done() -> None:
    """Of each chapter that is named; one that there is not is a mistake."""
    faults: Any = SimpleNamespace(
        by_name={
            one: SimpleNamespace(chapter=chapter, where=(), moment="predeploy", side="before")
            for one, chapter in (("a", "paths"), ("b", "units"), ("c", "network"))
        }
    )
    assert sorted(chosen(faults, "x", [], ["paths", "units"], "")) == ["a", "b"]
    with pytest.raises(ContractError, match="--chapter: unknown: none; known: network, paths"):
        chosen(faults, "x", [], ["paths", "none"], "")
    assert to_its_end(lambda: 7, threading.Event()) == 7


def test_a_folder_that_is_not_held(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is not alone leads to its run, and removes nothing; closed twice is closed."""
    pruned: list[object] = []
    monkeypatch.setattr(run_folder, "prune", lambda *words: pruned.append(words))
    monkeypatch.setattr(private, "held", lambda _: None)
    monkeypatch.setattr(private, "LOCK_WITHIN_S", 0.02)
    path = tmp_path / "runs" / "20260101T000000Z-predeploy"
    path.mkdir(parents=True)
    found = RunFolder.__new__(RunFolder)
    number = os.open(path, os.O_RDONLY)
    for name, value in (("path", path), ("moment", "predeploy"), ("replay", False),
                        ("_held", number)):  # fmt: skip
        object.__setattr__(found, name, value)
    found.publish(3)
    assert ((tmp_path / "predeploy").resolve(), pruned) == (path, [])
    found.close()
    found.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_links_that_cannot_be_had(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told; a link that is there is read as it stands."""
    run = tmp_path / "runs" / "x"
    run.mkdir(parents=True)
    assert not leads(tmp_path, "predeploy", run)
    assert link(tmp_path, "predeploy", run)
    assert leads(tmp_path, "predeploy", run)
    assert not leads(tmp_path, "predeploy", tmp_path / "runs" / "y")

    def refuses(*_: object, **__: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(pathlib.Path, "symlink_to", refuses)
    assert not link(tmp_path, "postdeploy", run)


def test_what_killed_runs_left(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that somebody holds stays; a connection in one that nobody holds is ended."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(temporary, "_lives", lambda _: False)
    folder = tmp_path / "gate-1234-abc"
    folder.mkdir(mode=0o700)
    assert temporary.NAME.match(folder.name)
    with monkeypatch.context() as patch:
        patch.setattr(temporary, "held", lambda _: None)
        temporary.sweep()
    assert folder.exists()
    ended: list[str] = []
    monkeypatch.setattr("subprocess.run", lambda words, **_: ended.append(" ".join(words)))
    with socket.socket(socket.AF_UNIX) as control:
        monkeypatch.chdir(folder)
        control.bind(temporary.CONTROL)
        monkeypatch.chdir(tmp_path)
        temporary.sweep()
    assert (folder.exists(), len(ended)) == (False, 1)
    assert f"ControlPath={folder / temporary.CONTROL}" in ended[0]


def test_what_is_odd_about_a_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference of no item is told with its target; a variable that is set is not."""
    contract = promised({"port.x": 'port = 1\nservice = "x"'})
    contract = dataclasses.replace(contract, unused_differs=("port.y",))
    found = [one.text for one in of_contract(contract, DESK)]
    assert "differs: the contract has no item 'port.y'" in found
    assert not [one for one in of_contract(contract, None) if "differs" in one.text]
    roles = {"agent": Role(value_env="GATE_TEST_KEY", header="x-key")}
    target = DESK.model_copy(update={"api": DESK.api.model_copy(update={"roles": roles})})
    monkeypatch.setenv("GATE_TEST_KEY", "")
    text = "the variable GATE_TEST_KEY is not set here"
    assert any(text in one.text for one in of_target(target))
    monkeypatch.setenv("GATE_TEST_KEY", "7")
    assert not any(text in one.text for one in of_target(target))
