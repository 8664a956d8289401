"""What a host has that nobody promised yet, kind by kind: named, left out, or not to be told."""

from __future__ import annotations

from typing import Any

import pytest

from gate.kinds.cron import CRON_THERE
from gate.kinds.cron import KIND as CRON
from gate.kinds.kind import Discovery, LeftOut, Recorded
from gate.kinds.recorded_certificates import CERTIFICATES_THERE
from gate.kinds.recorded_containers import CONTAINERS_THERE, RUNNING, Names
from gate.kinds.recorded_mounts import MOUNTS_THERE, Mounts
from gate.kinds.recorded_mounts import THERE as MOUNTS
from gate.kinds.recorded_paths import PATHS_THERE
from gate.kinds.recorded_processes import PROCESSES_THERE
from gate.kinds.recorded_programs import PACKAGES_THERE, RUNTIMES_THERE
from gate.kinds.recorded_times import ran_within
from gate.kinds.recorded_units import record_units
from gate.kinds.scene import Scene
from gate.kinds.time import KIND as TIME_KIND
from gate.kinds.time import TIME
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.census import CENSUS
from gate.sources.host.configured import ALL, CONFIGS
from gate.sources.host.intervals import INTERVALS
from gate.sources.host.probe import Probed, key
from tests.selftest.given import DESK, host, parted, scene, unclear
from tests.selftest.judgements.test_units import unit

NOBODY = unclear("nobody tells")
X = {"port.x": 'port = 1\nservice = "x"'}


def telling(*told: tuple[Any, str, Any], **rest: Any) -> Scene:
    """A scene in which probes told of subjects."""
    probes: dict[str, Probed] = {}
    for probe, subject, fact in told:
        of = probes.setdefault(probe.name, Probed(format=probe.format, facts={}))
        of.facts[key(subject)] = fact if isinstance(fact, (Absent, CannotTell)) else Seen(fact)
    return scene(X, host=host(probes=probes, **rest))


def found(discovery: Discovery | None, given: Scene) -> list[str]:
    """Names; a ``-`` stands before what is left out, a ``?`` before what cannot be told."""
    assert discovery is not None
    return [
        one.name
        if isinstance(one, Recorded)
        else f"-{one.text}"
        if isinstance(one, LeftOut)
        else f"?{one.reason}"
        for one in discovery.names(given, "usual")
    ]


def census(name: str, **changes: Any) -> dict[str, Any]:
    """A service that runs."""
    keys: dict[str, Any] = {
        "unit": name, "state": "active (running)", "file_state": "enabled", "passing": False,
        "ran": True, "user": "", "places": {}, "starts": "", "pid": 7, "executable": "",
        "package": "",
    }  # fmt: skip
    return {**keys, **changes}


PYTHON = {"executable": "/usr/bin/python3.11", "package": "dpkg python3.11"}
NGINX = {"executable": "/usr/sbin/nginx", "package": "dpkg nginx"}
OWN = {"executable": "/opt/node/bin/node", "package": ""}
UNITS = [
    census("a.service", **PYTHON),
    census("b.service", **PYTHON),
    census("c.service", **NGINX, places={"WorkingDirectory": ["/srv/c", "/"]}),
    census("d.service", **OWN),
    census("e.service", executable="/opt/e/bin/e"),
    census("f.service", pid=0, executable="/usr/bin/perl", package="dpkg perl-base"),
]


@pytest.mark.parametrize(
    ("discovery", "told", "names"),
    [
        (PACKAGES_THERE, {"units": UNITS}, ["nginx", "perl-base", "python3.11"]),
        (
            PACKAGES_THERE,
            {"units": UNITS[:1], "unowned": "who owns programs: there is no dpkg"},
            ["-who owns programs: there is no dpkg", "python3.11"],
        ),
        (PACKAGES_THERE, NOBODY, ["?nobody tells"]),
        # A program is asked for its version where it runs and a package owns it.
        (
            RUNTIMES_THERE,
            {"units": UNITS},
            [
                "postgresql",
                "-the version of /opt/node/bin/node: no package owns it, so it is not run",
                "usr_bin_python3_11",
                "usr_sbin_nginx",
            ],
        ),
        (RUNTIMES_THERE, NOBODY, ["postgresql", "?nobody tells"]),
        (PATHS_THERE, NOBODY, ["?nobody tells"]),
        (
            PROCESSES_THERE,
            {"units": [*UNITS[3:5], census("g.service")]},
            ["-programs and folders, which are not shown to this user: g.service", "d", "e", "g"],
        ),
    ],
)
def test_what_units_run(discovery: Discovery, told: Any, names: list[str]) -> None:
    """Each once, and said where it is left out."""
    given = telling((CENSUS, "units", told), (CONFIGS, ALL, {"units": {}}))
    assert found(discovery, given) == names


def lines(*ones: tuple[str, str]) -> dict[str, Any]:
    """Lines of cron."""
    return {"lines": ones}


SYNCED, NOT = Seen(True), Seen(False)
ZONE = Seen("Europe/Berlin")
TOLD = "that the host's clock is synchronised: it is not"


@pytest.mark.parametrize(
    ("discovery", "probe", "subject", "fact", "names"),
    [
        (CRON.discover, CRON_THERE, "all", lines(("root", "/usr/bin/x")), ["root /usr/bin/x"]),
        (CRON.discover, CRON_THERE, "all", NOBODY, ["?nobody tells"]),
        (
            CRON.discover,
            CRON_THERE,
            "all",
            {"lines": [("root", "/x")], "unread": NOBODY},
            ["?nobody tells", "root /x"],
        ),
        (MOUNTS_THERE, MOUNTS, "table", NOBODY, ["?nobody tells"]),
        (MOUNTS_THERE, MOUNTS, "table", Absent("there is none"), []),
        (TIME_KIND.discover, TIME, "host", NOBODY, ["?nobody tells"]),
        (TIME_KIND.discover, TIME, "host", Absent("it has none"), []),
        (TIME_KIND.discover, TIME, "host", {"synchronised": SYNCED, "zone": NOBODY}, ["host"]),
        (TIME_KIND.discover, TIME, "host", {"synchronised": NOBODY, "zone": ZONE}, ["host"]),
        (TIME_KIND.discover, TIME, "host", {"synchronised": NOBODY, "zone": NOBODY}, []),
        (TIME_KIND.discover, TIME, "host", {"synchronised": NOT, "zone": NOBODY}, [f"-{TOLD}"]),
        (CONTAINERS_THERE, RUNNING, "docker", {"names": ("web", "db")}, ["web", "db"]),
        (CONTAINERS_THERE, RUNNING, "docker", NOBODY, ["?nobody tells"]),
    ],
)
def test_what_a_probe_found(
    discovery: Discovery, probe: Any, subject: str, fact: Any, names: list[str]
) -> None:
    """What it cannot tell is said; what is proven not to be there is nothing."""
    given = telling((probe, subject, fact), (RUNNING, "podman", Absent("there is no podman")))
    assert found(discovery, given) == names


def test_what_time_keeps() -> None:
    """Only what was seen is promised."""
    assert TIME_KIND.discover is not None
    given = telling((TIME, "host", {"synchronised": SYNCED, "zone": NOBODY}))
    (one,) = TIME_KIND.discover.names(given, "usual")
    assert isinstance(one, Recorded)
    assert ("zone" in one.keys, one.keys["synchronised"]) == (False, True)


def test_users_that_the_contract_cannot_name() -> None:
    """Where its word for one means somebody else on this target, a line of cron is nobody's."""
    assert CRON.discover is not None
    told = (CRON_THERE, "all", lines(("app", "/x"), ("root", "/y")))
    given = telling(told)
    target = DESK.model_copy(update={"users": {"app": "web"}})
    moved = Scene(
        contract=given.contract, target=target, moment="predeploy", observed=given.observed
    )
    assert found(CRON.discover, moved) == ["root /y"]


def test_ports_that_nobody_tells() -> None:
    """Then nobody tells which of them serve certificates."""
    given = telling((CENSUS, "units", {"units": ()}), listeners=NOBODY)
    assert found(CERTIFICATES_THERE, given) == ["?nobody tells"]


def test_a_unit_on_its_way() -> None:
    """Nobody promises a state that it is about to leave, nor a boot of which nobody tells."""
    units = {
        "a.service": Seen(unit(id="a.service", active_state="activating", sub_state="start")),
        "b.service": Seen(unit(id="b.service", starts_at_boot=NOBODY)),
        "c.service": Seen(unit(id="c.service", starts_at_boot=Seen(True))),
    }
    ones = {one.name: one.keys for one in record_units(scene(X, host=host(units=units)))}
    assert ones.keys() == {"b", "c"}
    assert ("starts_at_boot" in ones["b"], ones["c"]["starts_at_boot"]) == (False, True)


TIMER = {"longest_s": 3600.0, "late_s": 60.0, "persistent": False}
LONG = {**TIMER, "longest_s": 7 * 86400.0}
NO_TIMES = "ran_within_s of timer a: "


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ({"timers": {"a.timer": TIMER}}, 2 * 3660),
        (NOBODY, NOBODY),
        ({"timers": {"b.timer": TIMER}}, f"{NO_TIMES}systemctl tells nothing of its times"),
        (Absent("no systemd"), f"{NO_TIMES}systemctl tells nothing of its times"),
        ({"timers": {"a.timer": {**TIMER, "longest_s": None}}},
         f"{NO_TIMES}its file gives it no interval from run to run"),
        ({"timers": {"a.timer": {**TIMER, "longest_s": None}}, "why": "no answer"},
         f"{NO_TIMES}no answer"),
        ({"timers": {"a.timer": LONG}},
         f"{NO_TIMES}it waits up to 7 days, and is not Persistent: a reboot has it forget its "
         "last run"),
        ({"timers": {"a.timer": {**LONG, "persistent": True}}}, 2 * (7 * 86400 + 60)),
    ],
)  # fmt: skip
def test_within_what_a_timer_runs(fact: Any, expected: Any) -> None:
    """Twice its longest wait, or the reason why that is not written."""
    one = ran_within("a.timer", telling((INTERVALS, "timers", fact)))
    assert (one.text if isinstance(one, LeftOut) else one) == expected


ROOT_ONLY = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw"
DENIED = unclear("/proc/self/mountinfo: Permission denied", Cause.PERMISSION)


@pytest.mark.parametrize(
    ("mounts", "rc", "expected"),
    [
        (ROOT_ONLY, 0, Mounts(mounts=(("/", "ext4", "/"),), written=("/", "/srv"))),
        ("\fcat: /proc/self/mountinfo: Permission denied", 1, None),
        ("", 0, unclear("/proc/self/mountinfo: it said nothing of it")),
        (ROOT_ONLY.replace(" / / ", " / /srv "), 0,
         unclear("/proc/self/mountinfo: it said nothing of it")),
    ],
)  # fmt: skip
def test_a_table_of_mounts(mounts: str, rc: int, expected: Any) -> None:
    """A table without the root is none, and proves nothing to be gone."""
    told = parted({"mounts": rc}, mounts=mounts, written="UUID=1 / ext4\n/dev/b /srv xfs\n")
    one = MOUNTS.read(told, ["table"])["table"]
    if expected is None:
        assert isinstance(one, CannotTell)
        assert one.cause is Cause.PERMISSION
    else:
        assert one == expected


@pytest.mark.parametrize(
    ("out", "rc", "expected"),
    [
        ("there\nweb\na-1\n", 0, Names(names=("a-1", "web"))),
        ("there\n", 0, Names(names=())),
        ("none\n", 0, Absent("there is no docker")),
        ("there\nweb db\n", 0, unclear("docker ps: no container is called so")),
        ("there\n", 1, unclear("docker ps: exit status 1 without a word")),
        ("", 0, unclear("docker ps: it said nothing of it")),
    ],
)
def test_containers_that_run(out: str, rc: int, expected: Any) -> None:
    """No engine, none that runs, and an engine that does not tell: three things."""
    assert RUNNING.read(parted({"docker": rc}, docker=out), ["docker"])["docker"] == expected
