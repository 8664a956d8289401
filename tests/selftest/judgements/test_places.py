"""What is said of paths and ports of a host."""

from __future__ import annotations

from typing import Any

import pytest

from gate.errors import ContractError
from gate.kinds.kind import Promises, State
from gate.kinds.port import KIND, no_such_unit
from gate.sources.fact import Absent, Seen
from gate.sources.host.facts import Listener, Process
from gate.sources.host.probe import Probed, key
from gate.sources.host.writable import WRITABLE
from tests.selftest.given import DESK, ago, finding, host, path, promised, scene, told, unclear
from tests.selftest.judgements.test_units import reading, unit

UNCLEAR = "cannot tell (upstream): nobody tells"
THERE = DESK.model_copy(update={"prefix": "/box", "users": {"web": "www-data"}, "port_offset": 100})


def place(keys: str, paths: dict[str, Any], **rest: Any) -> str:
    """What is said of ``/srv/app``."""
    items = {"path.x": f'path = "/srv/app"\npurpose = "it"\n{keys}'}
    return told(scene(items, host=host(paths=paths), **rest), "path.x")


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ('owner = "web"\ngroup = "adm"\nmode = "0750"', {}, ""),
        ('type = "regular file"', {}, "type is directory"),
        ('owner = "root"', {}, "owner is www-data"),
        ('group = "root"', {}, "group is adm"),
        ('mode = "0755"', {}, "mode is 0750"),
        ("free_mb = 100", {}, ""),
        ("free_mb = 101", {}, "only 100 MB free"),
        ("free_mb = 100", {"free_bytes": unclear()}, UNCLEAR),
        ("", {"free_bytes": unclear()}, ""),
    ],
)  # fmt: skip
def test_a_path(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Its type, owner, group, mode and room."""
    facts: dict[str, Any] = {"owner": "www-data", "group": "adm", "mode": "0750"}
    facts |= {"free_bytes": Seen(100 * 10**6)}
    found = path("/box/srv/app", **{**facts, **changes})
    assert place(keys, {"/srv/app": found}, target=THERE) == expected


def test_a_path_in_words() -> None:
    """What was seen of it, and how to look oneself."""
    found = path("/srv/app", free_bytes=Seen(100 * 10**6), mode="0750")
    keys = 'path = "/srv/app"\npurpose = "it"\nmode = "0755"\nfree_mb = 101\n'
    for more, look in (
        ("", "stat /srv/app"),
        ('writable_by = ["web"]', "stat /srv/app; namei -l /srv/app"),
        ('not_writable_by = ["web"]', "stat /srv/app; namei -l /srv/app"),
    ):
        where = scene({"path.x": keys + more}, host=host(paths={"/srv/app": found}))
        judged = finding(where, "path.x")
        assert judged.look == look
        assert judged.seen == "directory, root:root, 0750, 100 MB free"
        assert judged.broken == ("mode is 0750", "only 100 MB free")
    lost = {"path.x": 'path = "/srv/app"\npurpose = "it"'}
    assert told(scene(lost, host=unclear()), "path.x") == UNCLEAR


def test_a_path_that_is_not_there() -> None:
    """Which is what is promised of it, or is not."""
    gone, here = {"/srv/app": Absent("no such file")}, {"/srv/app": path("/srv/app")}
    assert place("", gone, target=THERE) == "there is no /box/srv/app"
    assert place('before = "absent"', gone) == ""
    assert place('before = "absent"', here) == "/srv/app is there"
    assert place("", {"/srv/app": unclear()}) == UNCLEAR
    assert "was not asked for" in place("", {})


@pytest.mark.parametrize(
    ("keys", "resolved", "others", "expected"),
    [
        ('type = "symbolic link"', "/opt/app-2", {"/srv": path("/srv")}, ""),
        ('type = "symbolic link"', "/srv/app", {"/srv": path("/srv")}, "it is no symbolic link"),
        ('type = "symbolic link"', "/data/app", {"/srv": path("/data")}, "it is no symbolic link"),
        ('type = "symbolic link"', "/srv/app", {"/srv": path("/data")}, ""),
        ('type = "symbolic link"', "/srv/app", {"/srv": unclear()}, UNCLEAR),
        ('leads_to = "/opt/app"', "/opt/app", {"/opt/app": path("/opt/app")}, ""),
        ('leads_to = "/opt/now"', "/opt/app", {"/opt/now": path("/opt/app")}, ""),
        ('leads_to = "/opt/now"', "/opt/app", {"/opt/now": path("/opt/two")},
         "it leads to /opt/app"),
        ('leads_to = "/opt/now"', "/opt/app", {"/opt/now": Absent("no")}, "it leads to /opt/app"),
        ('leads_to = "/opt/app"', "/opt/app", {"/opt/app": Absent("no")}, ""),
        ('leads_to = "/opt/now"', "/opt/app", {"/opt/now": unclear()}, UNCLEAR),
    ],
)  # fmt: skip
def test_where_a_path_leads(
    keys: str, resolved: str, others: dict[str, Any], expected: str
) -> None:
    """Both ends are followed; a path below a link is no link itself."""
    assert place(keys, {"/srv/app": path(resolved), **others}) == expected


@pytest.mark.parametrize(
    ("keys", "word", "expected"),
    [
        ('writable_by = ["web"]', "yes", ""),
        ('writable_by = ["web"]', "no", "web cannot write there"),
        ('writable_by = ["web"]', "missing", "there is no /srv/app in the view of web"),
        ('writable_by = ["web"]', Absent("there is no user web"), "there is no user web"),
        ('writable_by = ["web"]', unclear(), UNCLEAR),
        ('not_writable_by = ["web"]', "no", ""),
        ('not_writable_by = ["web"]', "yes", "web can write there"),
        ('not_writable_by = ["web"]', "missing", "there is no /srv/app in the view of web"),
        ('not_writable_by = ["web"]', unclear(), UNCLEAR),
        ('mode = "0700"\nnot_writable_by = ["web"]', unclear(), "mode is 0755"),
        ('writable_by = ["web.service"]', "no", "web.service cannot write there"),
    ],
)
def test_who_may_write(keys: str, word: Any, expected: str) -> None:
    """Each by the contract's name; what is known to be broken is said though another is unclear."""
    items = {"path.x": f'path = "/srv/app"\npurpose = "it"\n{keys}'}
    who = "web.service" if "service" in keys else "www-data"
    fact = Seen({"word": word, "user": 33}) if isinstance(word, str) else word
    probes = {
        WRITABLE.name: Probed(format=WRITABLE.format, facts={key((who, "/box/srv/app")): fact})
    }
    facts = host(paths={"/srv/app": path("/srv/app")}, probes=probes)
    assert told(scene(items, host=facts, target=THERE), "path.x") == expected


def socket(address: str = "0.0.0.0", **changes: Any) -> Listener:
    """A socket on port 80 of the unit ``app.service``."""
    facts: dict[str, Any] = {"address": address, "port": 180, "v6only": None, "uid": 0}
    facts |= {"family": "ipv6" if ":" in address else "ipv4", "pids": Seen((7,))}
    return Listener(**{**facts, "units": Seen(("app.service",)), **changes})


def process(pid: int, parent: int = 1, **before: float) -> Process:
    """A process that was started before now."""
    return Process(
        pid=pid, parent=parent, user="web", started=ago(**before), state="S", command="app",
        executable=unclear(), cwd=unclear(),
    )  # fmt: skip


SERVICE = {"service.app": 'unit = "app.service"\nstate = "active (running)"'}


def port(keys: str, *found: Listener, **facts: Any) -> str:
    """What is said of port 80, which is 180 on the target."""
    items = {**SERVICE, "port.x": f'port = 80\nservice = "web"\n{keys}'}
    given = host(**{"listeners": Seen(found), **facts})
    return told(scene(items, host=given, target=THERE), "port.x")


ONE, TWO = socket("10.0.0.1"), socket("10.0.0.2")
TOO = "it listens elsewhere, too: 10.0.0.2 port 180 held by app.service (PID 7)"


@pytest.mark.parametrize(
    ("other", "found", "expected"),
    [
        ("", [ONE], ""),
        ("", [ONE, TWO], TOO),
        ("", [TWO], f"nothing listens on 10.0.0.1 port 180; {TOO}"),
        ('addresses = ["10.0.0.2"]', [ONE, TWO], ""),
        ("", [ONE, socket("10.0.0.2", port=181)], ""),
        ("reach = 'any'", [ONE, TWO], ""),
        ('addresses = ["10.0.0.2"]\nbefore = "absent"', [ONE, TWO], TOO),
        ("", [socket("10.0.0.1", port=80)], "nothing listens on 10.0.0.1 port 180"),
    ],
)
def test_the_addresses_of_a_port(other: str, found: list[Listener], expected: str) -> None:
    """Its own, and those of another item of the same port; one that names none has any."""
    keys = 'port = 80\nservice = "web"\naddresses = ["10.0.0.1"]'
    items = {**SERVICE, "port.x": keys, "port.z": 'port = 81\nservice = "z"'}
    if other:
        items["port.y"] = f'port = 80\nservice = "y"\n{other}'
    given = host(listeners=Seen(found))
    assert told(scene(items, host=given, target=THERE), "port.x") == expected


V6 = "it can be reached by IPv6 only"


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("", [socket()], ""),
        ("", [], "nothing listens on port 180"),
        ("", [socket(port=80)], "nothing listens on port 180"),
        ('before = "absent"', [], ""),
        ('before = "absent"', [socket()],
         "port 180 is open: 0.0.0.0 port 180 held by app.service (PID 7)"),
        ('before = "absent"', [socket(units=unclear(), pids=unclear())],
         "port 180 is open: 0.0.0.0 port 180"),
        ('reach = "loopback"', [socket("127.0.0.1")], ""),
        ('reach = "loopback"', [socket("::1")], f"WARN {V6}"),
        ('reach = "loopback"\naddresses = ["::1"]', [socket("::1")], ""),
        ('addresses = ["::"]', [socket("::", v6only=True)], ""),
        ('reach = "loopback"', [socket("::ffff:127.0.0.1")], ""),
        ('reach = "loopback"', [socket("127.0.0.1"), socket("10.0.0.1")],
         "it can be reached from outside: bound to 10.0.0.1"),
        ('reach = "loopback"', [socket("0.0.0.0%lo")], ""),
        ('reach = "loopback"', [socket("0.0.0.0%eth0")],
         "it can be reached from outside: bound to 0.0.0.0%eth0"),
        ('reach = "any"', [socket()], ""),
        ('reach = "any"', [socket("0.0.0.0%lo")], "it is bound to 0.0.0.0%lo only"),
        ('reach = "any"', [socket("10.0.0.1")], "it is bound to 10.0.0.1 only"),
        ('reach = "any"', [socket("::", v6only=False)], ""),
        ('reach = "any"', [socket("::", v6only=True)],
         f"{V6}: bound to :: with v6only; WARN {V6}"),
        ('reach = "any"', [socket("::", v6only=None)],
         "cannot tell (upstream): whether the socket on :: takes IPv4 is not told (v6only)"),
        ('reach = "any"', [socket("::", v6only=None), socket()], ""),
        ("", [socket("::", v6only=None)], ""),
        ("", [socket("::", v6only=True)], f"WARN {V6}"),
        ("", [socket("::1", v6only=False)], f"WARN {V6}"),
        ("", [socket("::1"), socket()], ""),
        ('owner = "app.service"', [socket()], ""),
        ('owner = "app.service"', [socket(), socket("10.0.0.1", units=Seen(("b.service",)))],
         "10.0.0.1 port 180 belongs to b.service (PID 7)"),
        ('owner = "app.service"', [socket(units=Seen(()), pids=unclear())],
         "0.0.0.0 port 180 belongs to a process outside of every unit that was asked for"),
        ('owner = "app.service"', [socket(units=unclear())], UNCLEAR),
    ],
)  # fmt: skip
def test_a_port(keys: str, found: list[Listener], expected: str) -> None:
    """Who holds it, and from where it can be reached."""
    assert port(keys, *found) == expected


@pytest.mark.parametrize(
    ("keys", "found", "words"),
    [
        ("", [], ("listening", "nothing listens on 180")),
        ('before = "absent"', [], ("closed", "nothing listens on 180")),
        ('before = "absent"', [socket()], ("closed", "0.0.0.0 port 180 held by app.service (PID 7)")),
        ('owner = "app.service"\nprocesses = 2\nreach = "any"',
         [socket(units=Seen(("app.service", "c")), pids=Seen((7, 8))), socket("::1")],
         ("listening, held by app.service, 2 worker processes, on every address",
          "0.0.0.0 port 180 held by app.service, c (PID 7, 8); ::1 port 180 held by app.service (PID 7)")),
        ('reach = "loopback"', [socket("::1", pids=unclear())],
         ("listening, on loopback only", "::1 port 180 held by app.service")),
    ],
)  # fmt: skip
def test_a_port_in_words(keys: str, found: list[Listener], words: tuple[str, str]) -> None:
    """What was promised of it beside what was seen, whether it holds or not."""
    items = {**SERVICE, "port.x": f'port = 80\nservice = "web"\n{keys}'}
    facts = host(listeners=Seen(tuple(found)))
    comes_to = finding(scene(items, host=facts, target=THERE), "port.x")
    assert (comes_to.promised, comes_to.seen) == words


@pytest.mark.parametrize(
    ("found", "state", "holders"),
    [
        ([], "closed", "closed"),
        ([socket()], "open on 0.0.0.0, held by app.service", "7"),
        ([socket(units=unclear(), pids=unclear())], "open on 0.0.0.0", "-"),
        ([socket(units=Seen(("b", "a")), pids=Seen((8, 9))), socket("::1", pids=unclear())],
         "open on 0.0.0.0, held by a, b; open on ::1, held by app.service", "9, 8"),
        # Who passed the socket on is left out; of whom nothing is known is the oldest.
        ([socket(pids=Seen((7, 8, 9)))], "open on 0.0.0.0, held by app.service", "9, 8"),
        ([socket(pids=Seen((7, 70)))], "open on 0.0.0.0, held by app.service", "7, 70"),
        ([socket(pids=Seen((6,)))], "open on 0.0.0.0, held by app.service", "6"),
    ],
)  # fmt: skip
def test_a_port_between_two_looks(found: list[Listener], state: str, holders: str) -> None:
    """What is compared with another look has no PIDs; the table has the newest process first."""
    processes = {7: process(7, hours=3), 8: process(8, 7, hours=2), 9: process(9, 7, hours=1)}
    processes[6] = process(6, 6, hours=1)
    items = {**SERVICE, "port.x": 'port = 80\nservice = "web"'}
    facts = host(listeners=Seen(tuple(found)), processes=processes)
    seen = scene(items, host=facts, target=THERE)
    promise = seen.contract.promise("port.x")
    assert KIND.state(promise, seen) == State(state)
    assert KIND.row is not None
    assert KIND.row(promise, seen) == {"Port": "80", "Service": "web", "PID": holders}


def test_ports_that_are_not_told() -> None:
    """Without the list, or where it says two things, nothing is open or closed."""
    for keys in ("", 'before = "absent"'):
        assert port(keys, listeners=unclear()) == UNCLEAR
        assert port(keys, unsure_ports={180: "ss and /proc differ"}).endswith("ss and /proc differ")
        assert port(keys, socket(), unsure_ports={80: "odd"}) == port(keys, socket())


@pytest.mark.parametrize(
    ("count", "found", "expected"),
    [
        (1, [socket()], ""),
        (2, [socket()], "held by 1 worker processes: 7"),
        (2, [socket(pids=Seen((7, 8, 9)))], ""),
        (3, [socket(pids=Seen((7, 8, 9)))], "held by 2 worker processes: 8, 9"),
        (2, [socket(pids=Seen((8,))), socket("::1", pids=Seen((9,)))], ""),
        (1, [socket(pids=unclear())], UNCLEAR),
    ],
)
def test_workers(count: int, found: list[Listener], expected: str) -> None:
    """Who holds it for others is none of them."""
    processes = {pid: process(pid, 7 if pid > 7 else 1, hours=1) for pid in (7, 8)}
    processes[9] = process(9, 7, hours=1)
    assert port(f"processes = {count}", *found, processes=processes) == expected


def started(seconds_after_boot: float, pids: Any = None) -> Any:
    """The unit, started so long after the host came up (an hour ago)."""
    at = reading(started_monotonic_us=int(seconds_after_boot * 1e6))
    return {"app.service": Seen(unit(reading(), reading(), at, pids=pids or Seen((7, 8))))}


OLD = (
    "process 7 answers since 2025-12-31 23:00:00 UTC, from before app.service was started: an old "
    "process outlived its release"
)


@pytest.mark.parametrize(
    ("units", "found", "expected"),
    [
        (started(3), [socket()], OLD),
        (started(2), [socket()], ""),
        (started(0), [socket()], ""),
        (started(3, unclear()), [socket()], ""),
        (started(3, Seen((8,))), [socket()], ""),
        (started(3), [socket(pids=Seen((8,)))], ""),
        (started(3), [socket(pids=unclear())], ""),
        (started(3, Seen((7, 6))), [socket(pids=Seen((6, 7)))], OLD),
        ({"app.service": unclear()}, [socket()], ""),
        ({"app.service": Absent("no")}, [socket()], ""),
    ],
)
def test_an_old_process_that_still_answers(
    units: dict[str, Any], found: list[Listener], expected: str
) -> None:
    """One of the unit's own that is older than its start."""
    processes = {7: process(7, hours=1), 8: process(8, minutes=1)}
    keys = 'owner = "app.service"'
    assert port(keys, *found, units=units, processes=processes) == expected
    assert port("", *found, units=units, processes=processes) == ""


def test_an_owner_is_promised_itself() -> None:
    """A unit that nobody promises is a slip of the pen."""
    promises: Promises = promised(SERVICE).promises
    assert list(no_such_unit("owner", "app.service", promises)) == []
    assert list(no_such_unit("owner", "ap.service", promises)) == [
        "owner: no item of services.toml promises the unit 'ap.service'"
    ]
    items = {**SERVICE, "port.x": 'port = 80\nservice = "web"\nowner = "ap.service"'}
    with pytest.raises(ContractError, match=r"\[port.x\]: owner: no item of services.toml"):
        promised(items)
