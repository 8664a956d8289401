"""A bench of the drill: which looks belong to a fault, and what is told where one stands still."""

from __future__ import annotations

import pathlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gate.drill import bench as module
from gate.drill.bench import STAGE, Bench, NotGreenError, NotUndoneError
from gate.drill.fault import Fault, Gate
from gate.drill.gating import Look
from gate.drill.journal import Journal
from gate.drill.load import Faults
from gate.drill.scope import Scope
from gate.drill.trial import End
from gate.errors import GateError
from gate.target import Target
from tests.selftest.drills import local

GREEN = Look(0, "PROMOTE", {"log.old": ("WARN", "an old line")}, 1.0)
RED = Look(1, "BLOCKED", {**GREEN.odd, "service.worker": ("FAIL", "is dead")}, 1.0)
MISTAKEN = Look(4, "", {}, 1.0, said="one line too many")


class Looking:
    """A gate that is red where the fault's file is there, and writes down when it looked."""

    instance = "bench"

    def __init__(self, file: pathlib.Path, **at: Callable[[int], Look]) -> None:
        """Know the fault's file, and what is said at a moment, by the number of looks so far."""
        self.cancelled = threading.Event()
        self.looked: list[str] = []
        self.given: dict[str, Any] = {}
        self._file, self._at = file, at

    def look(self, moment: str, **given: object) -> Look:
        """Look once."""
        there = self._file.exists()
        self.looked.append(moment + "!" * there)
        self.given = given if there else self.given
        own = self._at.get(moment)
        return own(len(self.looked)) if own else RED if there else GREEN


def fault(file: pathlib.Path, **more: object) -> Fault:
    """A fault that makes a file."""
    shell = {"do": f"touch {file}", "ready": f"[ -e {file} ]", "undo": f"rm -f {file}"}
    return Fault.model_validate(
        {
            "title": "A worker is stopped",
            "chapter": "services",
            "inject": {"shell": shell},
            "expect": {"service.worker": "is dead"},
            **more,
        }
    )


def changed(one: Fault, **shell: str) -> Fault:
    """The same fault, done or undone in another way."""
    return one.model_copy(update={"inject": {"shell": {**one.inject["shell"], **shell}}})


def place(root: pathlib.Path, looking: Looking, faults: Faults | None = None) -> Bench:
    """A bench at a folder."""
    (root / "var/tmp").mkdir(parents=True, exist_ok=True)
    faults = faults or Faults(folder=root, by_name={})
    return Bench(local(root), looking, faults, Journal(root / "kept"))  # type: ignore[arg-type]


CYCLE = ["predeploy", "predeploy", "postdeploy"]
BACK = ["rollback", "predeploy"]


@pytest.mark.parametrize(
    ("moment", "state", "looked"),
    [
        ("predeploy", None, ["predeploy", "predeploy!", "predeploy"]),
        ("postdeploy", None, [*CYCLE, "postdeploy!", "postdeploy"]),
        # It is known first what the gate says at a moment where nothing is done.
        ("rollback", None, [*CYCLE, *BACK, *CYCLE[1:], "rollback!", "rollback"]),
        ("postdeploy", "before", [*CYCLE, *BACK, "postdeploy!", "rollback"]),
    ],
)
def test_the_looks_that_belong_to_a_fault(
    moment: str, state: str | None, looked: list[str], tmp_path: pathlib.Path
) -> None:
    """It is done to a system that is green, looked at once, and the system is green again."""
    file = tmp_path / "fault"
    looking = Looking(file)
    one = fault(file, moment=moment, state=state, gate={"python": ["-O"]})
    with place(tmp_path, looking) as bench:
        done = bench.trial("one", one, {})
    assert looking.looked == looked
    assert (done.end, done.why, done.undone) == (End.DETECTED, "", "")
    assert done.look is not None
    assert done.look.odd == {"service.worker": ("FAIL", "is dead")}
    assert looking.given["gate"].python == ("-O",)
    assert not file.exists()
    assert Journal(tmp_path / "kept").open() == {}


def test_faults_of_one_state_need_no_other_looks(tmp_path: pathlib.Path) -> None:
    """The state is reached once for all of them, and left by the rollback."""
    file = tmp_path / "fault"
    looking = Looking(file)
    one, two = (fault(file, moment=moment) for moment in ("postdeploy", "predeploy"))
    with place(tmp_path, looking) as bench:
        bench.trial("one", one, {})
        bench.trial("again", one, {})
        assert looking.looked == [*CYCLE, *["postdeploy!", "postdeploy"] * 2]
        del looking.looked[:]
        bench.trial("two", two, {})
    assert looking.looked == [*BACK, "predeploy!", "predeploy"]


def test_a_fault_of_the_gates_own_run_does_nothing_to_the_host(tmp_path: pathlib.Path) -> None:
    """It has no scripts; what was said is judged all the same."""
    looking = Looking(tmp_path / "fault")
    one = Fault(title="t", chapter="c", gate={"pytest": True}, exit=2)  # type: ignore[arg-type]
    with place(tmp_path, looking) as bench:
        done = bench.trial("one", one, {})
    assert (done.end, done.why) == (End.MISSED, "exit status 0, not 2")


@pytest.mark.parametrize(
    ("shell", "words"),
    [({"do": "echo no room; exit 3"}, "exit status 3: no room"), ({"ready": "false"}, "not done")],
)
def test_what_was_not_injected_proves_nothing(
    shell: dict[str, str], words: str, tmp_path: pathlib.Path
) -> None:
    """The gate is not asked, and what was begun is taken back."""
    file = tmp_path / "fault"
    looking = Looking(file)
    with place(tmp_path, looking) as bench:
        done = bench.trial("one", changed(fault(file, ready_s=0.3), **shell), {})
    assert (done.end, done.look) == (End.NOT_INJECTED, None)
    assert words in done.why
    assert "predeploy!" not in looking.looked
    assert not file.exists()


def test_what_is_not_undone_is_told_and_left_to_the_next_drill(tmp_path: pathlib.Path) -> None:
    """Which undoes it before it does anything; where that fails nothing is begun."""
    file = tmp_path / "fault"
    one = changed(fault(file), undo=f"[ -e {tmp_path}/free ] && rm {file}")
    with place(tmp_path, Looking(file)) as bench:
        done = bench.trial("one", one, {})
    assert (done.end, done.undone) == (End.NOT_UNDONE, "exit status 1")
    assert [*Journal(tmp_path / "kept").open()] == ["one"]
    with pytest.raises(GateError, match="fault one of an earlier drill cannot be undone: exit"):
        place(tmp_path, Looking(file)).__enter__()
    (tmp_path / "free").touch()
    with place(tmp_path, Looking(file)):
        assert not file.exists()
    assert Journal(tmp_path / "kept").open() == {}


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("wrong", [GateError("the verdict cannot be read"), ValueError("odd")])
def test_what_stands_still_is_told_also_where_the_gate_cannot_be_run(
    wrong: Exception,
    stays: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
) -> None:
    """With what went wrong before; where it could be undone, that alone."""
    file = tmp_path / "fault"

    def goes_wrong(number: int) -> Look:
        if number == 1:
            return GREEN
        raise wrong

    one = changed(fault(file), undo="false") if stays else fault(file)
    with (
        place(tmp_path, Looking(file, predeploy=goes_wrong)) as bench,
        pytest.raises(NotUndoneError if stays else type(wrong)) as told,
    ):
        bench.trial("one", one, {})
    if stays:
        assert str(told.value).startswith("fault one is NOT UNDONE: exit status 1 (before that: ")
    assert str(wrong) in str(told.value)
    assert file.exists() is stays
    assert [*Journal(tmp_path / "kept").open()] == ["one"] * stays


@pytest.mark.parametrize("stays", [True, False])
def test_a_drill_that_is_interrupted_undoes(
    stays: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
) -> None:
    """And does not look once more; what cannot be undone is told."""
    file = tmp_path / "fault"
    looking = Looking(file)

    def interrupts(number: int) -> Look:
        if number == 2:
            looking.cancelled.set()
        return RED if number == 2 else GREEN

    looking.__init__(file, predeploy=interrupts)  # type: ignore[misc]
    one = changed(fault(file), undo="false") if stays else fault(file)
    with place(tmp_path, looking) as bench:
        if stays:
            with pytest.raises(NotUndoneError, match="fault one is NOT UNDONE: exit status 1"):
                bench.trial("one", one, {})
        else:
            assert bench.trial("one", one, {}).end is End.DETECTED
            assert not file.exists()
    assert len(looking.looked) == 2


@pytest.mark.parametrize(
    ("said", "green_s", "words"),
    [
        (MISTAKEN, 60.0, r"not green at predeploy though nothing is done: exit status 4; one line"),
        (RED, 0.0, r"exit status 1; service.worker \(FAIL: is dead\)$"),
    ],
)
def test_a_gate_that_never_gets_green_ends_the_drill(
    said: Look, green_s: float, words: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is done; a mistake of the contract at once, the rest after its time."""
    monkeypatch.setattr(module, "GREEN_S", green_s)
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    file = tmp_path / "fault"
    looking = Looking(file, predeploy=lambda _: said)
    with place(tmp_path, looking) as bench, pytest.raises(NotGreenError, match=words):
        bench.trial("one", fault(file), {})
    assert set(looking.looked) == {"predeploy"}


def test_a_gate_that_stays_red_is_the_trials_end(tmp_path: pathlib.Path) -> None:
    """What the fault left is no other fault's: the next one begins from a state that is green."""
    file = tmp_path / "fault"
    looking = Looking(file, predeploy=lambda n: {1: GREEN, 2: RED, 3: MISTAKEN}.get(n, GREEN))
    with place(tmp_path, looking) as bench:
        done = bench.trial("one", fault(file), {})
        assert done.end is End.NOT_UNDONE
        assert "not green at predeploy" in done.undone
        del looking.looked[:]
        bench.trial("none", fault(file), {})
    assert looking.looked[:2] == ["predeploy", "predeploy!"]


@pytest.mark.parametrize("ready", [":", "false"])
def test_the_stage_is_set_once_and_taken_away(
    ready: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first look; one that cannot be set is no place for a fault."""
    monkeypatch.setattr(module, "STAGE_S", 0.3)
    file, stage = tmp_path / "fault", tmp_path / "stage"
    shell = {"do": f"echo x >>{stage}", "ready": ready, "undo": f"mv {stage} {stage}.gone"}
    faults = Faults(folder=tmp_path, by_name={}, stage={"shell": shell})
    with place(tmp_path, Looking(file), faults) as bench:
        for name in ("one", "two"):
            if ready == "false":
                with pytest.raises(NotGreenError, match="stage of the drill's own promises is not"):
                    bench.trial(name, fault(file), {}, own=["service.worker"])
                break
            bench.trial(name, fault(file), {}, own=["service.worker"])
            assert [*Journal(tmp_path / "kept").open()] == [STAGE]
        assert stage.read_text("utf-8") == "x\n"
    assert not stage.exists()
    assert Journal(tmp_path / "kept").open() == {}


def embedded(root: pathlib.Path) -> Target:
    """A target that is started for the drill: each instance writes a line, and ends with one."""
    log = f"{root}/log"
    there = f'{{"running": true, "prefix": "{root}"}}'
    return local(
        root,
        embedded=True,
        file=str(root / "here.toml"),
        launcher={
            "title": "a folder",
            "up": ("sh", "-c", f"echo up $0 >>{log}", "{name}"),
            "down": ("sh", "-c", f"echo down $0 >>{log}", "{name}"),
            "status": ("echo", there),
        },
    )


def test_an_instance_that_is_not_as_it_was_is_begun_anew(tmp_path: pathlib.Path) -> None:
    """And what an earlier drill left open went with its own instance."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    file, kept = tmp_path / "fault", Journal(tmp_path / "kept")
    kept.begins("old", "false")
    looking = Looking(file)
    faults = Faults(folder=tmp_path, by_name={})
    with Bench(embedded(tmp_path), looking, faults, kept) as bench:  # type: ignore[arg-type]
        assert kept.open() == {}
        done = bench.trial("one", changed(fault(file), undo="false"), {})
        assert done.end is End.NOT_UNDONE
        assert bench.healthy("predeploy", Scope(), 1.0, Gate()) is RED
    said = (tmp_path / "log").read_text("utf-8").split("\n")
    assert said == [*["up bench", "down bench"] * 2, ""]
