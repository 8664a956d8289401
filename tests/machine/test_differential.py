"""The gate's facts beside the words of testinfra's own modules, on the same machine over SSH.

Where both differ, `DIFFERENCES` says what each tells and why the gate is right. An entry that does
not differ any more, or differs in another way, fails too.
"""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import testinfra

from gate.connection.carrier import open_carrier
from gate.sources.fact import Absent, CannotTell, Fact, Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts, HostQuestions, Listener, Unit
from tests.machine import varied
from tests.machine.trial import Machine

WINDOW_S = 1.5
"""Longer than a life of the flapping unit."""
UNTOLD = "cannot tell"
RAISES = "raises"
Answers = dict[tuple[str, str, str], Any]
"""What was answered, by kind, subject and question."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """Where testinfra and the gate tell different things, and the gate is right.

    Attributes:
        theirs: What testinfra's module says.
        ours: What the gate's facts say.
        why: Why that is right.
    """

    theirs: object
    ours: object
    why: str


BOOT = "`is-enabled` succeeds for {}; no reboot starts the unit"
GONE = "to tell of a unit that is {} is no error"
SIX = "the listener is IPv6 only; testinfra takes a wildcard of IPv6 for one of IPv4"
FOUR = "a wildcard listener of IPv4 answers on the loopback; testinfra compares with a bool"
INSTANCE = "an instance is no unit file of its own, and there all the same"

DIFFERENCES: Mapping[tuple[str, str, str], Difference] = {
    ("service", "flapping.service", "running"): Difference(
        theirs=True, ours=False, why="active between two deaths is no running service"
    ),
    ("service", "frozen.service", "running"): Difference(
        theirs=True, ours=False, why="its process is stopped (SIGSTOP); systemd does not look"
    ),
    **{
        ("service", name, "enabled"): Difference(True, False, BOOT.format(state))
        for name, state in (
            ("once.service", "static units"),
            ("loop.service", "static units"),
            ("flapping.service", "static units"),
            ("frozen.service", "static units"),
            ("static.service", "static units"),
            ("tick.service", "what a timer starts (static)"),
            ("listen.service", "static units"),
            ("for-now.service", "enabled-runtime, which ends with this boot"),
            ("aside.service", "what only a target wants that does not boot"),
        )
    },
    ("service", "pulled.service", "enabled"): Difference(
        theirs=False, ours=True, why="disabled itself, and wanted by a service that is enabled"
    ),
    **{
        ("service", name, "enabled"): Difference(RAISES, False, GONE.format("masked"))
        for name in ("masked.service", "fstrim.service")
    },
    **{
        ("service", name, "enabled"): Difference(RAISES, False, GONE.format("absent"))
        for name in ("no-such.service", "redis-ser", "redis.server.service")
    },
    ("service", "transient.service", "enabled"): Difference(
        RAISES, False, GONE.format("transient")
    ),
    ("service", "redis-ser", "exists"): Difference(
        theirs=True, ours=False, why="the beginning of a unit's name is not its name"
    ),
    ("service", "redis.server.service", "exists"): Difference(
        theirs=True, ours=False, why="a dot in a name is a dot, not any character"
    ),
    **{
        ("service", name, "exists"): Difference(False, True, INSTANCE)
        for name in ("each@one.service", "each@two.service", "postgresql@17-main.service")
    },
    **{
        ("port", "7103", spec): Difference(True, False, SIX)
        for spec in ("0.0.0.0", "127.0.0.1", "both")  # noqa: S104
    },
    **{("port", port, "127.0.0.1"): Difference(False, True, FOUR) for port in ("7101", "8000")},
}
CLOSED = "what lies behind a folder that one may not enter is not known to be absent"
CIRCLE = "a link that leads round in a circle is there, and leads to nothing that could be told"
PATH_DIFFERENCES: Mapping[tuple[str, str, str], Difference] = {
    ("path", f"{varied.VARIED}/circle", "exists"): Difference(False, UNTOLD, CIRCLE),
}
WITHOUT_SUDO: Mapping[tuple[str, str, str], Difference] = {
    **PATH_DIFFERENCES,
    ("path", f"{varied.VARIED}/closed/inside", "exists"): Difference(False, UNTOLD, CLOSED),
    ("path", "/proc/1/exe", "exists"): Difference(False, UNTOLD, CLOSED),
}


@pytest.fixture(scope="module")
def machine_of_all_kinds(machine: Machine) -> Iterator[Machine]:
    """A machine on which nothing is simple."""
    with varied.varied(machine) as found:
        yield found


def look(machine: Machine, *, sudo: bool) -> HostFacts:
    """What the gate sees of everything that is asked."""
    questions = HostQuestions(
        units=tuple(map(full, varied.SERVICES)), paths=tuple(varied.PATHS), window_s=WINDOW_S
    )
    target = machine.target(sudo=sudo)
    with open_carrier(target) as carrier:
        found = host.look(target, questions, carrier)
    assert isinstance(found, Seen), found
    return found.value


@pytest.fixture(scope="module")
def facts(machine_of_all_kinds: Machine) -> HostFacts:
    """The gate's look, with sudo."""
    return look(machine_of_all_kinds, sudo=True)


@pytest.fixture(scope="module")
def modules(machine_of_all_kinds: Machine, tmp_path_factory: Any) -> Iterator[Any]:
    """A host of testinfra over SSH, without sudo; its connection is shared, and closed then."""
    record = machine_of_all_kinds.record
    path: pathlib.Path = tmp_path_factory.mktemp("ssh") / "control"
    config = str(record.folder / "ssh_config")
    name = f"hera-{record.name}"
    yield testinfra.get_host(f"ssh://{name}", ssh_config=config, controlpath=str(path))
    line = ["ssh", "-F", config, "-o", f"ControlPath={path}", "-O", "exit", name]
    subprocess.run(line, check=False, capture_output=True, timeout=10)  # noqa: S603


def full(name: str) -> str:
    """A unit's name with its suffix."""
    return name if "." in name else f"{name}.service"


def compare(theirs: Answers, ours: Answers, table: Mapping[Any, Difference]) -> None:
    """Both agree, but for the table, of which every entry holds."""
    assert theirs.keys() == ours.keys()
    differ = {
        key: (theirs[key], ours[key])
        for key in ours
        if (theirs[key], type(theirs[key])) != (ours[key], type(ours[key]))
    }
    assert differ == {key: (one.theirs, one.ours) for key, one in table.items()}
    assert all(one.why for one in table.values())


def only(kind: str) -> dict[tuple[str, str, str], Difference]:
    """The table's entries of a kind."""
    return {key: one for key, one in DIFFERENCES.items() if key[0] == kind}


def test_services(facts: HostFacts, modules: Any) -> None:
    """Every unit: is it there, does it run, does a reboot bring it up."""
    theirs: Answers = {}
    ours: Answers = {}
    for name in varied.SERVICES:
        module, fact = modules.service(name), facts.units[full(name)]
        theirs["service", name, "exists"] = module.exists
        theirs["service", name, "running"] = module.is_running
        theirs["service", name, "enabled"] = asked(module, "is_enabled")
        ours["service", name, "exists"] = there(fact)
        ours["service", name, "running"] = isinstance(fact, Seen) and runs(fact.value)
        ours["service", name, "enabled"] = isinstance(fact, Seen) and boots(fact.value)
    compare(theirs, ours, only("service"))


def test_ports(facts: HostFacts, modules: Any) -> None:
    """Every port, asked for by each address that a listener may have."""
    assert isinstance(facts.listeners, Seen)
    theirs: Answers = {}
    ours: Answers = {}
    for port in varied.PORTS:
        reached = reach([one for one in facts.listeners.value if one.port == port])
        for address in ("0.0.0.0", "127.0.0.1", "::", "::1"):  # noqa: S104
            key = ("port", str(port), address)
            theirs[key] = modules.socket(f"tcp://{address}:{port}").is_listening
            ours[key] = address in reached
        key = ("port", str(port), "both")
        theirs[key] = modules.socket(f"tcp://{port}").is_listening
        ours[key] = {"0.0.0.0", "::"} <= reached  # noqa: S104
    compare(theirs, ours, only("port"))


def test_paths(facts: HostFacts, modules: Any) -> None:
    """Every path, with the rights of root on both sides."""
    with modules.sudo():
        theirs = files(modules)
    compare(theirs, paths(facts), PATH_DIFFERENCES)


def test_paths_without_sudo(machine_of_all_kinds: Machine, modules: Any) -> None:
    """Every path, as an ordinary user on both sides."""
    seen = look(machine_of_all_kinds, sudo=False)
    assert seen.identity.privileges == "user"
    compare(files(modules), paths(seen), WITHOUT_SUDO)


def files(modules: Any) -> Answers:
    """What testinfra says of every path."""
    found: Answers = {}
    for name in varied.PATHS:
        module = modules.file(name)
        found["path", name, "exists"] = module.exists
        for question in ("mode", "user", "group") if module.exists else ():
            found["path", name, question] = getattr(module, question)
    return found


def paths(facts: HostFacts) -> Answers:
    """What the gate says of every path."""
    found: Answers = {}
    for name in varied.PATHS:
        fact = facts.paths[name]
        found["path", name, "exists"] = there(fact)
        if isinstance(fact, Seen):
            found["path", name, "mode"] = int(fact.value.mode, 8)
            found["path", name, "user"] = fact.value.owner
            found["path", name, "group"] = fact.value.group
    return found


def asked(module: Any, question: str) -> object:
    """An answer of testinfra, or that it has none."""
    try:
        found: object = getattr(module, question)
    except (RuntimeError, AssertionError):
        return RAISES
    return found


def there(fact: Fact[Any]) -> bool | str:
    """Whether something is there."""
    if isinstance(fact, CannotTell):
        return UNTOLD
    return not isinstance(fact, Absent)


def runs(unit: Unit) -> bool:
    """Whether a unit is active, settled, and its process not stopped."""
    first, second = unit.readings
    stopped = isinstance(unit.process_state, Seen) and unit.process_state.value[:1] == "T"
    return unit.active_state == "active" and first == second and not stopped


def boots(unit: Unit) -> bool | str:
    """Whether a reboot brings a unit up."""
    return unit.starts_at_boot.value if isinstance(unit.starts_at_boot, Seen) else UNTOLD


def reach(listeners: list[Listener]) -> set[str]:
    """The addresses that answer for some listeners."""
    found = {one.address for one in listeners}
    if "::" in found:
        found.add("::1")
    if any(one.address == "::" and one.v6only is False for one in listeners):
        found.add("0.0.0.0")  # noqa: S104
    if "0.0.0.0" in found:  # noqa: S104
        found.add("127.0.0.1")
    return found
