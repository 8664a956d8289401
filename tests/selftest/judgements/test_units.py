"""What is said of a unit: its state, what it went through, and what is promised of its start."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gate.kinds.registry import kinds
from gate.sources.fact import Absent, Seen
from gate.sources.host.facts import Journal, Unit, UnitReading
from tests.selftest.given import NOW, ago, finding, host, look, scene, told, unclear
from tests.selftest.hosts import identity

RUNS = 'unit = "app.service"\nstate = "active (running)"'


def reading(**changes: Any) -> UnitReading:
    """A unit that runs and was never started again."""
    facts: dict[str, Any] = {"main_pid": 7, "started_monotonic_us": 5, "restarts": 0}
    return UnitReading(**{**facts, "active_state": "active", **changes})


def unit(*readings: UnitReading, **changes: Any) -> Unit:
    """A unit that runs well since an hour."""
    first, last = (readings or (reading(),))[0], (readings or (reading(),))[-1]
    facts: dict[str, Any] = {
        "asked": "app.service", "id": "app.service", "load_state": "loaded",
        "active_state": "active", "sub_state": "running", "result": "success",
        "unit_file_state": "enabled", "starts_at_boot": Seen(True), "why_at_boot": "enabled",
        "need_daemon_reload": False, "fragment_path": "/etc/app.service", "drop_ins": (),
        "control_group": "/app", "main_pid": last.main_pid, "started": ago(hours=1),
        "readings": (first, last), "window_s": 1.0, "process_state": Seen("S (sleeping)"),
        "pids": Seen((7,)), "executable": Seen("/app"), "journal": Seen(Journal()),
    }  # fmt: skip
    return Unit(**{**facts, **changes})


def service(keys: str, found: Any, **rest: Any) -> str:
    """What is said of it."""
    fact = Seen(found) if isinstance(found, Unit) else found
    where = scene({"service.x": keys}, host=host(units={"app.service": fact}), **rest)
    return told(where, "service.x")


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        (RUNS, {}, ""),
        (RUNS, {"sub_state": "exited"}, "app.service is active (exited)"),
        (RUNS, {"load_state": "masked", "active_state": "inactive", "sub_state": "dead"},
         "app.service is masked; its unit file is masked"),
        ('unit = "app.service"\nstate = "inactive (dead)"',
         {"load_state": "masked", "active_state": "inactive", "sub_state": "dead"}, ""),
        ('unit = "app.service"\nstate = "inactive (dead)"', {},
         "app.service is active (running)"),
        (f"{RUNS}\nstarts_at_boot = true", {}, ""),
        (f"{RUNS}\nstarts_at_boot = false", {}, "a reboot would bring it up (enabled)"),
        (f"{RUNS}\nstarts_at_boot = true", {"starts_at_boot": Seen(False), "why_at_boot": ""},
         "a reboot would not bring it up (enabled)"),
        (f"{RUNS}\nstarts_at_boot = true", {"starts_at_boot": unclear()},
         "cannot tell (upstream): nobody tells"),
        (RUNS, {"starts_at_boot": unclear()}, ""),
        (f"{RUNS}\nstarts_at_boot = true\ntriggered_by = ['a.timer']", {"starts_at_boot": unclear()},
         "it is not started by a.timer"),
        (RUNS, {"process_state": unclear(), "watchdog_s": 5.0, "watchdog_ago_s": 6.0},
         "its last ping to the watchdog was 6.0 s ago, and one is due every 5 s"),
        (f"{RUNS}\nwatchdog = true\nstarts_at_boot = false", {},
         "a reboot would bring it up (enabled)"),
        (RUNS, {"process_state": Seen("T (stopped)")},
         "its main process 7 is in state T (stopped)"),
        (RUNS, {"process_state": Seen("Z (zombie)")}, "its main process 7 is in state Z (zombie)"),
        (RUNS, {"process_state": Absent("no /proc/7")},
         "its main process 7 is gone (no /proc/7)"),
        (RUNS, {"process_state": unclear()}, "cannot tell (upstream): nobody tells"),
        (RUNS, {"process_state": unclear(), "main_pid": 0}, ""),
        (f"{RUNS}\nwatchdog = true", {},
         "systemd does not watch over it: it has no WatchdogSec"),
        (f"{RUNS}\nwatchdog = true", {"watchdog_s": 5.0},
         "systemd does not watch over it: it has no WatchdogSec"),
        (f"{RUNS}\nwatchdog = true", {"watchdog_s": 5.0, "watchdog_ago_s": 5.0}, ""),
        (RUNS, {"watchdog_s": 5.0, "watchdog_ago_s": 5.2},
         "its last ping to the watchdog was 5.2 s ago, and one is due every 5 s"),
        (f'{RUNS}\ntriggered_by = ["app.socket"]', {}, "it is not started by app.socket"),
        (f'{RUNS}\ntriggered_by = ["app.socket"]',
         {"triggers": (("app.socket", "active (listening)"),)}, ""),
        (f'{RUNS}\ntriggered_by = ["app.socket"]',
         {"triggers": (("app.socket", "inactive (dead)"),)},
         "app.socket, which starts it, is inactive (dead)"),
        (f'{RUNS}\ntriggered_by = ["app.socket"]',
         {"triggers": (("app.socket", "cannot tell"),)},
         "cannot tell (upstream): systemctl tells no state of app.socket"),
        (RUNS, {"need_daemon_reload": True},
         "WARN its unit file changed on disk since the last daemon-reload"),
        (RUNS, {"warnings": ("line 3: what?",)}, "WARN systemd on its unit file: line 3: what?"),
    ],
)  # fmt: skip
def test_a_unit(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Each of what is promised, and what is odd beside."""
    assert service(keys, unit(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, "active (running), starts at boot, unit file enabled, main PID 7"),
        ({"starts_at_boot": Seen(False)},
         "active (running), does not start at boot, unit file enabled, main PID 7"),
        ({"starts_at_boot": unclear(), "main_pid": 0, "unit_file_state": ""},
         "active (running), unit file without state"),
    ],
)  # fmt: skip
def test_a_unit_in_words(changes: dict[str, Any], seen: str) -> None:
    """What was seen of it."""
    facts = host(units={"app.service": Seen(unit(**changes))})
    assert finding(scene({"service.x": RUNS}, host=facts), "service.x").seen == seen


RELOADED = {"active_state": "reloading"}


@pytest.mark.parametrize(
    ("first", "second", "state", "expected"),
    [
        (reading(**RELOADED), reading(), {}, ""),
        (reading(), reading(**RELOADED), {**RELOADED, "sub_state": "reload-notify"},
         "cannot tell (upstream): it is being reloaded just now"),
        (reading(active_state="activating"), reading(), {}, "not settled: within 1.0 s the main PID "
         "went from 7 to 7, restarts from 0 to 0, activating to active"),
        (reading(**RELOADED), reading(main_pid=8), {}, "not settled: within 1.0 s the main PID went "
         "from 7 to 8, restarts from 0 to 0, active to active"),
    ],
)  # fmt: skip
def test_a_unit_that_is_reloaded(
    first: UnitReading, second: UnitReading, state: dict[str, Any], expected: str
) -> None:
    """A reload is no restart; while it goes on nobody knows how it ends."""
    assert service(RUNS, unit(first, second, **state)) == expected
    exited = RUNS.replace("running", "exited")
    done = unit(first, second, **{"sub_state": "exited", **state})
    if second == reading(**RELOADED):
        assert service(exited, done) == expected


def test_a_unit_that_need_not_run() -> None:
    """How often it was started again does not matter then."""
    keys = 'unit = "app.service"\nstate = "inactive (dead)"'
    often = times(3, journal=journal(100, 200, 300), active_state="inactive", sub_state="dead")
    assert service(keys, often) == ""
    assert service(keys, often.model_copy(update={"process_state": unclear()})) == ""


def test_absent_units() -> None:
    """A unit that is there breaks the promise that it is not, whatever else is odd about it."""
    gone, keys = Absent("LoadState=not-found"), f'{RUNS}\nbefore = "absent"'
    assert service(RUNS, gone) == "there is no unit app.service"
    assert service(keys, gone) == ""
    there = "app.service is there: active (running), "
    assert service(keys, unit()) == f"{there}/etc/app.service"
    assert service(keys, unit(fragment_path="", need_daemon_reload=False)) == f"{there}loaded"
    crashed = unit(reading(), reading(restarts=9), load_state="bad-setting", result="signal")
    more = f"{keys}\nstarts_at_boot = true\ntriggered_by = ['app.socket']"
    assert service(more, crashed) == f"{there}/etc/app.service"
    assert service(RUNS, unclear()) == "cannot tell (upstream): nobody tells"


def journal(*seconds: float, failures: tuple[float, ...] = (), last: tuple[str, ...] = ()) -> Any:
    """A journal that tells of starts and failures so many seconds ago."""
    when = [tuple(ago(seconds=one) for one in ones) for ones in (seconds, failures)]
    return Seen(Journal(restarts=when[0], failures=when[1], last=last))


def times(restarts: int, **changes: Any) -> Unit:
    """A unit that was started again so often."""
    return unit(reading(restarts=restarts), **changes)


UNTOLD = (
    "cannot tell (upstream): it was started again 3 times, is up for 100 s, and when that was the "
    "journal does not tell: "
)


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("", times(3, journal=journal(100, 200, 600)),
         "systemd started it again 3 times within 10 min, about every 250 s"),
        ("", times(3, journal=journal(100, 200, 601)), ""),
        ("", times(3, journal=journal(100, 200)), ""),
        ("restarts_at_most = 3", times(3, journal=journal(100, 200, 300)), ""),
        # Somebody started it anew since: that is no restart by systemd.
        ("restarts_at_most = 0", times(1, journal=journal(100), started=ago(seconds=5)),
         "systemd started it again 1 times within 10 min, 100 s ago"),
        ("restarts_within_s = 150", times(3, journal=journal(100, 200, 300)), ""),
        ("restarts_within_s = 300", times(3, journal=journal(100, 200, 300)),
         "systemd started it again 3 times within 5 min, about every 100 s"),
        ("", times(3, started=ago(seconds=100)), f"{UNTOLD}it tells of none"),
        ("", times(3, started=ago(seconds=100), journal=journal(100)), f"{UNTOLD}it tells of 1"),
        ("", times(3, started=ago(seconds=100), journal=unclear("no rights")), f"{UNTOLD}no rights"),
        ("", times(3, started=ago(seconds=600), journal=unclear()), ""),
        ("", times(3, started=None, journal=unclear("no rights")),
         f"{UNTOLD.replace('100 s', '0 s')}no rights"),
        ("", times(2, started=ago(seconds=100), journal=unclear()), ""),
        ("", times(3, started=ago(seconds=100), journal=journal(100, 200, 700)), ""),
        ("", times(4, started=ago(seconds=100), journal=journal(100, 200, 700)), ""),
        ("restarts_at_most = 1", times(2, journal=journal(100, 300)),
         "systemd started it again 2 times within 10 min, about every 200 s"),
        ("restarts_at_most = 2", times(3, started=ago(seconds=100), journal=journal(100, 200)),
         f"{UNTOLD}it tells of 2"),
        ("restarts_at_most = 0", times(1, started=None, journal=journal(100)),
         "systemd started it again 1 times within 10 min, 100 s ago"),
        ("restarts_at_most = 1", times(2, started=ago(seconds=100), journal=unclear("no rights")),
         UNTOLD.replace("3 times", "2 times") + "no rights"),
    ],
)  # fmt: skip
def test_again_and_again(keys: str, found: Unit, expected: str) -> None:
    """By the journal; what it does not know of may have been within the time."""
    assert service(f"{RUNS}\n{keys}", found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (times(1, started=ago(seconds=9)), "not settled: came up just now after 1 restarts"),
        (times(1, started=ago(seconds=10)), ""),
        (times(0, started=ago(seconds=9)), ""),
        (times(1, started=None), ""),
        (times(1, started=ago(seconds=9), journal=unclear()),
         "not settled: came up just now after 1 restarts"),
        (times(1, started=ago(seconds=9), journal=journal(9)), ""),
        (times(1, started=ago(seconds=9), journal=journal(9, failures=(9,))),
         "not settled: came up just now after 1 restarts"),
        (unit(reading(), reading(main_pid=8, restarts=1)),
         "not settled: within 1.0 s the main PID went from 7 to 8, restarts from 0 to 1, active to "
         "active"),
    ],
)  # fmt: skip
def test_what_has_not_settled(found: Unit, expected: str) -> None:
    """By two readings, and by how young it is after a restart that was not planned."""
    assert service(RUNS, found) == expected
    where = scene({"service.x": RUNS}, host=host(units={"app.service": Seen(found)}))
    carries = kinds()["service"].carries
    assert carries(where.contract.promise("service.x"), where) is (not expected)


@pytest.mark.parametrize(
    ("found", "carries"),
    [
        (Seen(unit()), True),
        (Seen(unit(active_state="activating")), False),
        (Seen(unit(process_state=Seen("T (stopped)"))), False),
        (Absent("not found"), False),
        (unclear(), False),
    ],
)
def test_what_carries(found: Any, carries: bool) -> None:  # noqa: FBT001 - a table
    """Only what is seen to run."""
    where = scene({"service.x": RUNS}, host=host(units={"app.service": found}))
    assert kinds()["service"].carries(where.contract.promise("service.x"), where) is carries


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"result": "exit-code", "exit_code": 1, "exit_status": 3},
         "systemd's result is exit-code; its main process exited with 3"),
        ({"result": "", "exit_code": 1, "exit_status": 3}, "its main process exited with 3"),
        ({"result": "success", "load_state": "error"}, "its unit file is error"),
        ({"load_state": "", "warnings": ("a", "b", "c", "d")},
         "systemd on its unit file: a; systemd on its unit file: b; systemd on its unit file: c"),
        ({"journal": journal(last=("one", "two"))}, "last in the journal: one | two"),
        ({"journal": unclear()}, ""),
    ],
)  # fmt: skip
def test_causes(changes: dict[str, Any], expected: str) -> None:
    """What is known of a unit that is not as it should be is told with it."""
    found = unit(active_state="failed", sub_state="failed", **changes)
    where = scene({"service.x": RUNS}, host=host(units={"app.service": Seen(found)}))
    first, *causes = finding(where, "service.x").broken
    assert (first, "; ".join(causes)) == ("app.service is failed (failed)", expected)


def test_an_ending_of_long_ago_is_no_cause() -> None:
    """What runs well again is not told to have ended."""
    keys = 'unit = "app.service"\nstate = "active (exited)"'
    ended = {"exit_code": 1, "exit_status": 3}
    assert service(keys, unit(**ended)) == "app.service is active (running)"
    assert service(keys, unit(result="", **ended)) == "app.service is active (running)"
    bad = service(keys, unit(result="exit-code", **ended))
    assert bad.endswith("systemd's result is exit-code; its main process exited with 3")


MUST = f"{RUNS}\n[service.x.after]\nrestarted = true"
MUST_NOT = MUST.replace("true", "false")


@pytest.mark.parametrize(
    ("keys", "started_us", "expected"),
    [
        (MUST, 5, "was not restarted by the deployment: the old process still runs"),
        (MUST, 6, ""),
        (MUST_NOT, 5, ""),
        (MUST_NOT, 6, "was restarted: started 2025-12-31 23:00:00+00:00, before "
         "2025-12-31 22:00:00+00:00"),
        (RUNS, 5, ""),
        (RUNS, 6, ""),
    ],
)  # fmt: skip
def test_a_restart_that_is_promised(keys: str, started_us: int, expected: str) -> None:
    """Compared with the start that was seen before the deployment."""
    before = unit(reading(started_monotonic_us=9), reading(), started=ago(hours=2))
    baseline = look(host=host(units={"app.service": Seen(before)}))
    found = unit(reading(started_monotonic_us=started_us))
    assert service(keys, found, moment="postdeploy", baseline=baseline) == expected
    assert service(keys, found) == ""
    other = look(host=host(units={}))
    unasked = "cannot tell (upstream): app.service was not asked for in this look"
    said = service(keys, found, moment="postdeploy", baseline=other)
    assert said == ("" if keys == RUNS else unasked)
    down = unit(reading(started_monotonic_us=started_us), active_state="failed", sub_state="failed")
    broken = service(keys, down, moment="postdeploy", baseline=other)
    assert broken.startswith("app.service is failed (failed)")


def test_failures_since_the_look_before() -> None:
    """What it has got over by itself is told after the deployment, of its time alone."""
    baseline = look(host=host(units={"app.service": Seen(unit())}))
    assert isinstance(baseline.host, Seen)
    at = NOW + dt.timedelta(minutes=5)
    late = Seen(Journal(failures=(at, NOW)))
    expected = (
        "WARN it failed 1 times since 2026-01-01 00:00:00 UTC, the last time at "
        "2026-01-01 00:05:00 UTC"
    )
    found = unit(journal=late)
    assert service(RUNS, found, moment="postdeploy", baseline=baseline) == expected
    assert service(RUNS, found, moment="rollback", baseline=baseline) == ""
    assert service(RUNS, found, moment="postdeploy") == ""
    untold = "WARN whether it failed since the look before cannot be told: nobody tells"
    assert service(RUNS, found, moment="postdeploy", baseline=look(host=unclear())) == untold
    mute = unit(journal=unclear())
    assert service(RUNS, mute, moment="postdeploy", baseline=baseline) == untold
    assert service(RUNS, mute, moment="rollback", baseline=baseline) == ""
    gone = unit(journal=Absent("no journal"))
    words = untold.replace("nobody tells", "it was not looked at")
    assert service(RUNS, gone, moment="postdeploy", baseline=baseline) == words
    elsewhere = host(units={"app.service": Seen(mute)}, identity=identity(init="tini"))
    where = scene({"service.x": RUNS}, host=elsewhere, moment="postdeploy", baseline=baseline)
    assert "WARN whether" not in told(where, "service.x")
    none = unit(journal=Seen(Journal(failures=(NOW,))))
    assert service(RUNS, none, moment="postdeploy", baseline=baseline) == ""
