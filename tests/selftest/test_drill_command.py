"""``gate drill`` itself: what it is asked, what it refuses at once, and what it tells."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import threading
from collections.abc import Iterator

import pytest

from gate.commands import drill as command
from gate.drill.drill import Plan
from gate.drill.fault import Gate
from gate.drill.gating import Look
from gate.drill.scope import Scope
from gate.drill.trial import End, Trial
from gate.errors import ContractError, GateError, TargetError
from gate.kinds.load import load_contract
from tests.selftest import runs
from tests.selftest.drills import FAULT, FAULTS, TURNED, local, look

SUITE = ["--target=sandbox", f"--contract={runs.ROOT}/tests/contract"]


def drilled(*words: str) -> tuple[int, list[str]]:
    """The exit status, and what was told."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    told: list[str] = []
    return command.run(parser.parse_args([*SUITE, *words]), told.append), told


def test_faults_are_listed_and_nothing_is_done() -> None:
    """Those that were chosen, a line each."""
    status, told = drilled("--only=drip, search_503", "--list")
    assert status == 0
    assert {one.partition(":")[0] for one in told} == {"search_503", "drip"}
    assert "search_503: The search answers that it cannot (endpoints, predeploy)" in told


def test_what_the_faults_cover_is_told() -> None:
    """Kinds of promises by the ways in which they can be broken."""
    status, (told,) = drilled("--cover")
    assert status == 0
    assert "endpoint" in told
    assert "absent" in told


@pytest.mark.parametrize(
    ("toml", "error", "words"),
    [
        (
            '[about]\npromises = "own"\n[fault.one]\ntitle = "t"\nchapter = "c"\ngate = {}',
            ContractError,
            r"\[about\]: promises: no folder .*/own",
        ),
        (
            '[fault.one]\ntitle = "t"\nchapter = "c"\ngate = {}\nexpect = { "port.nope" = "x" }',
            ContractError,
            r"fault\.one: there is no item 'port\.nope' in .*tests/contract",
        ),
        ("fault = []", ContractError, r"a\.toml: fault: faults are tables \[fault\.NAME\]"),
        (
            '[fault.two]\ntitle = "t"\nchapter = "c"\ngate = {}\n',
            ContractError,
            r"there is a fault of this name already",
        ),
    ],
)
def test_a_mistake_in_the_faults_is_told_before_anything_is_done(
    toml: str, error: type[GateError], words: str, tmp_path: pathlib.Path
) -> None:
    """By its file, also where another file is right."""
    (tmp_path / "a.toml").write_text(toml, "utf-8")
    fine = '[fault.two]\ntitle = "t"\nchapter = "c"\ngate = {}\n'
    (tmp_path / "b.toml").write_text(fine, "utf-8")
    with pytest.raises(error, match=words):
        drilled(f"--faults={tmp_path}", "--list")


def test_a_place_has_to_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """Where neither the command line nor the settings name one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError, match="say where: --target=NAME"):
        drilled("--target=")


@pytest.mark.parametrize("text", ["{", '{"one": "is seen"}', None])
def test_what_others_made_of_the_faults_has_its_form(
    text: str | None, tmp_path: pathlib.Path
) -> None:
    """A file that is none is a mistake, and no column that is left out."""
    file = tmp_path / "others.json"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(ContractError, match=r"--others: .*others\.json: "):
        command._others(str(file))  # noqa: SLF001 - before the drill
    file.write_text('{"one": {"goss": "is seen"}}', "utf-8")
    assert command._others(str(file)) == {"one": {"goss": "is seen"}}  # noqa: SLF001
    assert command._others("") == {}  # noqa: SLF001


def plan(root: pathlib.Path) -> Plan:
    """A drill at a folder."""
    return Plan(
        target=local(root),
        contract=load_contract(runs.ROOT / "tests/contract"),
        folder=root,
        faults=FAULTS,
        chosen={"one": FAULT, "two": FAULT},
        reports=root,
        cwd=root,
    )


class Place:
    """Where nothing is done: what is said is given."""

    def __init__(
        self, cancelled: threading.Event, looks: list[Look] | None = None, undone: str = ""
    ) -> None:
        """Take what is said, and what says that the drill is interrupted."""
        self.cancelled, self.looks, self.undone = cancelled, looks or [], undone
        self.asked: list[tuple[object, ...]] = []

    def healthy(self, *asked: object) -> Look:
        """A healthy run; it is interrupted where nothing is left to be said."""
        self.asked.append(asked)
        if not self.looks:
            self.cancelled.set()
            return Look(-15, "", {}, 1.0)
        return self.looks.pop(0)

    def trial(self, name: str, *_: object) -> Trial:
        """A fault that was detected, and may stand still; the second one is interrupted."""
        if name == "two":
            self.cancelled.set()
        end = End.NOT_UNDONE if self.undone else End.DETECTED
        return Trial(name=name, end=end, look=look(TURNED), undone=self.undone)


def at(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drill there."""

    @contextlib.contextmanager
    def bench(*_: object) -> Iterator[Place]:
        yield place

    monkeypatch.setattr("gate.drill.drill.bench", bench)
    monkeypatch.setattr("gate.commands.drill.bench", bench)


GREEN = Look(0, "PROMOTE", {}, 1.0)


@pytest.mark.parametrize(
    ("looks", "asked", "status", "words"),
    [
        ([GREEN], 1, 0, "[1/1] 0 of 1 healthy runs blocked"),
        ([look({"port.api": ("FAIL", "closed")})], 1, 1, "exit 1: port.api: closed"),
        ([], 1, 130, "0 of 0 healthy runs"),
    ],
)
def test_healthy_runs_are_told_one_by_one(  # noqa: PLR0917 - a case's columns
    looks: list[Look],
    asked: int,
    status: int,
    words: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With each false alarm, and written down; one that was interrupted counts for nothing."""
    cancelled, told = threading.Event(), list[str]()
    place = Place(cancelled, looks)
    at(place, monkeypatch)
    done = command._healthy(plan(tmp_path), asked, told.append, cancelled)  # noqa: SLF001
    assert (done, words in "\n".join(told)) == (status, True), told
    assert place.asked[0][:3] == ("predeploy", Scope(), command.HEALTHY_S)
    assert isinstance(place.asked[0][3], Gate)
    written = sorted(one.name for one in (tmp_path / "drill/here").iterdir())
    assert written == ["healthy.json", "healthy.md"]


@pytest.mark.parametrize(
    ("undone", "status", "line", "interrupted"),
    [
        ("", 130, "[1/2] one: detected (1.0 s)", "interrupted: what was done is taken back"),
        ("it is busy", 1, "[1/2] one: NOT UNDONE (1.0 s); NOT UNDONE: it is busy", "interrupted"),
    ],
)
def test_an_interrupted_drill_tells_what_became_of_each(  # noqa: PLR0917 - a case's columns
    undone: str,
    status: int,
    line: str,
    interrupted: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That all is taken back only where it is; the fault that was under way is not judged."""
    cancelled, told = threading.Event(), list[str]()
    at(Place(cancelled, undone=undone), monkeypatch)
    others = {"one": {"goss": "is seen"}, "two": {"goss": "is not"}}
    assert command._drill(plan(tmp_path), told.append, cancelled, others) == status  # noqa: SLF001
    assert line in told
    assert f"gate drill: {interrupted}" in told
    written = (tmp_path / "drill/here/matrix.json").read_text("utf-8")
    assert "is seen" in written
    assert "is not" not in written
