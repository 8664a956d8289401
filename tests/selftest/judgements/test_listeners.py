"""Which sockets a host says that it has: read, compared with the kernel's own list, and owned."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.facts import Identity, Listener
from gate.sources.host.processes import Table
from gate.sources.host.section import Section
from gate.sources.host.sockets import Sockets, read_sockets
from tests.selftest.given import NOW, unclear

ROOT = Identity(
    hostname="h", user="root", os="Debian", kernel="6.1", init="systemd", clock=NOW, booted=NOW,
    privileges="root",
)  # fmt: skip
USER = ROOT.model_copy(update={"user": "eve", "privileges": "user"})
BARE = ROOT.model_copy(update={"init": "sh"})
LINE = "LISTEN 0 511 {} 0.0.0.0:* {}"
API = LINE.format("127.0.0.1:80", 'users:(("api",pid=7,fd=3)) uid:33 ino:1 sk:1')
HEAD = "  sl  local_address rem_address st\n"


def kernel(*places: str) -> str:
    """Listening sockets as the kernel lists them, one a line: address, port, inode."""
    lines = []
    for number, place in enumerate(places):
        address, _, port = place.rpartition(":")
        raw = ipaddress.ip_address(address).packed
        words = "".join(raw[at : at + 4][::-1].hex().upper() for at in range(0, len(raw), 4))
        lines.append(
            f"{number}: {words}:{int(port):04X} 00000000:0000 0A 0:0 00:0 00000000 33 0 9{number} 1"
        )
    return "\n".join(lines)


def section(text: str, rc: int = 0, err: str = "") -> Section:
    """An answer."""
    return Section(text.encode(), rc, err)


def looked(
    said: str,
    first: str = "",
    second: str | None = None,
    *,
    rc: int = 0,
    identity: Identity = ROOT,
    groups: str = "/proc/7/cgroup:0::/system.slice/api.service",
    units: tuple[Any, ...] = (),
) -> Sockets:
    """What comes of it."""
    table = Table(
        {
            "stats": section(""),
            "cgroups": section(groups),
            "links": section(""),
            "commands": section(""),
        },
        identity,
        100,
    )
    answers = {
        "listeners": section(said, rc, "cannot open netlink" if rc else ""),
        "kernel": section(first),
        "kernel.2": section(first if second is None else second),
    }
    return read_sockets(answers, units, table, identity)


def only(found: Sockets) -> Listener:
    """The one that there is."""
    assert isinstance(found.listeners, Seen), found
    (one,) = found.listeners.value
    return one


@pytest.mark.parametrize(
    ("found", "reason", "cause"),
    [
        (looked("", rc=1), "ss -Hltnpe: cannot open netlink", Cause.UPSTREAM),
        (looked("", rc=124), "ss -Hltnpe: cannot open netlink", Cause.TIMEOUT),
        # Not one word of it is taken for an empty list.
        (looked("", kernel("0.0.0.0:22")), "printed no socket, but /proc/net/tcp has some", None),
        (looked("ESTAB 0 0 x", "x"), "cannot be read: 'ESTAB 0 0 x'", None),
        (looked("LISTEN 0 5", "x"), "cannot be read: 'LISTEN 0 5'", None),
        (looked(LINE.format("nowhere:80", ""), "x"), "cannot be read", None),
        (looked(LINE.format("127.0.0.1:0", ""), "x"), "cannot be read", None),
        (looked(LINE.format("127.0.0.1:65536", ""), "x"), "cannot be read", None),
        (looked(LINE.format("127.0.0.1:http", ""), "x"), "cannot be read", None),
        (looked("/proc/net\n0: 0100007F:0050 x"), "cannot be read: '0: 0100007F:0050 x'", None),
        (looked(f"/proc/net\n{kernel('127.0.0.1:80')[:40]}"), "cannot be read", None),
        (looked("/proc/net\n0: XX:0050 a 0A b c 33 d 9 1"), "cannot be read", None),
        (looked("/proc/net\n0: 0100007F:0000 a 0A 0 0 0 33 0 9 1"), "cannot be read", None),
        (looked("/proc/net\n0: 010000:0050 a 0A 0 0 0 33 0 9 1"), "cannot be read", None),
    ],
)
def test_what_is_no_list_is_none(found: Sockets, reason: str, cause: Cause | None) -> None:
    """Then nothing is known of any port: neither that it is open nor that it is closed."""
    assert isinstance(found.listeners, CannotTell), found
    assert reason in found.listeners.reason
    assert found.listeners.cause is (cause or Cause.UPSTREAM)


@pytest.mark.parametrize(
    ("said", "first", "second", "unsure"),
    [
        (API, kernel("127.0.0.1:80"), None, {}),
        (API, kernel("127.0.0.1:80", "::1:25"), None, {25: "::1:25, which ss does not tell"}),
        (API, kernel("0.0.0.0:80"), None, {80: "127.0.0.1:80, which /proc/net/tcp does not have"}),
        # What came or went while it was looked is nobody's lie.
        (API, "", kernel("127.0.0.1:80"), {}),
        (API, kernel("127.0.0.1:80", "::1:25"), kernel("127.0.0.1:80"), {}),
        # One of the two lists cannot be read: the other one is enough.
        (API, "odd", kernel("127.0.0.1:80", "::1:25"), {25: "which ss does not tell"}),
        (API, "odd", "odd", {}),
        ("", "", None, {}),
        # A line of ss that is none is a port that the kernel alone tells.
        (f"{API}\nLISTEN 0 5", kernel("127.0.0.1:80", "::1:25"), None, {25: "ss does not tell"}),
    ],
)
def test_ss_and_the_kernel(
    said: str, first: str, second: str | None, unsure: dict[int, str]
) -> None:
    """A socket that one of them has alone, all the time, makes its port unsure."""
    found = looked(said, first, second).unsure
    assert found.keys() == unsure.keys()
    for port, words in unsure.items():
        assert words in found[port]


@pytest.mark.parametrize(
    ("address", "details", "told"),
    [
        ("*:80", "", ("::", "ipv6", False)),
        ("[::]:80", "v6only:1", ("::", "ipv6", True)),
        ("[::]:80", "", ("::", "ipv6", None)),
        ("[fe80::1]%eth0:80", "", ("fe80::1%eth0", "ipv6", None)),
        ("127.0.0.53%lo:80", "", ("127.0.0.53%lo", "ipv4", None)),
    ],
)
def test_an_address(address: str, details: str, told: tuple[str, str, bool | None]) -> None:
    """With its family, and whether it is for IPv4 as well."""
    one = only(looked(LINE.format(address, details)))
    assert (one.address, one.family, one.v6only) == told
    assert (one.port, one.uid) == (80, 0)


def test_without_ss_the_kernel_is_asked() -> None:
    """Who holds a socket is told by what each process has open."""
    lines = [
        "/proc/net", kernel("127.0.0.1:80"), "", "/proc/8/fd/3 socket:[90]",
        "/proc/7/fd/4 socket:[90]", "/proc/7/fd/5 socket:[1]", "/proc/7/fd/6 pipe:[90]",
    ]  # fmt: skip
    one = only(looked("\n".join(lines)))
    assert (one.address, one.port, one.uid, one.pids) == ("127.0.0.1", 80, 33, Seen((7, 8)))


GROUP = "uid:33 cgroup:/system.slice/api.service/web"


@pytest.mark.parametrize(
    ("line", "given", "owners"),
    [
        (API, {}, Seen(("api.service",))),
        (API, {"groups": "/proc/7/cgroup:0::/system.slice"}, Seen(())),
        (API, {"groups": ""}, "the control groups of who holds port 80 are not in what was read"),
        (API, {"groups": "", "units": (unclear("no units"),)}, Seen(())),
        (API, {"identity": BARE}, "PID 1 is sh, not systemd: port 80 has no unit to tell"),
        (LINE.format("*:80", GROUP), {}, Seen(("api.service",))),
        (LINE.format("*:80", GROUP), {"identity": USER}, Seen(("api.service",))),
        (LINE.format("*:80", "uid:33"), {}, "whose port 80 is, is not shown to the user root"),
        (LINE.format("*:80", "cgroup:users:x"), {}, "whose port 80 is, is not shown"),
    ],
)
def test_whose_a_socket_is(line: str, given: dict[str, Any], owners: object) -> None:
    """A unit's by its process, else by the control group that it was opened in."""
    found = only(looked(line, **given)).units
    if isinstance(owners, str):
        assert isinstance(found, CannotTell), found
        assert owners in found.reason
    elif given.get("units"):
        assert isinstance(found, CannotTell), found
    else:
        assert found == owners


def test_processes_that_are_not_shown_are_not_told() -> None:
    """To somebody without rights; to root a socket without any has none, as the kernel's own."""
    line = LINE.format("*:80", "uid:33")
    shown, hidden = only(looked(line)).pids, only(looked(line, identity=USER)).pids
    assert shown == Seen(())
    assert isinstance(hidden, CannotTell)
    assert hidden.reason == "processes of port 80 are not shown to the user eve"
