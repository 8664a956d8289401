"""The drill: faults as they are written and judged, in which order they come, and what is told."""

from __future__ import annotations

import contextlib
import math
import pathlib
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from gate.commands import drill as command
from gate.drill.bench import Bench, NotGreenError, NotUndoneError
from gate.drill.drill import Plan, allowed, chosen, drill, in_order
from gate.drill.gating import Gating, Look
from gate.drill.injection import known_injectors
from gate.drill.journal import Journal
from gate.drill.load import Faults, load_faults, scripts_of
from gate.drill.matrix import Matrix, as_json, as_markdown, headline
from gate.drill.page import page
from gate.drill.scope import Scope, laid_out, scope_of
from gate.drill.trial import End, Trial, judged, without
from gate.errors import ContractError, TargetError
from gate.kinds.load import load_contract
from gate.target_drill import Drill
from tests.bench import drill_shown
from tests.selftest import runs
from tests.selftest.drills import FAULT, FAULTS, TURNED, local, look


@pytest.mark.parametrize(
    ("said", "end", "words"),
    [
        (look(TURNED), End.DETECTED, ""),
        (look({**TURNED, "session.worker": ("FAIL", "none")}), End.DETECTED, ""),
        (look({**TURNED, "port.api": ("FAIL", "closed")}), End.OVER_EAGER, "port.api"),
        (look({**TURNED, "port.api": ("WARN", "odd")}), End.OVER_EAGER, "port.api"),
        (
            look({"log.worker": TURNED["log.worker"]}),
            End.MISSED,
            "is PASS, not FAIL",
        ),
        (look({**TURNED, "service.worker": ("FAIL", "is masked")}), End.MISSED, "another reason"),
        (look({**TURNED, "log.worker": ("FAIL", "no journal")}), End.MISSED, "not INCONCLUSIVE"),
        (look(TURNED, 10), End.MISSED, "exit status 10, not 1"),
        (
            look({**TURNED, "port.api": ("FAIL", "closed")}, 3),
            End.MISSED,
            "exit status 3, not 1 (besides, port.api failed)",
        ),
        (look({}, 0), End.MISSED, "exit status 0, not 1"),
        (look(TURNED, late=True), End.LATE, "within 120 s"),
    ],
)
def test_a_fault_is_judged(said: Look, end: End, words: str) -> None:
    """By the right items, for the right reason, nothing else, the exit status, and in time."""
    found = judged("worker", FAULT, said)
    assert found.end is end
    assert words in found.why


def test_what_was_warned_of_before_is_no_part_of_a_fault() -> None:
    """In whatever words, such as how old it is; of what a fault has to turn the words count."""
    usual = {
        "canary.left": ("WARN", "1 row, 5 s old"),
        "port.api": ("WARN", "odd"),
        "service.worker": ("WARN", "old file"),
    }
    now = {
        "canary.left": ("WARN", "1 row, 9 s old"),
        "port.api": ("FAIL", "odd"),
        "service.worker": ("WARN", "is masked"),
        "new.one": ("WARN", "odd"),
    }
    warned = FAULT.model_copy(update={"expect": {"service.worker": "! is masked"}})
    assert without(look(now), usual, warned).odd.keys() == now.keys() - {"canary.left"}
    assert without(look(usual), usual, warned).odd == {}


def test_a_known_gap_is_counted_and_never_hidden() -> None:
    """As one while it is missed; detected all the same, that is said."""
    gap = FAULT.model_copy(update={"known_gap": "nobody looks there"})
    missed, closed = judged("worker", gap, look({}, 0)), judged("worker", gap, look(TURNED))
    assert (missed.end, closed.end) == (End.KNOWN_GAP, End.DETECTED)
    assert "nobody looks there" in missed.why
    matrix = Matrix(target="t", faults={"worker": gap}, trials={"worker": missed})
    assert headline(matrix) == "0 of 1 faults detected, 1 known gap"
    assert matrix.exit_status == 0
    closed_too = Matrix(target="t", faults={"worker": gap}, trials={"worker": closed})
    assert '"gap_is_closed": true' in as_json(closed_too)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (End.DETECTED, 0),
        (End.MISSED, 1),
        (End.LATE, 1),
        (End.OVER_EAGER, 1),
        (End.NOT_UNDONE, 1),
        (End.NOT_INJECTED, 10),
    ],
)
def test_the_exit_status(end: End, status: int) -> None:
    """0 only where every fault was shown and detected."""
    trial = Trial(name="worker", end=end, look=look(TURNED))
    matrix = Matrix(target="t", faults={"worker": FAULT}, trials={"worker": trial})
    assert matrix.exit_status == status
    left = Matrix(target="t", faults={"worker": FAULT}, trials={}, left=("worker",))
    assert left.exit_status == 10


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ([look(TURNED), look({}, 10)], 0, ""),
        ([look(TURNED), look({}, 0)], 1, "promotes beside fault_1"),
        ([look(TURNED), look({}, -15, late=True)], 1, "does not end beside fault_1"),
        ([look({}, 10)], 1, "no fault was detected of 1 that were tried"),
        ([], 1, "no fault was detected of 0 that were tried"),
    ],
)
def test_what_of_a_drill_ends_the_projects_own_checks(
    said: list[Look],
    status: int,
    words: str,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A gate that promotes or hangs, and a drill in which nothing was shown."""
    trials = {f"fault_{n}": judged(f"fault_{n}", FAULT, one) for n, one in enumerate(said)}
    matrix = Matrix(target="t", faults=dict.fromkeys(trials, FAULT), trials=trials)
    (tmp_path / "matrix.json").write_text(as_json(matrix), "utf-8")
    assert drill_shown.main(str(tmp_path / "matrix.json")) == status
    assert words in capsys.readouterr().err


def test_what_the_matrix_shows_is_text() -> None:
    """Markup in titles and reasons is shown, and does nothing."""
    fault = FAULT.model_copy(update={"title": "<script>x</script> | y"})
    said = look({**TURNED, "port.x": ("FAIL", "<img src=x onerror=y>")})
    trial = judged("worker", fault, said)
    matrix = Matrix(target="t", faults={"worker": fault}, trials={"worker": trial})
    shown = page(matrix)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown
    assert as_markdown(matrix).count("\n| worker") == 1


MISTAKES = {
    "units are started again, and nothing was done": (
        'title = "t"\nchapter = "c"\nrestarts = ["x"]\ngate = { pytest = true }',
        "restarts goes with inject",
    ),
    "unknown key": ('title = "t"\nchapter = "c"\nsurprise = 1', "surprise: unknown key; known:"),
    "unknown injector": (
        'title = "t"\nchapter = "c"\ninject.magic = {}',
        "inject.magic: unknown injector; known: drop_in, file,",
    ),
    "an injector's key": (
        'title = "t"\nchapter = "c"\ninject.unit = { unit = "a", act = "eat" }',
        "inject.unit: act:",
    ),
    "nothing is done": (
        'title = "t"\nchapter = "c"',
        "does nothing: needs inject,",
    ),
    "keys that do not go together": (
        'title = "t"\nchapter = "c"\ninject.file = { path = "/x", act = "mode" }',
        'mode and act = "mode" go together',
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_names_file_table_and_key(name: str, tmp_path: pathlib.Path) -> None:
    """And nothing is done."""
    keys, words = MISTAKES[name]
    file = tmp_path / "some.toml"
    file.write_text(f"[fault.one]\n{keys}\n", "utf-8")
    with pytest.raises(ContractError) as told:
        load_faults(tmp_path)
    assert str(told.value).startswith(f"{file}: [fault.one]")
    assert words in str(told.value)


def test_a_folder_without_faults_is_a_mistake(tmp_path: pathlib.Path) -> None:
    """A drill of nothing proves nothing."""
    with pytest.raises(ContractError, match="there are no faults"):
        load_faults(tmp_path)
    (tmp_path / "a.toml").write_text("[about]\nleaves_out = []\n", "utf-8")
    with pytest.raises(ContractError, match="there are no faults"):
        load_faults(tmp_path)


def test_parts_are_all_of_it() -> None:
    """Every fault is in exactly one of five parts; places, names and chapters choose."""
    faults = load_faults(runs.ROOT / "tests/faults")
    every = set(chosen(faults, "sandbox", (), (), ""))
    parts = [set(chosen(faults, "sandbox", (), (), f"{n}/5")) for n in range(1, 6)]
    assert sum(map(len, parts)) == len(every)
    assert set().union(*parts) == every
    assert set(chosen(faults, "sandbox", ["drip"], (), "")) == {"drip"}
    late = [list(chosen(faults, "sandbox", (), (), f"{n}/5")) for n in range(1, 501, 5)]
    assert {frozenset(one) for one in late} == {frozenset(parts[0])}
    assert {one[0] for one in late} == parts[0], "each of a part is the first one once"
    for only, chapters, part in ((["nothing"], (), ""), ((), ["x"], ""), ((), (), "0/5")):
        with pytest.raises(ContractError):
            chosen(faults, "sandbox", only, chapters, part)


def test_faults_of_one_state_come_together() -> None:
    """And those first that are of the first one's state."""
    states = {
        "a": "predeploy",
        "b": "rollback",
        "c": "predeploy",
        "d": "postdeploy",
        "e": "rollback",
    }
    faults = {name: FAULT.model_copy(update={"moment": one}) for name, one in states.items()}
    assert in_order(faults) == ["a", "c", "d", "b", "e"]
    turned = {name: faults[name] for name in ("b", "c", "d", "e", "a")}
    assert in_order(turned) == ["b", "e", "c", "a", "d"]
    assert in_order({}) == []


@pytest.mark.parametrize(
    ("within_s", "tried", "status", "words"),
    [
        (60.0, ("worker",), 0, "1 of 1 faults detected, 1 not tried within 60 s"),
        (60.0, (), 10, "0 of 0 faults detected, 2 not tried within 60 s"),
        (math.inf, ("worker",), 10, "1 of 1 faults detected, 1 not tried"),
    ],
)
def test_what_was_not_reached_is_told(
    within_s: float, tried: tuple[str, ...], status: int, words: str
) -> None:
    """It spoils nothing where so much time was given, and anything was tried in it."""
    trial = Trial(name="worker", end=End.DETECTED, look=look(TURNED))
    matrix = Matrix(
        target="t",
        faults={"worker": FAULT, "other": FAULT},
        trials=dict.fromkeys(tried, trial),
        left=tuple(one for one in ("worker", "other") if one not in tried),
        within_s=within_s,
    )
    assert (matrix.exit_status, headline(matrix)) == (status, words)


@pytest.mark.parametrize("good", [1, 0])
def test_what_was_tried_is_kept_where_the_place_gives_up(
    good: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And why it ended; where nothing was tried, that is a mistake."""

    class Place:
        tried = 0

        def trial(self, name: str, *_: object) -> Trial:
            if self.tried == good:
                raise NotGreenError("it is not green")
            self.tried += 1
            return Trial(name=name, end=End.DETECTED, look=look(TURNED))

    monkeypatch.setattr("gate.drill.drill.bench", lambda *_: contextlib.nullcontext(Place()))
    faults = load_faults(runs.ROOT / "tests/faults")
    target = local(
        tmp_path,
        embedded=True,
        launcher={"title": "t", "up": ("x",), "down": ("x",), "status": ("x",)},
    )
    plan = Plan(
        target=target,
        contract=load_contract(runs.ROOT / "tests/contract"),
        folder=tmp_path,
        faults=faults,
        chosen=dict.fromkeys(("one", "two", "three"), FAULT),
        reports=tmp_path,
        cwd=tmp_path,
    )
    told: list[str] = []
    if not good:
        with pytest.raises(NotGreenError):
            drill(plan, lambda one: told.append(one.name), threading.Event())
        return
    trials, ended = drill(plan, lambda one: told.append(one.name), threading.Event())
    assert ([*trials], str(ended), told) == (["one"], "it is not green", ["one"])


def test_a_stage_that_stands_still_is_told(tmp_path: pathlib.Path) -> None:
    """And is left to the next drill, as no fault is called; with what went wrong before it."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    stage = {"shell": {"do": ":", "ready": ":", "undo": "echo no >&2; false"}}
    target, journal = local(tmp_path), Journal(tmp_path)
    faults = Faults(folder=tmp_path, by_name={}, stage=stage)
    gating = Gating(
        target=target, contract=tmp_path, instance="staged", folder=tmp_path, cwd=tmp_path
    )

    def goes_wrong() -> None:
        with Bench(target, gating, faults, journal) as place:
            place._set_stage()  # noqa: SLF001 - a trial that needs it runs the whole gate
            raise NotGreenError("it is not green")

    with pytest.raises(NotUndoneError, match=r"NOT UNDONE: .*no;.* \(.*: it is not green"):
        goes_wrong()
    assert [*journal.open()] == ["[stage]"]
    (tmp_path / "some.toml").write_text("[fault.'[stage]']\n", "utf-8")
    with pytest.raises(ContractError, match="a fault's name is"):
        load_faults(tmp_path)


def test_whoever_waits_for_green_says_what_for(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, after a while; a gate that is soon green again is not spoken of."""
    monkeypatch.setattr("gate.drill.bench.AGAIN_S", 0.0)
    looks = [look({"service.redis": ("FAIL", "is activating")})] * 3 + [Look(0, "PROMOTE", {}, 1.0)]

    class Looking:
        cancelled = threading.Event()

        def __init__(self) -> None:
            self.left = list(looks)

        def look(self, *_: object, **__: object) -> Look:
            return self.left.pop(0)

    def said(after_s: float) -> list[str]:
        monkeypatch.setattr("gate.drill.bench.NOTE_S", after_s)
        told: list[str] = []
        gating = Looking()
        place = Bench(local(tmp_path), gating, FAULTS, Journal(tmp_path), told.append)  # type: ignore[arg-type]
        assert place._not_green("predeploy", Scope()) == ""  # noqa: SLF001 - the wait alone
        assert gating.left == []
        return told

    assert said(60.0) == []
    (line,) = said(0.0)
    assert "waiting up to 120 s for the gate to be green at predeploy" in line
    assert "service.redis (FAIL: is activating)" in line


@pytest.mark.parametrize("tried", [1, 0])
@pytest.mark.parametrize("interrupted", [False, True])
def test_what_stands_still_is_in_the_matrix(
    tried: int,
    interrupted: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever became of the faults, and where the drill was interrupted, too."""
    cancelled, told = threading.Event(), list[str]()

    class Place:
        def trial(self, name: str, *_: object) -> Trial:
            if interrupted:
                cancelled.set()
            return Trial(name=name, end=End.DETECTED, look=look(TURNED))

    @contextlib.contextmanager
    def bench(*_: object) -> Iterator[Place]:
        yield Place()
        raise NotUndoneError("the stage is NOT UNDONE: <no>")

    monkeypatch.setattr("gate.drill.drill.bench", bench)
    plan = Plan(
        target=local(tmp_path),
        contract=load_contract(runs.ROOT / "tests/contract"),
        folder=tmp_path,
        faults=load_faults(runs.ROOT / "tests/faults"),
        chosen=dict.fromkeys(("one",)[:tried], FAULT),
        reports=tmp_path,
        cwd=tmp_path,
    )
    assert command._drill(plan, told.append, cancelled, {}) == 1  # noqa: SLF001
    assert "gate drill: the stage is NOT UNDONE: <no>" in told
    assert not any("taken back" in one for one in told)
    found = (tmp_path / "drill/here/matrix.md").read_text("utf-8")
    assert "the host is not as it was" in found
    assert "NOT UNDONE" in found


def test_promises_of_the_drills_own_are_added(tmp_path: pathlib.Path) -> None:
    """To a copy of the contract: as files, or behind what is there, less what is left out."""
    contract, own = tmp_path / "contract", tmp_path / "own"
    for folder, files in ((contract, ("a", "b", "slow")), (own, ("b", "c"))):
        folder.mkdir()
        for name in files:
            (folder / f"{name}.toml").write_text(f"{folder.name}.{name} = 1", "utf-8")
    assert laid_out(contract, Scope(), own, tmp_path) == contract
    both = laid_out(contract, Scope(("slow",), own=True), own, tmp_path)
    told = {file.name: file.read_text("utf-8").split("\n") for file in both.iterdir()}
    assert told == {
        "a.toml": ["contract.a = 1", ""],
        "b.toml": ["contract.b = 1", "own.b = 1", ""],
        "c.toml": ["own.c = 1", ""],
    }
    assert laid_out(contract, Scope(("slow",)), own, tmp_path) != both


def test_what_is_looked_at_beside_a_fault() -> None:
    """What is left out as a rule is not where a fault asks for it; the drill's own only then."""
    faults = Faults(folder=runs.ROOT, by_name={}, leaves_out=("slow",), healthy_only=("logs",))
    chapters = {"service.worker": "services", "log.worker": "logs", "port.api": "ports"}
    assert scope_of(FAULT, faults, chapters, ()) == Scope(("slow",))
    assert scope_of(FAULT, faults, chapters, ("log.worker",)) == Scope(("slow",), own=True)
    whole = FAULT.model_copy(update={"whole": True})
    assert scope_of(whole, faults, chapters, ("port.api",)) == Scope()


def test_every_fault_of_the_suite_is_whole() -> None:
    """Each one's scripts can be made, and each says what has to turn, or how the gate ends."""
    faults = load_faults(runs.ROOT / "tests/faults")
    target = local(runs.ROOT, drill=Drill(place="sandbox"))
    for name, one in faults.by_name.items():
        assert one.expect or one.exit != 1, name
        scripts = scripts_of(one, target)
        assert (scripts is None) == (not one.inject), name


def test_only_what_was_given_up_is_broken(tmp_path: pathlib.Path) -> None:
    """A real target needs its own word with a reason, and the person's."""
    real = local(tmp_path)
    with pytest.raises(TargetError, match=r"\[drill\] place"):
        allowed(real, applies=True)
    given = real.model_copy(update={"drill": Drill(place="x")})
    with pytest.raises(TargetError, match="why this host may be broken"):
        allowed(given, applies=True)
    given = real.model_copy(update={"drill": Drill(place="x", throwaway="it is a copy")})
    with pytest.raises(TargetError, match="say --apply"):
        allowed(given, applies=False)
    allowed(given, applies=True)


def test_every_injector_is_known_by_its_name() -> None:
    """The catalogue is the folder's modules."""
    names = {"drop_in", "file", "listener", "lock", "mount", "shell", "sql", "tool", "unit"}
    assert names <= set(known_injectors())


def test_a_wrong_option_breaks_nothing(tmp_path: pathlib.Path) -> None:
    """One line, and exit 4."""
    for words, told in (
        (["--only=nothing"], "there is no such fault"),
        (["--part=9"], "must be K/N"),
        (["--healthy=-1"], "at least 1"),
        (["--jobs=0"], "at least 1"),
        (["--faults", str(tmp_path)], "there are no faults"),
        (["--target=nowhere"], "no target 'nowhere'"),
    ):
        ended = subprocess.run(  # noqa: S603 - the gate itself
            [sys.executable, "-m", "gate", "drill", f"--reports={tmp_path}", *words],
            cwd=runs.ROOT,
            env=runs.environ(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == 4, ended.stdout + ended.stderr
        assert told in ended.stderr
