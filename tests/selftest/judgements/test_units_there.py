"""Which units of a host are worth a promise, and what is said of those that are left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gate.kinds.kind import LeftOut
from gate.kinds.units_there import running, some, there
from gate.sources.fact import Absent, Seen
from gate.sources.host.census import Census, Units
from gate.sources.host.facts import Listener
from tests.selftest.given import host, look, unclear


def unit(name: str, **changes: Any) -> Census:
    """A service that runs."""
    keys: dict[str, Any] = {
        "unit": name, "state": "active (running)", "file_state": "enabled", "passing": False,
        "ran": True, "user": "", "places": {}, "starts": "", "pid": 7, "executable": "",
        "package": "",
    }  # fmt: skip
    return Census(**{**keys, **changes})


def listens(*units: str) -> Any:
    """A host on which units hold a port."""
    one = Listener(
        address="::", port=1, family="ipv6", v6only=None, pids=Seen((7,)), units=Seen(units), uid=0
    )
    return host(listeners=Seen((one,)))


def scene(fact: Any, of: Any = None) -> Any:
    """The first look of the recorder."""
    observed = look(host=of) if of is not None else look()
    return SimpleNamespace(probed=lambda *_: fact, observed=observed)


def found(*units: Census, of: Any = None, everything: bool = False, cut: bool = False) -> Any:
    """Names that are worth a promise, and what is said of others."""
    fact = Seen(Units(units=units, cut=cut))
    ones, notes = there(scene(fact, of), ("service", "timer"), everything=everything)
    return [one.unit for one in ones], [one.text for one in notes if isinstance(one, LeftOut)]


SYSTEM = "units of the system itself (--all writes them): dbus.service"


@pytest.mark.parametrize(
    ("given", "names", "notes"),
    [
        (found(unit("app.service")), ["app.service"], []),
        (found(unit("app.timer", state="active (waiting)")), ["app.timer"], []),
        (found(unit("app.socket")), [], []),
        (found(unit("run-1.service", passing=True)), [], []),
        # A oneshot that ran and is enabled is up; one that never ran, or is not enabled, is not.
        (found(unit("a.service", state="inactive (dead)")), ["a.service"], []),
        (found(unit("a.service", state="inactive (dead)", ran=False)), [], []),
        (found(unit("a.service", state="inactive (dead)", file_state="static")), [], []),
        # What is on its way, or failed, is named: it is not what anybody promises.
        (found(unit("a.service", state="failed (failed)")), [], ["a.service is failed (failed)"]),
        (
            found(unit("a.service", state="activating (auto-restart)")),
            [],
            ["a.service is activating (auto-restart)"],
        ),
        (found(unit("dbus.service")), [], [SYSTEM]),
        # What guards, records or turns the logs of others is worth a promise, whoever brought it.
        *(
            (found(unit(one)), [one], [])
            for one in ("apparmor.service", "auditd.service", "rsyslog.service", "logrotate.timer")
        ),
        (found(unit("dbus.service"), everything=True), ["dbus.service"], []),
        (found(unit("dbus.service"), of=listens("dbus.service")), ["dbus.service"], []),
        (found(unit("dbus.service"), of=listens("ssh.service")), [], [SYSTEM]),
        (found(unit("dbus.service"), of=host()), [], [SYSTEM]),
        (
            found(unit("a.service"), cut=True),
            ["a.service"],
            ["the host has more units than are told of here"],
        ),
    ],
)
def test_units_that_are_worth_a_promise(given: Any, names: list[str], notes: list[str]) -> None:
    """Those that somebody put there, and the system's own where they hold a port."""
    assert given == (names, notes)


@pytest.mark.parametrize("fact", [Absent("no systemd"), unclear("no bus")])
def test_units_that_are_not_told_are_not_none(fact: Any) -> None:
    """It is said that there is no systemd, or why nobody can tell."""
    ones, (note,) = there(scene(fact), ("service",), everything=True)
    assert ones == []
    assert note == (LeftOut("units: no systemd") if isinstance(fact, Absent) else fact)


def test_services_that_have_a_process() -> None:
    """Of those alone it can be told what they run."""
    fact = Seen(Units(units=(unit("a.service"), unit("b.service", pid=0))))
    assert [one.unit for one in running(scene(fact), everything=False)] == ["a.service"]


def test_a_few_names_and_how_many_more() -> None:
    """However many there are."""
    assert some(["a", "b"]) == "a, b"
    assert some(["a", "b", "c"], 2) == "a, b, and 1 more"
