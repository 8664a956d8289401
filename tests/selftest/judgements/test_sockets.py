"""What the kernel says of UDP and Unix sockets, and what is said of one."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from gate.errors import ObservationError
from gate.kinds.bound import unheard
from gate.kinds.kind import Recorded
from gate.kinds.recorded_sockets import OPEN, Open
from gate.kinds.registry import kinds
from gate.kinds.socket import SOCKETS, SocketFacts
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.facts import Listener
from gate.sources.host.socket_files import Rights
from tests.selftest.given import DESK, promised, said, scene, unclear
from tests.selftest.judgements.test_tools import DENIED, LATE, NO_TOOL, answer, short

UNCLEAR = "cannot tell (upstream): nobody tells"
UDP = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
UNIX = "Num       RefCount Protocol Flags    Type St Inode Path\n"
NOTHING = ("", 0, "")
NO_SOCKET = "absent: /proc/net/unix has no {} that takes connections"
HERE, ALL = "0100007F", "00000000"
HERE_6 = "00000000000000000000000001000000"
SOCK = "ffff8a: 00000002 00000000 00010000 0001 01 12345 /run/app.sock\n"
TAKES = "ffff8b: 00000002 00000000 00000000 0002 01 12346 /run/log\n"
HELD = 'UNCONN 0 0   127.0.0.1:53  0.0.0.0:*   users:(("named",pid=5,fd=4),("log",pid=6,fd=4))\n'


def bound(local: str, port: str = "0035", remote: str = "0000") -> str:
    """A line about a UDP socket of port 53."""
    return f"  100: {local}:{port} {'0' * len(local)}:{remote} 07 00000000:00000000 00:00000000\n"


def lists(**changes: Any) -> dict[str, tuple[str, int, str]]:
    """What there is to be read, of nothing."""
    parts = {"udp": (UDP, 0, ""), "udp6": (UDP, 0, ""), "unix": (UNIX, 0, "")}
    parts["files"] = ("there\n", 0, "")
    return {**parts, "owners": NOTHING, "unix.owners": NOTHING, "inodes": NOTHING, **changes}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"udp": (UDP + bound(HERE), 0, "")}, ("127.0.0.1",)),
        ({"udp": (UDP + bound(ALL), 0, "")}, ("*",)),
        ({"udp": (UDP + bound(HERE) + bound(ALL, "1035"), 0, "")}, ("127.0.0.1",)),
        ({"udp": (UDP + bound(HERE), 0, ""), "udp6": NOTHING}, ("127.0.0.1",)),
        ({"udp6": (UDP + bound(HERE_6), 0, "")}, ("::1",)),
        ({"udp": (UDP + bound(HERE), 0, ""), "udp6": (UDP + bound(HERE_6), 0, "")},
         ("127.0.0.1", "::1")),
        ({"udp6": (UDP + bound(ALL * 4), 0, "")}, ("*",)),
        ({"udp": (UDP + bound(HERE, remote="0035"), 0, "")}, "absent: /proc/net/udp has no port 53"),
        ({"udp": (UDP + bound(HERE, "1035"), 0, "")}, "absent: /proc/net/udp has no port 53"),
        ({}, "absent: /proc/net/udp has no port 53"),
        ({"owners": (HELD, 0, "")}, ("127.0.0.1",)),
        ({"owners": (HELD.replace("127.0.0.1:53", "[::]:53").replace("0.0.0.0", "[::]"), 0, "")},
         ("*",)),
        ({"owners": (HELD.replace("127.0.0.1:53", "*:53").replace("0.0.0.0", "*"), 0, "")}, ("*",)),
        ({"owners": (HELD.replace("127.0.0.1:53", "127.0.0.53%lo:53"), 0, "")}, ("127.0.0.53",)),
        ({"owners": (HELD.replace("0.0.0.0:*", "10.0.0.1:9"), 0, "")},
         "absent: /proc/net/udp has no port 53"),
        ({"udp": NOTHING}, "upstream: /proc/net/udp: it said nothing of it"),
        ({"udp": (f"x\n{UDP}", 0, "")}, "upstream: /proc/net/udp: it said nothing of it"),
        ({"udp": (UDP, *DENIED[1:])}, "permission: /proc/net/udp: it: Permission denied"),
        ({"udp6": DENIED}, "permission: /proc/net/udp: it: Permission denied"),
        ({"udp6": ("x", 0, "")}, "upstream: /proc/net/udp: it said nothing of it"),
        ({"udp": (UDP + bound(HERE), 0, ""), "udp6": DENIED},
         "permission: /proc/net/udp: it: Permission denied"),
    ],
)  # fmt: skip
def test_a_udp_port(changes: Any, expected: Any) -> None:
    """By both lists of the kernel; one that cannot be read proves nothing."""
    found = SOCKETS.read(answer(**lists(**changes)), [(53, "")])[(53, "")]
    assert (found.addresses if isinstance(found, SocketFacts) else short(found)) == expected


@pytest.mark.parametrize(
    ("path", "text", "rc", "expected"),
    [
        ("/run/app.sock", UNIX + SOCK, 0, ("/run/app.sock",)),
        ("/run/log", UNIX + SOCK + TAKES, 0, ("/run/log",)),
        ("/run/app", UNIX + SOCK, 0, "absent: /proc/net/unix has no /run/app that takes connections"),
        ("/run/app.sock", UNIX + SOCK.replace("00010000", "00000000"), 0,
         "absent: /proc/net/unix has no /run/app.sock that takes connections"),
        ("/run/app.sock", UNIX + SOCK.replace("00010000", "0000F000"), 0,
         "absent: /proc/net/unix has no /run/app.sock that takes connections"),
        ("/run/app.sock", UNIX + SOCK.replace("00010000", "00000000") + SOCK, 0, ("/run/app.sock",)),
        ("/run/app.sock", UNIX + SOCK.replace("00010000", "00018000"), 0, ("/run/app.sock",)),
        ("/run/app.sock", "", 0, "upstream: /proc/net/unix: it said nothing of it"),
        ("/run/app.sock", f"x\n{UNIX}", 0, "upstream: /proc/net/unix: it said nothing of it"),
        ("/run/app.sock", UNIX + SOCK, 1, "upstream: /proc/net/unix: exit status 1 without a word"),
    ],
)  # fmt: skip
def test_a_unix_socket(path: str, text: str, rc: int, expected: Any) -> None:
    """One that takes connections, or messages from anybody."""
    subject = (0, path)
    found = SOCKETS.read(answer(**lists(unix=(text, rc, ""))), [subject])[subject]
    assert (found.addresses if isinstance(found, SocketFacts) else short(found)) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("gone\n", 0, ""), "absent: /run/app.sock is not there: whoever listens under that name is "
         "not reached by it"),
        (("unseen\n", 0, ""), "permission: test -S /run/app.sock: a folder above it is not shown to "
         "this user"),
        (("", 0, ""), "upstream: test -S: it said nothing of it"),
        (("there\nthere\n", 0, ""), "upstream: test -S: it said nothing of it"),
        (LATE, "timeout: test -S: it did not end in time"),
    ],
)  # fmt: skip
def test_a_unix_socket_without_its_file(files: tuple[str, int, str], expected: str) -> None:
    """Who listens without a file is not reached; a name that is no path needs none."""
    parts = lists(unix=(UNIX + SOCK + SOCK.replace("/run/app.sock", "@app"), 0, ""), files=files)
    asked = [(0, "/run/app.sock"), (0, "@app")]
    found = SOCKETS.read(answer(**parts), asked)
    assert short(found[asked[0]]) == expected
    assert isinstance(found[asked[1]], SocketFacts)


@pytest.mark.parametrize(
    ("path", "changes", "expected"),
    [
        ("/run/app.sock", {"inodes": LATE}, "timeout: stat: it did not end in time"),
        ("/run/app.sock", {"unix.owners": LATE}, "timeout: ss -x: it did not end in time"),
        ("/run/app.sock", {"unix.owners": NO_TOOL}, NO_SOCKET.format("/run/app.sock")),
        ("/run/app.sock", {"inodes": LATE, "files": ("gone\n", 0, "")},
         NO_SOCKET.format("/run/app.sock")),
        ("@app", {"inodes": LATE}, NO_SOCKET.format("@app")),
        ("/run/app.sock", {}, NO_SOCKET.format("/run/app.sock")),
    ],
)  # fmt: skip
def test_a_unix_socket_that_may_have_been_renamed(path: str, changes: Any, expected: str) -> None:
    """Whose file it is tells that alone: where nobody said so in time, it is not gone."""
    found = SOCKETS.read(answer(**lists(**changes)), [(0, path)])[(0, path)]
    assert short(found) == expected


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        ((HELD, 0, ""), ("named", "log")),
        ((HELD, 1, "it is odd"), ("named", "log")),
        ((HELD.replace("pid=5", "pid=10"), 0, ""), ("log", "named")),
        ((HELD + HELD.replace("pid=5", "pid=7"), 0, ""), ("named", "log")),
        ((HELD.replace("0.0.0.0:*", "10.0.0.9:53"), 0, ""),
         "permission: ss -p shows no process of it to this user"),
        ((HELD.replace(":53 ", ":5353 "), 0, ""),
         "permission: ss -p shows no process of it to this user"),
        ((HELD.partition("users")[0], 0, ""),
         "permission: ss -p shows no process of it to this user"),
        (NOTHING, "permission: ss -p shows no process of it to this user"),
        (NO_TOOL, "tool missing: ss -p: sh: it: not found"),
        (("", 0, "it: Permission denied"), "permission: ss -p: it: Permission denied"),
        (("", 1, ""), "upstream: ss -p: exit status 1 without a word"),
    ],
)  # fmt: skip
def test_who_holds_a_udp_port(owners: tuple[str, int, str], expected: Any) -> None:
    """Whoever takes from anybody there; a client's socket is another one."""
    parts = lists(udp=(UDP + bound(HERE), 0, ""), owners=owners)
    found = SOCKETS.read(answer(**parts), [(53, "")])[(53, "")]
    assert isinstance(found, SocketFacts)
    assert short(found.processes) == expected


def test_a_unix_socket_that_the_list_skips() -> None:
    """The kernel's list may skip one while others come and go; ss asks it in another way."""
    held = 'u_str LISTEN 0 5 /run/app.sock 1 * 0 users:(("app",pid=5,fd=4))\n'
    parts = lists(**{"unix.owners": (held, 0, "")})
    there = SocketFacts(addresses=("/run/app.sock",), processes=Seen(("app",)))
    for path, expected in (("/run/app.sock", there), ("/run/app", None)):
        found = SOCKETS.read(answer(**parts), [(0, path)])[0, path]
        assert found == expected if expected else short(found).startswith("absent: ")


def test_who_holds_a_unix_socket() -> None:
    """By its whole path."""
    held = 'u_str LISTEN 0 5 /run/app.sock 1 * 0 users:(("app",pid=5,fd=4))\n'
    other = held.replace("/run/app.sock", "/run/app.sock2").replace('"app"', '"other"')
    parts = lists(unix=(UNIX + SOCK, 0, ""))
    for owners, expected in ((held + other, ("app",)), (other, None)):
        told = answer(**{**parts, "unix.owners": (owners, 0, "")})
        found = SOCKETS.read(told, [(0, "/run/app.sock")])[(0, "/run/app.sock")]
        assert isinstance(found, SocketFacts)
        assert found.processes == (Seen(expected) if expected else CannotTell(
            "ss -p shows no process of it to this user", Cause.PERMISSION))  # fmt: skip


OF_FILE = 'u_str LISTEN 0 5 {} 1 * 0 users:(("{}",pid=5,fd=4)) <-> ino:{} dev:0/45 peers:\n'
RENAMED = OF_FILE.format("/run/app.sock.7.tmp", "app", 77)
OTHERS = "absent: /run/app.sock is another socket's file: who listens there is not reached by it"


@pytest.mark.parametrize(
    ("held", "inodes", "expected"),
    [
        (RENAMED, "77 45 /run/app.sock\n", ("app",)),
        (RENAMED, "78 45 /run/app.sock\n", "absent: /proc/net/unix has no /run/app.sock that takes "
         "connections"),
        (RENAMED, "77 46 /run/app.sock\n", "absent: /proc/net/unix has no /run/app.sock that takes "
         "connections"),
        (RENAMED, "", "absent: /proc/net/unix has no /run/app.sock that takes connections"),
        (OF_FILE.format("/run/app.sock", "old", 76) + OF_FILE.format("/run/app.sock", "app", 77),
         "77 45 /run/app.sock\n", ("app",)),
        (OF_FILE.format("/run/app.sock", "old", 76), "77 45 /run/app.sock\n", OTHERS),
        (OF_FILE.format("/run/app.sock", "old", 76), "77 46 /run/app.sock\n", ("old",)),
        (OF_FILE.format("/run/app.sock", "old", 76), "", ("old",)),
        (OF_FILE.format("/run/app.sock", "old", 76).partition(" <->")[0] + "\n",
         "77 45 /run/app.sock\n", ("old",)),
    ],
)  # fmt: skip
def test_a_unix_socket_by_its_file(held: str, inodes: str, expected: Any) -> None:
    """A socket that was renamed is reached by its new name; one that was replaced, by none."""
    parts = lists(**{"unix.owners": (held, 0, ""), "inodes": (inodes, 0, "")})
    found = SOCKETS.read(answer(**parts), [(0, "/run/app.sock")])[(0, "/run/app.sock")]
    told = found.processes if isinstance(found, SocketFacts) else short(found)
    assert told == (Seen(expected) if isinstance(expected, tuple) else expected)


def test_a_renamed_socket_is_recorded_by_its_file() -> None:
    """HAProxy makes its sockets under other names."""
    inodes = "77 45 /run/app.sock\n78 45 /run/nobodys.sock\n"
    parts = lists(**{"unix.owners": (RENAMED, 0, ""), "inodes": (inodes, 0, "")})
    assert OPEN.read(answer(**parts), ["all"])["all"] == Open(udp=(), unix=("/run/app.sock",))


def test_a_socket_below_var_run_is_recorded_once() -> None:
    """By its file; another one of the same name below the other folder is another socket."""
    unix = SOCK.replace("/run/app.sock", "/var/run/app.sock")
    parts = {"unix.owners": (RENAMED, 0, ""), "inodes": ("77 45 /run/app.sock\n", 0, "")}
    for also, found in (("", ()), (SOCK, ("/var/run/app.sock",))):
        told = OPEN.read(answer(**lists(unix=(UNIX + unix + also, 0, ""), **parts)), ["all"])
        assert told["all"] == Open(udp=(), unix=("/run/app.sock", *found))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Open(udp=(), unix=())),
        ({"udp": (UDP + bound(HERE) + bound(ALL, "0035") + bound(ALL, "0043", "0001"), 0, ""),
          "udp6": (UDP + bound(HERE_6, "0007"), 0, ""),
          "unix": (UNIX + TAKES + SOCK + SOCK.replace("/run/app.sock", "@abstract"), 0, "")},
         Open(udp=(7, 53), unix=("/run/app.sock",))),
        ({"unix": (UNIX + SOCK.replace("00010000", "0000F000"), 0, "")}, Open(udp=(), unix=())),
        ({"udp": DENIED}, "permission: /proc/net/udp and unix: it: Permission denied"),
        ({"unix": DENIED}, "permission: /proc/net/udp and unix: it: Permission denied"),
    ],
)  # fmt: skip
def test_all_that_are_open(changes: Any, expected: Any) -> None:
    """Ports that take from anybody, and paths that take connections."""
    found = OPEN.read(answer(**lists(**changes)), ["all"])["all"]
    assert (found if isinstance(found, Open) else short(found)) == expected


BOTH = 'addresses = ["127.0.0.1", "::1"]'


def socket(*addresses: str, processes: Any = None) -> SocketFacts:
    """A socket that is held by one process."""
    return SocketFacts(addresses=addresses, processes=processes or Seen(("named", "log")))


MINE = socket("/run/app.sock").model_copy(
    update={"rights": Rights(owner="web", group="adm", mode="0660")}
)


def test_who_may_connect() -> None:
    """By its file, where that is shown; of a UDP port nothing is said."""
    parts = lists(
        unix=(UNIX + SOCK, 0, ""),
        udp=(UDP + bound(ALL), 0, ""),
        inodes=("12 26 /run/app.sock\n=660 web adm /run/app.sock\n=66 x\n", 0, ""),
    )
    found = SOCKETS.read(answer(**parts), [(0, "/run/app.sock"), (53, "")])
    there, port = found[0, "/run/app.sock"], found[53, ""]
    assert isinstance(there, SocketFacts)
    assert isinstance(port, SocketFacts)
    assert (there.rights, port.rights) == (MINE.rights, None)
    record = kinds()["socket"].record
    assert record is not None
    keys = 'unix = "/run/app.sock"'
    (one,) = record(scene({"socket.x": keys}, {"socket.x": there}))
    assert isinstance(one, Recorded)
    assert {key: one.keys[key] for key in ("owner", "group", "mode")} == {
        "owner": "web", "group": "adm", "mode": "0660",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "subject"),
    [
        ("udp = 53", (153, "")),
        ('unix = "/run/app.sock"', (0, "/box/run/app.sock")),
        ('unix = "@app"', (0, "@app")),
    ],
)
def test_where_a_socket_is_looked_for(keys: str, subject: tuple[int, str]) -> None:
    """At the target's place; one without a path has its name everywhere."""
    there = DESK.model_copy(update={"prefix": "/box", "port_offset": 100})
    promise = promised({"socket.x": keys}).promise("socket.x")
    asked: Any = [*kinds()["socket"].asks(promise, "predeploy", there)]
    assert [one.subject for one in asked] == [subject]


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("udp = 53", socket("127.0.0.1"), ""),
        ('udp = 53\naddress = "127.0.0.1"', socket("127.0.0.1", "::1"), ""),
        ('udp = 53\naddress = "127.0.0.1"', socket("10.0.0.1"), "it is bound to 10.0.0.1"),
        ('udp = 53\naddress = "127.0.0.1"', socket("*", "127.0.0.1"),
         "it is bound to *, 127.0.0.1"),
        ('udp = 53\naddress = "*"', socket("*"), ""),
        ('udp = 53\naddress = "*"', socket("127.0.0.1"), "it is bound to 127.0.0.1"),
        (f"udp = 53\n{BOTH}", socket("::1", "127.0.0.1", "10.0.0.1"), ""),
        (f"udp = 53\n{BOTH}", socket("::1"), "nothing is bound to 127.0.0.1"),
        (f"udp = 53\n{BOTH}", socket("*", "::1", "127.0.0.1"), "it is bound to *, ::1, 127.0.0.1"),
        ("udp = 53", socket("*"), ""),
        ('udp = 53\nprocess = "log"', socket("*"), ""),
        ('udp = 53\nprocess = "app"', socket("*"), "it is held by named, log"),
        ('udp = 53\nprocess = "app"', socket("*", processes=unclear()), UNCLEAR),
        ("udp = 53", socket("*", processes=unclear()), ""),
        ('udp = 53\naddress = "::1"\nprocess = "app"', socket("*", processes=unclear()),
         "it is bound to *"),
        ('unix = "/run/app.sock"\nprocess = "log"', socket("/run/app.sock"), ""),
        ('unix = "/run/app.sock"\nbefore = "absent"', socket("/run/app.sock"),
         "socket /run/app.sock is there"),
        ('unix = "/run/app.sock"\nowner = "web"\ngroup = "adm"\nmode = "0660"', MINE, ""),
        ('unix = "/run/app.sock"\nowner = "root"\nmode = "0600"', MINE,
         "owner is web; mode is 0660"),
        ('unix = "/run/app.sock"\nmode = "0660"', socket("/run/app.sock"),
         "cannot tell (permission): stat tells nothing of /run/app.sock to this user"),
    ],
)  # fmt: skip
def test_a_socket(keys: str, found: SocketFacts, expected: str) -> None:
    """What it is bound to, and who holds it."""
    assert said("socket", keys, found) == expected


@pytest.mark.parametrize(
    ("addresses", "keys"),
    [
        (["127.0.0.1"], {"address": "127.0.0.1"}),
        (["*", "127.0.0.1"], {"address": "*"}),
        (["127.0.0.1", "fd00::1"], {"addresses": ["127.0.0.1", "fd00::1"]}),
        # Who listens at each address that the host has, does so at others tomorrow.
        (["10.0.0.5", "127.0.0.1", "fe80::1"], {"address": "10.0.0.5"}),
        (["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4", "5.5.5.5"], {"address": "1.1.1.1"}),
    ],
)
def test_what_is_recorded(addresses: list[str], keys: dict[str, Any]) -> None:
    """Each of the addresses that somebody chose."""
    record = kinds()["socket"].record
    (one,) = record(scene({"socket.x": "udp = 53"}, {"socket.x": socket(*addresses)}))
    assert isinstance(one, Recorded)
    assert {key: one.keys[key] for key in one.keys if key.startswith("address")} == keys


def bound_to(address: str, *, v6only: bool | None) -> Listener:
    """A socket of nobody's on port 8000."""
    family: Any = "ipv6" if ":" in address else "ipv4"
    return Listener(
        address=address,
        port=8000,
        family=family,
        v6only=v6only,
        pids=Seen(()),
        units=Seen(()),
        uid=0,
    )


@pytest.mark.parametrize(
    ("address", "v6only", "missing"),
    [
        ("0.0.0.0", None, []),
        ("::", False, []),
        ("::", True, ["nothing listens on 0.0.0.0 port 8000"]),
        ("::%eth0", False, ["nothing listens on 0.0.0.0 port 8000"]),
        ("10.0.0.1", None, ["nothing listens on 0.0.0.0 port 8000"]),
        ("::1", False, ["nothing listens on 0.0.0.0 port 8000"]),
    ],
)
def test_any_address_of_ipv4(address: str, v6only: bool | None, missing: list[str]) -> None:  # noqa: FBT001 - a table
    """It is in any of IPv6 where the socket takes both, and is bound to no device."""
    wanted = [ipaddress.ip_address("0.0.0.0")]
    assert unheard(wanted, [bound_to(address, v6only=v6only)], 8000) == missing
    both = [bound_to("::", v6only=None), bound_to(address, v6only=v6only)]
    if missing:
        with pytest.raises(ObservationError, match="is not told"):
            unheard(wanted, both, 8000)
    else:
        assert unheard(wanted, both, 8000) == []
