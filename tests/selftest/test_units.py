"""What is concluded from systemd's words where not all of them could be had."""

from __future__ import annotations

import datetime as dt

import pytest

from gate.facts.fact import CannotTell, Fact, Seen
from gate.facts.host import Identity
from gate.observe.processes import Table
from gate.observe.script import UNPULLED, Section
from gate.observe.units import read_units

NAME = "worker.service"
NOTHING = Section(b"", 0, "")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
HOST = Identity(
    hostname="hera",
    user="navi",
    os="Debian",
    kernel="6",
    init="systemd",
    clock=NOW,
    booted=NOW - dt.timedelta(hours=1),
    privileges="root",
)


def _starts_at_boot(wanted_by: str, rc: int) -> Fact[bool]:
    """Read one unit that is wanted by another one, with the section ending as given."""
    shown = (
        f"Id={NAME}\nNames={NAME}\nLoadState=loaded\nActiveState=active\nSubState=running\n"
        f"UnitFileState=enabled\nWantedBy={wanted_by}\n\n"
        "Id=default.target\nNames=default.target multi-user.target\n"
    )
    uptime = Section(b"3600.00 1.00\n", 0, "")
    answers = {
        **dict.fromkeys(("all", "runtime", "journal"), NOTHING),
        **dict.fromkeys(("stats", "cgroups", "links", "commands"), NOTHING),
        **dict.fromkeys(("at", "later"), uptime),
        "units": Section(shown.encode(), rc, "Connection timed out" if rc else ""),
        "again": Section(shown.encode(), 0, ""),
        "boot": Section(b"default.target\n", 0, ""),
    }
    (unit,) = read_units((NAME,), answers, Table(answers, HOST, 100), HOST).values()
    assert isinstance(unit, Seen)
    return unit.value.starts_at_boot


@pytest.mark.parametrize("rc", [0, UNPULLED])
def test_a_unit_that_a_target_wants_starts_at_boot(rc: int) -> None:
    """What is known to pull it in is enough, whatever else could not be read."""
    assert _starts_at_boot("multi-user.target", rc) == Seen(value=True)


def test_a_unit_that_nobody_pulls_in_does_not_start_at_boot() -> None:
    """Everything could be read, and nothing leads to it."""
    assert _starts_at_boot("umbrella.service", 0) == Seen(value=False)


def test_what_pulls_it_in_and_cannot_be_read_is_no_absence() -> None:
    """The way down from the target may lead through what could not be read."""
    found = _starts_at_boot("umbrella.service", UNPULLED)
    assert isinstance(found, CannotTell)
    assert "Connection timed out" in found.reason
