"""What `gate record` makes of a host's facts: which things it names, and in what words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gate.kinds.certificate import KIND as CERTIFICATE
from gate.kinds.kind import Discovery, LeftOut, Recorded
from gate.kinds.path import KIND as PATH
from gate.kinds.recorded_mounts import MOUNTS_THERE, THERE, written
from gate.kinds.recorded_ports import record_ports
from gate.kinds.recorded_programs import PACKAGES_THERE
from gate.kinds.recorded_units import record_units
from gate.kinds.scene import Scene
from gate.sources.fact import Seen
from gate.sources.host.census import CENSUS, Census, Units
from gate.sources.host.facts import Listener
from gate.sources.host.probe import Probe, Probed, key
from tests.selftest.given import host, path, scene, unclear
from tests.selftest.judgements.test_tools import answer
from tests.selftest.judgements.test_units import unit

FSTAB = """\
# <file system> <mount point> <type>
UUID=6 / ext4 errors=remount-ro 0 1
/srv/a /srv/Office\\040South none bind 0 0
tmpfs\t/scratch\ttmpfs size=1m 0 0
proc /proc proc defaults 0 0
#tmpfs /gone tmpfs
/swap none swap sw 0 0
"""
MOUNTED = (
    *(("/", "overlay", "/"), ("/proc", "proc", "/"), ("/run", "tmpfs", "/")),
    *(("/scratch", "tmpfs", "/"), ("/srv/Office South", "ext4", "/srv/a"), ("/x", "ext4", "/y")),
)


def probed(probe: Probe[Any, Any], subject: str, fact: Any, items: Mapping[str, str]) -> Scene:
    """A scene in which a probe told of one subject."""
    facts = {key(subject): Seen(fact.model_dump(mode="json"))}
    return scene(items, host=host(probes={probe.name: Probed(format=probe.format, facts=facts)}))


def names(discovery: Discovery | None, given: Scene) -> list[str]:
    """What is found; in front of what is left out stands a ``-``."""
    assert discovery is not None
    found = discovery.names(given, "usual")
    assert all(isinstance(one, (Recorded, LeftOut)) for one in found)
    found = discovery.names(given, "usual")
    return [one.name if isinstance(one, Recorded) else f"-{one}" for one in found]


def test_what_somebody_wrote_into_fstab_is_somebodys() -> None:
    """A memory's file system and a bind mount, too, but for the kernel's own."""
    assert written(FSTAB) == ("/", "/proc", "/scratch", "/srv/Office South")
    there = THERE.model(mounts=MOUNTED, written=written(FSTAB))
    given = probed(THERE, "table", there, {"mount.root": 'path = "/"'})
    assert names(MOUNTS_THERE, given) == ["root", "scratch", "srv-Office South"]


def test_what_a_unit_mounts_is_somebodys() -> None:
    """As what stands in `fstab`: systemd takes either."""
    lines = ("1 0 0:9 / / rw - ext4 /dev/sda rw", "2 1 0:8 / /srv/a rw - tmpfs tmpfs rw")
    told = {"mounts": ("\n".join(lines), 0, ""), "written": ("", 0, "")}
    for units, found in (("", ()), ('/srv/b/\n"/srv/a"\n', ("/srv/a", "/srv/b"))):
        (there,) = THERE.read(answer(**told, units=(units, 0, "")), ["table"]).values()
        assert isinstance(there, THERE.model)
        assert there.written == found


def listener(*units: str, address: str = "127.0.0.1") -> Listener:
    """A socket on port 8701, and who holds it."""
    held = Seen(units) if units else unclear()
    pids: Seen[tuple[int, ...]] = Seen(())
    facts: dict[str, Any] = {"family": "ipv4", "v6only": None, "pids": pids, "uid": 0}
    return Listener(address=address, port=8701, units=held, **facts)


@pytest.mark.parametrize(
    ("sockets", "owner"),
    [
        ([listener("app.service")], "app.service"),
        ([listener("app.service", "init.scope")], "app.service"),
        ([listener("init.scope")], None),
        ([listener("session-3.scope")], None),
        ([listener("app.service", "web.service")], None),
        ([listener("app.service"), listener("init.scope", address="::1")], None),
        ([listener("app.service"), listener(address="::1")], None),
    ],
)
def test_whose_a_port_is(sockets: list[Listener], owner: str | None) -> None:
    """The one service's that runs, also where systemd opened it; never a login's."""
    loaded = ("app.service", "web.service", "init.scope", "session-3.scope")
    units = {name: Seen(unit(id=name)) for name in loaded}
    given = scene(
        {"port.x": 'port = 1\nservice = "x"'}, host=host(units=units, listeners=Seen(sockets))
    )
    (found,) = record_ports(given)
    assert found.keys.get("owner") == owner
    assert [one.name for one in record_units(given)] == ["app", "web"]


def test_a_port_that_units_share() -> None:
    """Each has its own addresses; recorded again each keeps its name."""
    sockets = Seen((listener("app.service"), listener("web.service", address="::1")))
    units = {name: Seen(unit(id=name)) for name in ("app.service", "web.service")}
    items = {
        "port.x": 'port = 8701\nservice = "x"\naddresses = ["::1"]',
        "port.y": 'port = 8701\nservice = "y"',
    }
    given = scene(items, host=host(units=units, listeners=sockets))
    found = {one.name: one.keys for one in record_ports(given)}
    assert found.keys() == {"app 8701 127.0.0.1", "x"}
    assert (found["x"]["addresses"], found["x"]["owner"]) == (["::1"], "web.service")
    assert found["app 8701 127.0.0.1"]["addresses"] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("addresses", "v6only", "written"),
    [
        (["::1"], None, {"addresses": ["::1"], "reach": "loopback"}),
        (["::"], True, {"addresses": ["::"]}),
        (["::"], False, {}),
        (["::"], None, {}),
        (["::1", "127.0.0.1"], None, {"reach": "loopback"}),
        (["127.0.0.1", "fd00::1"], None, {"addresses": ["127.0.0.1", "fd00::1"]}),
        (["10.0.0.5"], None, {"addresses": ["10.0.0.5"]}),
        (["0.0.0.0", "::"], True, {"addresses": ["0.0.0.0", "::"]}),
        (["0.0.0.0", "10.0.0.5"], True, {}),
        (["10.0.0.5", "fe80::1%eth0"], None, {}),
        ([f"10.0.0.{one}" for one in range(5)], None, {}),
    ],
)
def test_where_a_port_listens(addresses: list[str], v6only: Any, written: Any) -> None:
    """Where somebody chose its addresses, or nobody comes by IPv4, they are promised."""
    ones = [listener("app.service", address=one) for one in addresses]
    sockets = Seen(tuple(one.model_copy(update={"v6only": v6only}) for one in ones))
    given = scene(
        {"port.x": 'port = 1\nservice = "x"'},
        host=host(units={"app.service": Seen(unit())}, listeners=sockets),
    )
    (port,) = record_ports(given)
    assert {key: port.keys[key] for key in ("addresses", "reach") if key in port.keys} == written


def test_what_the_contract_calls_a_unit_and_a_port() -> None:
    """Recorded again they keep their names, on which history hangs, and what no look tells."""
    items = {
        "service.shop": 'unit = "app.service"\nrestarts_at_most = 1\nstate = "failed (failed)"',
        "port.front": 'port = 8701\nservice = "Shop"\nprocesses = 4\nreach = "any"',
    }
    units, sockets = {"app.service": Seen(unit())}, Seen((listener("app.service"),))
    given = scene(items, host=host(units=units, listeners=sockets))
    (found,) = record_units(given)
    assert (found.name, found.keys["state"]) == ("shop", "active (running)")
    assert (found.keys["restarts_at_most"], found.keys["title"]) == (
        1,
        given.contract.promise("service.shop").before.title,
    )
    (port,) = record_ports(given)
    assert (port.name, port.keys["service"], port.keys["processes"]) == ("front", "Shop", 4)
    assert (port.keys["owner"], port.keys["reach"]) == ("app.service", "loopback")


def test_a_port_of_which_the_contract_knows_a_name() -> None:
    """It is not asked by the host's own name, too: another item would have the same id."""
    one = listener("app.service").model_copy(update={"port": 993})
    items = {"certificate.mail": 'port = 993\nname = "mail.example.org"\ndays_left = 3'}
    for promised, found in ((items, []), ({"port.x": 'port = 1\nservice = "x"'}, ["993"])):
        given = scene(promised, host=host(listeners=Seen((one,))))
        assert names(CERTIFICATE.discover, given) == found


@pytest.mark.parametrize(
    ("port", "starttls"),
    [(25, "smtp"), (587, "smtp"), (110, "pop3"), (143, "imap"), (993, None), (465, None)],
)
def test_a_port_of_mail(port: int, starttls: str | None) -> None:
    """Where TLS is asked for in the protocol's own words, it is asked for in those."""
    one = listener("app.service").model_copy(update={"port": port})
    given = scene({"port.x": 'port = 1\nservice = "x"'}, host=host(listeners=Seen((one,))))
    assert CERTIFICATE.discover is not None
    (found,) = CERTIFICATE.discover.names(given, "usual")
    assert isinstance(found, Recorded)
    assert found.keys.get("starttls") == starttls


def test_an_owner_that_has_no_name() -> None:
    """Systemd makes users up for units; a number without a name is nobody's promise."""
    items = {"path.x": 'path = "/x"\npurpose = "x"'}
    for owner, keys in (("UNKNOWN", {}), ("app", {"owner": "app", "group": "app"})):
        fact = path("/x", owner=owner, group=owner)
        assert PATH.record is not None
        (found,) = PATH.record(scene(items, host=host(paths={"/x": fact})))
        assert isinstance(found, Recorded)
        assert {one: found.keys[one] for one in ("owner", "group") if one in found.keys} == keys


@pytest.mark.parametrize(
    ("executable", "found"),
    [
        ("/usr/bin/python3.13", ["gunicorn"]),
        ("", ["gunicorn"]),
        ("/usr/lib/erlang/bin/beam.smp", []),
    ],
)
def test_a_program_in_a_folder_of_its_own(executable: str, found: list[str]) -> None:
    """It is of a Python environment where Python runs it, as far as that is shown."""
    facts: dict[str, Any] = {"unit": "app.service", "state": "active (running)", "places": {}}
    facts |= {"file_state": "enabled", "passing": False, "ran": True, "user": "", "pid": 7}
    facts |= {"starts": "/opt/app/bin/gunicorn", "executable": executable, "package": ""}
    there = Units(units=(Census(**facts),))
    given = probed(CENSUS, "units", there, {"package.x": 'package = "x"'})
    assert names(PACKAGES_THERE, given) == found
