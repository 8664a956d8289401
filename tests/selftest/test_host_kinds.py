"""What can be promised of a host: on this very one, as it is, wrong, absent, and not to be told."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pathlib
import pwd
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from gate.errors import ContractError
from gate.kinds.runtime import version_of as runtime_of
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.host.section import Section
from gate.sources.host.socket_files import obstacles
from tests.selftest.networks import with_rules
from tests.selftest.promised import (
    CANNOT,
    all_of,
    check,
    contract,
    judge,
    lying,
    recorded,
    scene,
    told,
)

READY_S = 10.0


def version_of(package: str) -> str:
    """What dpkg says itself."""
    words = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: S603


PACKAGES = {
    "package.bash": 'package = "bash"\nversion = "{bash}"',
    "package.any": 'package = "coreutils"',
    "package.other": 'package = "bash"\nversion = "0.1"',
    "package.held": 'package = "bash"\nheld = true',
    "package.away": 'package = "no-such-package"\nbefore = "absent"\nversion = "1"',
    "package.missing": 'package = "no-such-package"',
    "package.there": 'package = "bash"\nbefore = "absent"\nversion = "1"',
    "package.rpm": 'package = "bash"\nmanager = "rpm"\nbefore = "absent"\nversion = "1"',
    "package.pip": 'package = "pydantic-core"\nmanager = "pip"\nfolder = "{venv}"',
    "package.pip-away": 'package = "nosuch"\nmanager = "pip"\nfolder = "{venv}"\nbefore = "absent"',
    "package.pip-nowhere": 'package = "nosuch"\nmanager = "pip"\nfolder = "/nowhere"',
    "package.npm": 'package = "@a/b"\nmanager = "npm"\nfolder = "{npm}"\nversion = "1.2"',
    "package.npm-away": 'package = "c"\nmanager = "npm"\nfolder = "{npm}"\nbefore = "absent"',
    "package.npm-odd": 'package = "odd"\nmanager = "npm"\nfolder = "{npm}"',
}


def packages(folder: pathlib.Path) -> dict[str, str]:
    """The items above, about what is there."""
    for name, text in (("@a/b", '{"version": "1.2.3"}'), ("odd", "not JSON")):
        place = folder / "npm/node_modules" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text(text, "utf-8")
    words = {"bash": version_of("bash"), "venv": sys.prefix, "npm": str(folder / "npm")}
    return {
        id_: keys.replace("{bash}", words["bash"])
        .replace("{venv}", words["venv"])
        .replace("{npm}", words["npm"])
        for id_, keys in PACKAGES.items()
    }


def test_packages(tmp_path: pathlib.Path) -> None:
    """Of dpkg, pip and npm; a manager that is not there says nothing."""
    seen = scene(tmp_path, packages(tmp_path))
    check(
        told(seen),
        {
            **all_of(("package.bash", "package.any", "package.away", "package.pip"), ""),
            **all_of(("package.pip-away", "package.npm", "package.npm-away"), ""),
            "package.other": "bash is version",
            "package.held": "it is not held",
            "package.missing": "there is no package no-such-package",
            "package.there": "is there",
            "package.rpm": CANNOT,
            "package.pip-nowhere": "there is no package",
            "package.npm-odd": CANNOT,
        },
    )
    assert recorded(seen, "package")["bash"]["version"] == version_of("bash")


def test_a_package_of_python_by_every_name(tmp_path: pathlib.Path) -> None:
    """As pip and older setuptools leave it; of two, one laid over another, none is told."""
    site = tmp_path / "env/lib/python3.11/site-packages"
    names = ("new_one-2.0.dist-info", "old.one-1.5-py3.11.egg-info", "egg-3.1-py3.11-linux.egg")
    for name in (*names, "twice-1.0.dist-info", "twice-2.0.dist-info"):
        (site / name).mkdir(parents=True)
    of = f'manager = "pip"\nfolder = "{tmp_path}/env"\n'
    items = {
        "package.new": f'{of}package = "new-one"\nversion = "2.0"',
        "package.old": f'{of}package = "old-one"\nversion = "1.5"',
        "package.egg": f'{of}package = "egg"\nversion = "3.1"',
        "package.away": f'{of}package = "old-one"\nversion = "1.5"\nbefore = "absent"',
        "package.first": f'{of}package = "twice"\nversion = "1.0"',
        "package.last": f'{of}package = "twice"\nversion = "2.0"',
    }
    expected = {
        **all_of(("package.new", "package.old", "package.egg"), ""),
        "package.away": "is there",
        **all_of(("package.first", "package.last"), "in several versions"),
    }
    check(judge(tmp_path, items), expected)
    runtimes = {
        f"runtime.{name}": f'label = "x"\nversion = "1"\npackage = ["{tmp_path}/env", "{name}"]'
        for name in ("old_one", "twice")
    }
    seen = scene(tmp_path / "env", runtimes)
    found = [runtime_of(seen.contract.promise(one), seen) for one in runtimes]
    assert found[0] == Seen("1.5")
    assert "in several versions" in str(found[1])


@pytest.mark.parametrize(
    "does",
    ["exit 0", "exit 1", "echo 'dpkg: error: database is locked' >&2; exit 2", "echo bash",
     "printf 'ii \\tbash\\tamd64\\t\\n'", "sleep 20", "yes"],
)  # fmt: skip
def test_a_dpkg_that_lies(does: str, tmp_path: pathlib.Path) -> None:
    """Nothing it is silent of is absent, and nothing odd is a version."""
    items = {id_: keys for id_, keys in packages(tmp_path).items() if "manager" not in keys}
    check(judge(tmp_path, items, lying(tmp_path, dpkg_query=does)), all_of(items, CANNOT))


def test_a_dpkg_in_between(tmp_path: pathlib.Path) -> None:
    """Removed with its configuration left is gone; in part installed is broken."""
    lines = "printf 'rc \\ta\\tall\\t1\\niU \\tb\\tall\\t1\\nhi \\tc\\tall\\t1:2.0-1\\n'"
    items = {
        "package.a": 'package = "a"\nbefore = "absent"\nversion = "1"',
        "package.b": 'package = "b"\nversion = "1"',
        "package.c": 'package = "c"\nversion = "2.0"\nheld = true',
    }
    expected = {"package.a": "", "package.b": "in part only", "package.c": ""}
    check(judge(tmp_path, items, lying(tmp_path, dpkg_query=lines)), expected)


@pytest.mark.parametrize(
    ("tool", "does", "expected"),
    [
        ("rpm", "printf 'a\\t(none):1.2-3.el9\\n'; echo 'package b is not installed'; exit 1",
         {"package.a": "", "package.b": ""}),
        ("rpm", "printf 'a\\t(none):1.2-3\\na\\t1:1.2-4\\na\\t1:1.2-4\\nb\\t1-1\\nb\\t2-1\\n'",
         {"package.a": "", "package.b": "is there"}),
        ("rpm", "printf 'a\\t(none):1.1-3\\na\\t(none):1.2-4\\nb\\t1-1\\n'",
         {"package.a": "is version 1.1-3 and 1.2-4: nobody tells", "package.b": "is there"}),
        ("rpm", "printf 'a\\t(none):1.1-3\\na\\t(none):1.3-4\\nb\\t1-1\\n'",
         {"package.a": "a is version 1.1-3 and 1.3-4", "package.b": "is there"}),
        ("rpm", "echo 'error: cannot open Packages database' >&2; exit 1",
         {"package.a": CANNOT, "package.b": CANNOT}),
        ("rpm", "exit 0", {"package.a": CANNOT, "package.b": CANNOT}),
        ("apk", "echo a-1.2-r3; exit 1", {"package.a": "", "package.b": ""}),
        ("apk", "echo hello; exit 1", {"package.a": CANNOT, "package.b": CANNOT}),
        ("apk", "exit 0", {"package.a": CANNOT, "package.b": CANNOT}),
    ],
)  # fmt: skip
def test_other_managers(
    tool: str, does: str, expected: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """What rpm and apk print, and what they never do."""
    items = {
        "package.a": f'package = "a"\nmanager = "{tool}"\nversion = "1.2"',
        "package.b": f'package = "b"\nmanager = "{tool}"\nversion = "1"\nbefore = "absent"',
    }
    check(judge(tmp_path, items, lying(tmp_path, **{tool: does})), expected)


MOUNTS = {
    "mount.root": 'path = "/"\nfree_mb = 1\nfree_percent = 0.001\noptions = ["rw"]',
    "mount.proc": 'path = "/proc"\ntype = "proc"\ndevice = "proc"',
    "mount.type": 'path = "/proc"\ntype = "ext4"',
    "mount.options": 'path = "/"\noptions = ["nosuchoption"]',
    "mount.not": 'path = "/"\noptions_not = ["rw"]',
    "mount.room": 'path = "/"\nfree_mb = 99999999',
    "mount.percent": 'path = "/"\nfree_percent = 100',
    "mount.away": 'path = "/no/such/mount"\nbefore = "absent"\ntype = "ext4"',
    "mount.missing": 'path = "/no/such/mount"',
    "mount.there": 'path = "/proc"\nbefore = "absent"\ntype = "proc"',
}


def test_mounts(tmp_path: pathlib.Path) -> None:
    """Type, source, options, room."""
    seen = scene(tmp_path, MOUNTS)
    check(
        told(seen),
        {
            **all_of(("mount.root", "mount.proc", "mount.away"), ""),
            "mount.type": "type is proc",
            "mount.options": "it is not nosuchoption",
            "mount.not": "it is rw",
            "mount.room": "MB free",
            "mount.percent": "% free",
            "mount.missing": "there is no",
            "mount.there": "is there",
        },
    )
    assert recorded(seen, "mount")["proc"]["type"] == "proc"


def test_a_file_system_that_became_read_only(tmp_path: pathlib.Path) -> None:
    """The kernel calls the mount ``rw`` still: as after an error of the disk, nobody can write."""
    table = (
        "1 0 8:1 / / rw,relatime - ext4 /dev/sda1 ro,errors=remount-ro\n"
        "2 1 8:2 / /data ro,relatime - ext4 /dev/sdb1 rw"
    )
    cat = f"case $1 in */mountinfo) cat <<'E'\n{table}\nE\n;; esac"
    items = {
        f"mount.{name}-{word}": f'path = "{path}"\noptions = ["{word}"]'
        for name, path in (("root", "/"), ("data", "/data"))
        for word in ("ro", "rw")
    }
    said = judge(tmp_path, items, lying(tmp_path, cat=cat.replace("cat <<", "/bin/cat <<")))
    check(said, {one: "it is not rw" if one.endswith("rw") else "" for one in items})


def test_mounts_that_nobody_tells(tmp_path: pathlib.Path) -> None:
    """An empty list is no list, and a `stat` that says nothing tells no room."""
    check(judge(tmp_path, MOUNTS, lying(tmp_path, cat="exit 0")), all_of(MOUNTS, CANNOT))
    said = judge(tmp_path, MOUNTS, lying(tmp_path, cat='exec /bin/cat "$@"', stat="exit 0"))
    check(said, {**all_of(("mount.root", "mount.room"), CANNOT), "mount.proc": ""})


ACCOUNTS = {
    "user.root": 'user = "root"\nuid = 0\ngroup = "root"\nhome = "/root"\ngroups = ["root"]',
    "user.nobody": 'user = "nobody"\nshell = "{shell}"\ngroups_not = ["sudo", "root"]',
    "user.uid": 'user = "nobody"\nuid = 0',
    "user.shell": 'user = "nobody"\nshell = "/bin/bash"',
    "user.groups": 'user = "nobody"\ngroups = ["sudo"]',
    "user.groups-not": 'user = "root"\ngroups_not = ["root"]',
    "user.away": 'user = "nosuchuser"\nbefore = "absent"\nuid = 7',
    "user.missing": 'user = "nosuchuser"',
    "group.root": 'group = "root"\ngid = 0',
    "group.gid": 'group = "root"\ngid = 7',
    "group.members": 'group = "root"\nmembers = ["nobody"]',
    "group.away": 'group = "nosuchgroup"\nbefore = "absent"\ngid = 7',
    "group.missing": 'group = "nosuchgroup"',
}


def accounts() -> dict[str, str]:
    """The items above, with the shell of this host's nobody."""
    shell = pwd.getpwnam("nobody").pw_shell
    return {id_: keys.replace("{shell}", shell) for id_, keys in ACCOUNTS.items()}


def test_users_and_groups(tmp_path: pathlib.Path) -> None:
    """As this host knows them."""
    seen = scene(tmp_path, accounts())
    check(
        told(seen),
        {
            **all_of(("user.root", "user.nobody", "user.away", "group.root", "group.away"), ""),
            "user.uid": "uid is",
            "user.shell": "shell is",
            "user.groups": "it is not in sudo",
            "user.groups-not": "it is in root",
            "user.missing": "there is no user",
            "group.gid": "gid is 0",
            "group.members": "nobody is not in it",
            "group.missing": "there is no group",
        },
    )
    assert recorded(seen, "user")["root"]["uid"] == 0
    assert recorded(seen, "group")["root"]["gid"] == grp.getgrnam("root").gr_gid


@pytest.mark.parametrize("does", ["exit 0", "exit 2", "echo hello", "echo root:x; exit 2"])
def test_a_getent_that_lies(does: str, tmp_path: pathlib.Path) -> None:
    """Who finds nobody, not even root, finds no proof."""
    check(judge(tmp_path, accounts(), lying(tmp_path, getent=does)), all_of(ACCOUNTS, CANNOT))


def test_passwords(tmp_path: pathlib.Path) -> None:
    """Whether one leads in is told; nothing of it leaves the host."""
    shadow = "printf 'root:*:1::::::\\na:$y$j9T$geheim$x:1::::::\\nb:!$y$x:1::::::\\n'"
    getent = (
        f'case $1 in shadow) {shadow} ;; passwd) printf "root:x:0:0::/:/x\\na:x:1:0::/:/x\\n'
        'b:x:2:0::/:/x\\n" ;; *) echo root:x:0: ;; esac'
    )
    items = {f"user.{one}": f'user = "{one}"\nlocked = true' for one in ("a", "b")}
    seen = scene(tmp_path, items, lying(tmp_path, getent=getent, id="echo root"))
    check(told(seen), {"user.a": "a password leads in", "user.b": ""})
    assert "geheim" not in seen.observed.model_dump_json()


KERNEL = {
    "sysctl.type": 'key = "kernel.ostype"\nvalue = "Linux"',
    "sysctl.slashes": 'key = "net/ipv4/conf/lo/forwarding"\nat_least = 0',
    "sysctl.bounds": 'key = "kernel.pid_max"\nat_least = 100\nat_most = 99999999',
    "sysctl.other": 'key = "kernel.ostype"\nvalue = "Hurd"',
    "sysctl.low": 'key = "kernel.pid_max"\nat_least = 99999999',
    "sysctl.words": 'key = "kernel.ostype"\nat_least = 1',
    "sysctl.missing": 'key = "kernel.nosuch"\nvalue = "1"',
    "sysctl.away": 'key = "kernel.nosuch"\nvalue = "1"\nbefore = "absent"',
    "kernel.it": 'release = "{release}"\nparameters = ["{word}"]',
    "kernel.other": 'release = "2.4"',
    "kernel.words": 'parameters = ["nosuch=1"]',
    "kernel.module": 'modules = ["nosuch"]',
    "load.any": "memory_free_mb = 1\nload_per_cpu = 10000",
    "load.memory": "memory_free_mb = 999999999",
    "load.share": "memory_free_percent = 100",
    "time.zone": 'zone = "Mars/Olympus"',
}


def kernel() -> dict[str, str]:
    """The items above, about the kernel that runs."""
    release = os.uname().release
    word = pathlib.Path("/proc/cmdline").read_text("utf-8").split()[0]
    return {
        id_: keys.replace("{release}", release).replace("{word}", word)
        for id_, keys in KERNEL.items()
    }


def test_kernel_load_and_time(tmp_path: pathlib.Path) -> None:
    """Parameters, release, command line, memory, time zone."""
    seen = scene(tmp_path, kernel())
    check(
        told(seen),
        {
            **all_of(("sysctl.type", "sysctl.slashes", "sysctl.bounds", "sysctl.away"), ""),
            **all_of(("kernel.it", "load.any"), ""),
            "sysctl.other": "it is Linux",
            "sysctl.low": "it is only",
            "sysctl.words": CANNOT,
            "sysctl.missing": "there is no parameter",
            "kernel.other": "runs",
            "kernel.words": "no parameter nosuch=1",
            "kernel.module": "no module nosuch",
            "load.memory": "MB of memory free",
            "load.share": "% of the memory free",
            "time.zone": "time zone is",
        },
    )
    assert recorded(seen, "sysctl")["type"]["value"] == "Linux"
    assert recorded(seen, "kernel")["it"]["release"] == os.uname().release


def test_a_proc_that_nobody_reads(tmp_path: pathlib.Path) -> None:
    """Silent tools tell nothing."""
    silent = lying(tmp_path, cat="exit 0", grep="exit 0", readlink="exit 0", timedatectl="exit 0")
    said = judge(tmp_path, kernel(), silent)
    check(said, all_of(set(KERNEL) - {"kernel.module"}, CANNOT))


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ({"timedatectl": "echo Timezone=Etc/UTC; echo NTPSynchronized=yes"}, ""),
        ({"timedatectl": "echo Timezone=Etc/UTC; echo NTPSynchronized=no"}, "not synchronised"),
        ({"timedatectl": "echo NTPSynchronized=maybe"}, CANNOT),
        ({"timedatectl": "echo Failed to connect to bus >&2; exit 1"}, CANNOT),
        ({"timedatectl": "exit 1", "chronyc": "echo 'Leap status     : Normal'"}, ""),
        ({"timedatectl": "exit 1", "chronyc": "echo 'Leap status     : Not synchronised'"}, "not"),
    ],
)
def test_time(tools: dict[str, str], expected: str, tmp_path: pathlib.Path) -> None:
    """Who keeps it: systemd's word, or chrony's."""
    items = {"time.host": "synchronised = true"}
    check(judge(tmp_path, items, lying(tmp_path, **tools)), {"time.host": expected})


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ({"ls": "exit 0"}, ""),
        ({"ls": "exit 2"}, CANNOT),
    ],
)
def test_no_reboot_pending(tools: dict[str, str], expected: str, tmp_path: pathlib.Path) -> None:
    """Nothing waits on this host; where `/run` cannot be listed nobody can tell."""
    items = {"kernel.host": "no_reboot_pending = true"}
    if pathlib.Path("/run/reboot-required").exists():
        expected = "a reboot is pending"
    check(judge(tmp_path, items, lying(tmp_path, **tools)), {"kernel.host": expected})


def test_taints(tmp_path: pathlib.Path) -> None:
    """A taint that is promised is none; any other is."""
    cat = 'case $1 in */tainted) echo 4097 ;; *) exec /bin/cat "$@" ;; esac'
    items = {
        "kernel.none": "untainted = true",
        "kernel.known": "taints = [0, 12]",
        "kernel.other": "taints = [12]",
    }
    expected = {"kernel.none": "flags 0, 12", "kernel.known": "", "kernel.other": "flags 0"}
    check(judge(tmp_path, items, lying(tmp_path, cat=cat)), expected)


def test_names(tmp_path: pathlib.Path) -> None:
    """As the host resolves them; an outage of the resolver is never a proof."""
    items = {
        "resolve.any": 'name = "localhost"',
        "resolve.other": 'name = "localhost"\naddresses = ["192.0.2.7"]',
        "resolve.missing": 'name = "no-such-name.invalid"',
    }
    said = judge(tmp_path, items)
    check(said, {"resolve.any": "", "resolve.other": "it resolves to"})
    assert "there is no address" in said["resolve.missing"] or CANNOT in said["resolve.missing"]
    only = {"resolve.any": items["resolve.any"]}
    for does in ("exit 0", "echo hello", "exit 1", "echo 127.0.0.1 STREAM; exit 1", "sleep 20"):
        check(judge(tmp_path, only, lying(tmp_path, getent=does)),
              all_of(only, CANNOT))  # fmt: skip
    with pytest.raises(ContractError, match="a resolver that is down"):
        contract(tmp_path, {"resolve.x": 'name = "x"\nbefore = "absent"'})


@pytest.fixture
def sockets(tmp_path: pathlib.Path) -> Iterator[tuple[int, pathlib.Path]]:
    """A UDP port of the loopback, and a Unix socket that listens."""
    with contextlib.ExitStack() as stack:
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        path = tmp_path / "sock"
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(path))
        unix.listen()
        yield udp.getsockname()[1], path


def test_sockets(sockets: tuple[int, pathlib.Path], tmp_path: pathlib.Path) -> None:
    """Address and owner; a socket file that nobody listens on is none."""
    port, path = sockets
    me = pathlib.Path("/proc/self/comm").read_text("utf-8").strip()
    dead = tmp_path / "dead"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(dead))
    items = {
        "socket.udp": f'udp = {port}\naddress = "127.0.0.1"\nprocess = "{me}"',
        "socket.address": f'udp = {port}\naddress = "*"',
        "socket.process": f'udp = {port}\nprocess = "named"',
        "socket.unix": f'unix = "{path}"\nprocess = "{me}"',
        "socket.dead": f'unix = "{dead}"',
        "socket.abstract": f'unix = "@{path.parent.name}-{port}"',
        "socket.nameless": f'unix = "@{path.parent.name}"',
        "socket.away": 'unix = "/no/such/socket"\nbefore = "absent"\nprocess = "x"',
        "socket.there": f'udp = {port}\nbefore = "absent"\nprocess = "x"',
    }
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(f"\0{path.parent.name}-{port}")
        one.listen()
        seen = scene(tmp_path, items)
    check(
        told(seen),
        {
            **all_of(("socket.udp", "socket.unix", "socket.abstract", "socket.away"), ""),
            "socket.nameless": "there is no socket",
            "socket.address": "it is bound to 127.0.0.1",
            "socket.process": f"it is held by {me}",
            "socket.dead": "there is no socket",
            "socket.there": "is there",
        },
    )
    assert recorded(seen, "socket")["udp"]["address"] == "127.0.0.1"
    check(judge(tmp_path, items, lying(tmp_path, cat="exit 0")), all_of(items, CANNOT))
    silent = judge(tmp_path, items, lying(tmp_path, cat='exec /bin/cat "$@"', ss="exit 0"))
    check(silent, {"socket.udp": CANNOT, "socket.unix": CANNOT, "socket.dead": "there is no"})


def test_a_socket_whose_file_was_removed(
    sockets: tuple[int, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """Who listened listens still, in the kernel's list, too, and nobody reaches him."""
    _, path = sockets
    items = {"socket.it": f'unix = "{path}"', "socket.away": f'unix = "{path}"\nbefore = "absent"'}
    check(judge(tmp_path, items), {"socket.it": "", "socket.away": "is there"})
    path.unlink()
    check(judge(tmp_path, items), {"socket.it": "there is no socket", "socket.away": ""})
    path.touch()
    check(judge(tmp_path, items), {"socket.it": "there is no socket", "socket.away": ""})


@pytest.mark.parametrize(
    ("out", "rc", "expected"),
    [
        ("there\nthere\n", 0, {}),
        ("gone\nthere\n", 0, {"/a": "/a is not there: whoever listens under that name is not"}),
        ("there\nunseen\n", 0, {"/b/c": "test -S /b/c: a folder above it is not shown to this"}),
        ("there\n", 0, {"/a": "test -S: it said nothing", "/b/c": "test -S: it said nothing"}),
        ("there\nthere\n", 1, {"/a": "test -S: ", "/b/c": "test -S: "}),
    ],
)
def test_what_the_file_of_a_socket_says(out: str, rc: int, expected: dict[str, str]) -> None:
    """What is not whole tells nothing of any."""
    found = obstacles(Section(out.encode(), rc, ""), ["/a", "/b/c"])
    assert found.keys() == expected.keys()
    for path, fact in found.items():
        assert isinstance(fact, Absent if "is not there" in expected[path] else CannotTell)
        words = fact.proof if isinstance(fact, Absent) else fact.reason
        assert words.startswith(expected[path])


def test_who_opened_a_socket_is_written_down(
    sockets: tuple[int, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """And not one of those that it started: they come and go."""
    _, path = sockets
    held = 'users:(("auth",pid=913,fd=8),("dovecot",pid=87,fd=39))'
    ss = f"echo 'u_str LISTEN 0 512 {path} 356046 * 0 {held}'"
    seen = scene(tmp_path, {"socket.it": f'unix = "{path}"'}, lying(tmp_path, ss=ss))
    assert recorded(seen, "socket")["it"]["process"] == "dovecot"


def test_who_only_asks_a_port_does_not_hold_it(
    sockets: tuple[int, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """A client's socket bears the number as that of its peer, or as its own."""
    port, _ = sockets
    me = pathlib.Path("/proc/self/comm").read_text("utf-8").strip()
    rows = f"""\
        ESTAB 0 0 127.0.0.1:44932 127.0.0.1:{port} users:(("client",pid=7,fd=3))
        ESTAB 0 0 127.0.0.1:{port} 127.0.0.1:53 users:(("asks",pid=8,fd=3))"""
    ss = f"cat <<'E'\n{rows}\nE\nexec /usr/bin/ss \"$@\""
    items = {f"socket.{one}": f'udp = {port}\nprocess = "{one}"' for one in ("client", "asks")}
    items["socket.it"] = f'udp = {port}\nprocess = "{me}"'
    expected = {**all_of(items, f"it is held by {me}"), "socket.it": ""}
    check(judge(tmp_path, items, lying(tmp_path, ss=ss)), expected)


def test_a_port_that_is_open_to_all_as_well(tmp_path: pathlib.Path) -> None:
    """Beside the socket on the loopback there is one on every address."""
    with contextlib.ExitStack() as stack:
        port = 0
        for address in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - that is what is tried
            one = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((address, port))
            port = one.getsockname()[1]
        items = {
            "socket.it": f'udp = {port}\naddress = "127.0.0.1"',
            "socket.all": f'udp = {port}\naddress = "*"',
        }
        said = judge(tmp_path, items)
    check(said, {"socket.it": "it is bound to *, 127.0.0.1", "socket.all": ""})


RULES = """
table inet gatetest {
 set good { type ipv4_addr; flags interval; counter; elements = { 192.0.2.0/24, 198.51.100.7 } }
 chain input { type filter hook input priority 0; policy drop;
 ct state established accept
 tcp dport 443 counter accept
 ip saddr @good tcp dport 5432 accept
 tcp dport { 1000, 1002, 1004, 1006, 1008, 1010, 1012, 1014, 1016, 1018, 1020, 1022 } accept
 }
 chain other {
 }
}
"""


@pytest.fixture
def network() -> Iterator[str]:
    """A network of its own with a firewall in it: the words that lead into it."""
    with with_rules(RULES) as inside:
        yield inside


def test_firewall(network: str, tmp_path: pathlib.Path) -> None:
    """Policy, rules, their order, what is not promised; of nftables and of iptables."""
    iptables = f'exec {network} /usr/sbin/iptables "$@"'
    rule = "-p tcp -m tcp --dport 443 -j ACCEPT"
    words = f"{network} iptables -A INPUT {rule}".split()
    subprocess.run(words, check=True, timeout=READY_S)  # noqa: S603
    of = 'table = "inet gatetest"\nchain = "input"\n'
    ports = ", ".join(map(str, range(1000, 1024, 2)))
    many = f"tcp dport {{ {ports} }} accept"
    both = '"ct state established accept", "tcp dport 443 accept", '
    both += '"ip saddr @good tcp dport 5432 accept"'
    items = {
        "firewall.input": of + f'policy = "drop"\nrules = [{both}, "{many}"]\nonly = true',
        "firewall.policy": of + 'policy = "accept"',
        "firewall.order": of + 'rules = ["tcp dport 443 accept", "ct state established accept"]',
        "firewall.lost": of + 'rules = ["tcp dport 80 accept"]',
        "firewall.extra": of + f"rules = [{both}]\nonly = true",
        "firewall.not": of + 'rules_not = ["tcp dport 443 counter accept"]',
        "firewall.set": of + 'sets = { good = ["192.0.2.0/24", "198.51.100.7"] }',
        "firewall.element": of + 'sets = { good = ["192.0.2.0/24", "198.51.100.8"] }',
        "firewall.other": of + f'sets = {{ good = ["192.0.2.0/24"] }}\nrules = [{both}, "{many}"]\n'
        "only = true",
        "firewall.missing": 'table = "inet gatetest"\nchain = "nosuch"',
        "firewall.away": of.replace("input", "nosuch") + 'before = "absent"\npolicy = "drop"',
        "firewall.base": of.replace("input", "other") + 'policy = "drop"',
        "firewall.tables": 'tool = "iptables"\ntable = "filter"\nchain = "INPUT"\n'
        f'policy = "ACCEPT"\nrules = ["{rule}"]\nonly = true',
        "firewall.table": 'tool = "iptables"\ntable = "filter"\nchain = "INPUT"\npolicy = "DROP"',
    }  # fmt: skip
    tools = {"nft": f'exec {network} /usr/sbin/nft "$@"', "iptables": iptables}
    seen = scene(tmp_path, items, lying(tmp_path, **tools))
    check(
        told(seen),
        {
            **all_of(("firewall.input", "firewall.set", "firewall.away", "firewall.tables"), ""),
            "firewall.element": "@good has no '198.51.100.8'",
            "firewall.other": "@good has '198.51.100.7', which is not promised",
            "firewall.policy": "its policy is drop",
            "firewall.order": "another order",
            "firewall.lost": "no rule 'tcp dport 80 accept'",
            "firewall.extra": "not promised",
            "firewall.not": "a rule 'tcp dport 443 accept'",
            "firewall.missing": "there is no chain nosuch",
            "firewall.base": "no base chain",
            "firewall.table": "its policy is ACCEPT",
        },
    )
    assert recorded(seen, "firewall")["input"]["policy"] == "drop"
    hidden = "ct state invalid accept comment"
    add = f"{network} nft insert rule inet gatetest input {hidden}".split()
    subprocess.run([*add, '"a { b"'], check=True, timeout=READY_S)  # noqa: S603
    said = judge(tmp_path, items, lying(tmp_path, **tools))
    extra = f"a rule that is not promised: '{hidden} \"a {{ b\"'"
    check(said, {"firewall.input": extra, "firewall.not": "a rule 'tcp dport 443 accept'"})
    drop = f"{network} nft insert rule inet gatetest input tcp dport 443 drop".split()
    subprocess.run(drop, check=True, timeout=READY_S)  # noqa: S603
    said = judge(tmp_path, items, lying(tmp_path, **tools))
    check(said, {"firewall.input": "a rule that is not promised: 'tcp dport 443 drop'"})


CHAIN = {"chain": {"family": "inet", "table": "a", "name": "b"}}
CHAINS = json.dumps({"nftables": [{"metainfo": {}}, CHAIN]})
AB = 'table = "inet a"\nchain = "b"\n'


@pytest.mark.parametrize(
    "does",
    ["exit 0", "echo '{}'", "echo table", "exit 1", "echo Operation not permitted >&2; exit 1",
     f"case $1 in -s) exit 0 ;; *) echo '{CHAINS}' ;; esac"],
)  # fmt: skip
def test_a_firewall_that_lies(does: str, tmp_path: pathlib.Path) -> None:
    """No rules as text and some as JSON, nothing at all, no right: nobody can tell."""
    items = {
        "firewall.nft": 'table = "inet f"\nchain = "i"\nbefore = "absent"\npolicy = "drop"',
        "firewall.old": 'tool = "iptables"\ntable = "filter"\nchain = "FOO"\nbefore = "absent"\n'
        'policy = "DROP"',
    }
    said = judge(tmp_path, items, lying(tmp_path, nft=does, iptables=does))
    check(said, all_of(items, CANNOT))


OWNED = """\
table inet a { # progname firewalld
\tflags owner
\tchain b {
\t\tcomment "of { firewalld"
\t\ttcp dport 22 accept
\t}
}
"""


def test_a_table_that_a_program_owns(tmp_path: pathlib.Path) -> None:
    """Who owns it stands behind its name, and a chain's own comment is no rule."""
    nft = f"case $1 in -s) cat <<'E'\n{OWNED}E\n;; *) echo '{CHAINS}' ;; esac"
    items = {"firewall.it": f'{AB}rules = ["tcp dport 22 accept"]\nonly = true'}
    check(judge(tmp_path, items, lying(tmp_path, nft=nft)), {"firewall.it": ""})


INSPECTED = json.dumps(
    [
        {
            "Id": "0123456789abcdef",
            "Name": "/cache",
            "Image": f"sha256:{'a' * 64}",
            "RestartCount": 3,
            "Config": {"Image": "redis:7"},
            "State": {"Status": "running", "Health": {"Status": "healthy"}},
        }
    ]
)


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        (f"echo '{INSPECTED}'; echo 'Error: No such container: gone' >&2; exit 1",
         {"container.cache": "", "container.away": "", "container.image": "image is redis:7",
          "container.restarts": "restarted 3 times", "container.gone": "there is no container"}),
        (f"echo '{INSPECTED}' | sed s/running/exited/",
         {"container.cache": "state is exited", "container.away": CANNOT}),
        ("echo '[]'; echo 'Cannot connect to the Docker daemon' >&2; exit 1",
         {"container.cache": CANNOT, "container.away": CANNOT}),
        ("exit 0", {"container.cache": CANNOT, "container.away": CANNOT}),
        ("echo '[{}]'", {"container.cache": CANNOT, "container.away": CANNOT}),
        ("echo hello", {"container.cache": CANNOT, "container.away": CANNOT}),
    ],
)  # fmt: skip
def test_containers(does: str, expected: dict[str, str], tmp_path: pathlib.Path) -> None:
    """What an engine says of one that is there, one that is not, and where it says nothing."""
    items = {
        "container.cache": f'container = "cache"\nimage = "redis:7"\nhealth = "healthy"\n'
        f'digest = "sha256:{"a" * 64}"\nat_most_restarts = 3',
        "container.image": 'container = "cache"\nimage = "redis:6"',
        "container.restarts": 'container = "cache"\nat_most_restarts = 0',
        "container.gone": 'container = "gone"',
        "container.away": 'container = "gone"\nbefore = "absent"\nimage = "x"',
    }
    check(judge(tmp_path, items, lying(tmp_path, docker=does)), expected)


def test_podman_itself(tmp_path: pathlib.Path) -> None:
    """Its own word for a container that is not there."""
    if subprocess.run(["which", "podman"], capture_output=True, check=False).returncode:  # noqa: S607
        pytest.skip("this machine has no podman")
    items = {
        "container.gone": 'container = "nosuch"\nengine = "podman"',
        "container.away": 'container = "nosuch"\nengine = "podman"\nbefore = "absent"\nimage = "x"',
    }
    ends = time.monotonic() + READY_S
    while CANNOT in (said := judge(tmp_path, items))["container.gone"]:
        assert time.monotonic() < ends, said
    check(said, {"container.gone": "there is no container", "container.away": ""})


TIMER = """\
Id=backup.timer
LoadState=loaded
ActiveState={active}
UnitFileState={file}
Unit=backup.service
LastTriggerUSec={last}
NextElapseUSecRealtime={next}
NextElapseUSecMonotonic=
Result=success
"""
SERVICE = """
Id=backup.service
LoadState={load}
ActiveState=inactive
Result={result}
ExecMainStatus={status}
ExecMainExitTimestamp={last}
"""
GOOD = {
    "active": "active", "file": "enabled", "last": "{now}", "result": "success", "status": "0",
    "next": "Mon 2040-01-02 00:00:00 UTC", "load": "loaded",
}  # fmt: skip


def systemctl(**changes: str) -> str:
    """A ``systemctl`` that tells of one timer as that of systemd 252 does."""
    now = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime())
    values = {key: value.replace("{now}", now) for key, value in {**GOOD, **changes}.items()}
    timer = TIMER.format(**values) + "\nUnit=\nId=away.timer\nLoadState=not-found\n"
    service = SERVICE.format(**values)
    nameless = 'for one; do [ -n "$one" ] || { echo Failed to mangle name >&2; exit 1; }; done'
    return (
        f"{nameless}\ncase \"$*\" in *.service*) cat <<'E'\n{service}E\n"
        f";; *) cat <<'E'\n{timer}E\n;; esac"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"active": "inactive"}, "it is inactive"),
        ({"file": "disabled"}, "does not start at boot"),
        ({"next": "n/a"}, "there is no next time"),
        ({"last": "n/a"}, "it never ran"),
        ({"last": "Thu 2020-01-02 00:00:00 UTC"}, "it last ran"),
        ({"last": "Mon 2040-01-02 00:00:00 UTC"}, CANNOT),
        ({"last": "yesterday"}, CANNOT),
        ({"load": "masked"}, "backup.service, which it starts, is masked"),
        ({"load": "not-found"}, "backup.service, which it starts, is not-found"),
        ({"result": "exit-code", "status": "1"}, "ended with exit-code, exit status 1"),
    ],
)
def test_timers(changes: dict[str, str], expected: str, tmp_path: pathlib.Path) -> None:
    """Waits, last ran within a time, and what it starts succeeded."""
    items = {
        "timer.backup": 'timer = "backup.timer"\nstarts = "backup.service"\nran_within_s = 600',
        "timer.away": 'timer = "away.timer"\nbefore = "absent"\nran_within_s = 600',
        "timer.gone": 'timer = "away.timer"',
    }
    seen = scene(tmp_path, items, lying(tmp_path, systemctl=systemctl(**changes)))
    check(
        told(seen),
        {"timer.backup": expected, "timer.away": "", "timer.gone": "there is no timer"},
    )


@pytest.mark.parametrize(
    "does", ["exit 0", "echo hello", "echo Failed to connect to bus >&2; exit 1", "exit 127"]
)
def test_a_systemctl_that_lies(does: str, tmp_path: pathlib.Path) -> None:
    """Nothing is told of a timer that nothing was said of."""
    items = {
        "timer.away": 'timer = "away.timer"\nbefore = "absent"\nran_within_s = 600',
        "timer.backup": 'timer = "backup.timer"',
    }
    check(judge(tmp_path, items, lying(tmp_path, systemctl=does)), all_of(items, CANNOT))
