"""Faults as they are written: what of them is a mistake, and what is done with what is right."""

from __future__ import annotations

import fcntl
import os
import pathlib
import threading
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from gate.drill import drill, injection, load
from gate.drill.drill import chosen
from gate.drill.fault import Fault, Gate
from gate.drill.gating import Look
from gate.drill.healthy import healthy
from gate.drill.injection import Injector, Scripts, known_injectors
from gate.drill.journal import Journal
from gate.drill.load import load_faults, scripts_of
from gate.drill.scope import Scope, laid_out
from gate.drill.trial import End, judged
from gate.errors import ContractError, GateError
from gate.toml import Strict
from tests.selftest import runs
from tests.selftest.drills import FAULT, TURNED, local, look

FINE = '[fault.one]\ntitle = "t"\nchapter = "c"\ngate = {}\n'
MINE = Injector(name="mine", model=Strict, scripts=lambda _, __: Scripts(do="", ready="", undo=""))
SECOND = Injector(name="file", model=Strict, scripts=MINE.scripts)


def from_outside(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, name: str
) -> None:
    """Have an injector of another package: one of this file's names."""
    point = EntryPoint("mine", f"{__name__}:{name}", injection.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _: globals()[name])
    monkeypatch.setattr(injection, "entry_points", lambda **_: [point])
    known_injectors.cache_clear()
    request.addfinalizer(known_injectors.cache_clear)


def test_an_injector_from_outside(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Is known by its name, beside the gate's own."""
    from_outside(monkeypatch, request, "MINE")
    assert known_injectors()["mine"] is MINE
    assert "file" in known_injectors()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SECOND", "two injectors are called 'file'"),
        ("FINE", r"names .*:FINE, which is no gate\.drill\.injection\.Injector"),
    ],
)
def test_what_is_no_injector(
    name: str, words: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Of two with one name neither is taken: another harm would be done than is written."""
    from_outside(monkeypatch, request, name)
    with pytest.raises(ContractError, match=words):
        known_injectors()


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        (
            '[about]\npromises = "a"',
            '[about]\npromises = "b"',
            "another file names a folder already",
        ),
        (
            '[about.stage.shell]\ndo = ":"\nready = ":"\nundo = ":"',
            '[about.stage.shell]\ndo = ":"\nready = ":"\nundo = ":"',
            "stage.shell: is there already",
        ),
        ("[surprise]", "", "surprise: unknown table; known: about, fault.NAME"),
        ("[about]\nsurprise = 1", "", r"\[about\]: surprise"),
        ('[fault."a b"]\ntitle = "t"\nchapter = "c"\ngate = {}', "", "a fault's name is letters"),
        ("[fault]\nx = 3", "", r"\[fault\.x\]"),
    ],
)
def test_a_mistake_of_one_file_or_of_two(
    one: str, two: str, words: str, tmp_path: pathlib.Path
) -> None:
    """Though another file is right."""
    for name, text in (("a", one), ("b", two), ("c", FINE)):
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    with pytest.raises(ContractError, match=words):
        load_faults(tmp_path)


def test_what_two_files_say_of_all_faults_is_joined(tmp_path: pathlib.Path) -> None:
    """Each chapter once; the holes and the stage of both."""
    stage = '[about.stage.{}]\ndo = ":"\nready = ":"\nundo = ":"\n'
    (tmp_path / "a.toml").write_text(
        '[about]\nleaves_out = ["x", "y"]\npromises = "own"\nholes = { "port.lies" = "w" }\n'
        + stage.format("shell"), "utf-8",
    )  # fmt: skip
    (tmp_path / "b.toml").write_text('[about]\nleaves_out = ["y", "z"]\n' + FINE, "utf-8")
    found = load_faults(tmp_path)
    assert found.leaves_out == ("x", "y", "z")
    assert found.promises == tmp_path / "own"
    assert ([*found.stage], dict(found.holes)) == (["shell"], {"port.lies": "w"})


@pytest.mark.parametrize(
    ("words", "wants"),
    [
        ("is dead", ("FAIL", "is dead")),
        ("? no journal", ("INCONCLUSIVE", "no journal")),
        ("?", ("INCONCLUSIVE", "")),
        ("! old", ("WARN", "old")),
        ("!", ("WARN", "")),
        ("?no blank", ("FAIL", "?no blank")),
    ],
)
def test_what_an_item_has_to_end_as(words: str, wants: tuple[str, str]) -> None:
    """By the mark before its words; an item that is not named may not turn."""
    fault = FAULT.model_copy(update={"expect": {"service.worker": words}})
    assert fault.wants("service.worker") == wants
    assert fault.wants("port.api") is None
    assert (fault.allows("session.x"), fault.allows("port.api")) == (True, False)


def test_an_item_that_is_expected_and_passes_is_missed() -> None:
    """With what it is, and the words that it has."""
    said = look({**TURNED, "service.worker": ("WARN", "it is slow")})
    found = judged("worker", FAULT, said)
    assert (found.end, found.why) == (
        End.MISSED,
        "service.worker is WARN, not FAIL: it is slow",
    )


@pytest.mark.parametrize(
    ("only", "chapters", "words"),
    [
        (["elsewhere"], [], "--only: elsewhere: it cannot be done at sandbox; known: here"),
        (["nosuch"], [], "--only: nosuch: there is no such fault: sandbox; known: here"),
        ([], ["x"], "--chapter: unknown: x; known: services"),
        (["here"], ["host"], "--chapter: unknown: host; known: services"),
    ],
)
def test_what_cannot_be_chosen(only: list[str], chapters: list[str], words: str) -> None:
    """Is a mistake: a drill of fewer faults than were asked for would look like a whole one."""
    elsewhere = FAULT.model_copy(update={"where": ("machine",), "chapter": "host"})
    faults = load.Faults(folder=runs.ROOT, by_name={"here": FAULT, "elsewhere": elsewhere})
    with pytest.raises(ContractError, match=words):
        chosen(faults, "sandbox", only, chapters, "")


def test_a_part_that_nothing_is_left_for() -> None:
    """Is a mistake, too."""
    faults = load.Faults(folder=runs.ROOT, by_name={"here": FAULT})
    with pytest.raises(ContractError, match="no fault is left for sandbox"):
        chosen(faults, "sandbox", [], [], "2/2")


def test_healthy_runs_that_are_interrupted_are_no_more() -> None:
    """None is begun behind it, and none is counted."""
    cancelled, looked = threading.Event(), list[object]()

    def looks(gate: Gate) -> Look:
        looked.append(gate)
        cancelled.set()
        return Look(0, "PROMOTE", {}, 1.0)

    assert healthy(9, looks, lambda *_: None, cancelled).runs == 0
    assert len(looked) == 1


def plan(root: pathlib.Path, **target: Any) -> Any:
    """A drill at a folder."""
    return SimpleNamespace(target=local(root, **target), reports=root)


def test_one_drill_at_a_time_at_a_real_target(tmp_path: pathlib.Path) -> None:
    """Whoever comes second does nothing; each instance of an embedded one is somebody's own."""
    launcher = {"title": "t", "up": ("x",), "down": ("x",), "status": ("x",)}
    with drill._alone(plan(tmp_path)):  # noqa: SLF001 - around the whole drill
        with (tmp_path / "drill/here/lock").open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with (
            pytest.raises(GateError, match="another drill is under way at here"),
            drill._alone(plan(tmp_path)),  # noqa: SLF001
        ):
            pass
        with drill._alone(plan(tmp_path, embedded=True, launcher=launcher)):  # noqa: SLF001
            pass
    with drill._alone(plan(tmp_path)):  # noqa: SLF001
        pass


def test_a_journal_of_somebody_else_is_not_run(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in it would be run on the host, as root."""
    journal = Journal(tmp_path)
    journal.begins("one", "rm -rf /")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(GateError, match="is not this user's: what it says is not run"):
        journal.open()


@pytest.mark.parametrize("line", ["[1]", "3", '"x"', "{", "{}", '{"ended": "nosuch"}'])
def test_a_line_of_the_journal_that_is_none(line: str, tmp_path: pathlib.Path) -> None:
    """Is nobody's end, and nobody's begin."""
    journal = Journal(tmp_path)
    journal.begins("one", "true")
    with (tmp_path / "open.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    assert journal.open() == {"one": "true"}


def test_a_part_of_the_contract_is_laid_out_once(tmp_path: pathlib.Path) -> None:
    """For all faults that look at it."""
    contract = tmp_path / "contract"
    contract.mkdir()
    (contract / "a.toml").write_text("a = 1", "utf-8")
    first = laid_out(contract, Scope(("slow",)), None, tmp_path)
    (first / "kept").touch()
    assert laid_out(contract, Scope(("slow",)), None, tmp_path) == first
    assert (first / "kept").exists()


@pytest.mark.parametrize("path", [("/bin",), ()])
@pytest.mark.parametrize("script", ["echo x", None])
def test_a_tool_is_there_or_not(path: tuple[str, ...], script: str | None) -> None:
    """Where the target has folders of its own it must not be found further on either."""
    keys = {"tool": "ss", **({"script": script} if script else {})}
    fault = Fault.model_validate(
        {"title": "t", "chapter": "c", "inject": {"tool": keys}, "expect": {"port.x": ""}}
    )
    found = scripts_of(fault, local(runs.ROOT).model_copy(update={"path": path}))
    assert found is not None
    assert ("exit 127" in found.do) is (script is None and bool(path))
    assert ("chmod 755" in found.do) is bool(script or path)
    assert ('[ ! -e "$file" ]' in found.ready) is (script is None and not path)


@pytest.mark.parametrize("restart", [True, False])
def test_a_drop_in_is_read_and_taken_away(restart: bool) -> None:  # noqa: FBT001 - a case
    """The unit is started again with it, and without it, where that is asked for."""
    keys = {"unit": "a.service", "text": "[Service]", "restart": restart}
    fault = FAULT.model_copy(update={"inject": {"drop_in": keys}})
    found = scripts_of(fault, local(runs.ROOT))
    assert found is not None
    for script in (found.do, found.undo):
        assert "systemctl daemon-reload" in script
        assert ("systemctl restart a.service" in script) is restart
    assert "a.service.d" in found.undo
