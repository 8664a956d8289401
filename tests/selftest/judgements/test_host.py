"""What is said of one thing of a host, at both sides of every bound that can be promised of it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from gate.kinds.certificate import _floor
from gate.kinds.container import ContainerFacts, _container
from gate.kinds.kind import Recorded
from gate.kinds.mount import MOUNTS, Mount, MountFacts, Room, _discovered
from gate.kinds.pressure import LoadFacts
from gate.kinds.registry import kinds
from gate.kinds.resolve import Addresses
from gate.kinds.sysctl import Parameter
from gate.kinds.time import TimeFacts
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.host.accounts import GroupFacts, UserFacts
from gate.sources.host.certificates import CertificateFacts, Link
from gate.sources.host.firewall import ChainFacts, SetFacts
from gate.sources.host.mount_boot import mounted_at_boot
from gate.sources.host.packages import PackageFacts
from gate.sources.host.section import Section
from gate.sources.host.timers import TIMERS, TimerFacts
from tests.selftest.given import DESK, NOW, ago, finding, parted, said, scene, unclear
from tests.selftest.judgements.test_tools import answer

UNCLEAR = "cannot tell (upstream): nobody tells"
HERA = DESK.model_copy(update={"users": {"web": "www-data"}})


def load(**changes: Any) -> LoadFacts:
    """1 GB of memory with a quarter free, 1 GB of swap with a half used, not busy."""
    facts: dict[str, Any] = {
        "memory": Seen((10**9, 25 * 10**7)),
        "swap": Seen((10**9, 5 * 10**8)),
        "per_cpu": Seen(1.5),
        "waits": {"cpu": Seen(5.0), "memory": Seen(6.0), "io": Seen(7.0)},
    }
    return LoadFacts(**{**facts, **changes})


NOBODY = load(
    memory=unclear("no memory"),
    swap=unclear("no swap"),
    per_cpu=unclear("no load"),
    waits=dict.fromkeys(("cpu", "memory", "io"), unclear("no waits")),
)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("memory_free_mb = 250", ""),
        ("memory_free_mb = 251", "only 250 MB of memory free"),
        ("memory_free_percent = 25", ""),
        ("memory_free_percent = 25.1", "only 25 % of the memory free"),
        ("memory_free_mb = 251\nmemory_free_percent = 10", "only 250 MB of memory free"),
        ("swap_used_percent = 50", ""),
        ("swap_used_percent = 49.9", "50 % of the swap are used"),
        ("load_per_cpu = 1.5", ""),
        ("load_per_cpu = 1.4", "1.50 load per processor"),
        ("cpu_waits_percent = 5", ""),
        ("cpu_waits_percent = 4.9", "5.00 % of the time waiting for a processor"),
        ("memory_waits_percent = 6", ""),
        ("memory_waits_percent = 5.9", "6.00 % of the time waiting for memory"),
        ("io_waits_percent = 7", ""),
        ("io_waits_percent = 6.9", "7.00 % of the time waiting for disks"),
        (
            "load_per_cpu = 1\ncpu_waits_percent = 50\nio_waits_percent = 1",
            "1.50 load per processor; 7.00 % of the time waiting for disks",
        ),
    ],
)
def test_load(keys: str, expected: str) -> None:
    """Each bound is kept where it is just reached, and broken just beyond."""
    assert said("load", keys, load()) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("memory_free_mb = 1", "cannot tell (upstream): no memory"),
        ("memory_free_percent = 1", "cannot tell (upstream): no memory"),
        ("swap_used_percent = 100", "cannot tell (upstream): no swap"),
        ("load_per_cpu = 100", "cannot tell (upstream): no load"),
        ("io_waits_percent = 100", "cannot tell (upstream): no waits"),
    ],
)
def test_a_load_that_is_not_told(keys: str, expected: str) -> None:
    """Only what is promised has to be known."""
    assert said("load", keys, NOBODY) == expected
    assert said("load", "swap_used_percent = 0", load(swap=Seen((0, 0)), memory=unclear())) == ""


def test_large_figures() -> None:
    """Said as exactly as they are promised: a million bytes are an MB."""
    large = load(memory=Seen((25 * 10**11, 15 * 10**11)))
    keys = "memory_free_mb = 1500001\nmemory_free_percent = 61"
    words = "only 1,500,000 MB of memory free; only 60 % of the memory free"
    assert said("load", keys, large) == words
    room = Seen(Room(size=4 * 10**12, free=15 * 10**11, inodes=0, free_inodes=0))
    keys = 'path = "/srv"\nfree_mb = 1500001'
    assert said("mount", keys, mount(room)) == "only 1,500,000 MB free"


def mount(room: Any = None, root: str = "/") -> MountFacts:
    """A disk of 1 GB with 10 % of all free."""
    full = Room(size=10**9, free=10**8, inodes=1000, free_inodes=100)
    options = ("rw", "noexec")
    room = room or Seen(full)
    return MountFacts(device="/dev/sda1", type="ext4", options=options, room=room, root=root)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('device = "/dev/sda1"\ntype = "ext4"\noptions = ["rw"]\noptions_not = ["ro"]', ""),
        ('device = "/dev/sda2"', "device is /dev/sda1"),
        ('type = "xfs"', "type is ext4"),
        ('options = ["rw", "nodev"]', "it is not nodev"),
        ('options_not = ["ro", "noexec"]', "it is noexec"),
        ("free_mb = 100", ""),
        ("free_mb = 101", "only 100 MB free"),
        ("free_percent = 10", ""),
        ("free_percent = 10.1", "only 10.0 % free"),
        ("free_inodes = 100", ""),
        ("free_inodes = 101", "only 100 inodes free"),
        ("free_inodes_percent = 10", ""),
        ("free_inodes_percent = 10.1", "only 10.0 % of the inodes free"),
    ],
)
def test_a_mount(keys: str, expected: str) -> None:
    """What it is, and the room on it."""
    assert said("mount", f'path = "/srv"\n{keys}', mount()) == expected


NOBODY_KNOWS = unclear()


@pytest.mark.parametrize(
    ("must", "at_boot", "expected"),
    [
        ("true", Seen(True), ""),
        ("true", Seen(False), "a reboot would not mount it"),
        ("false", Seen(True), "a reboot would mount it"),
        ("false", Seen(False), ""),
        ("true", NOBODY_KNOWS, "cannot tell (upstream): nobody tells"),
    ],
)
def test_a_mount_after_a_reboot(must: str, at_boot: Any, expected: str) -> None:
    """What the host's own files have it do; recorded where they mount it."""
    found = mount().model_copy(update={"at_boot": at_boot})
    assert said("mount", f'path = "/srv"\nstarts_at_boot = {must}', found) == expected
    item = Mount(title="x", source="x", path="/srv")
    keys = _discovered(item, found, scene({"mount.x": 'path = "/srv"'}))
    assert keys["starts_at_boot"] == (True if at_boot == Seen(True) else None)


def test_what_is_told_of_a_mount_s_reboot() -> None:
    """By the table and the units, which are told beside what is mounted."""
    mounts = "\n".join(
        f"{number} 1 8:{number} / {place} rw - ext4 /dev/x rw"
        for number, place in enumerate(("/", "/srv", "/mnt"), 20)
    )
    parts = {"mounts": mounts, "room": "", "fstab": "/dev/a / ext4 defaults 0 1", "units": "/srv"}
    places = ["/", "/srv", "/mnt"]
    found = MOUNTS.read(parted({}, **parts), places)
    told = {one: found[one] for one in places}
    assert all(isinstance(one, MountFacts) for one in told.values()), told
    at_boot = [one.at_boot for one in told.values() if isinstance(one, MountFacts)]
    assert at_boot == [Seen(True), Seen(True), Seen(False)]
    denied = MOUNTS.read(parted({"fstab": 1}, **parts), places)["/"]
    assert isinstance(denied, MountFacts)
    assert isinstance(denied.at_boot, CannotTell)


FSTAB = """\
# /dev/sdb1 /old ext4 defaults 0 0
/dev/sda1 / ext4 defaults 0 1
/dev/sdc1 /with\\040blank/ ext4
//nas/a /a cifs noauto,ro 0 0
//nas/b /b cifs noauto,x-systemd.automount 0 0
"""


def test_what_a_host_mounts_when_it_comes_up() -> None:
    """By its table, without what waits to be mounted by hand, and by units that are enabled."""
    units = Section(b'"/srv/c/"\n', 0, "")
    found = mounted_at_boot(Section(FSTAB.encode(), 0, ""), units)
    assert found == frozenset({"/", "/with blank", "/b", "/srv/c"})
    denied = Section(b"", 1, "cat: /etc/fstab: Permission denied")
    assert isinstance(mounted_at_boot(denied, units), CannotTell)
    assert isinstance(mounted_at_boot(Section(FSTAB.encode(), 0, ""), denied), CannotTell)


@pytest.mark.parametrize(
    ("options", "written"),
    [
        (("rw", "relatime"), ["rw"]),
        (("ro", "nosuid"), ["ro", "nosuid"]),
        (("noexec", "relatime", "nodev", "rw", "nosuid"), ["rw", "nosuid", "nodev", "noexec"]),
    ],
)
def test_the_options_of_a_mount_that_are_recorded(
    options: tuple[str, ...], written: list[str]
) -> None:
    """Those that keep somebody from something; any other may be the kernel's."""
    found = mount().model_copy(update={"options": options})
    item = Mount(title="x", source="x", path="/srv")
    assert _discovered(item, found, scene({"mount.x": 'path = "/srv"'}))["options"] == written


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("/dev/sda1", ""),
        ("/dev/sda1[/srv/a]", ""),
        ("/dev/sda1[/srv/b]", "device is /dev/sda1[/srv/a]"),
        ("/dev/sda2", "device is /dev/sda1[/srv/a]"),
    ],
)
def test_a_part_of_a_file_system(device: str, expected: str) -> None:
    """A bind mount that leads elsewhere is another one, where the part is promised."""
    found = mount(root="/srv/a")
    assert said("mount", f'path = "/srv"\ndevice = "{device}"', found) == expected
    assert said("mount", 'path = "/srv"\ndevice = "/dev/sda1[/srv/a]"', mount()) == (
        "device is /dev/sda1"
    )


def test_room_that_is_not_told() -> None:
    """It matters only where room is promised; a file system without inodes lacks none."""
    for key in ("free_mb", "free_percent", "free_inodes", "free_inodes_percent"):
        assert said("mount", f'path = "/srv"\n{key} = 1', mount(unclear())) == UNCLEAR, key
    assert said("mount", 'path = "/srv"\ntype = "ext4"', mount(unclear())) == ""
    none = Seen(Room(size=10, free=10, inodes=0, free_inodes=0))
    keys = 'path = "/srv"\nfree_inodes = 1\nfree_inodes_percent = 1'
    assert said("mount", keys, mount(none)) == ""


def user(**changes: Any) -> UserFacts:
    """Who runs a web server."""
    facts: dict[str, Any] = {"uid": 33, "group": "www-data", "home": "/var/www", "shell": "/bin/sh"}
    facts |= {"groups": Seen(("www-data", "ssl")), "locked": Seen(True), "others": Seen(())}
    return UserFacts(**{**facts, **changes})


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ('uid = 33\ngroup = "www-data"\nhome = "/var/www"\nshell = "/bin/sh"', {}, ""),
        ("uid = 34", {}, "uid is 33"),
        ('group = "adm"', {}, "group is www-data"),
        ('home = "/"', {}, "home is /var/www"),
        ('shell = "/bin/bash"', {}, "shell is /bin/sh"),
        ('groups = ["ssl"]\ngroups_not = ["sudo"]', {}, ""),
        ('groups = ["ssl", "adm"]', {}, "it is not in adm"),
        ('groups_not = ["sudo", "ssl"]', {}, "it is in ssl"),
        ('groups = ["ssl"]', {"groups": unclear()}, UNCLEAR),
        ('groups_not = ["sudo"]', {"groups": unclear()}, UNCLEAR),
        ("uid = 33", {"groups": unclear(), "locked": unclear()}, ""),
        ("locked = true", {}, ""),
        ("locked = true", {"locked": Seen(False)}, "a password leads in"),
        ("locked = true", {"locked": unclear()}, UNCLEAR),
        ("alone = true", {}, ""),
        ("uid = 33", {"others": Seen(("eve",))}, ""),
        (
            "alone = true",
            {"others": Seen(("eve", "x"))},
            "eve has its uid, too; x has its uid, too",
        ),
        ("alone = true", {"others": unclear()}, UNCLEAR),
    ],
)
def test_a_user(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Each of what is promised by itself."""
    assert said("user", f'user = "web"\n{keys}', user(**changes), target=HERA) == expected
    there = scene({"user.x": f'user = "web"\n{keys}'}, target=HERA)
    asked: Any = [*kinds()["user"].asks(there.contract.promise("user.x"), "predeploy", HERA)]
    assert [one.subject for one in asked] == ["www-data"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('gid = 7\nmembers = ["web"]\nmembers_not = ["eve"]', ""),
        ("gid = 8", "gid is 7"),
        ('members = ["web", "eve"]', "eve is not in it"),
        ('members_not = ["web", "eve"]', "web is in it"),
        ('members = ["web"]\nonly = true', "bob is in it"),
        ('members = ["web", "bob"]\nonly = true', ""),
        ("only = true", "www-data is in it; bob is in it"),
    ],
)
def test_a_group(keys: str, expected: str) -> None:
    """Members by the contract's names for them."""
    found = GroupFacts(gid=7, members=("www-data", "bob"))
    assert said("group", f'group = "ssl"\n{keys}', found, target=HERA) == expected


def test_what_must_not_be_is_recorded_again() -> None:
    """It is promised still, beside what there is: who records anew weakens nothing in silence."""
    items = {
        "user.x": 'user = "bob"\ngroups_not = ["sudo"]\nlocked = true',
        "group.x": 'group = "ssl"\nmembers_not = ["eve"]\nonly = true',
    }
    there = scene(items, {"user.x": user(), "group.x": GroupFacts(gid=7, members=())})
    for kind, kept in (
        ("user", {"groups_not": ["sudo"], "locked": True}),
        ("group", {"members_not": ["eve"], "only": True}),
    ):
        record = kinds()[kind].record
        assert record is not None
        (found,) = record(there)
        assert isinstance(found, Recorded)
        assert {key: found.keys.get(key) for key in kept} == kept


DAILY = "OnCalendar=*-*-* 02:30:00"


def timer(**changes: Any) -> TimerFacts:
    """A timer that ran an hour ago, and ran well."""
    facts: dict[str, Any] = {"active": "active", "at_boot": "enabled", "starts": "dump.service"}
    facts |= {"last": ago(hours=1), "next": True, "result": "success", "status": 0}
    return TimerFacts(**{**facts, "ended": None, "running": False, **changes})


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ('starts = "dump.service"\nran_within_s = 3600', {}, ""),
        ("", {"active": "inactive", "next": False}, "it is inactive"),
        ("", {"next": False}, "there is no next time"),
        ("", {"next": False, "running": True}, ""),
        ("", {"at_boot": "disabled"}, "it does not start at boot (disabled)"),
        ("", {"at_boot": ""}, "it does not start at boot (no unit file state)"),
        ("starts_at_boot = false", {"at_boot": "disabled"}, ""),
        *(("", {"at_boot": one}, "") for one in ("static", "generated", "enabled-runtime")),
        ('starts = "other.service"', {}, "it starts dump.service"),
        ("", {"lacking": "masked"}, "dump.service, which it starts, is masked"),
        ("ran_within_s = 3599", {}, "it last ran 1h ago"),
        ("ran_within_s = 3600", {"last": None}, "it never ran"),
        ("ran_within_s = 3599", {"last": None, "persistent": False}, "it never ran"),
        (
            "ran_within_s = 3600",
            {"last": None, "persistent": False},
            "cannot tell (upstream): the host came up 1h ago, and it did not run since: it is not "
            "Persistent",
        ),
        ("", {"last": None}, ""),
        ("ran_within_s = 3600", {"last": NOW + dt.timedelta(minutes=1)}, ""),
        (
            "ran_within_s = 3600",
            {"last": NOW + dt.timedelta(minutes=2)},
            "cannot tell (upstream): it last ran at 2026-01-01 00:02:00+00:00, which is to come",
        ),
        (
            "",
            {"result": "exit-code", "status": 3},
            "dump.service ended with exit-code, exit status 3",
        ),
        ("", {"result": ""}, ""),
        ("succeeds = false", {"result": "exit-code"}, ""),
        (f"schedule = ['{DAILY}', 'OnBootSec=5s']", {"schedule": ("OnBootSec=5s", DAILY)}, ""),
        (
            f"schedule = ['{DAILY}']",
            {"schedule": ("OnBootSec=5s", DAILY)},
            f"its times are OnBootSec=5s, {DAILY}",
        ),
        (f"schedule = ['{DAILY}']", {}, "its times are not told"),
    ],
)
def test_a_timer(keys: str, changes: dict[str, Any], expected: str) -> None:
    """That it goes on, what it starts, and how that went."""
    assert said("timer", f'timer = "dump.timer"\n{keys}', timer(**changes)) == expected


def test_a_timer_whose_file_was_edited() -> None:
    """It goes on by the old one, and so does what it starts: that is odd."""
    given = scene({"timer.x": 'timer = "dump.timer"'}, {"timer.x": timer(edited=("dump.timer",))})
    found = kinds()["timer"].compare(given.contract.promise("timer.x"), given)
    odd = "the unit file of dump.timer changed on disk since the last daemon-reload"
    assert (found.broken, found.warnings) == ((), (odd,))
    record = kinds()["timer"].record
    assert record is not None
    daily = scene({"timer.x": 'timer = "dump.timer"'}, {"timer.x": timer(schedule=(DAILY,))})
    (one,) = record(daily)
    assert isinstance(one, Recorded)
    assert one.keys["schedule"] == [DAILY]


def test_what_systemd_tells_of_the_times_of_a_timer() -> None:
    """Every line of it, in the words of the unit file."""
    times = (
        "TimersMonotonic={ OnBootUSec=5s ; next_elapse=0 }\n"
        "TimersCalendar={ OnCalendar=*-*-* 02:30:00 ; next_elapse=Tue 2026-12-01 02:30:00 UTC }\n"
        "TimersMonotonic={ OnUnitActiveUSec=20s ; next_elapse=12h 1min }\n"
    )
    told = (
        f"Id=a.timer\nLoadState=loaded\nActiveState=active\nUnit=a.service\n{times}"
        "LastTriggerUSec=n/a\nNeedDaemonReload=yes\n"
    )
    of = "Id=a.service\nLoadState=loaded\nActiveState=inactive\nResult=success\nExecMainStatus=0\n"
    parts = {"timers": (told, 0, ""), "started": (f"{of}NeedDaemonReload=no\n", 0, "")}
    found = TIMERS.read(answer(**parts), ["a.timer"])["a.timer"]
    assert isinstance(found, TimerFacts)
    assert found.schedule == ("OnBootSec=5s", DAILY, "OnUnitActiveSec=20s")
    assert found.edited == ("a.timer",)


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [
        ('value = "1  2"', "1 2", ""),
        ('value = "1"', "2", "it is 2"),
        ("at_least = 5", "5", ""),
        ("at_least = 6", "5", "it is only 5"),
        ("at_most = 5", "5", ""),
        ("at_most = 4", "5", "it is 5"),
        ("at_least = 1", "on", "cannot tell (upstream): vm.x is no number: 'on'"),
        ("at_most = 1", "on", "cannot tell (upstream): vm.x is no number: 'on'"),
        ('value = "on"', "on", ""),
    ],
)
def test_a_parameter(keys: str, value: str, expected: str) -> None:
    """Its text, or its number."""
    assert said("sysctl", f'key = "vm.x"\n{keys}', Parameter(value=value)) == expected


def certificate(**changes: Any) -> CertificateFacts:
    """A certificate that is good for 20 days more, issued by one that is good for 30."""
    chain = (
        Link(subject="desk", since=ago(days=1), until=ago(days=-20)),
        Link(subject="CA", since=ago(days=9), until=ago(days=-30)),
    )
    facts: dict[str, Any] = {"names": ("desk.example",), "issuer": "CA", "sha256": "a" * 64}
    return CertificateFacts(**{**facts, "chain": chain, "verified": "ok", **changes})


def chained(*links: tuple[float, float]) -> dict[str, Any]:
    """A chain whose links were good so many days ago, and are for so many more."""
    return {
        "chain": tuple(
            Link(subject=f"n{number}", since=ago(days=since), until=ago(days=-left))
            for number, (since, left) in enumerate(links)
        )
    }


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        (f'names = ["desk.example"]\nissuer = "CA"\nsha256 = "{"a" * 64}"\ntrusted = true', {}, ""),
        ("days_left = 20", {}, ""),
        ("days_left = 21", {}, "good for only 20 more days"),
        ("days_left = 21", chained((1, 30), (1, 20)), "n1: good for only 20 more days"),
        ("", chained((1, -3)), "expired 3 days ago, on 2025-12-29"),
        ("", chained((1, 30), (1, -3)), "n1: expired 3 days ago, on 2025-12-29"),
        ("", chained((0, 30)), ""),
        ("", chained((-1, 30)), "good only from 2026-01-02 00:00 UTC on"),
        ("", chained((1, 0)), "good for only 0 more minutes"),
        ('names = ["b.example"]', {}, "not good for b.example, but for desk.example"),
        ('names = ["b.example"]', {"names": ()}, "not good for b.example, but for no name"),
        ('issuer = "CB"', {}, "issued by CA"),
        (f'sha256 = "{"b" * 64}"', {}, f"its fingerprint is {'a' * 64}"),
        ("trusted = true", {"verified": "expired"}, "it is not to be trusted: expired"),
        (
            "trusted = true",
            {"verified": ""},
            "cannot tell (upstream): openssl says nothing of the chain",
        ),
        ("", {"verified": ""}, ""),
        ("", {"verified": "expired"}, ""),
    ],
)
def test_a_certificate(keys: str, changes: dict[str, Any], expected: str) -> None:
    """It, and every one that comes with it."""
    assert said("certificate", f'file = "/c"\n{keys}', certificate(**changes)) == expected


@pytest.mark.parametrize(
    ("lives", "days"),
    [((90,), 14), ((84,), 14), ((60,), 10), ((90, 60), 10), ((60, 3650), 10), ((1,), 0.17)],
)
def test_the_days_that_a_certificate_has_at_least(lives: tuple[float, ...], days: float) -> None:
    """As many as are promised else, or a sixth of the shortest life in its chain."""
    assert _floor(certificate(**chained(*((1, life - 1) for life in lives)))) == days


def test_the_name_that_is_asked_for() -> None:
    """The certificate of a port is good for its name, once said."""
    keys = 'port = 443\nname = "a.example"\nnames = ["a.example"]'
    expected = "not good for a.example, but for desk.example"
    assert said("certificate", keys, certificate()) == expected
    assert said("certificate", 'port = 443\nname = "a.example"', certificate()) == expected
    assert said("certificate", 'port = 443\nname = "desk.example"', certificate()) == ""
    by_ipv6 = 'port = 443\nname = "desk.example"\naddress = "::1"'
    assert said("certificate", by_ipv6, certificate()) == ""


@pytest.mark.parametrize(
    ("keys", "synchronised", "zone", "expected"),
    [
        ("synchronised = true", Seen(True), unclear(), ""),
        ("synchronised = true", Seen(False), unclear(), "the clock is not synchronised"),
        ("synchronised = true", unclear(), Seen("Etc/UTC"), UNCLEAR),
        ('zone = "Etc/UTC"', unclear(), Seen("UTC"), ""),
        ('zone = "Etc/UTC"', unclear(), Seen("Asia/Kabul"), "time zone is Asia/Kabul"),
        ('zone = "Etc/UTC"', Seen(True), unclear(), UNCLEAR),
    ],
)
def test_a_time(keys: str, synchronised: Any, zone: Any, expected: str) -> None:
    """The clock, and the zone by any of its names."""
    assert said("time", keys, TimeFacts(synchronised=synchronised, zone=zone)) == expected


def test_a_time_in_words() -> None:
    """What was seen of it, and what nobody told."""
    for right, zone, words in (
        (Seen(True), Seen("Asia/Kabul"), "synchronised, Asia/Kabul"),
        (Seen(False), Seen("UTC"), "not synchronised, UTC"),
        (unclear(), Seen("UTC"), "nobody tells whether synchronised, UTC"),
        (Seen(True), unclear(), "synchronised, unknown zone"),
    ):
        key = "synchronised = true" if isinstance(right, Seen) else 'zone = "Etc/UTC"'
        facts = TimeFacts(synchronised=right, zone=zone)
        assert finding(scene({"time.x": key}, {"time.x": facts}), "time.x").seen == words


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ("", {}, ""),
        ('version = "8.1"', {}, ""),
        ('version = "8.1-2"\nheld = true', {"held": True}, ""),
        ('version = "8.2"', {}, "curl is version 8.1-2"),
        ("held = true", {}, "it is not held"),
        ("", {"held": True}, ""),
        ("", {"odd": "it is half there"}, "it is half there"),
        ('version = "8"\nheld = true', {"odd": "it is half there"},
         "it is half there; it is not held"),
        ('version = "8.1"', {"others": ("8.1-1",)}, ""),
        ('version = "8.2"', {"others": ("8.1-1",)}, "curl is version 8.1-2 and 8.1-1"),
        ('version = "8.2"', {"others": ("8.2-1",)}, "cannot tell (upstream): curl is version "
         "8.1-2 and 8.2-1: nobody tells which of them is used"),
        ("", {"others": ("8.2-1",)}, ""),
    ],
)  # fmt: skip
def test_a_package(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Its version, by each that is there; what is held back, and what is there in part only."""
    found = PackageFacts(**{"version": "8.1-2", **changes})
    assert said("package", f'package = "curl"\n{keys}', found) == expected


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        (f'image = "app:1"\ndigest = "sha256:{"a" * 64}"\nhealth = "healthy"', {}, ""),
        ('image = "app:2"', {}, "image is app:1"),
        (f'digest = "sha256:{"b" * 64}"', {}, f"image's id is sha256:{'a' * 64}"),
        ("", {"state": "exited"}, "state is exited"),
        ('health = "healthy"', {"health": "starting"}, "health is starting"),
        ('health = "healthy"', {"health": ""}, "health is not checked"),
        ("", {"health": "unhealthy"}, ""),
        ("", {"health": ""}, ""),
        ("at_most_restarts = 2", {}, ""),
        ("at_most_restarts = 1", {}, "it was restarted 2 times"),
    ],
)
def test_a_container(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Its image, its state, its health."""
    facts = {"image": "app:1", "digest": f"sha256:{'a' * 64}", "state": "running"}
    found = ContainerFacts(**{**facts, "health": "healthy", "restarts": 2, **changes})
    assert said("container", f'container = "app"\n{keys}', found) == expected


INSPECTED = {"Id": "f" * 64, "Name": "/web", "Image": "a", "Config": {"Image": "app:1"},
             "State": {"Status": "running"}, "RestartCount": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "out", "err", "rc", "expected"),
    [
        ("web", [INSPECTED], "", 0, ("app:1", "sha256:a", "running", "", 1)),
        ("f" * 12, [INSPECTED], "", 0, ("app:1", "sha256:a", "running", "", 1)),
        ("web", [INSPECTED | {"ImageName": "b", "Image": "sha256:c", "State": {
            "Status": "running", "Health": {"Status": "healthy"}}}], "", 0,
         ("b", "sha256:c", "running", "healthy", 1)),
        ("web", [INSPECTED | {"State": {"Status": "x", "Healthcheck": {"Status": "y"}}}], "", 0,
         ("app:1", "sha256:a", "x", "y", 1)),
        ("f" * 64, [INSPECTED], "", 0, ("app:1", "sha256:a", "running", "", 1)),
        ("f" * 13, [INSPECTED], "", 0, "unclear"),
        ("XX", [INSPECTED | {"Name": "/XX"}], "", 0, ("app:1", "sha256:a", "running", "", 1)),
        ("b", [INSPECTED], "Error: No such container: b", 1, "absent"),
        ("no", [INSPECTED], "Error: No such container: b", 1, "unclear"),
        ("container", [INSPECTED], "Error: No such container: b", 1, "unclear"),
        ("b", [INSPECTED], 'Error: no such object: "B"', 1, "absent"),
        ("b", [INSPECTED], 'Error: "b": no such container here', 125, "absent"),
        ("b", [INSPECTED], "Error: No such container: web-b", 1, "unclear"),
        ("b", [], "Error: no such file: b", 1, "unclear"),
        ("b", [], "", 0, "unclear"),
        ("b", None, "Error: No such container: b", 1, "absent"),
        ("web", [{"Name": "/web"}], "", 0, "unclear"),
    ],
)  # fmt: skip
def test_what_an_engine_says(name: str, out: Any, err: str, rc: int, expected: Any) -> None:
    """Of the very container: a name that another one ends in is not proven to be away."""
    found = _container(("docker", name), Section(json.dumps(out).encode(), rc, err))
    words = {"absent": Absent, "unclear": CannotTell}
    if isinstance(found, ContainerFacts):
        assert (found.image, found.digest, found.state, found.health, found.restarts) == expected
    else:
        assert isinstance(found, words[expected]), found


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", ""),
        ('addresses = ["::1", "10.0.0.1"]', ""),
        ('addresses = ["10.0.0.1", "0:0::1"]', ""),
        ('addresses = ["10.0.0.1"]', "it resolves to 10.0.0.1, ::1"),
        ('addresses = ["10.0.0.1", "::1", "::2"]', "it resolves to 10.0.0.1, ::1"),
    ],
)
def test_a_name(keys: str, expected: str) -> None:
    """All of its addresses, and no other."""
    found = Addresses(addresses=("10.0.0.1", "::1"))
    assert said("resolve", f'name = "desk"\n{keys}', found) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('policy = "DROP"\nrules = ["a", "b"]\nrules_not = ["d"]', ""),
        ('policy = "accept"', "its policy is drop"),
        ('rules = ["a", "d"]', "no rule 'd'"),
        ('rules = ["b", "a"]', "its rules have another order: a; b"),
        ('rules = ["a", "c"]', ""),
        ('rules_not = ["d", "a"]', "a rule 'a'"),
        ('rules = ["a", "b", "c"]\nonly = true', ""),
        ('rules = ["a", "b"]\nonly = true', "a rule that is not promised: 'c'"),
        ('rules = ["a", "d"]\nonly = true', "no rule 'd'; a rule that is not promised: 'b'; "
         "a rule that is not promised: 'c'"),
        ('sets = { good = ["y",  "x"] }', ""),
        ('sets = { good = ["x", "z"] }', "@good has no 'z'"),
        ('sets = { bad = ["x"] }', "no rule of it names a set @bad of its table"),
        ('rules = ["a", "b", "c"]\nsets = { good = ["x"] }\nonly = true',
         "@good has 'y', which is not promised"),
        ('rules = ["a", "b", "c"]\nsets = { none = [] }\nonly = true', ""),
    ],
)  # fmt: skip
def test_a_chain(keys: str, expected: str) -> None:
    """Its policy, its rules and their order, and what is in its sets."""
    sets = {"good": SetFacts(elements=("x", "y")), "none": SetFacts()}
    found = ChainFacts(policy="drop", rules=("a", "b", "c"), sets=sets)
    assert said("firewall", f'table = "filter"\nchain = "input"\n{keys}', found) == expected
    none = ChainFacts(policy="", rules=())
    keys = 'table = "filter"\nchain = "input"\npolicy = "drop"'
    assert said("firewall", keys, none) == "its policy is none: it is no base chain"


def test_what_is_not_there() -> None:
    """Absent is what is promised to be absent, and nothing else; what is not told is neither."""
    keys, gone = 'group = "ssl"\ngid = 8', Absent("getent says so")
    absent = f'{keys}\nbefore = "absent"'
    here = GroupFacts(gid=7, members=())
    assert said("group", keys, gone) == "there is no group ssl"
    assert said("group", absent, gone) == ""
    assert said("group", absent, here) == "group ssl is there"
    assert said("group", absent, here, moment="postdeploy") == "gid is 7"
    for one in (keys, absent):
        assert said("group", one, unclear()) == "cannot tell (upstream): nobody tells"
