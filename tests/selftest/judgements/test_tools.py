"""What a host's tools print, and the fact that is made of it: nothing else is seen, nor absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gate.kinds.container import CONTAINERS
from gate.kinds.mount import MOUNTS
from gate.kinds.package import PACKAGES
from gate.kinds.pressure import LOAD
from gate.kinds.resolve import RESOLVE
from gate.kinds.sysctl import SYSCTLS
from gate.kinds.time import TIME
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host.section import Section

MARK = "section-0123456789abcdef"
NO_TOOL = ("", 127, "sh: it: not found")
LATE = ("", 124, "")
DENIED = ("", 1, "it: Permission denied")


def answer(**told: tuple[str, int, str]) -> Section:
    """An answer of some parts: what each printed, its exit status, its complaints."""
    parts = (
        f"\n{MARK} out {name.strip('_')}\n{out}\n{MARK} rc {name.strip('_')} {rc}\n{err}\n"
        for name, (out, rc, err) in told.items()
    )
    return Section(f"{MARK}\n{''.join(parts)}\n{MARK} done\n".encode(), 0, "")


def short(fact: Any) -> Any:
    """A fact in short: what was seen, or why it is absent or cannot be told."""
    if isinstance(fact, Absent):
        return f"absent: {fact.proof}"
    if isinstance(fact, CannotTell):
        return f"{fact.cause.value}: {fact.reason}"
    return fact.value if isinstance(fact, Seen) else fact


ROOT = "25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
SRV = "36 25 8:2 / /srv rw,noexec shared:2 - xfs /dev/sdb1 rw\n"
BIND = "37 25 8:1 /srv/Office\\040South /bind rw - ext4 /dev/sda1 rw\n"
ROOM = "4096 1000 250 64 16\0/srv\0\n4096 2000 500 0 0\0/\0\n"


def mounts(
    place: str, mounts: tuple[str, int, str], room: tuple[str, int, str] = (ROOM, 0, "")
) -> Any:
    """What is made of a place."""
    return MOUNTS.read(answer(mounts=mounts, room=room), [place])[place]


@pytest.mark.parametrize(
    ("place", "device", "room"),
    [
        ("/srv", "/dev/sdb1", (4_096_000, 1_024_000, 64, 16)),
        ("/", "/dev/sda1", (8_192_000, 2_048_000, 0, 0)),
        ("/bind", "/dev/sda1[/srv/Office South]", None),
    ],
)
def test_what_is_mounted(place: str, device: str, room: tuple[int, ...] | None) -> None:
    """From where, which part of it, and the room there for ordinary users in bytes."""
    found = mounts(place, (ROOT + SRV + BIND, 0, ""))
    assert found.source == device
    told = found.room.value.model_dump().values() if isinstance(found.room, Seen) else None
    assert room == (told and tuple(told))


@pytest.mark.parametrize(
    ("place", "table", "expected"),
    [
        ("/data", (ROOT + SRV, 0, ""), "absent: /proc/self/mountinfo has no /data"),
        ("/data/", (ROOT + SRV, 0, ""), "absent: /proc/self/mountinfo has no /data"),
        ("/data", (SRV, 0, ""), "upstream: /proc/self/mountinfo: it said nothing of it"),
        ("/data", ("", 0, ""), "upstream: /proc/self/mountinfo: it said nothing of it"),
        ("/srv", (ROOT + SRV, 1, "cat: x"), "upstream: /proc/self/mountinfo: cat: x"),
        ("/data", (ROOT + SRV, 1, "cat: x"), "upstream: /proc/self/mountinfo: cat: x"),
        ("/data", DENIED, "permission: /proc/self/mountinfo: it: Permission denied"),
        ("/data", NO_TOOL, "tool missing: /proc/self/mountinfo: sh: it: not found"),
        ("/data", LATE, "timeout: /proc/self/mountinfo: it did not end in time"),
    ],
)
def test_what_is_not_mounted(place: str, table: tuple[str, int, str], expected: str) -> None:
    """Proven by a table that is whole: it has a root, and was read to its end."""
    assert short(mounts(place, table)) == expected


def test_a_place_and_its_room() -> None:
    """A slash behind is none of its name; room that is not told of it is not another place's."""
    assert mounts("/srv/", (ROOT + SRV, 0, "")).device == "/dev/sdb1"
    box = SRV.replace("/srv", "/srv/X")
    assert mounts("/srv/X", (ROOT + box, 0, "")).device == "/dev/sdb1"
    odd = ("4096 1000 250 64\0/srv\0\n4096 2000 500 0 0\0/\0\n", 0, "")
    found = mounts("/srv", (ROOT + SRV, 0, ""), odd)
    assert short(found.room) == "upstream: stat -f /srv: it said nothing of it"
    denied = ("", 1, "stat: '/srv': Permission denied")
    assert found.device == mounts("/srv", (ROOT + SRV, 0, ""), denied).device
    assert mounts("/srv", (ROOT + SRV, 0, ""), denied).room.cause is Cause.PERMISSION
    facts = MOUNTS.read(answer(mounts=(ROOT + SRV, 0, ""), room=(ROOM, 0, "")), ["/x", "/srv"])
    assert [type(one).__name__ for one in facts.values()] == ["Absent", "MountFacts"]


CHRONY = "Reference ID    : 7F7F0101 ()\nStratum         : 3\nLeap status     : {}\n"
SILENT = ("", 1, "it: no")


def time(
    show: tuple[str, int, str] = SILENT,
    chrony: tuple[str, int, str] = SILENT,
    link: tuple[str, int, str] = SILENT,
    file: tuple[str, int, str] = SILENT,
) -> Any:
    """What is made of a host's time."""
    section = answer(show=show, chrony=chrony, link=link, file=file)
    return TIME.read(section, ["host"])["host"]


@pytest.mark.parametrize(
    ("show", "chrony", "expected"),
    [
        (("NTPSynchronized=yes\n", 0, ""), SILENT, True),
        (("NTPSynchronized=no\n", 0, ""), SILENT, False),
        (("odd\nTimezone=UTC\nNTPSynchronized=no\n", 0, ""), SILENT, False),
        (
            ("NTPSynchronized=yes\nNTPSynchronized=no=x\n", 0, ""),
            (CHRONY.format("Not synchronised"), 0, ""),
            False,
        ),
        (("NTPSynchronized=no\n", 0, ""), (CHRONY.format("Normal"), 0, ""), False),
        (SILENT, (CHRONY.format("Normal"), 0, ""), True),
        (SILENT, (CHRONY.format("Insert second"), 0, ""), True),
        (SILENT, (CHRONY.format("Delete second"), 0, ""), True),
        (SILENT, (CHRONY.format("Not synchronised"), 0, ""), False),
        (("NTPSynchronized=maybe\n", 0, ""), (CHRONY.format("Normal"), 0, ""), True),
        (("NTPSynchronized=yes\n", 1, "x"), (CHRONY.format("Not synchronised"), 0, ""), False),
        (("NTPSynchronized=yes\n", 1, "x"), SILENT, "upstream: timedatectl show: x"),
        (("a=b=c\n", 0, ""), SILENT, "upstream: timedatectl show: it said nothing of it"),
        (SILENT, (CHRONY.format("Normal"), 1, ""), "upstream: timedatectl show: it: no"),
        (SILENT, ("506 Cannot talk to daemon\n", 0, ""), "upstream: timedatectl show: it: no"),
        (NO_TOOL, NO_TOOL, "tool missing: timedatectl show: sh: it: not found"),
    ],
)
def test_who_keeps_the_clock(show: Any, chrony: Any, expected: Any) -> None:
    """Systemd's word first, then chrony's, each only where it went well."""
    assert short(time(show, chrony).synchronised) == expected


KABUL = "/usr/share/zoneinfo/Asia/Kabul\n"


@pytest.mark.parametrize(
    ("show", "link", "file", "expected"),
    [
        (("Timezone=Etc/UTC\n", 0, ""), (KABUL, 0, ""), ("Asia/Tokyo\n", 0, ""), "Asia/Kabul"),
        (("Timezone=Etc/UTC\n", 0, ""), ("/etc/localtime\n", 0, ""), ("Asia/Tokyo\n", 0, ""),
         "Asia/Tokyo"),
        (("Timezone=Etc/UTC\n", 0, ""), ("/etc/localtime\n", 0, ""), SILENT, "Etc/UTC"),
        (("x\n", 0, ""), ("UTC\n", 0, ""), SILENT, "UTC"),
        (("Timezone=n/a here\n", 0, ""), ("/etc/localtime\n", 0, ""), SILENT,
         "upstream: /etc/localtime: it said nothing of it"),
        (SILENT, SILENT, SILENT, "upstream: /etc/localtime: it: no"),
    ],
)  # fmt: skip
def test_the_zone(show: Any, link: Any, file: Any, expected: str) -> None:
    """What programs read comes before what timedated remembers."""
    assert short(time(show, link=link, file=file).zone) == expected


MEMINFO = "MemTotal: 4000 kB\nMemAvailable: 1000 kB\nSwapTotal: 200 kB\nSwapFree: 50 kB\n"
BUSY = "some avg10=9.00 avg60=2.50 avg300=1.00 total=7\nfull avg10=9.00 avg60=8.50 avg300=1 total=7"


def load(**changes: tuple[str, int, str]) -> Any:
    """What is made of a host of two processors, with changes."""
    told = {"meminfo": (MEMINFO, 0, ""), "loadavg": ("4.00 3.00 1.00 2/345 6789\n", 0, "")}
    told |= {"cpus": ("2\n", 0, ""), "cpu": (BUSY, 0, "")}
    told |= {"memory": (BUSY.replace("2.50", "3.50"), 0, ""), "io": ("", 1, "cat: no")}
    return LOAD.read(answer(**{**told, **changes}), ["host"])["host"]


def test_a_load() -> None:
    """The kernel's kB are of 1024 bytes; its load is that of five minutes."""
    found = load()
    assert (found.memory, found.swap) == (Seen((4096000, 1024000)), Seen((204800, 51200)))
    assert found.per_cpu == Seen(1.5)
    assert (found.waits["cpu"], found.waits["memory"]) == (Seen(2.5), Seen(3.5))
    assert short(found.waits["io"]) == "upstream: /proc/pressure/io: cat: no"
    one = load(cpus=("1\n", 0, ""), io=(BUSY, 0, ""))
    assert (one.per_cpu, one.waits["io"]) == (Seen(3.0), Seen(2.5))
    full = load(
        meminfo=("MemTotal: 5 kB\nMemAvailable: 5 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB", 0, "")
    )
    assert (full.memory, full.swap) == (Seen((5120, 5120)), Seen((0, 0)))
    none = load(meminfo=("MemTotal: 5 kB\nMemAvailable: 0 kB\n", 0, ""))
    assert none.memory == Seen((5120, 0))


@pytest.mark.parametrize(
    ("of", "told", "expected"),
    [
        ("memory", "MemTotal: 5 kB\n", "upstream: /proc/meminfo: MemAvailable"),
        ("memory", "MemAvailable: 5 kB\n", "upstream: /proc/meminfo: MemAvailable"),
        ("memory", "MemTotal: 5 kB\nMemAvailable: 6 kB\n", "upstream: /proc/meminfo: MemAvailable"),
        ("swap", "MemTotal: 5 kB\nMemAvailable: 5 kB\n", "upstream: /proc/meminfo: SwapFree"),
    ],
)
def test_memory_that_cannot_be(of: str, told: str, expected: str) -> None:
    """More is not free than there is; what is not told is not nought."""
    fact = getattr(load(meminfo=(told, 0, "")), of)
    assert short(fact) == f"{expected}: it said nothing of it"


@pytest.mark.parametrize(
    ("name", "told"),
    [("cpus", "0\n"), ("cpus", ""), ("cpus", "x\n"), ("loadavg", "4.00 3.00\n"), ("loadavg", "")],
)
def test_a_run_queue_that_is_not_told(name: str, told: str) -> None:
    """Without processors there is no share of each."""
    found = load(**{name: (told, 0, "")}).per_cpu
    assert short(found) == "upstream: /proc/loadavg: it said nothing of it"


def parameter(name: str, out: str, rc: int = 0, err: str = "") -> Any:
    """What is made of a parameter."""
    found = SYSCTLS.read(answer(values=(out, rc, err)), [name])[name]
    return short(getattr(found, "value", found))


LINUX = "/proc/sys/kernel/ostype\0Linux\n"
AWAY = "grep: /proc/sys/vm/x: No such file or directory"


@pytest.mark.parametrize(
    ("name", "out", "err", "expected"),
    [
        ("vm.x", f"{LINUX}/proc/sys/vm/x\0 4\t5 \n", "", "4 5"),
        ("vm/x", f"{LINUX}/proc/sys/vm/x\0 4\0 5\n", "", "4\0 5"),
        ("vm.x", "/proc/sys/vm/x\0a\n/proc/sys/vm/x\0b\n", "", "a\nb"),
        ("vm/x.1", "/proc/sys/vm/x.1\0a\n", "", "a"),
        ("vm.x", "a word\n/proc/sys/vm/x\0a\n", "", "a"),
        ("vm.x", LINUX, AWAY, "absent: the kernel has no /proc/sys/vm/x"),
        ("vm.x", "", AWAY, f"upstream: {AWAY}"),
        ("vm.x", LINUX, AWAY.replace("vm/x", "vm/xy"), "upstream: /proc/sys/vm/x: grep: "
         "/proc/sys/vm/xy: No such file or directory"),
        ("vm.x", LINUX, "grep: /proc/sys/vm/x: Permission denied",
         "permission: grep: /proc/sys/vm/x: Permission denied"),
        ("vm.x", LINUX, "grep: /proc/sys/vm/x: Input/output error",
         "upstream: grep: /proc/sys/vm/x: Input/output error"),
        ("vm.x", LINUX, f"{AWAY.replace('x', 'y')}\ngrep: /proc/sys/vm/x: Permission denied",
         "permission: grep: /proc/sys/vm/x: Permission denied"),
        ("vm.x", LINUX, "", "upstream: /proc/sys/vm/x: it said nothing of it"),
        ("vm.x", f"{LINUX}/proc/sys/vm/x\n", "", "upstream: /proc/sys/vm/x: it said nothing of it"),
    ],
)  # fmt: skip
def test_a_parameter(name: str, out: str, err: str, expected: str) -> None:
    """Absent only where the kernel shows others; a complaint is that of its own file."""
    assert parameter(name, out, 2 if err else 0, err) == expected


def resolved(text: str, rc: int) -> Any:
    """What is made of a name."""
    section = answer(_0_=(f"{text}\n{rc}\n", 0, ""))
    found = RESOLVE.read(section, ["desk"])["desk"]
    return short(getattr(found, "addresses", found))


@pytest.mark.parametrize(
    ("text", "rc", "expected"),
    [
        ("10.0.0.2 STREAM desk\n10.0.0.2 DGRAM\n10.0.0.1 STREAM\n", 0, ("10.0.0.1", "10.0.0.2")),
        ("fe80::1%eth0 STREAM desk\n0:0::1 RAW\n", 0, ("::1", "fe80::1")),
        ("", 2, "absent: getent ahosts desk found nothing"),
        (" \n", 2, "absent: getent ahosts desk found nothing"),
        ("10.0.0.1 STREAM desk\n", 2,
         "upstream: getent ahosts desk exited with 2, and said nothing of it"),
        ("", 1, "upstream: getent ahosts desk exited with 1, and said nothing of it"),
        ("", 0, "upstream: getent ahosts desk exited with 0, and said nothing of it"),
        ("Usage: getent\n", 0, "upstream: getent ahosts desk: an odd answer"),
        ("10.0.0.1 STREAM desk\n\n10.0.0.2 RAW\n", 0, "upstream: getent ahosts desk: an odd answer"),
        ("sh: getent: not found\n", 127, "tool missing: the host has no getent to ask with"),
        ("", 124, "timeout: getent ahosts desk: no answer within 4 s"),
        ("", 137, "timeout: getent ahosts desk: no answer within 4 s"),
    ],
)  # fmt: skip
def test_a_name(text: str, rc: int, expected: Any) -> None:
    """Its addresses without their device, sorted; none only where the tool says that."""
    assert resolved(text, rc) == expected


def package(manager: str, name: str, told: Mapping[str, tuple[str, int, str]], at: str = "") -> Any:
    """What is made of a package: its version, or what else is said."""
    subject = (manager, at, name)
    found = PACKAGES.read(answer(**told), [subject])[subject]
    return short(getattr(found, "version", found))


@pytest.mark.parametrize(
    ("manager", "out", "rc", "err", "expected"),
    [
        ("dpkg", "ii \tcurl\tamd64\t8.1-2\n", 0, "", "8.1-2"),
        ("dpkg", "", 1, "dpkg-query: no packages found matching curl",
         "absent: dpkg-query: no packages found matching curl"),
        ("rpm", "curl\t(none):8.1-2\n", 0, "", "8.1-2"),
        ("rpm", "package curl is not installed\n", 1, "",
         "absent: rpm: package curl is not installed"),
        ("apk", "curl-8.1-r2\n", 0, "", "8.1-r2"),
        ("apk", "", 1, "", "absent: apk info -e: curl is not installed"),
        ("apk", *NO_TOOL, "tool missing: apk info curl: sh: it: not found"),
    ],
)  # fmt: skip
def test_a_package_of_the_system(manager: str, out: str, rc: int, err: str, expected: str) -> None:
    """Each manager is heard by its own words."""
    assert package(manager, "curl", {manager: (out, rc, err)}) == expected


NOWHERE = "ls: cannot access '/env/.': No such file or directory"


@pytest.mark.parametrize(
    ("out", "rc", "err", "expected"),
    [
        ("in a folder\n.\n..\nFlask_Cors-4.0.dist-info\n", 0, "", "4.0"),
        ("in a folder\n.\nflask_cors-4.0.dist-info\n", 1, "ls: odd", "4.0"),
        ("in a folder\n.\nflask_cors-4.0.dist-info\nflask_cors-5.0.dist-info\n", 0, "",
         "upstream: /env holds flask-cors in several versions, one laid over another: 4.0, 5.0"),
        ("in a folder\n.\nflask-4.0.dist-info\n", 0, "",
         "absent: no flask-cors among the packages in /env"),
        ("", 2, NOWHERE, f"absent: /env: {NOWHERE}"),
        ("in a folder\n..\n", 0, "", "upstream: /env holds no packages of Python"),
        ("", 0, "", "upstream: /env holds no packages of Python"),
        (".\n", 0, "", "upstream: /env holds no packages of Python"),
        ("in a folder\n.\n", 1, "", "upstream: /env holds no packages of Python"),
        ("in a folder\n.\n", 0, "ls: /env: Permission denied",
         "permission: /env: ls: /env: Permission denied"),
        ("in a folder\n.\n", 124, "ls: odd", "timeout: /env: it did not end in time"),
    ],
)  # fmt: skip
def test_a_package_of_python(out: str, rc: int, err: str, expected: str) -> None:
    """Absent from a folder that was listed whole, or that is not there; else nobody can tell."""
    assert package("pip", "flask-cors", {"at.0": (out, rc, err)}, "/env") == expected


NO_FILE = ("", 1, "cat: x: No such file or directory")


@pytest.mark.parametrize(
    ("file", "listing", "expected"),
    [
        (('{"version": "1.2.3"}', 0, ""), SILENT, "1.2.3"),
        (('{"version": "1.2.3"}', 1, "cat: x"), (".\n", 0, ""),
         "upstream: /app/node_modules/left: cat: x"),
        (("{", 0, ""), SILENT, "upstream: /app: the package.json of left is odd"),
        (("[]", 0, ""), SILENT, "upstream: /app: the package.json of left is odd"),
        (("{}", 0, ""), SILENT, "upstream: /app: the package.json of left is odd"),
        (('{"version": "a b"}', 0, ""), SILENT, "upstream: left: no version is like 'a b'"),
        (NO_FILE, (".\n..\nright\n", 0, ""), "absent: no left in /app/node_modules"),
        (NO_FILE, ("..\nright\n", 0, ""), "upstream: /app/node_modules/left: cat: x: "
         "No such file or directory"),
        (NO_FILE, (".\n", 2, "ls: x"), "upstream: /app/node_modules/left: cat: x: "
         "No such file or directory"),
        (NO_FILE, ("", 2, "ls: x: No such file or directory"),
         "absent: there is no /app/node_modules"),
        (("", 1, "cat: x: Permission denied"), (".\n", 0, ""),
         "permission: /app/node_modules/left: cat: x: Permission denied"),
    ],
)  # fmt: skip
def test_a_package_of_npm(file: Any, listing: Any, expected: str) -> None:
    """Its own file tells its version; the folder beside it proves that there is none."""
    assert package("npm", "left", {"at.0": file, "in.0": listing}, "/app") == expected


def test_packages_are_not_mixed_up() -> None:
    """Several questions, each with its own answer."""
    subjects = [("pip", "/a", "x"), ("dpkg", "", "x"), ("npm", "/b", "x"), ("pip", "/c", "x")]
    told: Mapping[str, tuple[str, int, str]] = {
        "at.0": ("in a folder\n.\nx-1.dist-info\n", 0, ""),
        "dpkg": ("hi \tx\tall\t2\n", 0, ""),
        "at.2": ('{"version": "3"}', 0, ""),
        "at.3": ("in a folder\n.\nx-4.dist-info\n", 0, ""),
    }
    found: Any = PACKAGES.read(answer(**told), subjects)
    assert [found[one].version for one in subjects] == ["1", "2", "3", "4"]
    assert [found[one].held for one in subjects] == [False, True, False, False]


def container(out: str, rc: int = 0, err: str = "", engine: str = "docker") -> Any:
    """What is made of the container ``web``."""
    subject = (engine, "web")
    return short(CONTAINERS.read(answer(**{engine: (out, rc, err)}), [subject])[subject])


@pytest.mark.parametrize(
    ("out", "rc", "err", "expected"),
    [
        ("[{}]", 0, "", "upstream: docker container inspect web: an odd answer: 'Name'"),
        ("[{}]", 1, "", "upstream: docker container inspect web: an odd answer: 'Name'"),
        ("[{}]", 125, "", "upstream: docker container inspect web: an odd answer: 'Name'"),
        ("[{}]", 124, "", "timeout: docker container inspect web: it did not end in time"),
        ("[{}]", 126, "it: Permission denied",
         "permission: docker container inspect web: it: Permission denied"),
        ("[]", 1, "Error: No such container: web",
         "absent: docker container inspect web: no such container"),
        ("", 1, "x\nError: No such container: web\ny",
         "absent: docker container inspect web: no such container"),
        ("", *NO_TOOL[1:], "tool missing: docker container inspect web: sh: it: not found"),
        ("", 1, "Error: No such container: web2",
         "upstream: docker container inspect web: Error: No such container: web2"),
        ("", 1, "Error: web is not to be told: odd",
         "upstream: docker container inspect web: Error: web is not to be told: odd"),
    ],
)  # fmt: skip
def test_a_container_that_is_not_told(out: str, rc: int, err: str, expected: str) -> None:
    """Away is what its engine says is away, by its whole name."""
    assert container(out, rc, err) == expected


def test_engines_are_not_mixed_up() -> None:
    """The answer of the one is not the other's."""
    subjects = [("docker", "web"), ("podman", "web")]
    section = answer(docker=("", 1, "Error: No such container: web"), podman=NO_TOOL)
    docker, podman = CONTAINERS.read(section, subjects).values()
    assert isinstance(docker, Absent)
    assert isinstance(podman, CannotTell)
