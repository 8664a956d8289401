"""Ports: how far a socket reaches by IPv4 and IPv6, and whose it is; real sockets, and facts."""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import socket
from collections.abc import Callable, Iterator

import pytest

from gate.connection.carrier import open_carrier
from gate.errors import ObservationError
from gate.kinds.bound import IPV6_ALONE
from gate.kinds.finding import Finding
from gate.kinds.load import load_contract
from gate.kinds.port import port as compare
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts, HostQuestions, Listener, Process, Unit, UnitReading
from gate.sources.migrations.facts import Chains
from gate.sources.observed import Observed
from tests.selftest.hosts import NOW, identity, target

PORT = 8000
WILD = "0.0.0.0"  # noqa: S104 - nothing is bound to it but for a moment
HERE = target("local://")
UNREACHED = CannotTell("was not asked", Cause.UPSTREAM)
CONTRACT = """
[port.api]
title = "The API listens"
source = "operator"
port = {port}
service = "API"
{words}

[port.other]
title = "Something else listens"
source = "operator"
port = 9
service = "other"
"""
Judge = Callable[..., Finding]


@pytest.fixture
def judge(tmp_path: pathlib.Path) -> Judge:
    """A function that compares facts of a host with a promise of a port."""

    def finding(facts: HostFacts, words: str, number: int = PORT) -> Finding:
        (tmp_path / "ports.toml").write_text(CONTRACT.format(port=number, words=words))
        (tmp_path / "services.toml").write_text(
            '[service.desk]\ntitle = "x"\nsource = "x"\nunit = "desk.service"\n'
            'state = "active (running)"\n'
        )
        contract = load_contract(tmp_path)
        observed = Observed(
            target="desk",
            moment="predeploy",
            started=NOW,
            finished=NOW,
            sources={
                "host": Seen(facts),
                "database": UNREACHED,
                "api": UNREACHED,
                "plan": Absent("no plan"),
                "migrations": Seen(Chains(folders={})),
                "rehearsal": Absent("nothing was rehearsed by this run"),
            },
        )
        scene = Scene(contract=contract, target=HERE, moment="predeploy", observed=observed)
        return compare(contract.promises["port.api"], scene)

    return finding


def listener(address: str, *, v6only: bool | None = None, number: int = PORT) -> Listener:
    """A socket of the unit ``desk.service``, held by the process 77."""
    return Listener(
        address=address,
        port=number,
        family="ipv6" if ":" in address else "ipv4",
        v6only=v6only,
        pids=Seen((77,)),
        units=Seen(("desk.service",)),
        uid=1000,
    )


def facts(*found: Listener, **changes: object) -> HostFacts:
    """A host on which these sockets listen."""
    parts = ("units", "processes", "paths", "outputs", "packages", "tools", "files")
    empty: dict[str, object] = {name: {} for name in parts}
    known = {"identity": identity(), "listeners": Seen(found), **empty, **changes}
    return HostFacts.model_validate(known)


IPV4, IPV4_HERE = (WILD, None), ("127.0.0.1", None)
IPV6, IPV6_HERE = ("::", True), ("::1", None)
DUAL, UNTOLD = ("::", False), ("::", None)
OUTSIDE = "it can be reached from outside"
BOUND = "it is bound to"
REACHES: dict[str, tuple[list[tuple[str, bool | None]], dict[str, str]]] = {
    "ipv4": ([IPV4], {"loopback": OUTSIDE}),
    "ipv4-of-one-address": ([("10.1.2.3", None)], {"loopback": OUTSIDE, "any": BOUND}),
    "ipv4-here": ([IPV4_HERE], {"any": BOUND}),
    "ipv4-elsewhere-on-loopback": ([("127.0.0.53", None)], {"any": BOUND}),
    "ipv6-alone": ([IPV6], {"loopback": OUTSIDE, "any": IPV6_ALONE, "": "warning"}),
    "ipv6-here": ([IPV6_HERE], {"loopback": "warning", "any": BOUND, "": "warning"}),
    "ipv6-of-a-link": (
        [("fe80::1%eth0", None)],
        {"loopback": OUTSIDE, "any": BOUND, "": "warning"},
    ),
    "dual": ([DUAL], {"loopback": OUTSIDE}),
    "one-of-each": ([IPV4, IPV6], {"loopback": OUTSIDE}),
    "both-here": ([IPV4_HERE, IPV6_HERE], {"any": BOUND}),
    "here-and-everywhere": ([IPV4_HERE, IPV4], {"loopback": OUTSIDE}),
    "here-and-everywhere-by-ipv6": ([IPV4_HERE, IPV6], {"loopback": OUTSIDE, "any": IPV6_ALONE}),
    "mapped": ([("::ffff:0.0.0.0", None)], {"loopback": OUTSIDE}),
    "mapped-here": ([("::ffff:127.0.0.1", None)], {"any": BOUND}),
    "mapped-outside": ([("::ffff:10.1.2.3", None)], {"loopback": OUTSIDE, "any": BOUND}),
    "a-device": ([("0.0.0.0%eth0", None)], {"loopback": OUTSIDE, "any": BOUND}),
    "the-device-here": ([("0.0.0.0%lo", None)], {"any": BOUND}),
    "not-told": ([UNTOLD], {"loopback": OUTSIDE, "any": "untold"}),
    "not-told-beside-ipv4": ([UNTOLD, IPV4], {"loopback": OUTSIDE}),
}
"""Sockets, and what is wrong with each reach that is promised; nothing is with those left out."""


@pytest.mark.parametrize("reach", ["", "loopback", "any"])
@pytest.mark.parametrize("name", REACHES)
def test_reach(judge: Judge, name: str, reach: str) -> None:
    """What is promised holds for every client that it is promised to."""
    sockets, wrong = REACHES[name]
    found = facts(*(listener(address, v6only=v6only) for address, v6only in sockets))
    words = f'reach = "{reach}"' if reach else ""
    expected = wrong.get(reach, "")
    if expected == "untold":
        with pytest.raises(ObservationError, match="takes IPv4 is not told"):
            judge(found, words)
        return
    finding = judge(found, words)
    if expected in ("", "warning"):
        assert finding.broken == ()
        assert bool(finding.warnings) == bool(expected), finding
    else:
        assert len(finding.broken) == 1
        assert expected in finding.broken[0]


@pytest.mark.parametrize("words", ["", "absent = true", 'owner = "desk.service"'])
def test_a_port_on_which_tools_do_not_agree_is_not_told(judge: Judge, words: str) -> None:
    """Neither open nor closed; another one is not touched by it."""
    unsure = facts(listener(WILD), unsure_ports={PORT: "which ss does not tell"})
    with pytest.raises(ObservationError, match="which ss does not tell"):
        judge(unsure, words)
    elsewhere = facts(listener(WILD), unsure_ports={PORT + 1: "x"})
    assert judge(elsewhere, "").broken == ()


def test_open_and_closed(judge: Judge) -> None:
    """A socket, or none, against both promises."""
    assert judge(facts(listener("::1")), "absent = true").broken
    assert judge(facts(), "absent = true").broken == ()
    assert judge(facts(), "").broken == (f"nothing listens on port {PORT}",)
    assert judge(facts(listener("::", number=PORT + 1)), "absent = true").broken == ()


def test_a_list_that_was_not_had_is_no_closed_port(judge: Judge) -> None:
    """Nothing is known of any port."""
    with pytest.raises(ObservationError, match="out of order"):
        judge(
            facts(listeners=CannotTell("ss: out of order", Cause.UPSTREAM)),
            "absent = true",
        )


def test_each_socket_of_a_port_has_the_owner(judge: Judge) -> None:
    """One that somebody else holds by IPv6 answers other clients."""
    other = listener("::", v6only=True).model_copy(update={"units": Seen(("other.service",))})
    finding = judge(facts(listener(WILD), other), 'owner = "desk.service"')
    assert len(finding.broken) == 1
    assert ":: port 8000 belongs to other.service" in finding.broken[0]
    hidden = other.model_copy(update={"units": CannotTell("not shown", Cause.PERMISSION)})
    with pytest.raises(ObservationError, match="not shown"):
        judge(facts(listener(WILD), hidden), 'owner = "desk.service"')


def _process(pid: int, parent: int, started: dt.datetime = NOW) -> Process:
    return Process(
        pid=pid,
        parent=parent,
        user="navi",
        started=started,
        state="S (sleeping)",
        executable=Seen("/bin/desk"),
        cwd=Seen("/"),
        command="desk",
    )


@pytest.mark.parametrize(("number", "broken"), [(2, False), (3, True), (1, True)])
def test_workers_are_counted_without_their_supervisor(
    judge: Judge,
    number: int,
    broken: bool,  # noqa: FBT001
) -> None:
    """Whoever handed the socket on does not serve."""
    held = listener(WILD).model_copy(update={"pids": Seen((77, 78, 79))})
    processes = {77: _process(77, 1), 78: _process(78, 77), 79: _process(79, 77)}
    finding = judge(facts(held, processes=processes), f"processes = {number}")
    assert bool(finding.broken) == broken


def test_an_old_process_that_answers_on(judge: Judge) -> None:
    """It is of the unit, and older than the unit's present start."""
    reading = UnitReading(
        main_pid=78, started_monotonic_us=3_000_000_000, restarts=0, active_state="active"
    )
    unit = Unit(
        asked="desk.service",
        id="desk.service",
        load_state="loaded",
        active_state="active",
        sub_state="running",
        result="success",
        unit_file_state="enabled",
        starts_at_boot=Seen(value=True),
        why_at_boot="",
        need_daemon_reload=False,
        fragment_path="",
        drop_ins=(),
        control_group="/system.slice/desk.service",
        main_pid=78,
        started=NOW,
        readings=(reading, reading),
        window_s=1.0,
        process_state=Seen("S (sleeping)"),
        pids=Seen((77, 78)),
        executable=Seen("/bin/desk"),
        journal=UNREACHED,
    )
    old = _process(77, 1, NOW - dt.timedelta(minutes=30))
    found = facts(
        listener(WILD),
        units={"desk.service": Seen(unit)},
        processes={77: old, 78: _process(78, 1)},
    )
    (reason,) = judge(found, 'owner = "desk.service"').broken
    assert "an old process outlived its release" in reason


@contextlib.contextmanager
def listening(*addresses: tuple[str, bool]) -> Iterator[int]:
    """Real sockets on one port: each an address, and whether one of IPv6 takes IPv4 as well."""
    with contextlib.ExitStack() as stack:
        number = 0
        for address, dual in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            server = stack.enter_context(socket.socket(family))
            if family == socket.AF_INET6:
                server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not dual))
            server.bind((address, number))
            server.listen()
            number = int(server.getsockname()[1])
        yield number


needs_ipv6 = pytest.mark.skipif(
    not pathlib.Path("/proc/net/tcp6").exists(), reason="this host has no IPv6"
)


@needs_ipv6
@pytest.mark.parametrize(
    ("addresses", "loopback", "everywhere"),
    [
        pytest.param([("127.0.0.1", False)], "", BOUND, id="ipv4-here"),
        pytest.param([(WILD, False)], OUTSIDE, "", id="ipv4"),
        pytest.param([("::1", False)], "warning", BOUND, id="ipv6-here"),
        pytest.param([("::", False)], OUTSIDE, IPV6_ALONE, id="ipv6-alone"),
        pytest.param([("::", True)], OUTSIDE, "", id="dual"),
        pytest.param([(WILD, False), ("::", False)], OUTSIDE, "", id="each"),
        pytest.param([("::ffff:127.0.0.1", True)], "", BOUND, id="mapped"),
    ],
)
def test_real_sockets(
    judge: Judge, addresses: list[tuple[str, bool]], loopback: str, everywhere: str
) -> None:
    """What the kernel is asked for is what is told of it."""
    with listening(*addresses) as number:
        with open_carrier(HERE) as carrier:
            found = host.look(HERE, HostQuestions(), carrier)
        assert isinstance(found, Seen), found
        assert number not in found.value.unsure_ports, found.value.unsure_ports
        for reach, expected in (("loopback", loopback), ("any", everywhere)):
            finding = judge(found.value, f'reach = "{reach}"', number)
            words = " ".join(finding.broken or (finding.warnings and ("warning",)))
            assert (expected in words, bool(words)) == (True, bool(expected)), finding
        assert judge(found.value, "absent = true", number).broken


MQTT = ("10.1.2.3", "::1")
ADDRESSES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "there": ('addresses = ["10.1.2.3"]', MQTT[:1], ""),
    "both": ('addresses = ["10.1.2.3", "::1"]', MQTT, ""),
    "mapped": ('addresses = ["10.1.2.3"]', ("::ffff:10.1.2.3",), ""),
    "of-a-device": ('addresses = ["10.1.2.3"]', ("10.1.2.3%eth0",), ""),
    "one-is-missing": (
        'addresses = ["10.1.2.3", "::1"]', MQTT[:1], "nothing listens on ::1 port 8000",
    ),
    "moved": (
        'addresses = ["10.1.2.3"]', (WILD,),
        "nothing listens on 10.1.2.3 port 8000; it listens elsewhere, too: 0.0.0.0 port 8000",
    ),
    "wider": (
        'addresses = ["10.1.2.3"]', ("10.1.2.3", WILD),
        "it listens elsewhere, too: 0.0.0.0 port 8000",
    ),
    "nowhere": ('addresses = ["10.1.2.3"]', (), "nothing listens on 10.1.2.3 port 8000"),
    "must-not": ('addresses = ["10.1.2.3"]\nbefore = "absent"', (WILD,), ""),
    "must-not-and-does": (
        'addresses = ["10.1.2.3"]\nbefore = "absent"', MQTT,
        "port 8000 is open: 10.1.2.3 port 8000",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ADDRESSES)
def test_addresses(name: str, judge: Judge) -> None:
    """All that are named, and no others; where it must not be, others say nothing."""
    words, bound, expected = ADDRESSES[name]
    broken = "; ".join(judge(facts(*map(listener, bound)), words).broken)
    assert broken.startswith(expected) if expected else broken == ""


def test_addresses_of_both_versions(judge: Judge) -> None:
    """Any of IPv6 is lost alone; one socket that takes both is as good as two."""
    words, one = f'addresses = ["{WILD}", "::"]', listener("::")
    alone, both = (one.model_copy(update={"v6only": v6only}) for v6only in (True, False))
    assert judge(facts(listener(WILD)), words).broken == ("nothing listens on :: port 8000",)
    assert judge(facts(alone), words).broken == (f"nothing listens on {WILD} port 8000",)
    assert judge(facts(listener(WILD), alone), words).broken == ()
    assert judge(facts(both), words).broken == ()


def test_addresses_of_two_items(judge: Judge) -> None:
    """Each has its own; whose the other socket is says its own item."""
    second = '[port.second]\ntitle = "t"\nsource = "s"\nport = 8000\nservice = "x"\n{}\n'
    mine = 'owner = "desk.service"\naddresses = ["10.1.2.3"]\n'
    other = listener("::1").model_copy(update={"units": Seen(("other.service",))})
    both = facts(listener("10.1.2.3"), other)
    assert judge(both, mine + second.format('addresses = ["::1"]')).broken == ()
    assert judge(both, mine + second.format("")).broken == ()
    assert "it listens elsewhere" in judge(both, mine).broken[0]
    third = facts(listener("10.1.2.3"), other, listener("10.9.9.9"))
    broken = judge(third, mine + second.format('addresses = ["::1"]')).broken
    assert broken == (
        "it listens elsewhere, too: 10.9.9.9 port 8000 held by desk.service (PID 77)",
    )
    stranger = listener("10.1.2.3").model_copy(update={"units": Seen(("other.service",))})
    assert "belongs to other.service" in judge(facts(stranger), mine).broken[0]
