"""The drill's own parts: faults as they are written, injected, proven, undone, and judged."""

from __future__ import annotations

import contextlib
import math
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from gate.commands import drill as command
from gate.drill.bench import Bench, NotGreenError, NotUndoneError
from gate.drill.drill import Plan, allowed, chosen, drill, in_order, to_its_end
from gate.drill.fault import Fault
from gate.drill.gating import Gating, Look
from gate.drill.healthy import Count, healthy, upper_bound
from gate.drill.host import Host
from gate.drill.injection import known_injectors
from gate.drill.journal import Journal
from gate.drill.load import Faults, load_faults, scripts_of
from gate.drill.matrix import Matrix, as_json, as_markdown, headline, rate
from gate.drill.page import page
from gate.drill.scope import Scope, laid_out, scope_of
from gate.drill.trial import End, Trial, judged, without
from gate.errors import ContractError, TargetError
from gate.kinds.load import load_contract
from gate.target import Target
from gate.target_drill import Drill
from tests.bench import drill_shown
from tests.selftest import runs

SHELL = {"shell": {"do": ":", "ready": ":", "undo": ":"}}
FAULT = Fault(
    title="A worker is stopped",
    chapter="services",
    inject=SHELL,
    expect={"service.worker": "is dead", "log.worker": "? no journal"},
    may=("session.*",),
)
FAULTS = Faults(folder=pathlib.Path(), by_name={})
TURNED = {"service.worker": ("FAIL", "it is dead"), "log.worker": ("INCONCLUSIVE", "no journal")}


def look(odd: dict[str, tuple[str, str]], status: int = 1, *, late: bool = False) -> Look:
    """What the gate said."""
    return Look(status, "BLOCKED", odd, 1.0, late)


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


def local(prefix: pathlib.Path, **keys: object) -> Target:
    """A target that is a folder of this machine."""
    (prefix / "bin").mkdir(exist_ok=True) if prefix != runs.ROOT else None
    return Target.model_validate(
        {
            "name": "here",
            "title": "here",
            "host": "local://",
            "prefix": str(prefix),
            "path": (f"{prefix}/bin",),
            **keys,
        }
    )


def done(
    target: Target,
    fault: Fault,
    undoes: bool = True,  # noqa: FBT001, FBT002 - a switch of a test
) -> tuple[str, str, str]:
    """Do a fault and see that it is there, and undo it: what went wrong each time."""
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    try:
        return host.do("one", scripts.do), host.wait("one", scripts.ready, 5.0), ""
    finally:
        if undoes:
            assert host.undo(host.whole_undo("one", scripts.undo)) == ""


def test_a_fault_without_effect_is_found_out(tmp_path: pathlib.Path) -> None:
    """What its effect is not proven of says nothing of the gate."""
    silent = FAULT.model_copy(
        update={"inject": {"shell": {"do": ":", "ready": "false", "undo": ":"}}}
    )
    host, scripts = Host(local(tmp_path), f"t{os.getpid()}"), scripts_of(silent, local(tmp_path))
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    assert "not done within 0.5 s" in host.wait("one", scripts.ready, 0.5)
    assert host.undo(host.whole_undo("one", scripts.undo)) == ""


ACTS = {
    "remove": {}, "write": {"text": "new\n"}, "append": {"text": "new\n"},
    "edit": {"sed": "s/old/new/"}, "mode": {"mode": "600"}, "link": {"to": "/nowhere"},
    "touch": {},
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_a_file_is_as_it_was(act: str, tmp_path: pathlib.Path) -> None:
    """Content, mode and time, and the folder in which it was kept is gone."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    file = tmp_path / "a file"
    file.write_text("old\n", "utf-8")
    file.chmod(0o640)
    os.utime(file, (1, 1))
    inject = {"file": {"path": "/a file", "act": act, **ACTS[act]}}
    fault = FAULT.model_copy(update={"inject": inject})
    assert done(local(tmp_path), fault) == ("", "", "")
    found = file.stat()
    assert (file.read_text("utf-8"), found.st_mode & 0o777, int(found.st_mtime)) == (
        "old\n",
        0o640,
        1,
    )
    assert list((tmp_path / "var/tmp").iterdir()) == []


CUT = """\
#!/bin/sh
# The true tool, unless it is the last one before the shell is killed: then in half, or whole.
PATH=${PATH#*:}; tool=${0##*/}; there=${0%/bin/*}
echo >>"$there/count"
[ "$(grep -c "" "$there/count")" = "$(cat "$there/last")" ] || exec "$tool" "$@"
case $tool-$(cat "$there/way") in
*-whole) "$tool" "$@" ;;
ln-*|perl-*) ;;
*) for to; do from=$was was=$to; done
   case "$tool $* $from" in
   *--no-copy*|"mv "*gate-drill-*gate-drill-*gate-drill-*) ;;  # a name is changed at once
   rm*) rm -rf "$to/a" ;;
   *) if [ -d "$from" ]; then mkdir -p "$to"; cp -a "$from/a" "$to/"; else : >"$to"; fi ;;
   esac ;;
esac
kill -9 $PPID
"""
"""Stands before PATH as ``cp``, ``mv`` and others."""
CANNOT = '#!/bin/sh\nPATH=${PATH#*:}\n[ "$1" != -s ] || exec ln "$@"\nexit 1\n'
"""Stands before PATH as ``ln`` and ``perl`` where a path cannot be taken but by copying it."""
TAKEN = {
    "remove": {"file": {"path": "/it", "act": "remove"}},
    "link": {"file": {"path": "/it", "act": "link", "to": "/nowhere"}},
    "write": {"file": {"path": "/one", "act": "write", "text": "new"}},
    "tool": {"tool": {"tool": "one", "script": "echo new"}},
    "no tool": {"tool": {"tool": "one"}},
}


@pytest.mark.parametrize("way", ["half", "whole"])
@pytest.mark.parametrize(
    ("name", "copies"),
    [(one, False) for one in TAKEN] + [(one, True) for one in ("remove", "link", "tool")],
)
def test_whoever_is_killed_while_he_keeps_something_loses_nothing(
    name: str,
    copies: bool,  # noqa: FBT001 - a case
    way: str,
    tmp_path: pathlib.Path,
) -> None:
    """At every step of it, in the middle and behind it; also where names cannot be changed."""
    fault = FAULT.model_copy(update={"inject": TAKEN[name]})
    for last in range(1, 30):
        root = tmp_path / str(last)
        for folder in ("it", "bin", "var/tmp"):
            (root / folder).mkdir(parents=True)
        files = [root / one for one in ("it/a", "it/b", "one", "bin/one")]
        for file in files:
            file.write_text(f"old {file.name}", "utf-8")
        (root / "last").write_text(str(last), "utf-8")
        (root / "way").write_text(way, "utf-8")
        for tool in ("ln", "mv", "cp", "rm", "perl"):
            stands = CANNOT if copies and tool in ("ln", "perl") else CUT
            (root / "bin" / tool).write_text(stands, "utf-8")
            (root / "bin" / tool).chmod(0o755)
        target = local(root)
        host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
        assert scripts is not None
        wrong = host.do("one", scripts.do)
        for tool in ("ln", "mv", "cp", "rm", "perl"):
            (root / "bin" / tool).unlink()
        assert host.undo(host.whole_undo("one", scripts.undo)) == ""
        assert [file.read_text("utf-8") for file in files] == [f"old {file.name}" for file in files]
        assert list((root / "var/tmp").iterdir()) == []
        if not wrong:
            return
    pytest.fail("it never came to its end")


def test_what_cannot_be_put_back_is_kept(tmp_path: pathlib.Path) -> None:
    """Though what is run behind it goes well."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/it").write_text("old", "utf-8")
    inject = {"file": {"path": "/etc/it", "act": "remove", "then": ":"}}
    target, fault = local(tmp_path), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    (tmp_path / "etc").rename(tmp_path / "away")
    assert host.undo(host.whole_undo("one", scripts.undo)) != ""
    (tmp_path / "away").rename(tmp_path / "etc")
    assert host.undo(host.whole_undo("one", scripts.undo)) == ""
    assert (tmp_path / "etc/it").read_text("utf-8") == "old"


def test_adding_where_something_is_fails_whatever_comes_behind_it(tmp_path: pathlib.Path) -> None:
    """A reload that goes well is no reason to take what was there for the fault."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    (tmp_path / "it").write_text("mine", "utf-8")
    inject = {"file": {"path": "/it", "act": "add", "text": "x", "then": ":"}}
    wrong, _, _ = done(local(tmp_path), FAULT.model_copy(update={"inject": inject}))
    assert "exit status 1" in wrong
    assert (tmp_path / "it").read_text("utf-8") == "mine"


@pytest.mark.parametrize("stays", [False, True])
def test_units_are_started_again_once_it_is_undone(
    stays: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
) -> None:
    """And not before: what cannot be undone would be logged again."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    target = local(tmp_path)
    tool = f"#!/bin/sh\n[ ! -e {tmp_path}/fault ] && echo $* >>{tmp_path}/said\n"
    (tmp_path / "bin/systemctl").write_text(tool, "utf-8")
    (tmp_path / "bin/systemctl").chmod(0o755)
    undo = "false" if stays else f"rm -f {tmp_path}/fault"
    shell = {"do": f"touch {tmp_path}/fault", "ready": ":", "undo": undo}
    fault = FAULT.model_copy(update={"inject": {"shell": shell}, "restarts": ("a.service", "b c")})
    host, scripts = Host(target, "again"), scripts_of(fault, target)
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    assert bool(host.undo(host.whole_undo("one", scripts.undo))) is stays
    said = tmp_path / "said"
    assert (said.read_text("utf-8") if said.exists() else "") == (
        "" if stays else "restart a.service b c\n"
    )


def test_two_of_one_kind_keep_apart_what_they_replace(tmp_path: pathlib.Path) -> None:
    """Each gets back its own."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / name).write_text(name, "utf-8")
    files = {name: {"path": f"/{name}", "act": "write", "text": "new"} for name in ("one", "two")}
    fault = FAULT.model_copy(update={"inject": {"file": files}})
    assert done(local(tmp_path), fault) == ("", "", "")
    assert [(tmp_path / name).read_text("utf-8") for name in files] == ["one", "two"]
    assert list((tmp_path / "var/tmp").iterdir()) == []


def test_a_lock_is_held_until_it_is_undone(
    tmp_path: pathlib.Path, make_database: Callable[[], str]
) -> None:
    """Others wait for it, and no longer than it stands."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    there = make_database()
    with psycopg.connect(there, autocommit=True) as connection:
        connection.execute("CREATE TABLE held (id integer)")
        sql = f"{sys.executable} -c {shlex.quote(ASKS)} {shlex.quote(there)}"
        target = local(tmp_path, drill=Drill(place="x", sql=sql))
        statement = "LOCK TABLE held IN ACCESS EXCLUSIVE MODE"
        fault = FAULT.model_copy(update={"inject": {"lock": {"statement": statement}}})
        host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
        assert scripts is not None
        connection.execute("SET lock_timeout = '200ms'")
        try:
            assert host.do("one", scripts.do) == ""
            assert host.wait("one", scripts.ready, 20.0) == ""
            with pytest.raises(psycopg.errors.LockNotAvailable):
                connection.execute("SELECT * FROM held")
        finally:
            assert host.undo(host.whole_undo("one", scripts.undo)) == ""
        connection.execute("SET lock_timeout = '20s'")
        assert connection.execute("SELECT * FROM held").fetchall() == []


ASKS = """\
import sys, psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as it:
    for one in sys.stdin.read().split(";\\n"):
        said = it.execute(one) if one.strip() else None
        for row in said.fetchall() if said and said.description else ():
            print(*("tf"[not value] if isinstance(value, bool) else value for value in row))
"""
"""Takes SQL on its standard input, and answers as psql -qAt does."""


def test_what_is_added_is_taken_away_and_what_was_there_stays(tmp_path: pathlib.Path) -> None:
    """Adding where something is already is refused, and undoing that removes nothing."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    inject = {"file": {"path": "/new", "act": "add", "text": "x"}}
    fault = FAULT.model_copy(update={"inject": inject})
    assert done(local(tmp_path), fault) == ("", "", "")
    assert not (tmp_path / "new").exists()
    (tmp_path / "new").write_text("mine", "utf-8")
    wrong, _, _ = done(local(tmp_path), fault)
    assert "exit status 1" in wrong
    assert (tmp_path / "new").read_text("utf-8") == "mine"


def test_a_tool_lies_only_where_the_target_looks(tmp_path: pathlib.Path) -> None:
    """It stands in the target's own folder before PATH, leads to the true one, and goes again."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    inject = {"tool": {"tool": "uname", "script": 'echo "not $("$TOOL")"'}}
    target, fault = local(tmp_path), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    assert host.do("one", scripts.do) == ""
    assert host.wait("one", scripts.ready, 5.0) == ""
    said = subprocess.run([tmp_path / "bin/uname"], check=True, capture_output=True, text=True)  # noqa: S603
    assert said.stdout == "not Linux\n"
    assert host.undo(host.whole_undo("one", scripts.undo)) == ""
    assert list((tmp_path / "bin").iterdir()) == []


def test_a_port_is_taken_and_given_back(tmp_path: pathlib.Path) -> None:
    """Whoever connects is told what the fault says."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inject = {"listener": {"port": port, "says": "+PONG\\r\\n"}}
    target, fault = local(tmp_path), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, f"t{os.getpid()}"), scripts_of(fault, target)
    assert scripts is not None
    try:
        assert host.do("one", scripts.do) == ""
        assert host.wait("one", scripts.ready, 5.0) == ""
        with socket.create_connection(("127.0.0.1", port), 5) as it:
            assert it.recv(100) == b"+PONG\r\n"
    finally:
        assert host.undo(host.whole_undo("one", scripts.undo)) == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_what_stands_open_is_undone_by_whoever_comes_next(tmp_path: pathlib.Path) -> None:
    """From the journal alone: the drill that did it was killed."""
    root, kept = tmp_path / "root", tmp_path / "kept"
    (root / "var/tmp").mkdir(parents=True)
    (root / "file").write_text("old", "utf-8")
    inject = {"file": {"path": "/file", "act": "remove"}}
    target, fault = local(root), FAULT.model_copy(update={"inject": inject})
    host, scripts = Host(target, "killed"), scripts_of(fault, target)
    assert scripts is not None
    Journal(kept).begins("one", host.whole_undo("one", scripts.undo))
    assert host.do("one", scripts.do) == ""
    assert not (root / "file").exists()
    with (kept / "open.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"begins": "tw')  # torn: it was not begun
    (undo,) = Journal(kept).open().values()
    assert Host(target, "another").undo(undo) == ""
    assert (root / "file").read_text("utf-8") == "old"
    assert Host(target, "another").undo(undo) == "", "twice is once"
    Journal(kept).ended("one")
    assert Journal(kept).open() == {}


KILLED = """\
import os, signal, sys, threading, time
from gate.drill.host import Host
from gate.target import Target
host = Host(Target.model_validate_json(sys.argv[1]), "killed")
threading.Thread(target=host.do, args=("one", sys.argv[2]), daemon=True).start()
while not os.path.exists(sys.argv[3]): time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_drill_had_begun_is_waited_for(tmp_path: pathlib.Path) -> None:
    """It goes on on the host, and would be done behind its own undoing."""
    (tmp_path / "var/tmp").mkdir(parents=True)
    target, begun, done = local(tmp_path), tmp_path / "begun", tmp_path / "done"
    undo = Host(target, "killed").whole_undo("one", f"rm {done}")
    script = f"touch {begun}; sleep 1.5; touch {done}"
    words = [sys.executable, "-c", KILLED, target.model_dump_json(exclude_unset=True)]
    ended = subprocess.run([*words, script, str(begun)], check=False, timeout=60)  # noqa: S603
    assert ended.returncode == -signal.SIGKILL
    assert not done.exists()
    assert Host(target, "another").undo(undo) == ""
    assert not done.exists()
    assert list((tmp_path / "var/tmp").iterdir()) == []


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
