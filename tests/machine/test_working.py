"""Units that are up and do not work, on a real systemd: named without waiting, twins left alone."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.machine.trial import Machine, Result

LOGGER = 'while :; do echo "2026-02-13 15:30:00,123 - sla - {}" >&2; sleep 0.5; done'
UNITS = {
    "w-crash.service": "[Service]\nExecStart=/bin/sh -c 'sleep 4; exit 3'\nRestart=always\n"
    "RestartSec=100ms\n",
    "w-exec.service": "[Service]\nExecStart=/opt/not/there\n",
    "w-loop.service": "[Service]\nExecStart=/bin/sh -c '"
    + LOGGER.format("ERROR - Worker crashed: no cheese")
    + "'\n",
    "w-watchdog.service": "[Service]\nType=notify\nNotifyAccess=all\nWatchdogSec=3\n"
    "ExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep infinity'\n"
    "Restart=always\nRestartSec=100ms\n",
    "w-calm.service": "[Service]\nExecStart=/bin/sh -c '"
    + LOGGER.format("INFO - SLA Worker Summary: 0 ERROR")
    + "'\n",
    "w-pings.service": "[Service]\nType=notify\nNotifyAccess=all\nWatchdogSec=3\n"
    "ExecStart=/bin/sh -c 'systemd-notify --ready; while sleep 0.5; do systemd-notify WATCHDOG=1; "
    "done'\n",
    "w-planned.service": "[Service]\nExecStart=/bin/sleep 7\nRestart=always\nRestartSec=100ms\n",
    "w-null.service": "[Service]\nExecStart=/bin/sleep infinity\nStandardOutput=null\n"
    "StandardError=null\n",
}
SERVICE = """
[service.{0}]
title = "The unit {0} runs"
source = "a test"
unit = "w-{0}.service"
state = "active (running)"
"""
LOG = """
[log.{0}]
title = "The unit {0} logs no errors"
source = "a test"
unit = "w-{0}.service"
never = "errors"
"""
START = """
systemctl daemon-reload
systemctl reset-failed 'w-*' 2>/dev/null || :
systemctl start --no-block w-exec || :
systemctl start --no-block w-crash w-loop w-watchdog w-calm w-pings w-planned w-null
sleep 20
"""


@pytest.fixture(scope="module")
def seen(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Result]:
    """One run of the gate on a machine with such units."""
    folder = tmp_path_factory.mktemp("working")
    names = [one.removeprefix("w-").removesuffix(".service") for one in UNITS]
    planned = SERVICE.format("planned") + "restarts_at_most = 20\n"
    services = [SERVICE.format(one) for one in names if one != "planned"]
    watched = [f"{one}watchdog = true\n" if "pings" in one else one for one in services]
    (folder / "services.toml").write_text("".join([*watched, planned]), "utf-8")
    logs = "".join(LOG.format(one) for one in ("loop", "calm", "null", "pings"))
    calm = '\n[log.cycle]\ntitle = "It says so"\nsource = "a test"\nunit = "w-calm.service"\n'
    said = 'says = { pattern = "SLA Worker Summary", within_s = 5 }\n'
    (folder / "logs.toml").write_text(logs + calm + said, "utf-8")
    lay = "".join(
        f"cat > '/etc/systemd/system/{name}' <<'UNIT'\n{text}UNIT\n" for name, text in UNITS.items()
    )
    try:
        machine.run(lay + START)
        yield judged(machine, folder)
    finally:
        machine.run(
            "systemctl stop 'w-*'; rm -f /etc/systemd/system/w-*; systemctl daemon-reload; "
            "systemctl reset-failed"
        )


def judged(machine: Machine, folder: pathlib.Path, **changes: object) -> Result:
    """Run the gate on these promises alone."""
    alone = {"api": None, "database": None, "rehearsal": None, "differs": None}
    return machine.gate("predeploy", f"--contract={folder}", **{**alone, **changes})


def reason(seen: Result, id_: str) -> str:
    """Outcome and reason of an item."""
    return f"{seen.items[id_]['outcome']} {seen.items[id_]['reason']}"


def test_exactly_these_turn(seen: Result) -> None:
    """Each fault its own item; every twin holds."""
    broken = dict.fromkeys(
        ("service.crash", "service.exec", "service.watchdog", "log.loop"), "FAIL"
    )
    assert seen.odd() == {**broken, "log.null": "INCONCLUSIVE"}, seen.output


def test_a_crash_period_without_waiting(seen: Result) -> None:
    """The unit was up when it was looked at."""
    told = reason(seen, "service.crash")
    assert "systemd started it again" in told, told
    assert "within 10 min" in told


def test_a_program_that_is_not_there(seen: Result) -> None:
    """203 is said in words, with what systemd logged of it."""
    told = reason(seen, "service.exec")
    assert "203 (EXEC: its program cannot be executed" in told, told
    assert "last in the journal" in told
    assert "/opt/not/there" in told


def test_a_watchdog_that_hears_nothing(seen: Result) -> None:
    """Systemd ends it again and again, and says why."""
    told = reason(seen, "service.watchdog")
    assert "watchdog" in told.lower().replace("service.watchdog", ""), told


def test_an_error_loop_at_priority_info(seen: Result) -> None:
    """The level stands in the text."""
    told = reason(seen, "log.loop")
    assert "ERROR - Worker crashed: no cheese" in told, told


def test_output_that_is_thrown_away(seen: Result) -> None:
    """No line is not no error."""
    assert "its output goes to null" in reason(seen, "log.null")


def test_a_user_who_may_not_read_the_journal(machine: Machine, tmp_path: pathlib.Path) -> None:
    """Without sudo and out of the groups, it is permission, and nothing is promised."""
    (tmp_path / "logs.toml").write_text(LOG.format("calm").replace("w-calm", "ssh"), "utf-8")
    groups = machine.run("id -Gn navi").split()
    kept = [one for one in groups if one in ("adm", "systemd-journal", "wheel")]
    try:
        for one in kept:
            machine.run(f"gpasswd -d navi {one}")
        found = judged(machine, tmp_path, sudo=False)
    finally:
        for one in kept:
            machine.run(f"gpasswd -a navi {one}")
    assert found.odd() == {"log.calm": "INCONCLUSIVE"}, found.output
    assert "may not read the journal" in found.items["log.calm"]["reason"]
