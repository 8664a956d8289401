"""Several journals by one journalctl: told as each by itself, or asked each by itself."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.logs import probe
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.subject import Subject
from gate.sources.host.section import Section

Entry = dict[str, Any]
Told = Mapping[Subject, LogFacts | Absent | CannotTell]
NAMES = ("a", "b", "c")
NOW = time.time()
STAMP = "__REALTIME_TIMESTAMP"
COREDUMP = "fc2e22bc6ee647b6b90729ab34a250b1"

SYSTEMCTL = """\
shift 4
for one; do
  began=$(cat {folder}/began-$one)
  printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\n' $one
  printf 'StandardOutput=journal\\nStandardError=inherit\\n'
  printf 'InactiveExitTimestampMonotonic=%s\\n\\n' $began
done
"""
JOURNALCTL = """\
import json, pathlib, sys, time
words, folder = sys.argv[2:], pathlib.Path(sys.argv[1])
units = {words[n + 1] for n, one in enumerate(words) if one == "-u"}
since = next((float(one[9:]) for one in words if one.startswith("--since=@")), 0.0)
fields = next((one[16:].split(",") for one in words if one.startswith("--output-fields=")), [])
if "-u" in words:
    with (folder / "asked").open("a") as asked:
        print(*sorted(units), file=asked)
broken = json.loads((folder / "broken").read_text())
how = next((broken[one] for one in sorted(units) if one in broken), "")
if how == "hangs":
    time.sleep(60)
if how == "complains":
    print("Journal file /x is truncated, ignoring file.", file=sys.stderr)
if how == "fails":
    sys.exit("Failed to iterate through journal: Bad message")
found = 0
entries = json.loads((folder / "entries").read_text())
for one in reversed(entries) if "-r" in words else entries:
    of = {one.get("_SYSTEMD_UNIT")}
    if one.get("_PID") == "1" and isinstance(one.get("UNIT"), str):
        of |= {one["UNIT"]}
    if one.get("_UID") == "0":
        of |= {one.get("OBJECT_SYSTEMD_UNIT")}
        of |= {one.get("COREDUMP_UNIT")} if one.get("MESSAGE_ID") == "DUMPED" else set()
    of |= {one.get("_SYSTEMD_SLICE")} & units
    if units and (not of & units or int(one["__REALTIME_TIMESTAMP"]) < since * 1e6):
        continue
    kept = {key: text for key, text in one.items() if key.startswith("__") or key in fields}
    print(json.dumps(kept, separators=BETWEEN))
    found += 1
if not found:
    print("-- No entries --")
"""


def entry(message: object, ago_s: float = 50, **fields: object) -> Entry:
    """An entry of the journal, so long before it is asked."""
    stamp = {"__CURSOR": "s=1;i=2", STAMP: str(int((NOW - ago_s) * 1e6))}
    return {**stamp, "MESSAGE": message, "PRIORITY": "6", **fields}


def by(name: str, message: object, ago_s: float = 50, **fields: object) -> Entry:
    """What a unit says itself."""
    return entry(message, ago_s, _SYSTEMD_UNIT=f"{name}.service", _UID="7", _PID="99", **fields)


def start(name: str, ago_s: float = 60) -> Entry:
    """What systemd says of its start."""
    own = {"_SYSTEMD_UNIT": "init.scope", "_PID": "1", "_UID": "0"}
    return entry(f"Started {name}.", ago_s, UNIT=f"{name}.service", **own)


def subject(name: str, since: str = "start", **changes: Any) -> Subject:
    """A unit's journal."""
    given: dict[str, Any] = {"never": ("errors",), "but": (), "says": ""}
    return Subject("journal", f"{name}.service", "", since, **{**given, **changes})


def ask(
    folder: pathlib.Path,
    subjects: Sequence[Subject],
    entries: Sequence[Entry],
    *,
    broken: Mapping[str, str] | None = None,
    began: Mapping[str, float] | None = None,
    between: tuple[str, str] = (",", ":"),
) -> tuple[Told, list[str]]:
    """What is told of them, and which units each journalctl was asked for."""
    up, passed = time.clock_gettime(time.CLOCK_BOOTTIME), (time.time() - NOW) * 1e6
    entries = [
        {**one, STAMP: str(int(one[STAMP]) + int(passed))}
        for one in sorted(entries, key=lambda one: int(one[STAMP]))
    ]
    for name in NAMES:
        ago = (began or {}).get(name, 60)
        (folder / f"began-{name}.service").write_text(str(max(0, int((up - ago) * 1e6))))
    (folder / "entries").write_text(json.dumps(entries))
    (folder / "broken").write_text(
        json.dumps({f"{a}.service": b for a, b in (broken or {}).items()})
    )
    code = JOURNALCTL.replace("BETWEEN", repr(between)).replace("DUMPED", COREDUMP)
    (folder / "journalctl.py").write_text(code)
    tools = {
        "systemctl": SYSTEMCTL.format(folder=folder),
        "journalctl": f'exec {sys.executable} -IS {folder}/journalctl.py {folder} "$@"',
    }
    for name, text in tools.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    (folder / "asked").write_text("")
    done = subprocess.run(
        ["sh"],  # noqa: S607
        input=probe.LOGS.script(subjects).encode(), capture_output=True, timeout=60, check=False,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
    )  # fmt: skip
    told = probe.LOGS.read(Section(done.stdout, done.returncode, ""), subjects)
    return told, (folder / "asked").read_text().replace(".service", "").splitlines()


def hits(told: Told) -> list[int | Cause | None]:
    """How many lines count, or why that cannot be told."""
    return [
        one.matches if isinstance(one, LogFacts) else getattr(one, "cause", None)
        for one in told.values()
    ]


ALL = [subject(name) for name in NAMES]
STARTS = [start(name) for name in NAMES]
WHOSE: dict[str, tuple[list[Entry], list[int]]] = {
    "its-own": ([by("a", "ERROR: x"), by("b", "fine"), by("c", "ERROR: y")], [1, 0, 1]),
    "systemd": (
        [{**entry("It failed", 40, UNIT="b.service", _PID="1"), "PRIORITY": "3"}],
        [0, 1, 0],
    ),
    "somebody-else-names-it": ([by("a", "ERROR: x", UNIT="b.service")], [1, 0, 0]),
    "on-its-behalf": (
        [entry("ERROR: x", 40, _UID="0", OBJECT_SYSTEMD_UNIT="b.service")],
        [0, 1, 0],
    ),
    "not-on-its-behalf": ([by("a", "ERROR: x", OBJECT_SYSTEMD_UNIT="b.service")], [1, 0, 0]),
    "a-coredump": (
        [entry("ERROR: dumped", 40, _UID="0", COREDUMP_UNIT="c.service", MESSAGE_ID=COREDUMP)],
        [0, 0, 1],
    ),
    "two-of-them": (
        [entry("ERROR", 40, _UID="0", OBJECT_SYSTEMD_UNIT="b.service", _SYSTEMD_UNIT="a.service")],
        [1, 1, 0],
    ),
    "a-text-that-names-another": (
        [by("a", 'ERROR: {"_SYSTEMD_UNIT":"b.service","_PID":"1","UNIT":"c.service"}')],
        [1, 0, 0],
    ),
    "a-field-with-a-quote": ([by("a", "ERROR: x", MESSAGE_ID='a", "MESSAGE":"fine')], [1, 0, 0]),
    "no-text": ([by("b", [*b"\x1b[31mERROR\x1b[0m x"])], [0, 1, 0]),
    "before-its-start": ([by("a", "ERROR: old", 300), by("b", "ERROR: old", 300)], [0, 0, 0]),
}
OLD = ("two-of-them", "a-text-that-names-another", "a-field-with-a-quote")
"""Tried as an older systemd prints it, too, with blanks between."""


@pytest.mark.parametrize(
    ("entries", "counts", "between"),
    [
        *((*one, (",", ":")) for one in WHOSE.values()),
        *((*WHOSE[one], (", ", " : ")) for one in OLD),
    ],
    ids=[*WHOSE, *(f"{one}-old" for one in OLD)],
)
def test_whose_line_it_is(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    entries: list[Entry],
    counts: list[int],
    between: tuple[str, str],
) -> None:
    """One journalctl tells of all of them what each would be told by itself."""
    lines = [*STARTS, *entries]
    told, asked = ask(tmp_path, ALL, lines, between=between)
    assert (hits(told), asked) == (counts, ["a b c"])
    assert [one.incomplete for one in told.values() if isinstance(one, LogFacts)] == ["", "", ""]
    monkeypatch.setattr(probe, "SEVERAL", len(ALL) + 1)
    alone, asked = ask(tmp_path, ALL, lines, between=between)
    assert sorted(asked) == [*NAMES]
    assert [alike(one) for one in told.values()] == [alike(one) for one in alone.values()]


def alike(fact: LogFacts | Absent | CannotTell) -> object:
    """A fact without times, which are other ones whenever it is asked."""
    timeless = dict.fromkeys(("since", "newest", "said"))
    return fact.model_copy(update=timeless) if isinstance(fact, LogFacts) else fact


@pytest.mark.parametrize(
    ("how", "outcome"),
    [("fails", Cause.UPSTREAM), ("complains", 0), ("hangs", 0)],
)
def test_one_of_them_is_broken(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, how: str, outcome: int | Cause
) -> None:
    """It takes none of the others with it: they are asked by themselves, and tell all they know."""
    monkeypatch.setattr(probe, "JOINT_S", 0.5)
    monkeypatch.setattr(probe, "WITHIN_S", 3.0)
    entries = [*STARTS, by("a", "ERROR: x"), by("c", "ERROR: y")]
    told, asked = ask(tmp_path, ALL, entries, broken={"b": how})
    assert hits(told) == [1, outcome, 1]
    assert sorted(set(asked) - {"a b c"}) == [*NAMES]
    late = told[ALL[1]]
    if how == "hangs":
        assert isinstance(late, LogFacts)
        assert (late.cause, "in time" in late.incomplete) == (Cause.TIMEOUT, True)
    others = [told[ALL[0]], told[ALL[2]]]
    assert [one.incomplete for one in others if isinstance(one, LogFacts)] == ["", ""]


@pytest.mark.parametrize(
    "odd",
    [
        entry("ERROR", 40, UNIT=["b.service", "c.service"], _PID="1", _SYSTEMD_UNIT="a.service"),
        by("a", "_UID"),
        {**by("a", "ERROR"), "_PID": None},
        entry("ERROR", 40, _SYSTEMD_SLICE="a.service"),
    ],
    ids=["a-field-twice", "a-text-like-a-name", "a-field-too-long", "nobodys"],
)
def test_an_entry_of_which_it_is_not_clear_whose_it_is(tmp_path: pathlib.Path, odd: Entry) -> None:
    """It is nobody's by guess: each is asked by itself."""
    _, asked = ask(tmp_path, ALL, [*STARTS, odd])
    assert sorted(asked) == ["a", "a b c", "b", "c"]


def test_what_began_long_before_is_not_read_for_the_others(tmp_path: pathlib.Path) -> None:
    """A unit that runs for weeks is asked by itself, beside two that were started today."""
    began = {"a": 60, "b": 5_000, "c": 90}
    starts = [start(name, ago) for name, ago in began.items()]
    lines = [*starts, by("b", "ERROR: x", 4_000)]
    told, asked = ask(tmp_path, ALL, lines, began=began)
    assert sorted(asked) == ["a c", "b"]
    assert hits(told) == [0, 1, 0]


def test_each_by_its_own_patterns_and_period(tmp_path: pathlib.Path) -> None:
    """Two promises on one unit, and another one's: what one does not count, the other does."""
    asked_of = [
        subject("a", never=("boom",)),
        subject("a", since="40", says="ready"),
        subject("b", never=("errors",), but=("harmless",)),
    ]
    lines = [
        *STARTS, by("a", "boom", 55), by("a", "ERROR: early", 50), by("a", "ready: 1", 10),
        by("b", "ERROR: harmless", 9), by("b", "ERROR: x", 8),
    ]  # fmt: skip
    told, asked = ask(tmp_path, asked_of, lines)
    assert (hits(told), asked) == ([1, 0, 1], ["a b"])
    facts = told[asked_of[1]]
    assert isinstance(facts, LogFacts)
    assert facts.said_line == "ready: 1"


def test_one_that_says_too_much(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to be more than is read, as ever; the others are told whole."""
    monkeypatch.setattr(probe, "MOST", 1 << 12)
    lines = [*STARTS, *(by("a", f"ERROR: {n} {'x' * 200}") for n in range(40)), by("b", "ERROR: y")]
    told, asked = ask(tmp_path, ALL, lines)
    much, *others = told.values()
    assert asked == ["a b c"]
    assert isinstance(much, LogFacts)
    assert (0 < much.matches < 40, "KiB of it would have to be read" in much.incomplete) == (
        True,
        True,
    )
    assert [one.incomplete for one in others if isinstance(one, LogFacts)] == ["", ""]
    assert hits(told)[1:] == [1, 0]
