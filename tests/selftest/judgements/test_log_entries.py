"""What a unit's journal and a container's log tell of a period, and what may be missing from it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.each import Block
from gate.sources.host.logs.answer import Answer
from gate.sources.host.logs.container_lines import read_container
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.journal_lines import line_of, read_journal
from gate.sources.host.logs.stamps import stamp
from gate.sources.host.logs.subject import ERRORS, Subject

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.timezone.utc)
UP_S = 100_000
STARTED = "P InactiveExitTimestampMonotonic=96400000000"
"""An hour ago."""
ACTIVE = ["P Id=a.service", "P LoadState=loaded", "P ActiveState=active", "P SubState=running"]
BEGUN = [*ACTIVE, STARTED]


def answer(
    lines: tuple[str, ...], rc: int, since_s: float | None, kind: str, **asked: Any
) -> Answer:
    """What the host says, an hour after the period began."""
    keys: dict[str, Any] = {
        "kind": kind, "place": "a", "unit": "", "since": "start", "never": (ERRORS,), "but": (),
        "says": "",
    }  # fmt: skip
    begin = [f"B {NOON.timestamp() - since_s:.0f}"] if since_s else []
    head = [f"C {NOON.timestamp()} {UP_S} +0000", *begin]
    block = Block("\n".join([*head, *lines]), rc)
    return Answer(Subject(**{**keys, **asked}), block, 1 << 20)


def entry(text: Any, ago_s: float = 60, **more: Any) -> str:
    """An entry of the journal."""
    at = str(int((NOON.timestamp() - ago_s) * 1e6))
    return json.dumps({"__REALTIME_TIMESTAMP": at, "MESSAGE": text, **more})


def journal(*lines: str, rc: int = 0, since_s: float | None = 3600, **asked: Any) -> Any:
    """What comes of it."""
    return read_journal(answer(lines, rc, since_s, "journal", **asked))


READ = ["R 0 2", f"O {entry('Started a.', 3600, UNIT='a.service')}"]


@pytest.mark.parametrize(
    ("lines", "matches"),
    [
        ([f"L {entry('all is well')}"], 0),
        ([f"L {entry('ERROR no')}"], 1),
        ([f"L {entry('it is odd', PRIORITY='3')}"], 1),
        ([f"L {entry('ERROR no', 7200)}"], 0),
        ([f"L {entry(['ERROR no', 'twice'])}"], 1),
        ([f"L {entry([69, 82, 82, 79, 82, 32, 255])}"], 1),
        ([f"L {entry(None)}", "L {}", "L nothing"], 0),
        # Cut off in the middle it is read all the same.
        ([f"L {entry('ERROR no')[:-4]}"], 1),
    ],
)
def test_entries_that_count(lines: list[str], matches: int) -> None:
    """Those of the period, whatever the journal makes of their text."""
    found = journal(*BEGUN, *READ, *lines)
    assert isinstance(found, LogFacts)
    assert (found.matches, found.incomplete, found.running) == (matches, "", True)
    assert found.place == "the journal of a.service"
    assert found.since == NOON - dt.timedelta(hours=1)


def test_an_entry_without_a_time_is_none() -> None:
    """And one whose text cannot be read has none."""
    assert line_of('{"MESSAGE": "x"}') is None
    one = line_of('{"__REALTIME_TIMESTAMP" : "1000000", "MESSAGE" : [1, 2')
    assert one is not None
    assert (one.text, one.priority) == ("", None)


@pytest.mark.parametrize(
    ("lines", "rc", "since_s", "cause", "words"),
    [
        ([*BEGUN, *READ], 124, 3600, Cause.TIMEOUT, "could not be read to the start in time"),
        ([*BEGUN, READ[1]], 0, 3600, Cause.UPSTREAM, "more than 1024 KiB of it would have to be read"),
        ([*BEGUN, *READ, f"D {entry('Suppressed 9 messages')}"], 0, 3600, Cause.UPSTREAM,
         "journald dropped some of it: Suppressed 9 messages"),
        ([*ACTIVE, "R 0 2"], 0, None, Cause.UPSTREAM, "never started since the host came up"),
        ([*BEGUN, "R 0 2"], 0, 3600, Cause.UPSTREAM, "how far back the journal goes is not told"),
        ([*BEGUN, "R 0 2", f"O {entry('a', 3600)}", "F x"], 0, 3600, Cause.UPSTREAM,
         "how far back the journal goes is not told"),
        ([*BEGUN, "R 0 2", f"O {entry('a', 60, UNIT='a')}", f"F {entry('x', 1800)}"], 0, 3600,
         Cause.UPSTREAM, "the journal goes back to 2026-11-29 11:30:00 UTC only, and not to"),
        ([*BEGUN, *READ, "W 3", f"L {entry('x')}"], 0, 3600, Cause.UPSTREAM, "3 older lines"),
    ],
)  # fmt: skip
def test_what_may_be_missing_from_a_journal(
    lines: list[str], rc: int, since_s: float | None, cause: Cause, words: str
) -> None:
    """Then nobody says that nothing was logged."""
    found = journal(*lines, rc=rc, since_s=since_s, says="is well")
    assert isinstance(found, LogFacts)
    assert words in found.incomplete
    assert found.cause is cause


@pytest.mark.parametrize(
    "lines",
    [
        [*BEGUN, *READ, f"D {entry('Suppressed 9 messages', 7200)}"],
        [*BEGUN, "R 0 2", f"F {entry('x', 7200)}"],
    ],
)
def test_nothing_is_missing_from_a_journal(lines: list[str]) -> None:
    """It goes back far enough, and what was dropped was dropped before."""
    assert journal(*lines).incomplete == ""


@pytest.mark.parametrize(
    ("lines", "since_s", "cause", "words"),
    [
        (["E systemctl: not found"], 3600, Cause.TOOL_MISSING, "a: systemctl: not found"),
        ([*BEGUN, "E Hint: You are currently not seeing messages from other users"], 3600,
         Cause.PERMISSION, "may not read the journal (groups adm, systemd-journal)"),
        ([*BEGUN, "E No journal files were opened due to insufficient permissions."], 3600,
         Cause.PERMISSION, "may not read the journal"),
        ([*BEGUN, "R 127 0", "E sh: journalctl: not found"], 3600, Cause.TOOL_MISSING, "not found"),
        ([*BEGUN, "R 1 0", "E odd"], 3600, Cause.UPSTREAM, "journalctl -u a: odd"),
        ([*BEGUN, "P StandardOutput=append:/var/log/a", "P StandardError=inherit", "R 0 2"], 3600,
         Cause.UPSTREAM, "its output goes to append:/var/log/a, and not to the journal"),
        ([*BEGUN, "R 0 0"], 3600, Cause.UPSTREAM, "no line of it since then, not even of its start"),
    ],
)  # fmt: skip
def test_a_journal_that_tells_nothing(
    lines: list[str], since_s: float | None, cause: Cause, words: str
) -> None:
    """Is no journal without errors."""
    found = journal(*lines, since_s=since_s)
    assert isinstance(found, CannotTell), found
    assert words in found.reason
    assert found.cause is cause


def test_a_unit_that_there_is_not() -> None:
    """Unless it was started, and its file was removed since."""
    gone = ["P Id=a.service", "P LoadState=not-found"]
    assert isinstance(journal(*gone), Absent)
    assert isinstance(journal(*gone, STARTED, *READ), LogFacts)


OK = "2026-11-29T11:59:00Z all is well"
BAD = "2026-11-29T11:58:00Z ERROR no"
RUNS = ["V running|x|json-file|{}", "R 0 0"]


def container(*lines: str, rc: int = 0, since_s: float | None = 3600, **asked: Any) -> Any:
    """What comes of it."""
    return read_container(answer(lines, rc, since_s, "container", **asked))


def test_lines_of_a_container_that_count() -> None:
    """Whatever its engine; with its state."""
    found = container(*RUNS, f"L {OK}", f"L {BAD}", f"N {OK}")
    assert (found.matches, found.incomplete, found.state, found.running) == (1, "", "running", True)
    assert found.last == ("ERROR no",)
    stopped = container("V exited|x|json-file|{}", "R 0 0", f"L {OK}")
    assert (stopped.matches, stopped.running) == (0, False)


@pytest.mark.parametrize(
    ("lines", "rc", "cause", "words"),
    [
        (RUNS, 124, Cause.TIMEOUT, "could not be read to the end in time"),
        (["V running|x|json-file|{}"], 0, Cause.UPSTREAM, "more than 1024 KiB"),
        (["V running|x|json-file|{}", "R 0 141"], 0, Cause.UPSTREAM, "more than 1024 KiB"),
        (["V running|x|none|{}", "R 0 0"], 0, Cause.UPSTREAM, "its log driver is none: nothing"),
        (["V running|x||{}", "R 0 0"], 0, Cause.UPSTREAM, "its log driver is not told"),
        (["V running|x|local|{}", "R 0 0"], 0, Cause.UPSTREAM, "rotated, and is empty: the rest"),
        (["V running|x|json-file|max-size=1m", "R 0 0", f"O {OK}"], 0, Cause.UPSTREAM,
         "rotated, and begins with 2026-11-29 11:59:00: the rest may be gone"),
        ([*RUNS, "W 2"], 0, Cause.UPSTREAM, "2 older lines that could be like 'is up'"),
    ],
)  # fmt: skip
def test_what_may_be_missing_from_a_container(
    lines: list[str], rc: int, cause: Cause, words: str
) -> None:
    """Then nobody says that nothing was logged."""
    found = container(*lines, rc=rc, says="is up")
    assert isinstance(found, LogFacts)
    assert words in found.incomplete
    assert found.cause is cause


@pytest.mark.parametrize(
    ("lines", "since_s"),
    [
        (["V running|x|local|{}", "R 0 0", "O 2026-11-29T11:00:30Z x"], 3600),
        (["V running|x|local|{}", "R 0 0"], None),
        (["V running|x|json-file|{}", "R 0 141", f"O {OK}"], 3600),
    ],
)
def test_nothing_is_missing_from_a_container(lines: list[str], since_s: float | None) -> None:
    """Its log begins before the period, or is not rotated."""
    assert container(*lines, since_s=since_s).incomplete == ""


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["E Error: No such container: a"], Absent),
        (["E sh: no docker here"], Cause.TOOL_MISSING),
        (["E permission denied"], Cause.PERMISSION),
        ([], Cause.UPSTREAM),
        (["V running|x"], Cause.UPSTREAM),
        (
            ["V running|x|syslog|{}", "R 1 0", "L configured logging driver does not"],
            Cause.UPSTREAM,
        ),
        (["V running|x|syslog|{}", "R 1 0"], Cause.UPSTREAM),
    ],
)
def test_a_container_that_tells_nothing(lines: list[str], found: Any) -> None:
    """Is absent only where its engine says so."""
    one = container(*lines)
    if found is Absent:
        assert isinstance(one, Absent)
    else:
        assert isinstance(one, CannotTell)
        assert one.cause is found


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2026-11-29 11:59:00,123 x", "2026-11-29T11:59:00.123000+01:00"),
        ("2026-11-29T11:59:00Z x", "2026-11-29T11:59:00+00:00"),
        ("2026-13-29 11:59:00 x", None),
        ('1.2.3.4 - [29/Nov/2026:11:59:00 -0330] "GET"', "2026-11-29T11:59:00-03:30"),
        ('1.2.3.4 - [29/Xyz/2026:11:59:00 -0330] "GET"', None),
        ('{"level": "x", "ts": 1795953540.5}', "2026-11-29T11:59:00.500000+00:00"),
        ('{"level": "x", "time": "1795953540123"}', "2026-11-29T11:59:00.123000+00:00"),
        ("Nov 29 11:59:00 h x", "2026-11-29T11:59:00+01:00"),
        ("Dec 24 11:59:00 h x", "2025-12-24T11:59:00+01:00"),
        ("Dec 24 11:59:00 2024 h x", "2024-12-24T11:59:00+01:00"),
        ("Xyz 24 11:59:00 h x", None),
        ("E1129 11:59:00.123456 7 x.go:1] x", "2026-11-29T11:59:00+01:00"),
        ("nothing", None),
    ],
)
def test_the_time_of_a_line(line: str, at: str | None) -> None:
    """In whatever form; without a zone it is the host's, without a year the last such time."""
    now = NOON.astimezone(dt.timezone(dt.timedelta(hours=1)))
    found = stamp(line, now)
    assert (found.isoformat() if found else None) == at
