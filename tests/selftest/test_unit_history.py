"""What a unit went through: restarts by the journal, how it ended, what is said of it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from gate.errors import ObservationError
from gate.kinds.unit_history import again_and_again, causes, unsettled
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.facts import Journal, Unit, UnitReading
from gate.sources.host.journal import FAILURE, RESTART, journal, read_journal
from gate.sources.host.section import Section
from gate.sources.host.spans import ending, seconds_of
from tests.selftest.hosts import NOW
from tests.selftest.report.conftest import unit


def ago(*seconds: float) -> tuple[dt.datetime, ...]:
    """Times so many seconds before the look."""
    return tuple(NOW - dt.timedelta(seconds=one) for one in seconds)


def running(up_s: float, restarts: int, **changes: Any) -> Unit:
    """A unit that runs for so long, after so many restarts."""
    reading = UnitReading(
        main_pid=7, started_monotonic_us=1, restarts=restarts, active_state="active"
    )
    given = {"started": ago(up_s)[0], "readings": (reading, reading), **changes}
    return unit("w.service", "active (running)", 1, 7).model_copy(update=given)


def test_a_crash_period_is_seen_without_waiting() -> None:
    """Each time that it is looked at the unit is up; the journal tells how long it ever was."""
    crashed = Journal(restarts=ago(*range(20, 620, 30)))
    (found,) = again_and_again(2, running(20, 500, journal=Seen(crashed)), NOW)
    assert "20 times within 10 min, about every 30 s" in found


def test_another_time_to_count_in() -> None:
    """Six crashes within an hour, which ten minutes do not show."""
    crashed = Journal(restarts=ago(*range(650, 3600, 500)))
    found = running(650, 6, journal=Seen(crashed))
    assert again_and_again(2, found, NOW) == []
    assert "6 times within 60 min" in again_and_again(2, found, NOW, 3600)[0]
    assert again_and_again(6, found, NOW, 3600) == []
    with pytest.raises(ObservationError, match="it tells of none"):
        again_and_again(2, running(650, 6, journal=Seen(Journal())), NOW, 3600)


def test_a_journal_that_was_cut_tells_of_no_whole_hour() -> None:
    """Of 288 restarts it knows three, all of them young: there may have been more."""
    some = running(20, 288, journal=Seen(Journal(restarts=ago(100, 400, 700))))
    with pytest.raises(ObservationError, match="it tells of 3"):
        again_and_again(5, some, NOW, 3600)
    older = running(20, 288, journal=Seen(Journal(restarts=ago(100, 400, 5000))))
    assert again_and_again(5, older, NOW, 3600) == []


def test_planned_restarts_raise_no_alarm() -> None:
    """A lifetime of a hundred of them, one an hour."""
    planned = Journal(restarts=ago(*range(100, 100_000, 3600)))
    assert again_and_again(2, running(100, 100, journal=Seen(planned)), NOW) == []


def test_restarts_of_which_the_journal_cannot_tell() -> None:
    """A unit that came up just now after many is not called settled; one that is up for long is."""
    silent = CannotTell("who looks may not read the journal", Cause.PERMISSION)
    with pytest.raises(ObservationError, match="may not read the journal"):
        again_and_again(2, running(20, 500, journal=silent), NOW)
    with pytest.raises(ObservationError, match="it tells of none"):
        again_and_again(2, running(20, 500, journal=Seen(Journal())), NOW)
    assert again_and_again(2, running(9000, 500, journal=silent), NOW) == []
    assert again_and_again(2, running(20, 0, journal=silent), NOW) == []


@pytest.mark.parametrize(
    ("known", "is_settled"),
    [
        (Journal(restarts=ago(3)), True),
        (Journal(restarts=ago(3), failures=ago(4)), False),
        (Journal(), False),
    ],
    ids=["as planned", "failed", "nothing known"],
)
def test_settled_just_after_a_restart(known: Journal, *, is_settled: bool) -> None:
    """By a journal that tells of the restart, and of no failure; not by one that tells nothing."""
    found = unsettled(running(3, 1, journal=Seen(known)), NOW)
    assert found == ([] if is_settled else ["not settled: came up just now after 1 restarts"])


def test_everything_that_is_known_stands_in_the_reason() -> None:
    """Result, exit status in words, the remarks on the unit's file, and its last line."""
    dead = unit("w.service", "failed (failed)", None).model_copy(
        update={
            "result": "exit-code",
            "exit_code": 1,
            "exit_status": 203,
            "warnings": ("line 3: Unknown key",),
            "journal": Seen(Journal(last=("Failed at step EXEC spawning /x",))),
        }
    )
    found = "; ".join(causes(dead))
    for word in ("result is exit-code", "203 (EXEC", "line 3: Unknown key", "step EXEC"):
        assert word in found


def test_endings_in_words() -> None:
    """Of those that systemd gives a name, and of signals."""
    assert "cannot be executed" in ending(1, 203)
    assert ending(1, 7) == "its main process exited with 7"
    assert ending(2, 9) == "its main process was ended by SIGKILL"
    assert ending(3, 6) == "its main process was ended by SIGABRT, with a core dump"
    assert ending(2, 999) == "its main process was ended by signal 999"
    assert (ending(1, 0), ending(0, 0)) == ("", "")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30.0),
        ("1min 30s", 90.0),
        ("500ms", 0.5),
        ("0", None),
        ("infinity", None),
        ("", None),
        ("soon", None),
        ("1min soon", None),
    ],
)
def test_spans_of_systemd(text: str, seconds: float | None) -> None:
    """What is like none is none."""
    assert seconds_of(text) == seconds


def entry(up_s: float, message: str, **fields: str) -> str:
    """A line of the journal."""
    stamp = {"__MONOTONIC_TIMESTAMP": str(int(up_s * 1e6)), "MESSAGE": message, **fields}
    return json.dumps(stamp) + "\n"


def test_what_the_journal_says_of_a_unit() -> None:
    """Events by their ids, lines by their times, of this unit alone, without colours."""
    own = {"UNIT": "w.service"}
    said = (
        entry(50, "Scheduled restart job", MESSAGE_ID=RESTART, **own)
        + entry(49, "Failed with result", MESSAGE_ID=FAILURE, **own)
        + entry(40, "Scheduled restart job", MESSAGE_ID=RESTART, UNIT="x.service")
    )
    line = entry(48, "\x1b[31mboom\x1b[0m", _SYSTEMD_UNIT="w.service")
    section = Section(said.encode(), 0, "")
    log = read_journal(section, section, Section(line.encode(), 0, ""))
    booted = NOW - dt.timedelta(seconds=60)
    found = journal(log, ["w.service"], booted, "navi")
    assert isinstance(found, Seen)
    assert (found.value.restarts, found.value.failures) == (ago(10), ago(11))
    assert found.value.last == ("boom", "Failed with result", "Scheduled restart job")
