"""What tools of a host tell: package managers one by one, and ``ss`` of who is connected."""

from __future__ import annotations

from typing import Any

import pytest

from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.connections import Connections, read
from gate.sources.host.packages import READERS, PackageFacts
from gate.sources.host.section import Section

OLD = "ii \tsh\tamd64\t0.5.11"


@pytest.mark.parametrize(
    ("manager", "name", "out", "rc", "err", "found"),
    [
        ("dpkg", "sh", OLD, 0, "", PackageFacts(version="0.5.11")),
        ("dpkg", "sh:amd64", OLD, 0, "", PackageFacts(version="0.5.11")),
        ("dpkg", "sh:i386", OLD, 0, "", "it said nothing of it"),
        ("dpkg", "s", OLD, 0, "", "it said nothing of it"),
        ("dpkg", "sh", f"ii \tsh\tamd64\n{OLD}", 0, "", PackageFacts(version="0.5.11")),
        ("dpkg", "sh", "hi \tsh\tamd64\t1", 0, "", PackageFacts(version="1", held=True)),
        ("dpkg", "sh", "iiR\tsh\tamd64\t1", 0, "",
         PackageFacts(version="1", odd="it has to be installed again")),
        ("dpkg", "sh", "iU \tsh\tamd64\t1", 0, "",
         PackageFacts(version="1", odd="it is installed in part only (iU)")),
        ("dpkg", "sh", "rc \tsh\tamd64\t1", 0, "", Absent("dpkg-query: sh: state rc")),
        ("dpkg", "sh", "un \tsh\t\t", 1, "", Absent("dpkg-query: sh: state un")),
        # Of two architectures one is there.
        ("dpkg", "sh", "rc \tsh\ti386\t1\nii \tsh\tamd64\t2", 0, "", PackageFacts(version="2")),
        # A state that nobody knows is none.
        ("dpkg", "sh", "i? \tsh\tamd64\t1", 0, "", "it said nothing of it"),
        ("dpkg", "sh", "", 1, "dpkg-query: no packages found matching sh",
         Absent("dpkg-query: no packages found matching sh")),
        ("dpkg", "sh", "", 1, "dpkg-query: no packages found matching sh-x", "found matching sh-x"),
        ("dpkg", "sh", "", 2, "error: database is locked", "database is locked"),
        ("dpkg", "sh", "ii \tsh\tamd64\t<odd>", 0, "", "sh: no version is like '<odd>'"),
        ("rpm", "sh", "sh\t(none):4.1-2", 0, "", PackageFacts(version="4.1-2")),
        ("rpm", "sh", "sh\t1:4\nsh\t1:5\nsh\t1:4", 0, "",
         PackageFacts(version="1:4", others=("1:5",))),
        ("rpm", "sh", "sh\t1:4\nsh\t<odd>", 0, "", "no version is like '<odd>'"),
        ("rpm", "sh", "package sh is not installed", 1, "",
         Absent("rpm: package sh is not installed")),
        ("rpm", "sh", "package sh-x is not installed", 1, "", "rpm -q sh"),
        ("rpm", "sh", "sh 1:4", 0, "", "it said nothing of it"),
        ("apk", "sh", "musl-1.2-r0\nsh-1.36-r2", 0, "", PackageFacts(version="1.36-r2")),
        ("apk", "sh", "musl-1.2-r0", 1, "", Absent("apk info -e: sh is not installed")),
        ("apk", "sh", "musl-1.2-r0\nERROR odd", 1, "", "apk info sh"),
        ("apk", "sh", "musl-1.2-r0", 1, "WARNING: opening", "WARNING: opening"),
        ("apk", "sh", "musl-1.2-r0", 0, "", "it said nothing of it"),
        ("apk", "sh", "sh-doc-1.36-r2", 1, "", Absent("apk info -e: sh is not installed")),
        ("apk", "sh", "", 127, "sh: apk: not found", "apk: not found"),
    ],
)  # fmt: skip
def test_a_package(  # noqa: PLR0917 - a case's columns
    manager: str, name: str, out: str, rc: int, err: str, found: Any
) -> None:
    """It is there, it is not, or its manager does not say: three things, never mixed up."""
    one = READERS[manager](name, Section(out.encode(), rc, err))
    if isinstance(found, str):
        assert isinstance(one, CannotTell), one
        assert found in one.reason
    else:
        assert one == found


UNIT = "U Id=a.service\nU Names=a.service b.service\nU LoadState=loaded\nU ActiveState=active\n"
UNIT += "U SubState=running\nU MainPID={pid}\nU ControlGroup={group}\nU "
ENDED = "T ended 0\nX ended 0"
GROUP = "/system.slice/a.service"
HOST = "\n".join(
    [
        "M net:[1]",
        "N 5 net:[1]",
        "S /proc/5/status:PPid:\t1",
        "S /proc/6/status:PPid:\t5",
        "S /proc/7/status:PPid:\t1",
        f"G /proc/5/cgroup:0::{GROUP}",
        f"G /proc/6/cgroup:0::{GROUP}/worker",
        "G /proc/7/cgroup:0::/system.slice/a.service2",
    ]
)
OPENED = 'T 0 0 10.0.0.1:4001 10.0.0.2:5432 users:(("api",pid=6,fd=3)) uid:33'
SERVER = 'T 0 0 10.0.0.2:5432 10.0.0.1:4001 users:(("postgres",pid=9,fd=3),("pg",pid=8,fd=3))'
TAKEN = 'T 0 0 [::ffff:10.0.0.1]:80 [::ffff:10.0.0.{}]:999 users:(("api",pid=5,fd=3))'
SOCKET = 'X u_str ESTAB 0 0 * 11 * 12 users:(("api",pid=5,fd=4))'
REDIS = 'X u_str ESTAB 0 0 /run/redis.sock 12 * 11 users:(("redis",pid=9,fd=4))'
NAMELESS = 'X u_str ESTAB 0 0 * 13 * 14 users:(("api",pid=5,fd=5))\nX u_str 0 0 * 14 * 13'


def told(
    *lines: str, pid: int = 5, group: str = GROUP, of: str = "a.service", host: str = HOST
) -> Any:
    """What is said of a unit."""
    text = "\n".join([UNIT.format(pid=pid, group=group), host, *lines, ENDED, "Z"])
    return read(Section(text.encode(), 0, ""), [of])[of]


def peers(found: Any) -> list[tuple[str, int, str, tuple[int, ...]]]:
    """With whom it is connected."""
    assert isinstance(found, Connections), found
    return [(one.peer, one.peer_port, one.peer_name, one.peer_pids) for one in found.found]


POSTGRES = ("10.0.0.2", 5432, "postgres", (8, 9))


@pytest.mark.parametrize(
    ("found", "pids", "expected"),
    [
        (told(OPENED, SERVER), (5, 6), [POSTGRES]),
        (told(OPENED, SERVER, of="b.service"), (5, 6), [POSTGRES]),
        (told(OPENED), (5, 6), [("10.0.0.2", 5432, "", ())]),
        (told(SERVER), (5, 6), []),
        # Whoever came to one end of its own stands behind what it opened itself.
        (
            told(TAKEN.format(3), TAKEN.format(4), OPENED, SERVER),
            (5, 6),
            [POSTGRES, ("10.0.0.3", 999, "", ()), ("10.0.0.4", 999, "", ())],
        ),
        (told(SOCKET, REDIS), (5, 6), [("/run/redis.sock", -1, "redis", (9,))]),
        (told(SOCKET), (5, 6), []),
        (told(NAMELESS), (5, 6), []),
        # By its control group, where the processes are not shown.
        (
            told(f"T 0 0 10.0.0.1:4001 10.0.0.9:25 uid:33 cgroup:{GROUP}/worker"),
            (5, 6),
            [("10.0.0.9", 25, "", ())],
        ),
        (told(f"T 0 0 10.0.0.1:4001 10.0.0.9:25 cgroup:{GROUP}2"), (5, 6), []),
        # Without a group of its own: its main process with all that came from it.
        (told(OPENED, SERVER, group=""), (5, 6), [POSTGRES]),
        (told(OPENED, SERVER, group="/"), (5, 6), [POSTGRES]),
        (told(OPENED, SERVER, group="", pid=99), (), []),
    ],
)
def test_who_a_unit_is_connected_to(
    found: Any, pids: tuple[int, ...], expected: list[tuple[str, int, str, tuple[int, ...]]]
) -> None:
    """By its own processes, and by the other end of the same connection."""
    assert peers(found) == expected
    assert (found.pids, found.state, found.hidden) == (pids, "active (running)", "")


def test_the_sockets_that_a_unit_listens_on() -> None:
    """Those that one of its own processes holds, a few of them."""
    line = 'L u_str LISTEN 0 9 {} 12 * 0 users:(("api",pid={},fd=4))'
    heard = [line.format("/run/a", 5), line.format("/run/b", 7), line.format("/run/c", 6)]
    heard += [
        "L u_str LISTEN 0 9 /run/d 12 * 0",
        line.format("/run/e", 5).replace("LISTEN", "UNCONN"),
    ]
    assert told(*heard).hears == ("/run/a", "/run/c")
    assert told(*(line.format(f"/{n}", 5) for n in range(9))).hears == ("/0", "/1", "/2")


def test_what_is_not_shown_is_told() -> None:
    """A connection of anybody's may be the unit's, where its processes are closed to who looks."""
    anyones = "T 0 0 10.0.0.1:4001 10.0.0.9:25 uid:33"
    hidden = told("H 5", anyones)
    assert (hidden.hidden, hidden.unseen) == ("processes of connections are not shown", True)
    for words in ((anyones,), ("H 7", anyones), ("H 5",)):
        assert told(*words, SERVER).hidden == ""
        assert told(*words).hidden == hidden.hidden  # a list that names nobody may be silent
    assert told("H 5", anyones, OPENED).hidden == ""
    assert told().hidden == hidden.hidden
    many = [OPENED.replace(":4001", f":{port}") for port in range(1000, 1501)]
    found = told(*many)
    assert (len(found.found), found.hidden) == (500, "more than 500 connections")


@pytest.mark.parametrize(
    ("section", "found", "cause"),
    [
        (Section(b"", 127, "sh: ss: not found"), "ss: not found", Cause.TOOL_MISSING),
        (Section(b"", 124, ""), "the host's connections", Cause.TIMEOUT),
        (Section(b"U Id=a.service", 1, "broken"), "broken", Cause.UPSTREAM),
        (
            Section(b"T ended 124\nX ended 0\nZ", 0, "late"),
            "did not end well: late",
            Cause.UPSTREAM,
        ),
        (Section(b"T ended 0\nX ended 1\nZ", 0, ""), "ss did not end well", Cause.UPSTREAM),
        (Section(f"{ENDED}\nZ".encode(), 0, ""), "a.service: it is not told of", Cause.UPSTREAM),
    ],
)
def test_connections_that_are_not_told(section: Section, found: str, cause: Cause) -> None:
    """A list that was cut off is none: nobody is found to be without a connection by it."""
    one = read(section, ["a.service"])["a.service"]
    assert isinstance(one, CannotTell)
    assert found in one.reason
    assert one.cause is cause


def test_a_unit_that_is_elsewhere() -> None:
    """In a network of its own it is not seen from here; one that there is not is absent."""
    found = told(OPENED, host=HOST.replace("N 5 net:[1]", "N 5 net:[2]"))
    assert isinstance(found, CannotTell)
    assert found.reason == "a.service has a network of its own"
    gone = UNIT.replace("LoadState=loaded", "LoadState=not-found")
    for pid, kind in ((0, Absent), (5, Connections)):
        text = "\n".join([gone.format(pid=pid, group=""), HOST, ENDED, "Z"])
        assert isinstance(read(Section(text.encode(), 0, ""), ["a.service"])["a.service"], kind)
