"""What is concluded from systemd's words where not all of them could be had."""

from __future__ import annotations

import pathlib

import pytest

from gate.connection.carrier import open_carrier
from gate.errors import ObservationError
from gate.kinds.service import Service
from gate.kinds.triggered import triggered
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host import look as host
from gate.sources.host import script
from gate.sources.host.facts import HostQuestions, Unit
from gate.sources.host.processes import Table
from gate.sources.host.script import UNPULLED
from gate.sources.host.section import Section
from gate.sources.host.sockets import read_sockets
from gate.sources.host.unit_files import read_verified
from gate.sources.host.units import read_units
from tests.selftest.hosts import identity, target
from tests.selftest.promised import contract

NAME = "worker.service"
FILE = f"/etc/systemd/system/{NAME}"
SHOWN = (
    f"MainPID=7\nNRestarts=2\nExecMainStartTimestampMonotonic=900000\nId={NAME}\nNames={NAME}\n"
    "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
    f'FragmentPath={FILE}\nDropInPaths="{FILE}.d/a b.conf"\n'
)
TARGET = "Id=default.target\nNames=default.target multi-user.target\n"
NOTHING = Section(b"", 0, "")
HOST = identity()


def _read(shell: int = 0, /, **changes: Section) -> Fact[Unit]:
    """Read one unit that stands still; any section of the answer can be another one."""
    uptime = Section(b"3600.00 1.00\n", 0, "")
    answers = {
        **dict.fromkeys(
            ("show", "again", "runtime", "journal", "lines", "logged", "verify"), NOTHING
        ),
        **dict.fromkeys(("cgroups", "links", "commands"), NOTHING),
        **dict.fromkeys(("at", "later"), uptime),
        "units": _section(SHOWN, TARGET),
        "early": _process(7, started=100),
        "stats": _process(7, started=100),
        "all": Section(f"{NAME} loaded active running A worker\n".encode(), 0, ""),
        "boot": Section(b"default.target\n", 0, ""),
        **changes,
    }
    return read_units((NAME,), answers, Table(answers, HOST, 100, shell=shell), HOST)[NAME]


def _section(*blocks: str, rc: int = 0, err: str = "") -> Section:
    return Section("\n".join(blocks).encode(), rc, err)


def _process(pid: int, started: int) -> Section:
    """``/proc/PID/stat`` of one process."""
    return Section(f"{pid} (worker) S 1 {'0 ' * 17}{started} 0 0\n".encode(), 0, "")


def _unit(**changes: Section) -> Unit:
    found = _read(**changes)
    assert isinstance(found, Seen), found
    return found.value


def _starts_at_boot(wanted_by: str, rc: int) -> Fact[bool]:
    """Whether one unit that is wanted by another one starts, the section ending as given."""
    shown = SHOWN + f"WantedBy={wanted_by}\n"
    error = "Connection timed out" if rc else ""
    return _unit(units=_section(shown, TARGET, rc=rc, err=error)).starts_at_boot


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


def _boots(*links: str, **changes: str) -> Fact[bool]:
    """Whether a unit that a target wants starts, with links below /run, and other properties."""
    words = {"UnitFileState": "enabled-runtime", "FragmentPath": FILE, **changes}
    kept = [one for one in SHOWN.splitlines() if one.partition("=")[0] not in words]
    kept += ["WantedBy=multi-user.target", *(f"{name}={value}" for name, value in words.items())]
    shown = "\n".join(kept) + "\n"
    runtime = Section("".join(f"{one}\n" for one in links).encode(), 0, "")
    return _unit(units=_section(shown, TARGET), runtime=runtime).starts_at_boot


FOR_NOW = f"/run/systemd/system/multi-user.target.wants/{NAME}"
ANEW = f"/run/systemd/generator/umbrella.service.wants/{NAME}"


@pytest.mark.parametrize(
    ("links", "starts"),
    [((FOR_NOW,), False), ((ANEW,), True), ((FOR_NOW, ANEW), True), ((ANEW, FOR_NOW), True)],
)
def test_enabled_for_now_is_by_hand_or_by_a_generator(links: tuple[str, ...], starts: bool) -> None:  # noqa: FBT001
    """What a generator enables is enabled at the next boot as well."""
    assert _boots(*links) == Seen(starts)


@pytest.mark.parametrize(("name", "starts"), [(NAME, True), (f"x{NAME}", False)])
def test_whose_user_lingers_starts_at_boot(name: str, *, starts: bool) -> None:
    """Logind starts the manager of who need not log in; no target pulls it in."""
    runtime = Section(f"/var/lib/systemd/linger/{name}\n".encode(), 0, "")
    found = _unit(units=_section(f"{SHOWN}WantedBy=\n", TARGET), runtime=runtime)
    assert found.starts_at_boot == Seen(starts)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no link below /run/systemd was found"),
        ({"UnitFileState": "masked-runtime", "LoadState": "masked"}, "masked until the next boot"),
        ({"UnitFileState": "enabled", "FragmentPath": f"/run/systemd/system/{NAME}"}, "its file"),
        ({"UnitFileState": "transient", "FragmentPath": f"/run/systemd/transient/{NAME}"}, "file"),
    ],
)
def test_what_ends_with_this_boot_tells_nothing_of_the_next(
    changes: dict[str, str], words: str
) -> None:
    """Neither that it starts then, nor that it does not."""
    found = _boots(f"/run/systemd/system/x.target.wants/other-{NAME}", **changes)
    assert isinstance(found, CannotTell), found
    assert words in found.reason


@pytest.mark.parametrize("text", ["", "\n"])
def test_a_list_of_nothing_is_no_list(text: str) -> None:
    """``default.target`` is in its own list of dependencies."""
    found = _unit(boot=Section(text.encode(), 0, "")).starts_at_boot
    assert isinstance(found, CannotTell)
    assert "printed nothing" in found.reason


def test_a_main_process_that_lived_throughout_is_a_second_reading() -> None:
    """Nobody has to ask systemd again about a unit whose main process is the same one."""
    found = _unit()
    assert found.readings[0] == found.readings[1]
    assert (found.main_pid, found.readings[1].restarts, found.active_state) == (7, 2, "active")


@pytest.mark.parametrize("stats", [_process(7, started=101), _process(8, started=100)])
def test_a_main_process_that_is_another_one_is_no_settled_unit(stats: Section) -> None:
    """Neither its number alone nor its start alone makes a process the same one."""
    first, second = _unit(stats=stats).readings
    assert (first.main_pid, second.main_pid) == (7, 0)


def test_the_state_is_that_of_the_second_reading() -> None:
    """The list of all units is newer than the first reading."""
    listed = Section(f"{NAME} loaded deactivating stop-sigterm A worker\n".encode(), 0, "")
    found = _unit(all=listed)
    assert (found.active_state, found.sub_state) == ("deactivating", "stop-sigterm")
    assert found.readings[0] != found.readings[1]


CGROUPS = Section(b"/proc/7/cgroup:0::/system.slice/worker.service\n", 0, "")


def test_lists_of_processes_without_who_read_them_are_none() -> None:
    """The shell that reads ``/proc`` is in it; where it is not, nobody is proven to be away."""
    answers = {
        **dict.fromkeys(("links", "commands"), NOTHING),
        "stats": _process(7, started=100),
        "cgroups": CGROUPS,
    }
    blind = Table(answers, HOST, 100, shell=99)  # noqa: S604 - a process
    for fact in (blind.within("/system.slice/other.service"), blind.descendants(8)):
        assert isinstance(fact, CannotTell), fact
    assert isinstance(blind.state(8), CannotTell)
    assert isinstance(blind.state(7), Seen)
    seeing = Table(answers, HOST, 100, shell=7)  # noqa: S604 - a process
    assert seeing.within("/system.slice/other.service") == Seen(())
    assert seeing.descendants(8) == Seen(())
    assert seeing.state(8) == Seen("X (dead)")


def test_a_running_unit_whose_process_a_blind_list_lacks_is_not_gone() -> None:
    """It contradicts itself only where the list of processes is one."""
    gone = {"early": _process(8, started=100), "stats": _process(8, started=100)}
    shown = SHOWN + "Type=simple\n"
    changes = {**gone, "units": _section(shown, TARGET), "again": _section(shown)}
    told = _read(8, **changes)
    assert isinstance(told, CannotTell)
    assert "main process 7 is not in /proc" in told.reason
    unit = _read(99, **changes)
    assert isinstance(unit, Seen), unit
    assert isinstance(unit.value.process_state, CannotTell)


SS = """LISTEN 0 5 0.0.0.0:8000 0.0.0.0:* users:(("desk",pid=7,fd=3)) uid:0 ino:5 sk:1 {}<->\n"""


@pytest.mark.parametrize("shell", [7, 99])
@pytest.mark.parametrize("told", [True, False])
def test_the_owner_of_a_port_is_not_nobody_where_groups_could_not_be_read(
    told: bool,  # noqa: FBT001
    shell: int,
) -> None:
    """Its process is of no unit only where the list of control groups says so."""
    answers = {
        **dict.fromkeys(("links", "commands", "kernel", "kernel.2"), NOTHING),
        "stats": _process(7, started=100),
        "cgroups": CGROUPS if told else NOTHING,
        "listeners": Section(SS.format("").encode(), 0, ""),
    }
    table = Table(answers, HOST, 100, shell=shell)
    facts = read_sockets(answers, [], table, HOST).listeners
    assert isinstance(facts, Seen), facts
    units = facts.value[0].units
    if told:
        assert units == Seen((NAME,))
    else:
        assert isinstance(units, CannotTell), units


def test_what_was_asked_again_counts() -> None:
    """Where systemd was asked a second time, its word stands."""
    again = SHOWN.replace("NRestarts=2", "NRestarts=3").replace("MainPID=7", "MainPID=9")
    first, second = _unit(again=_section(again)).readings
    assert (first.restarts, second.restarts, second.main_pid) == (2, 3, 9)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"all": NOTHING}, Cause.UPSTREAM, id="not-listed"),
        pytest.param({"all": _section(rc=124)}, Cause.TIMEOUT, id="list-late"),
        pytest.param({"again": _section(rc=124)} | {"all": NOTHING}, Cause.TIMEOUT, id="late"),
        pytest.param({"early": NOTHING}, Cause.UPSTREAM, id="not-seen-at-first"),
        pytest.param({"stats": NOTHING}, Cause.UPSTREAM, id="no-processes-at-last"),
        pytest.param({"units": _section(TARGET)}, Cause.UPSTREAM, id="not-shown"),
    ],
)
def test_a_reading_that_is_missing_is_no_reading(changes: dict[str, Section], cause: Cause) -> None:
    """One reading does not show that a unit is settled, and none shows nothing."""
    found = _read(**changes)
    assert isinstance(found, CannotTell)
    assert found.cause is cause


@pytest.mark.parametrize(
    ("rc", "said", "cause"),
    [
        pytest.param(127, "sh: systemctl: not found", Cause.TOOL_MISSING, id="missing"),
        pytest.param(124, "", Cause.TIMEOUT, id="late"),
        pytest.param(1, "Failed to connect to bus: Connection refused", Cause.UPSTREAM, id="bus"),
    ],
)
def test_what_systemctl_complained_of_is_the_reason(rc: int, said: str, cause: Cause) -> None:
    """Where it shows nothing, its own words say why."""
    show = Section(said.encode(), rc, "")
    found = _read(show=show, units=_section(rc=rc), again=_section(rc=rc), all=_section(rc=rc))
    assert isinstance(found, CannotTell)
    assert (found.cause, said in found.reason) == (cause, True)


VERIFIED = f"""\
{FILE}:7: Unknown key 'MemoryMaxx' in section [Service], ignoring.
{FILE}.d/a b.conf:2: Failed to parse Restart=sometimes, ignoring: Invalid argument
/etc/systemd/system/other.service:3: Unknown section 'Instal'. Ignoring.
Unit gone.service not found.
Cannot add dependency job for unit elsewhere.service, ignoring: Unit elsewhere.service not found.
Unit mask.service is masked.
{NAME}: Command /opt/gone is not executable: No such file or directory
{NAME}: Failed to create {NAME}/start: Unit gone.service not found.
secret.service: Command /opt/closed/x is not executable: Permission denied
Unit {NAME} has a bad unit file setting."""


def test_what_systemd_does_not_accept_belongs_to_its_unit() -> None:
    """Lines of its file, of its drop-ins and about itself; nothing of any other unit."""
    found = _unit(verify=Section(b"", 1, VERIFIED)).warnings
    lines = VERIFIED.splitlines()
    assert found == (lines[0], lines[1], lines[6], lines[7], lines[9])


@pytest.mark.parametrize("unit", ["gone.service", "mask.service", "secret.service"])
def test_what_is_told_elsewhere_is_no_warning(unit: str) -> None:
    """Absent and masked are states; what one user may not see runs under another."""
    assert read_verified(Section(b"", 1, VERIFIED), HOST).of([unit], []) == ()


@pytest.mark.parametrize(
    ("rc", "err"),
    [
        pytest.param(127, "sh: systemd-analyze: not found", id="missing"),
        pytest.param(124, "", id="late"),
        pytest.param(1, "Failed to initialize manager: Out of memory", id="broken"),
    ],
)
def test_a_file_that_was_not_verified_is_said_so(rc: int, err: str) -> None:
    """No warnings are no proof where the tool did not do its work."""
    (found,) = _unit(verify=Section(b"", rc, err)).warnings
    assert "is not known: systemd-analyze verify" in found


def test_without_systemd_there_is_nothing_to_verify() -> None:
    """A stand-in for systemd has opinions of its own, and another tool cannot tell them."""
    assert (
        read_verified(Section(b"", 127, "not found"), identity(init="python3")).of([NAME], [FILE])
        == ()
    )


def test_a_systemd_that_never_answers(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question is put once and left when its time is up; the host is told of all the same."""
    log, systemctl = tmp_path / "asked", tmp_path / "systemctl"
    systemctl.write_text(f"#!/bin/sh\necho $1 >> '{log}'\nexec sleep 60\n")
    systemctl.chmod(0o755)
    monkeypatch.setattr(script, "TOOL_S", 1)
    here = target("local://").model_copy(update={"path": (str(tmp_path),)})
    with open_carrier(here) as carrier:
        facts = host.look(here, HostQuestions(units=(NAME,), window_s=0.05), carrier)
    assert isinstance(facts, Seen), facts
    unit = facts.value.units[NAME]
    assert isinstance(unit, CannotTell)
    assert unit.cause is Cause.TIMEOUT
    assert log.read_text().split() == ["show", "list-dependencies", "list-units"]


@pytest.mark.parametrize(
    ("socket", "shown", "broken"),
    [
        ("loaded active listening", "TriggeredBy=w.socket\n", ""),
        ("loaded failed failed", "TriggeredBy=w.socket\n", "w.socket, which starts it, is failed"),
        ("loaded active listening", "TriggeredBy=other.socket\n", "it is not started by w.socket"),
        ("", "TriggeredBy=w.socket\n", "w.socket, which starts it, is not loaded"),
        (None, "TriggeredBy=w.socket\n", "cannot tell (upstream): systemctl tells no state"),
    ],
)
def test_what_starts_it(
    tmp_path: pathlib.Path, socket: str | None, shown: str, broken: str
) -> None:
    """Its socket must be one that starts it, and wait; a list of units without it tells nothing."""
    all_ = f"{NAME} loaded active running A worker\n" + (f"w.socket {socket} A\n" if socket else "")
    found = _unit(
        units=_section(SHOWN + shown, TARGET),
        again=_section(SHOWN + shown),
        all=Section((all_ if socket is not None else "").encode(), 0, ""),
    )
    keys = f'unit = "{NAME}"\nstate = "active (running)"\ntriggered_by = ["w.socket"]'
    item = contract(tmp_path, {"service.w": keys}).promise("service.w").before
    assert isinstance(item, Service)
    try:
        said = "; ".join(triggered(item.triggered_by, found))
    except ObservationError as error:
        said = str(error)
    assert broken in said
    assert bool(broken) == bool(said)
