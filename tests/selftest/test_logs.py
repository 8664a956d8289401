"""Logs: what counts as an error, and when a count may be told at all."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from gate.connection.carrier import open_carrier
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.log import Log, log, subject_of, trace
from gate.kinds.scene import Scene
from gate.pattern import first_like
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host import look as host
from gate.sources.host.each import Block
from gate.sources.host.facts import HostFacts
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.levels import is_error
from gate.sources.host.logs.probe import LOGS, read_log, wildcards
from gate.sources.host.logs.stamps import stamp
from gate.sources.host.logs.subject import EVERYTHING, SIEVE, Subject, literal, sieve
from gate.sources.host.probe import AskProbe, Probed, key, probed
from gate.sources.host.questions import AskDeployed, host_questions
from gate.sources.host.section import Section
from gate.sources.observed import Observed
from tests.selftest import hosts
from tests.selftest.hosts import identity, target
from tests.selftest.runs import ROOT

ERROR_LINES = """\
2026-02-13 15:30:00,123 - name - ERROR - Worker crashed: x
2026-02-13 15:30:00,123 [ERROR] name: boom
ERROR:root:boom
ERROR:    Exception in ASGI application
Traceback (most recent call last):
  + Exception Group Traceback (most recent call last):
ValueError: x
[2026-02-13 15:30:00 +0000] [12] [ERROR] Worker
[2026-02-13 15:30:00,123: ERROR/MainProcess] Task x
{"level":"error","msg":"x"}
{"level":50,"msg":"x"}
{"levelno":40,"msg":"x"}
{"severity":"CRITICAL","message":"x"}
{"log":{"level":"error"}}
{"version":"1.1","short_message":"x","level":3}
time="2026-02-13T15:30:00Z" level=error msg="x"
time=2026-02-13T15:30:00Z level=ERROR msg=x
2026-02-13T15:30:00.123Z\tERROR\tcaller/x.go:1\tmsg
panic: runtime error
E0213 15:30:00.123456 1 file.go:12] msg
2026-02-13 15:30:00.123 ERROR 1 --- [main] c.e.App : x
2026-02-13 15:30:00,1 [main] ERROR com.x - msg
java.lang.IllegalStateException: x
Exception in thread "main" java.lang.X
SEVERE: msg
2026/02/13 15:30:00 [error] 12#12: *1 connect() failed
[Fri Feb 13 15:30:00.1 2026] [core:error] [pid 1] x
2026-02-13 15:30:00 UTC [1] FATAL:  x
2026-02-13 15:30:00.123 | ERROR    | mod:fn:1 - msg
app.worker - ERROR - msg
<3>boom
thread 'main' panicked at src/main.rs:2:5
Error: connect ECONNREFUSED
\x1b[31mERROR\x1b[0m: boom""".splitlines()
OTHER_LINES = """\
2026-02-13 15:30:00,123 - name - INFO - SLA Worker Summary: 0 errors, ERROR count 0
INFO:     127.0.0.1:1 - "GET / HTTP/1.1" 500 Internal Server Error
{"level":"info","msg":"ERROR no"}
{"level":30,"msg":"x"}
{"severity":6,"message":"x"}
level=info msg="error: none"
2026-02-13 15:30:00 WARNING name: retried after ERROR
checked 0 errors
<6>fine
2026/02/13 15:30:00 [notice] 1#1: signal
2026-02-13 15:30:00,123 [INFO] error-handler: fine
I0213 15:30:00.123456 1 file.go:12] msg
[2026-02-13 15:30:00 +0100] [66217] [ERROR] Worker (pid:66219) was sent SIGTERM!
Error rate: 0""".splitlines()


@pytest.mark.parametrize("line", ERROR_LINES)
def test_an_error_of_the_common_formats(line: str) -> None:
    """The level stands in the text, whatever priority the journal keeps; the sieve lets it by."""
    assert is_error(line)
    assert first_like([SIEVE], [line.lower()])[0]


@pytest.mark.parametrize("line", OTHER_LINES)
def test_no_error(line: str) -> None:
    """The first word that names a level decides."""
    assert not is_error(line)


def test_priority_of_the_journal() -> None:
    """What systemd or a library logs at err or worse is an error without any word."""
    assert is_error("boom", 3)
    assert not is_error("boom", 4)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("Worker crashed", "worker crashed"),
        (r"\d+ jobs failed", "jobs failed"),
        ("retries?", "retrie"),
        ("a|b crashed", EVERYTHING),
        ("(crashed)", EVERYTHING),
        ("[crash]ed", EVERYTHING),
        (r"\x43rashed", EVERYTHING),
        (r"\p{Lu}xyz", EVERYTHING),
        ("ab", EVERYTHING),
        ("crash{2}ed", "cras"),
        ("(?i)CRASHED", "crashed"),
    ],
)
def test_what_is_sieved_on_the_host(pattern: str, text: str) -> None:
    """Only a text that stands in whatever the pattern finds; else every line is read here."""
    assert literal(pattern) == text


def subject(place: str, **changes: Any) -> Subject:
    """A log that must hold no errors."""
    given: dict[str, Any] = {"kind": "file", "unit": "", "since": "60", "never": ("errors",)}
    return Subject(place=place, **{"but": (), "says": "", **given, **changes})


def facts_of(one: Subject) -> Fact[LogFacts]:
    """What a host's own tools tell of a log, as a document keeps it."""
    here = target("local://")
    with open_carrier(here) as carrier:
        found = host.look(here, host_questions([AskProbe(LOGS, one)], 0.05), carrier)
    assert isinstance(found, Seen), found
    return probed(found.value.probes, LOGS, one)


def seen(one: Subject) -> LogFacts:
    """What is told of a log that can be read."""
    found = facts_of(one)
    assert isinstance(found, Seen), found
    return found.value


def at(ago_s: float) -> str:
    """A time as Python's logging writes it, in the host's own time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S,000", time.localtime(time.time() - ago_s))


def info(ago_s: float) -> str:
    """A line of no consequence."""
    return f"{at(ago_s)} - a - INFO - x\n"


def boom(ago_s: float) -> str:
    """An error, with a line that bears no time."""
    return f"{at(ago_s)} - a - ERROR - boom\nTraceback (most recent call last):\n"


def test_a_file_within_its_period(tmp_path: pathlib.Path) -> None:
    """Lines from before do not count; one that bears no time is of the time of the one before."""
    (tmp_path / "x.log").write_text(boom(90) + info(80) + boom(30) + info(5))
    found = seen(subject(str(tmp_path / "x.log"), says="INFO - x"))
    assert (found.matches, found.incomplete) == (2, "")
    assert found.last[-1] == "Traceback (most recent call last):"
    assert found.said
    assert 0 < (dt.datetime.now(dt.timezone.utc) - found.said).total_seconds() < 30


def test_what_a_file_was_rotated_to(tmp_path: pathlib.Path) -> None:
    """It is read where the period needs it, packed or not, and not where it was over before."""
    with gzip.open(tmp_path / "x.log.2.gz", "wt") as file:
        file.write(info(200) + boom(40))
    (tmp_path / "x.log.1").write_text(boom(30))
    (tmp_path / "x.log").write_text(info(5))
    one = subject(str(tmp_path / "*.log"))
    assert (seen(one).matches, seen(one).incomplete) == (4, "")
    old = time.time() - 3000
    os.utime(tmp_path / "x.log.2.gz", (old, old))
    assert (seen(one).matches, seen(one).incomplete) == (2, "")


@pytest.mark.parametrize("keeps", [0, 12, -3], ids=["nothing", "its head", "all but its end"])
def test_what_cannot_be_unpacked(tmp_path: pathlib.Path, keeps: int) -> None:
    """A packed file that is cut off tells nothing, however far back an older one goes."""
    (tmp_path / "x.log").write_text(info(30) + info(5))
    for name, ago in (("x.log.1.gz", 31), ("x.log.2.gz", 9000)):
        with gzip.open(tmp_path / name, "wt") as file:
            file.write(info(ago + 100) + boom(ago))
        os.utime(tmp_path / name, (time.time() - ago,) * 2)
    one = subject(str(tmp_path / "x.log"))
    assert (seen(one).matches, seen(one).incomplete) == (2, "")
    packed = tmp_path / "x.log.1.gz"
    packed.write_bytes(packed.read_bytes()[:keeps])
    os.utime(packed, (time.time() - 31,) * 2)
    assert "x.log.1.gz: could not be unpacked" in seen(one).incomplete


def test_files_that_are_called_by_a_day(tmp_path: pathlib.Path) -> None:
    """One of each day is itself, and no other one's past; what is nothing but that says so."""
    (tmp_path / "app-2026-11-28.log").write_text(info(90) + boom(30))
    (tmp_path / "app-2026-11-29.log").write_text(info(90) + info(5))
    for name in ("app-*.log", "app-2026-11-28.log"):
        assert (seen(subject(str(tmp_path / name))).matches, name) == (2, name)
    for name in ("x.log", "x.log-20261128"):
        (tmp_path / name).write_text(info(90))
    found = facts_of(subject(str(tmp_path / "x.log-*")))
    assert isinstance(found, CannotTell)
    assert "what another one was rotated to" in found.reason


def test_a_file_that_was_emptied(tmp_path: pathlib.Path) -> None:
    """A file that begins after the period does not tell that nothing was said in it."""
    file = tmp_path / "x.log"
    file.write_text(info(5))
    found = seen(subject(str(file), since="3600"))
    assert found.matches == 0
    assert "it was emptied, or what it was rotated to is gone" in found.incomplete


def test_lines_without_any_time(tmp_path: pathlib.Path) -> None:
    """Whether an error came within the period is told by the file's own age, or not at all."""
    file = tmp_path / "x.log"
    file.write_text("ERROR:root:boom\n")
    assert seen(subject(str(file))).matches == 1
    assert seen(subject("/etc/passwd", never=("root",))).matches == 0


@pytest.mark.parametrize(
    ("hours", "more", "told"),
    [
        (0, "", True),
        (2, "", False),
        (-2, "", False),
        (5.75, "", False),
        (2.1, "", True),
        (2, "a line without any time\n", True),
    ],
)
def test_times_of_another_zone(
    tmp_path: pathlib.Path,
    hours: float,
    more: str,
    told: bool,  # noqa: FBT001 - parametrized
) -> None:
    """What logs in UTC beside a host of another zone hides its errors from the last hour."""
    off_s = hours * 3600
    file = tmp_path / "x.log"
    file.write_text(info(off_s + 9000) + boom(off_s + 30) + info(off_s + 1) + more)
    found = seen(subject(str(file), since="3600"))
    assert ("of another zone" in found.incomplete) is not told, found
    if hours == 0:
        assert found.matches == 2


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: pathlib.Path) -> None:
    """Neither it, nor what is in a folder that may not be entered, is without errors."""
    file = tmp_path / "closed" / "x.log"
    file.parent.mkdir()
    file.write_text(info(5))
    file.chmod(0)
    found = seen(subject(str(file)))
    assert (found.cause, "Permission denied" in found.incomplete) == (Cause.PERMISSION, True)
    file.parent.chmod(0)
    try:
        closed = facts_of(subject(str(file)))
    finally:
        file.parent.chmod(0o700)
    assert isinstance(closed, CannotTell)
    assert closed.cause is Cause.PERMISSION


def test_a_file_that_is_not_there(tmp_path: pathlib.Path) -> None:
    """It is proven to be absent."""
    assert isinstance(facts_of(subject(str(tmp_path / "none.log"))), Absent)


def test_more_than_may_be_read(tmp_path: pathlib.Path) -> None:
    """The newest are counted, and that there may be more is said."""
    file = tmp_path / "x.log"
    file.write_text(info(50) + boom(20) * 20_000)
    found = seen(subject(str(file)))
    assert found.matches > 100
    assert "would have to be read" in found.incomplete


def test_a_busy_log_is_read_all_the_same(tmp_path: pathlib.Path) -> None:
    """However often what is looked for was said, the newest of it is found, and every error."""
    file = tmp_path / "x.log"
    cycle = f"{at(40)} - a - INFO - SLA Worker Summary: 12 tickets looked at\n"
    last = f"{at(7)} - a - INFO - SLA Worker Summary: 13 tickets looked at\n"
    file.write_text(info(50) + cycle * 60_000 + boom(30) + cycle * 60_000 + last + info(1) * 9)
    found = seen(subject(str(file), says=r"SLA Worker Summary: \d+ tickets"))
    assert (found.matches, found.incomplete) == (2, "")
    assert "13 tickets" in found.said_line
    assert found.said
    assert 5 < (dt.datetime.now(dt.timezone.utc) - found.said).total_seconds() < 30


def test_what_may_have_been_said_before(tmp_path: pathlib.Path) -> None:
    """Where none of the newest lines is like it, and older ones were not read, it is not denied."""
    file = tmp_path / "x.log"
    line = f"{at(40)} - a - INFO - summary of nothing\n"
    file.write_text(info(50) + line * 900 + info(1))
    one = subject(str(file), says=r"summary of all \d+")
    few = seen(subject(str(file), says=r"summary of everything"))
    assert (few.said, few.incomplete) == (None, "")
    assert seen(one).said is None
    many = seen(subject(str(file), says=r"summary of .{3} \d+"))
    assert (many.said, "700 older lines" in many.incomplete) == (None, True), many.incomplete


def test_patterns_of_ones_own(tmp_path: pathlib.Path) -> None:
    """They are searched in each line, with what is let pass; secrets and colours are taken out."""
    file = tmp_path / "x.log"
    lines = [
        "generation failed: password=hunter2hunter2",
        "\x1b[31mgeneration\x1b[0m failed softly",
    ]
    file.write_text("".join(f"{at(5)} INFO {one}\n" for one in lines))
    own = subject(str(file), never=("generation.* failed",))
    assert seen(own).matches == 2
    assert "hunter2" not in "".join(seen(own).last)
    assert "\x1b" not in "".join(seen(own).last)
    assert seen(own._replace(but=("softly",))).matches == 1


def test_a_pattern_without_end(tmp_path: pathlib.Path) -> None:
    """It is cannot tell, in time."""
    (tmp_path / "x.log").write_text((f"{at(5)} " + "a" * 60 + "!c\n") * 50)
    found = facts_of(subject(str(tmp_path / "x.log"), never=(r"(a|a)*c",)))
    assert isinstance(found, CannotTell)
    assert found.cause is Cause.TIMEOUT


def test_only_wildcards_are_the_shells() -> None:
    """Nothing else of a path is."""
    assert wildcards("/var/log/my app/$(id)*.log") == "'/var/log/my app/$(id)'*.log"


NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
UTC = dt.datetime(2026, 2, 13, 14, 0, 1, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    "line",
    [
        "2026-02-13 15:00:01,000 - a - INFO - local time",
        "2026-02-13T14:00:01Z INFO",
        "[2026-02-13 16:00:01 +0200] x",
        "2026/02/13 15:00:01 [error] x",
        '127.0.0.1 - - [13/Feb/2026:14:00:01 +0000] "GET /"',
        "Feb 13 15:00:01 hera x: y",
        "E0213 15:00:01.000000 1 x.go:1] y",
        '{"level":50,"ts":1770991201}',
        '{"time":1770991201000,"level":50}',
    ],
)
def test_the_time_of_a_line(line: str) -> None:
    """Without a zone it is the host's own; without a year the last such one."""
    assert stamp(line, NOW) == UTC


BEGAN = 1_770_991_200
"""When the unit was started, by the host's clock."""
UNIT = """\
P Id=w.service
P LoadState=loaded
P ActiveState=active
P SubState=running
P InactiveExitTimestampMonotonic=100000000
P StandardOutput=journal
P StandardError=inherit
"""
CLOCK = f"C {BEGAN + 300}.0 400.0 +0100\n"


def entry(letter: str, after_s: float, message: object, **fields: str) -> str:
    """An entry of the journal, so long after the unit's start."""
    at_us = str(int((BEGAN + after_s) * 1_000_000))
    found = {"__REALTIME_TIMESTAMP": at_us, "PRIORITY": "6", "MESSAGE": message, **fields}
    return f"{letter} {json.dumps(found)}\n"


def told(text: str, rc: int = 0, **changes: Any) -> Fact[LogFacts]:
    """What is made of an answer on a unit's journal."""
    one = subject("w.service", kind="journal", since="start", **changes)
    found = read_log(one, Block(f"{CLOCK}{UNIT}B {BEGAN}\n{text}", rc))
    return found if isinstance(found, (Absent, CannotTell)) else Seen(found)


START = entry("O", 0.0, "Started w.", UNIT="w.service")


def test_the_journal_of_a_unit() -> None:
    """Newest first; what is before the start does not count, whatever is not text does."""
    ansi = [*b"\x1b[31mERROR\x1b[0m x"]
    lines = entry("L", 9, ansi) + entry("L", 5, "a - ERROR - b") + entry("L", -1, "ERROR: old")
    found = told(f"{lines}{START}R 0 9\n")
    assert isinstance(found, Seen)
    assert (found.value.matches, found.value.incomplete) == (2, "")
    assert found.value.last == ("a - ERROR - b", "ERROR x")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"{entry('O', 50, 'x')}R 0 1\n{entry('F', 50, '')}", "the journal goes back to"),
        (f"{entry('O', 50, 'x')}R 0 1\n", "how far back the journal goes is not told"),
        (entry("L", 5, "x"), "would have to be read"),
        (f"{START}R 0 1\n{entry('D', 5, 'Suppressed 9 messages from w.service')}", "dropped"),
    ],
    ids=["rotated", "no-begin", "cut", "suppressed"],
)
def test_a_journal_that_is_not_all(text: str, word: str) -> None:
    """None counted in what was read is not none."""
    found = told(text)
    assert isinstance(found, Seen)
    assert (found.value.matches, word in found.value.incomplete) == (0, True)


@pytest.mark.parametrize(
    ("text", "cause", "word"),
    [
        ("E Hint: You are currently not seeing messages\nR 0 0\n", Cause.PERMISSION, "systemd-j"),
        ("E No journal files: insufficient permissions.\nR 1 0\n", Cause.PERMISSION, "may not"),
        ("R 0 0\n", Cause.UPSTREAM, "no line of it"),
        ("P StandardError=null\nR 0 1\n", Cause.UPSTREAM, "its output goes to null"),
        ("P StandardError=append:/x\nR 0 1\n", Cause.UPSTREAM, "append:/x"),
        ("E sh: journalctl: not found\nR 127 0\n", Cause.TOOL_MISSING, "not found"),
    ],
    ids=["other-users", "nothing", "not-in-it", "null", "file", "no-tool"],
)
def test_a_journal_that_tells_nothing(text: str, cause: Cause, word: str) -> None:
    """Each obstacle has its name."""
    found = told(text)
    assert isinstance(found, CannotTell)
    assert (found.cause, word in found.reason) == (cause, True), found.reason


@pytest.mark.parametrize(
    ("text", "rc", "matches"),
    [
        (entry("L", 5, "a - ERROR - b"), 124, 1),
        (f"{entry('L', 5, 'a - ERROR - b')}{START}R 124 1\n", 0, 1),
        (f"{START}R 137 1\n", 0, 0),
        ("R 124 0\n", 0, 0),
    ],
    ids=["its-shell", "journalctl", "killed", "nothing-yet"],
)
def test_a_log_that_is_not_read_in_time(text: str, rc: int, matches: int) -> None:
    """What came so far may break the promise, and never keeps it."""
    found = told(text, rc=rc)
    assert isinstance(found, Seen)
    assert (found.value.matches, found.value.cause) == (matches, Cause.TIMEOUT)
    assert found.value.incomplete


CONTAINER = "V running|2026-02-13 15:00:00.5 +0100 CET|json-file|map[]\n"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (f"{CONTAINER}L 2026-02-13T14:00:01Z ERROR: x\nO 2026-02-13T14:00:01Z y\nR 0 1\n", 1),
        (f"{CONTAINER}O 2026-02-13T14:00:01Z y\nR 0 1\n", 0),
        (f"{CONTAINER.replace('map[]', 'map[max-size:1m]')}R 0 0\n", "rotated"),
        (f"{CONTAINER.replace('json-file', 'none')}R 0 0\n", "driver is none"),
        (f"{CONTAINER}R 0 9\n", "would have to be read"),
    ],
)
def test_a_container(text: str, outcome: int | str) -> None:
    """Its engine puts a time in front of each line, and says what it keeps."""
    one = subject("shop", kind="container", since="start")
    found = read_log(one, Block(f"{CLOCK}B {BEGAN}\n{text}", 0))
    assert isinstance(found, LogFacts)
    if isinstance(outcome, int):
        assert (found.matches, found.incomplete) == (outcome, "")
    else:
        assert outcome in found.incomplete


def test_containers_that_cannot_be_told() -> None:
    """No engine, no right, none of this name."""
    one = subject("shop", kind="container")
    answers = {
        "E no docker and no podman\nR 127 0\n": Cause.TOOL_MISSING,
        "E permission denied while trying to connect\nR 1 0\n": Cause.PERMISSION,
        "E Error: No such container: shop\nR 1 0\n": None,
    }
    for text, cause in answers.items():
        found = read_log(one, Block(f"{CLOCK}{text}", 0))
        assert not isinstance(found, LogFacts)
        assert getattr(found, "cause", None) is cause


def test_everything_else_of_an_answer_is_cannot_tell() -> None:
    """Whatever a tool prints, nothing is made up of it."""
    for text in ("", "C x y z\n", f"{CLOCK}", f"{CLOCK}P Id=w\n", "\0" * 100):
        for kind in ("journal", "file", "container"):
            one = subject("w.service", kind=kind, since="start")
            assert isinstance(read_log(one, Block(text, 0)), (CannotTell, LogFacts))
    assert sieve(subject("x", never=("(a)",))) == EVERYTHING


@pytest.mark.parametrize("asked", [1, 3])
@pytest.mark.parametrize("at", [0, 1, 3])
def test_an_entry_wherever_its_cursor_stands(tmp_path: pathlib.Path, at: int, asked: int) -> None:
    """Fields are printed in any order; without its place in the journal it is one all the same."""
    fields = {"UNIT": "w.service", "__REALTIME_TIMESTAMP": f"{int(time.time() * 1e6)}"}
    texts = [json.dumps({key: one})[1:-1] for key, one in fields.items()]
    texts = [*texts, json.dumps({"MESSAGE": 'ERROR: it said "no"'})[1:-1]]
    texts.insert(at, '"__CURSOR":"s=1;i=2"')
    (tmp_path / "entry").write_text(f"{{{','.join(texts)}}}\n")
    state = "LoadState=loaded\nActiveState=active\nSubState=it's $x\nId=w.service\n\n"
    (tmp_path / "state").write_text(state)
    tools = {
        "systemctl": f"shift 4; for one; do cat {tmp_path}/state; done",
        "journalctl": f"case $* in *' -u '*) cat {tmp_path}/entry ;; esac",
    }
    for name, text in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    one = subject("w.service", kind="journal")
    many = [one, *(subject(f"{n}.service", kind="journal") for n in range(asked - 1))]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh"],  # noqa: S607
        input=LOGS.script(many).encode(), capture_output=True, env=path, timeout=60, check=False,
    )  # fmt: skip
    found = LOGS.read(Section(done.stdout, done.returncode, ""), many)[one]
    assert isinstance(found, LogFacts), found
    assert (found.last, found.state) == (('ERROR: it said "no"',), "active (it's $x)")


@pytest.mark.parametrize("gone", [True, False])
def test_the_journal_of_a_unit_that_is_gone(tmp_path: pathlib.Path, gone: bool) -> None:  # noqa: FBT001
    """What a removed unit once logged stays, and is no reason to call the unit there."""
    promised = '[log.x]\ntitle = "t"\nsource = "s"\nunit = "x.service"\n'
    sides = 'before = "absent"\nafter = { never = "errors" }\n'
    (tmp_path / "logs.toml").write_text(promised + sides)
    unit = Absent("LoadState=not-found") if gone else CannotTell("no systemctl", Cause.TOOL_MISSING)
    facts = HostFacts(
        identity=identity(), units={"x.service": unit}, listeners=unit, processes={}, paths={},
        outputs={}, packages={}, tools={}, files={},
    )  # fmt: skip
    scene = Scene(
        contract=load_contract(tmp_path),
        target=target("local://"),
        moment="rollback",
        observed=Observed(
            target="x", moment="rollback", started=NOW, finished=hosts.NOW,
            sources={"host": Seen(facts)},
        ),
    )  # fmt: skip
    if gone:
        assert compare(scene.contract.promises["log.x"], scene).holds
    else:
        with pytest.raises(ObservationError, match="no systemctl"):
            compare(scene.contract.promises["log.x"], scene)


def test_since_the_deployment(tmp_path: pathlib.Path) -> None:
    """Its begin is that of the run's; where none is known of, the period is the whole file's."""
    file = tmp_path / "x.log"
    file.write_text(info(500) + boom(300) + boom(30))
    one = subject(str(file), since="deployment")
    here = target("local://")
    begun = AskDeployed(time.time() - 60)
    with open_carrier(here) as carrier:
        found = host.look(here, host_questions([AskProbe(LOGS, one), begun], 0.05), carrier)
    assert isinstance(found, Seen)
    told_of = probed(found.value.probes, LOGS, one)
    assert isinstance(told_of, Seen)
    assert (told_of.value.matches, told_of.value.incomplete) == (2, "")
    assert seen(one).matches == 4


def test_the_sandboxs_journal(tmp_path: pathlib.Path) -> None:
    """Who has read enough of it hears no complaint, and a date that is none stops nothing."""
    start = {"at": 1.0, "up": 1.0, "size": 0, "automatic": False}
    (tmp_path / "w.service.starts").write_text(json.dumps(start) + "\n", "utf-8")
    (tmp_path / "w.service.log").write_text("2026-02-99 10:00:00,000 x\n" * 50_000, "utf-8")
    code = (
        "import pathlib, sys; from sandbox import journal; "
        "journal.RUN = journal.LOGS = pathlib.Path(sys.argv[1]); journal.journal(['-u', 'w'])"
    )
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {shlex.quote(str(tmp_path))}"
    done = subprocess.run(  # noqa: S603 - our own program
        ["sh", "-c", f"{line} | head -n 3"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "ATUM_GUARDED": str(tmp_path)},
    )  # fmt: skip
    assert (done.stdout.count("2026-02-99"), done.stderr) == (2, "")


def told_scene(tmp_path: pathlib.Path, **facts: Any) -> Scene:
    """What is promised of a cycle each minute, and what the log told."""
    (tmp_path / "logs.toml").write_text(
        '[log.x]\ntitle = "t"\nsource = "s"\nunit = "x.service"\n'
        'says = { pattern = "Summary", within_s = 60 }\n'
    )
    contract, here = load_contract(tmp_path), target("local://")
    one = contract.promises["log.x"]
    item = one.before
    assert isinstance(item, Log)
    since = hosts.NOW - dt.timedelta(hours=1)
    told = LogFacts(place="x", since=since, matches=0, **facts)
    place = key(subject_of(item, here))
    kept = Probed(format=LOGS.format, facts={place: Seen(json.loads(told.model_dump_json()))})
    unit = CannotTell("no systemctl", Cause.TOOL_MISSING)
    seen_host = HostFacts(
        identity=identity(), units={}, listeners=unit, processes={}, paths={},
        outputs={}, packages={}, tools={}, files={}, probes={LOGS.name: kept},
    )  # fmt: skip
    return Scene(
        contract=contract,
        target=here,
        moment="predeploy",
        observed=Observed(
            target="x", moment="predeploy", started=NOW, finished=hosts.NOW,
            sources={"host": Seen(seen_host)},
        ),
    )  # fmt: skip


@pytest.mark.parametrize("promised", [log, trace])
def test_what_was_not_read_shows_no_cycle(
    tmp_path: pathlib.Path, promised: Callable[[Promise, Scene], Finding]
) -> None:
    """A log of which nothing was read is neither quiet nor the trace of a worker."""
    scene = told_scene(tmp_path, incomplete="it was not read in time")
    with pytest.raises(ObservationError, match="it was not read in time"):
        promised(scene.contract.promises["log.x"], scene)


@pytest.mark.parametrize("promised", [log, trace])
@pytest.mark.parametrize(("ago_s", "holds"), [(-30, True), (5, True), (61, False), (-7200, None)])
def test_a_line_that_is_yet_to_come_shows_no_cycle(
    tmp_path: pathlib.Path,
    promised: Callable[[Promise, Scene], Finding],
    ago_s: float,
    holds: bool | None,  # noqa: FBT001 - parametrized
) -> None:
    """What bears the time of another zone would be fresh for hours after its worker died."""
    said = hosts.NOW - dt.timedelta(seconds=ago_s)
    scene = told_scene(tmp_path, said=said, said_line="Summary", newest=said)
    one = scene.contract.promises["log.x"]
    if holds is None:
        with pytest.raises(ObservationError, match="which is yet to come"):
            promised(one, scene)
    else:
        assert promised(one, scene).holds is holds
