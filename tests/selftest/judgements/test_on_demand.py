"""What runs when somebody asks for it: a socket's, a timer's or a path's unit, and that it rests."""

from __future__ import annotations

from typing import Any

import pytest

from gate.errors import ContractError
from gate.kinds.kind import Recorded
from gate.kinds.process import KIND as PROCESS
from gate.kinds.recorded_ports import record_ports
from gate.kinds.recorded_processes import PROCESSES_THERE
from gate.kinds.recorded_units import record_units
from gate.sources.fact import Absent, Seen
from gate.sources.host.census import CENSUS
from gate.sources.host.configured import ALL, CONFIGS
from gate.sources.host.programs import PROGRAMS
from tests.selftest.given import host, parted, scene, told
from tests.selftest.judgements.test_discoveries import X, census, found, telling
from tests.selftest.judgements.test_found_there import listener
from tests.selftest.judgements.test_units import reading, service, unit

RUNS = 'unit = "app.service"\nstate = "active (running)"'
ASKED = f'{RUNS}\ntriggered_by = ["app.socket"]\non_demand = true'
LISTENS = (("app.socket", "active (listening)"),)
DEAD = {"active_state": "inactive", "sub_state": "dead", "main_pid": 0, "started": None}


def resting(*readings: str, **changes: Any) -> Any:
    """A unit that nobody asks for, and its two readings."""
    ones = [reading(active_state=one, main_pid=0) for one in readings or ("inactive",)]
    return unit(*ones, **{**DEAD, "triggers": LISTENS, **changes})


@pytest.mark.parametrize(
    ("keys", "one", "expected"),
    [
        (ASKED, unit(triggers=LISTENS), ""),
        (ASKED, resting(), ""),
        (f"{ASKED}\nwatchdog = true", resting(), ""),
        # It went, or came, while it was looked at.
        (ASKED, resting("active", "inactive"), ""),
        (ASKED, unit(reading(active_state="inactive"), reading(), triggers=LISTENS), ""),
        (ASKED, resting(load_state="masked"), "app.service is masked; its unit file is masked"),
        (ASKED, resting(triggers=(("app.socket", "failed (failed)"),)),
         "app.socket, which starts it, is failed (failed)"),
        (ASKED, resting("failed", active_state="failed", sub_state="failed"),
         "app.service is failed (failed)"),
        (ASKED.replace("\non_demand = true", ""), resting(), "app.service is inactive (dead)"),
        (ASKED, unit(triggers=LISTENS, process_state=Seen("T (stopped)")),
         "its main process 7 is in state T (stopped)"),
    ],
)  # fmt: skip
def test_a_service_that_rests(keys: str, one: Any, expected: str) -> None:
    """Until somebody asks for it, as long as it would be started then, and has not failed."""
    assert service(keys, one) == expected


@pytest.mark.parametrize(
    ("name", "promised", "is_", "holds"),
    [
        ("a.socket", "active (running)", "listening", True),
        ("a.socket", "active (listening)", "running", True),
        ("a.socket", "active (listening)", "failed", False),
        ("a.b.socket", "active (listening)", "running", True),
        ("a.path", "active (waiting)", "running", True),
        ("a.service", "active (running)", "exited", False),
    ],
)
def test_what_starts_others(name: str, promised: str, is_: str, *, holds: bool) -> None:
    """Whether what a socket or a path starts runs just then is no matter of its own."""
    given = unit(id=name, asked=name, sub_state=is_)
    items = {"service.x": f'unit = "{name}"\nstate = "{promised}"'}
    said = told(scene(items, host=host(units={name: Seen(given)})), "service.x")
    assert said == ("" if holds else f"{name} is active ({is_})")


def test_that_somebody_has_to_start_it() -> None:
    """On demand of nobody it would never run."""
    with pytest.raises(ContractError, match="on_demand wants triggered_by"):
        service(f"{RUNS}\non_demand = true", unit())


@pytest.mark.parametrize(
    ("changes", "contract", "expected"),
    [
        ({"triggers": LISTENS, "starts_at_boot": Seen(False)}, X, ("active (running)", True)),
        ({"triggers": LISTENS}, X, ("active (running)", None)),
        ({"starts_at_boot": Seen(False)}, X, ("active (running)", None)),
        ({**DEAD, "triggers": LISTENS, "starts_at_boot": Seen(False)}, X, ("inactive (dead)", None)),
        ({**DEAD, "triggers": LISTENS, "starts_at_boot": Seen(False)}, {"service.app": ASKED},
         ("active (running)", True)),
    ],
)  # fmt: skip
def test_what_is_recorded(changes: Any, contract: Any, expected: Any) -> None:
    """A service of a socket that runs; recorded again while it rests, it stays what it was."""
    units = {"app.service": Seen(unit(id="app.service", **changes))}
    (one,) = record_units(scene(contract, host=host(units=units)))
    assert (one.keys["state"], one.keys.get("on_demand")) == expected


def test_a_socket_is_recorded_as_it_listens() -> None:
    """Whether or not its service runs: two records give the same."""
    one = unit(id="a.socket", sub_state="running")
    (found_,) = record_units(scene(X, host=host(units={"a.socket": Seen(one)})))
    assert (found_.keys["state"], found_.keys["title"]) == (
        "active (listening)",
        "a.socket is active (listening)",
    )


SUBJECT: Any = ("app.service", 0, ())
RESTS = Absent("app.service has no process: it is inactive")
FAILED = Absent("app.service has no process: it is failed")


@pytest.mark.parametrize(
    ("keys", "fact", "expected"),
    [
        ("on_demand = true", RESTS, ""),
        ("", RESTS, "there is no process of app.service"),
        ("on_demand = true", FAILED, "there is no process of app.service"),
        ("on_demand = true", Absent("app.service: LoadState=not-found"),
         "there is no process of app.service"),
    ],
)  # fmt: skip
def test_a_process_that_rests(keys: str, fact: Absent, expected: str) -> None:
    """Nothing of it is promised then; recorded again it stays as it was."""
    items = {"process.x": f'unit = "app.service"\nuser = "app"\n{keys}'}
    given = scene(items, host=telling((PROGRAMS, SUBJECT, fact)).observed.host)
    assert told(given, "process.x") == expected
    assert PROCESS.record is not None
    again = [one.keys for one in PROCESS.record(given) if isinstance(one, Recorded)]
    kept = {"unit": "app.service", "user": "app", "on_demand": True}
    assert [{key: one[key] for key in kept} for one in again] == ([] if expected else [kept])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("TriggeredBy=app.socket\n", True),
        ("TriggeredBy=app.socket\nWantedBy=multi-user.target\n", False),
        ("TriggeredBy=app.socket\nUnitFileState=enabled\n", False),
        ("TriggeredBy=\n", False),
        ("", False),
    ],
)
def test_who_starts_a_unit(more: str, *, expected: bool) -> None:
    """Nothing but what waits for something; its process is recorded so."""
    text = f"Id=app.service\nLoadState=loaded\nActiveState=active\nSubState=running\n{more}"
    answer = parted({}, units=text, exes="", dpkg="", rpm="", apk="")
    there = CENSUS.read(answer, ["units"])["units"]
    assert not isinstance(there, Absent)
    (one,) = there.units  # type: ignore[union-attr]
    assert one.on_demand is expected
    units = {"units": [census("app.service", executable="/app", on_demand=expected)]}
    given = telling((CENSUS, "units", units), (CONFIGS, ALL, {"units": {}}))
    assert found(PROCESSES_THERE, given) == ["app"]
    (named,) = PROCESSES_THERE.names(given, "usual")
    assert ("on_demand" in named.keys) is expected  # type: ignore[union-attr]


FINGER = census("finger.socket", state="active (listening)", pid=0, ports=(8701,))
LAZY = census("lazy.service", on_demand=True)


@pytest.mark.parametrize(
    ("units", "there", "owner"),
    [
        (("init.scope",), [FINGER], "finger.socket"),
        (("lazy.service", "init.scope"), [FINGER, LAZY], "finger.socket"),
        (("lazy.service", "init.scope"), [FINGER, census("lazy.service")], "lazy.service"),
        (("lazy.service",), [FINGER, LAZY], "lazy.service"),
        (("init.scope",), [{**FINGER, "ports": (8702,)}], None),
        (("init.scope",), [FINGER, {**FINGER, "unit": "b.socket"}], None),
    ],
)
def test_whose_a_port_is_that_systemd_keeps(units: Any, there: Any, owner: str | None) -> None:
    """The socket's, where its service is not always there."""
    asked = ("finger.socket", "lazy.service", "b.socket")
    loaded = {one: Seen(unit(id=one, asked=one)) for one in asked}
    sockets = Seen((listener(*units),))
    given = telling((CENSUS, "units", {"units": there}), units=loaded, listeners=sockets)
    (port,) = record_ports(given)
    assert port.keys.get("owner") == owner


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (("init.scope",), ""),
        (("finger@1.service", "init.scope"), ""),
        (("stray.service",), "127.0.0.1 port 8701 belongs to stray.service"),
    ],
)
def test_a_port_of_a_socket(units: tuple[str, ...], expected: str) -> None:
    """Systemd keeps it, whoever it starts for those who come; nobody else may hold it."""
    items = {
        "port.x": 'port = 8701\nservice = "x"\nowner = "finger.socket"',
        "service.x": 'unit = "finger.socket"\nstate = "active (listening)"',
    }
    sockets = Seen((listener(*units),))
    assert told(scene(items, host=host(listeners=sockets)), "port.x") == expected


def test_what_a_socket_opens() -> None:
    """TCP ports, and nothing else that it listens to."""
    listens = ("127.0.0.1:79", "[fd00::1]:80", "/run/a:9.sock")
    lines = [f"Listen={one} (Stream)" for one in listens] + ["Listen=127.0.0.1:81 (Datagram)"]
    head = ("Id=a.socket", "LoadState=loaded", "ActiveState=active", "SubState=listening")
    answer = parted({}, units="\n".join((*head, *lines)), exes="", dpkg="", rpm="", apk="")
    there = CENSUS.read(answer, ["units"])["units"]
    (one,) = there.units  # type: ignore[union-attr]
    assert one.ports == (79, 80)
