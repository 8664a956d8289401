"""What the files of a log tell of a period: what may be missing is told, never taken for silence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.each import Block
from gate.sources.host.logs.answer import Answer
from gate.sources.host.logs.facts import LogFacts
from gate.sources.host.logs.file_lines import read_files
from gate.sources.host.logs.subject import ERRORS, Subject

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.timezone.utc)
PLACE = "/var/log/app.log"
OK = "2026-11-29 11:59:00 all is well"
OLD = "2026-11-29 10:00:00 begun"
BAD = "2026-11-29 11:58:00 ERROR no"
TAIL = 1000
HOUR = 3600


def at(ago_s: float) -> str:
    """Seconds since 1970, so long before noon."""
    return f"{NOON.timestamp() - ago_s:.0f}"


def stat(
    path: str = PLACE, size: object = 100, changed_s: float = 60, born_s: float = 9 * HOUR
) -> str:
    """A file as it was before it was read."""
    return f"S 7 {size} {at(changed_s)} {at(born_s) if born_s else 0}\t{path}"


def file(
    *lines: str, path: str = PLACE, first: tuple[str, ...] = (OLD,), ended: str = "0"
) -> list[str]:
    """What was read of it, and how that ended."""
    return [
        f"Q {path}",
        *(f"T {one}" for one in first),
        *(f"L {one}" for one in lines),
        f"H {ended}",
        "Z 0",
    ]


def told(*lines: str, rc: int = 0, since_s: float | None = HOUR, **asked: Any) -> Any:
    """What comes of it."""
    keys: dict[str, Any] = {
        "kind": "file", "place": PLACE, "unit": "", "since": "3600", "never": (ERRORS,), "but": (),
        "says": "",
    }  # fmt: skip
    head = [f"C {NOON.timestamp()} 99999 +0000", *([f"B {at(since_s)}"] if since_s else [])]
    block = Block("\n".join([*head, *lines]), rc)
    return read_files(Answer(Subject(**{**keys, **asked}), block, 1 << 20), TAIL)


M, G = f"M {PLACE}", "G 7 100"


@pytest.mark.parametrize(
    ("lines", "matches", "last"),
    [
        (file(OK), 0, ()),
        (file(OK, BAD), 1, (BAD,)),
        # What came before the period is no fault of it.
        (file("2026-11-29 10:30:00 ERROR old", OK), 0, ()),
        # A line without a time belongs to the one before it.
        (
            file(BAD, "Traceback (most recent call last):"),
            2,
            (BAD, "Traceback (most recent call last):"),
        ),
        # What reads it tells the time of a line that bears none.
        (
            [f"Q {PLACE}", f"T {OLD}", "K 2026-11-29 11:50:00", "L ERROR no", "H 0", "Z 0"],
            1,
            ("ERROR no",),
        ),
        ([f"Q {PLACE}", f"T {OLD}", "K 2026-11-29 10:50:00", "L ERROR no", "H 0", "Z 0"], 0, ()),
        # What is told of no file, or by no letter that is known, is nothing.
        (["L 2026-11-29 11:58:00 ERROR whose", *file(OK), "? odd", "Y x"], 0, ()),
    ],
)
def test_lines_that_count(lines: list[str], matches: int, last: tuple[str, ...]) -> None:
    """Those of the period, by their own time."""
    found = told(M, stat(), *lines, G)
    assert isinstance(found, LogFacts)
    assert (found.matches, found.last, found.incomplete) == (matches, last, "")
    assert found.place == PLACE


@pytest.mark.parametrize(
    ("lines", "cause", "words"),
    [
        ([M, stat(), *file(OK)], Cause.TIMEOUT, "could not be read in time"),
        ([M, *file(OK), G], Cause.TIMEOUT, "could not be read in time"),
        ([M, "S 7 x 1 1\t" + PLACE, *file(OK), G], Cause.TIMEOUT, "could not be read in time"),
        ([M, "S 7 1 1 1 " + PLACE, *file(OK), G], Cause.TIMEOUT, "could not be read in time"),
        ([M, stat(), *file(OK), "G 8 100"], Cause.UPSTREAM, "was rotated while it was read"),
        ([M, stat(), *file(OK), "G 7 99"], Cause.UPSTREAM, "was rotated while it was read"),
        ([M, "X may not be read: Permission denied", G], Cause.PERMISSION, "Permission denied"),
        ([M, stat(), *file(OK, ended="1"), G], Cause.UPSTREAM, "app.log: could not be read"),
        (
            [
                M,
                stat(),
                stat(f"{PLACE}.1.gz"),
                *file(OK),
                *file(path=f"{PLACE}.1.gz", ended="1"),
                G,
            ],
            Cause.UPSTREAM,
            "app.log.1.gz: could not be unpacked",
        ),
        (
            [M, stat(), f"Q {PLACE}", f"L {OK}", "H 0", "Z 1", G],
            Cause.UPSTREAM,
            "more than 1024 KiB of it would have to be read",
        ),
        # The oldest file has to go back to the begin of the period.
        (
            [M, stat(), *file(OK, first=(OK,)), G],
            Cause.UPSTREAM,
            "it begins with 2026-11-29 11:59:00 UTC, not 2026-11-29 11:00:00: it was emptied",
        ),
        (
            [M, stat(size=TAIL + 1), *file(OK, first=("cut", OK)), f"G 7 {TAIL + 1}"],
            Cause.UPSTREAM,
            "what was read of it begins with 2026-11-29 11:59:00",
        ),
        (
            [M, stat(size=TAIL + 1), *file(OK, first=("cut", "no time")), f"G 7 {TAIL + 1}"],
            Cause.UPSTREAM,
            "its first lines bear no time, and it is too long to be read whole",
        ),
        (
            [M, stat(born_s=60), *file(OK, first=("no time",)), G],
            Cause.UPSTREAM,
            "its first lines bear no time: how far back it goes is not told",
        ),
        (
            [M, stat(born_s=0), *file(OK, first=("no time",)), G],
            Cause.UPSTREAM,
            "its first lines bear no time: how far back it goes is not told",
        ),
        ([M, stat(), *file(first=()), G], Cause.UPSTREAM, "is empty, and was written to since"),
        ([M, stat(born_s=0), *file(first=()), G], Cause.UPSTREAM, "is empty, and was written to"),
        # Its clock is of another zone: what is fresh would be taken for old, or the other way.
        (
            [M, stat(), *file(OK), "N 2026-11-29 10:59:00 x", "Y 0", G],
            Cause.UPSTREAM,
            "its last line bears 10:59:00 UTC by the host's zone, and was written at 11:59:00",
        ),
        (
            [M, stat(), *file("ERROR without a time"), G],
            Cause.UPSTREAM,
            "1 lines bear no time, the last 'ERROR without a time'",
        ),
    ],
)
def test_what_may_be_missing(lines: list[str], cause: Cause, words: str) -> None:
    """Then nobody says that nothing was logged."""
    found = told(*lines)
    assert isinstance(found, LogFacts)
    assert words in found.incomplete
    assert found.cause is cause


@pytest.mark.parametrize(
    ("lines", "since_s"),
    [
        ([M, stat(), *file(OK, first=("no time",)), G], HOUR),
        ([M, stat(changed_s=60, born_s=60), *file(first=()), G], HOUR),
        # Nothing is due where it was written to before the period for the last time.
        ([M, stat(changed_s=2 * HOUR), *file(ended="1"), G], HOUR),
        ([M, stat(), *file(OK, first=(OK,)), G], None),
        # Its last line was written a moment after its time, or some lines behind it bear none.
        ([M, stat(), *file(OK), "N 2026-11-29 11:58:58 x", "Y 0", G], HOUR),
        ([M, stat(), *file(OK), "N 2026-11-29 11:40:00 x", "Y 0", G], HOUR),
        ([M, stat(), *file(OK), "N 2026-11-29 10:59:00 x", "Y 3", G], HOUR),
        ([M, stat(), *file(OK), "N 2026-11-29 10:59:00 x", G], HOUR),
    ],
)
def test_nothing_is_missing(lines: list[str], since_s: float | None) -> None:
    """The files go back far enough, by their lines or by when they were made."""
    found = told(*lines, since_s=since_s)
    assert isinstance(found, LogFacts)
    assert (found.matches, found.incomplete) == (0, "")


def test_a_line_without_a_time_counts_where_it_can_only_be_fresh() -> None:
    """None of the files was there before, there is no period, or others of the period are bad."""
    line = "ERROR without a time"
    for found in (
        told(M, stat(born_s=60), *file(line, first=(OLD,)), G),
        told(M, stat(), *file(line), G, since_s=None),
    ):
        assert (found.matches, found.last) == (1, (line,))
    assert told(M, stat(), *file(line, BAD), G).matches == 2


@pytest.mark.parametrize(
    ("lines", "rc", "found"),
    [
        ([f"A {PLACE}: No such file or directory"], 0, Absent),
        ([f"A {PLACE}: Permission denied"], 0, "Permission denied"),
        ([], 0, "each of its files is what another one was rotated to"),
        ([], 124, "not told in time"),
        ([f"A {PLACE}: No such file"], 124, "not told in time"),
        (["U", "E systemctl: not found"], 0, "systemctl: not found"),
        (["U"], 0, "it told nothing"),
    ],
)
def test_no_file_is_absent_only_where_that_is_told(lines: list[str], rc: int, found: Any) -> None:
    """Who may not look, or had no time, knows of none."""
    one = told(*[f"{line} " if len(line) == 1 else line for line in lines], rc=rc)
    if found is Absent:
        assert one == Absent(f"no file is called {PLACE}")
    else:
        assert isinstance(one, CannotTell)
        assert found in one.reason


def test_without_a_period_nothing_told_is_no_time() -> None:
    """No file, no complaint, and not even the begin: it never came to that."""
    found = told(since_s=None)
    assert isinstance(found, CannotTell)
    assert found.cause is Cause.TIMEOUT


def test_of_a_unit_that_was_not_told_nothing_is_known() -> None:
    """Its start begins the period."""
    assert isinstance(told(M, stat(), *file(OK), G, unit="app.service"), CannotTell)
    found = told(
        "P ActiveState=active", "P SubState=running", M, stat(), *file(OK), G, unit="app.service"
    )
    assert (found.state, found.running) == ("active (running)", True)


def test_what_is_looked_for() -> None:
    """The newest such line; where older ones were not read that is told where none was found."""
    lines = [M, stat(), *file(OK, "2026-11-29 11:59:30 all is well again"), "W 3", G]
    found = told(*lines, says="is well")
    assert (found.said_line, found.incomplete) == ("2026-11-29 11:59:30 all is well again", "")
    found = told(*lines, says="is bad")
    assert (found.said, found.said_line) == (None, "")
    assert "3 older lines that could be like 'is bad' were not read" in found.incomplete


def test_many_files_are_named_in_short() -> None:
    """Three of them."""
    paths = [f"/var/log/{name}.log" for name in "abcd"]
    lines = [line for path in paths for line in (f"M {path}", stat(path), *file(OK, path=path), G)]
    assert told(*lines).place == "/var/log/a.log, /var/log/b.log, /var/log/c.log and 1 more"
