"""What is said of a unit's sessions at the database, and of clocks."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from gate.errors import ObservationError
from gate.kinds.registry import kinds
from gate.kinds.session import seen_of
from gate.kinds.sessions_of import nobody, obstacle
from gate.sources.database.sessions import SessionFacts, Sessions
from gate.sources.fact import Absent, Seen
from gate.sources.host.connections import Connection, Connections, read
from gate.sources.host.facts import Listener
from gate.sources.host.section import Section
from tests.selftest.given import NOW, ago, finding, host, look, scene, told, unclear
from tests.selftest.hosts import identity
from tests.selftest.judgements.test_catalogs import database
from tests.selftest.judgements.test_units import unit

UNCLEAR = "cannot tell (upstream): nobody tells"
UNIT = 'unit = "w.service"'
ABORTED = "idle in transaction (aborted)"


def session(pid: int = 1, **changes: Any) -> SessionFacts:
    """A session that a process of the unit opened, by its number."""
    facts: dict[str, Any] = {
        "role": "app", "application": "w", "address": "10.0.0.1", "port": 4000 + pid,
        "state": "idle", "hidden": False, "statement_s": 5.0, "state_s": 5.0, "waits_s": None,
    }  # fmt: skip
    return SessionFacts(pid=pid, **{**facts, **changes})


def connection(pid: int = 1, **changes: Any) -> Connection:
    """The other side of a session."""
    facts: dict[str, Any] = {
        "address": "10.0.0.1", "port": 4000 + pid, "peer": "10.0.0.2", "peer_port": 5432,
    }  # fmt: skip
    return Connection(**{**facts, **changes})


def own(*found: Connection, **changes: Any) -> Connections:
    """A unit that runs, and its connections."""
    return Connections(**{"state": "active (running)", "pids": (7,), "found": found, **changes})


def where(keys: str, sessions: Any, connections: Any) -> Any:
    """The scene of a unit's sessions."""
    kept = sessions
    if isinstance(sessions, (tuple, list)):
        kept = Seen(Sessions(ports=(5432,), found=tuple(sessions)))
    given = database(sessions=kept)
    items = {"session.x": f"{UNIT}\n{keys}", "service.w": f'{UNIT}\nstate = "active (running)"'}
    return scene(items, {"session.x": connections}, database=given)


def said(keys: str, sessions: Any, connections: Any = None) -> str:
    """What is said of them."""
    return told(where(keys, sessions, connections or own(connection())), "session.x")


UNIX = connection(address="", port=-1, peer="/run/.s.PGSQL.5432", peer_port=-1, peer_pids=(1,))


@pytest.mark.parametrize(
    ("keys", "sessions", "connections", "expected"),
    [
        ("", [session()], None, ""),
        ("at_least = 2", [session()], None, "1 sessions of w.service, not 2"),
        ("at_least = 2", [session(), session(2)], own(connection(), connection(2)), ""),
        ("", [session(address=None, port=-1)], own(UNIX), ""),
        ("", [session(9, address=None, port=-1), session(1, state=ABORTED)], own(UNIX),
         f"session 1 is {ABORTED} for 5 s: it failed, and was not rolled back"),
        ("last_statement_within_s = 5", [session()], None, ""),
        ("last_statement_within_s = 4.9", [session()], None,
         "the last statement of w.service was 5 s ago, not within 4.9 s"),
        ("last_statement_within_s = 0.5", [session(statement_s=0.2)], None, ""),
        ("last_statement_within_s = 4", [session(), session(2, statement_s=4.0)],
         own(connection(), connection(2)), ""),
        ("last_statement_within_s = 1", [session(statement_s=None)], None,
         "cannot tell (upstream): the sessions' statements bear no time"),
        ("", [session(statement_s=None)], None, ""),
        ("", [session(state=ABORTED, state_s=1.0)], None, ""),
        ("", [session(state=ABORTED, state_s=1.1)], None,
         f"session 1 is {ABORTED} for 1 s: it failed, and was not rolled back"),
        ("", [session(state="idle in transaction", state_s=60.0)], None, ""),
        ("", [session(state="idle in transaction", state_s=60.1)], None,
         "session 1 is idle in transaction for 60 s, longer than 60 s"),
        ("idle_in_transaction_within_s = 2", [session(state="idle in transaction")], None,
         "session 1 is idle in transaction for 5 s, longer than 2 s"),
        ("", [session(state="idle", state_s=9999.0)], None, ""),
        ("", [session(state="active", waits_s=30.0, blockers=(8, 9))], None, ""),
        ("", [session(state="active", waits_s=31.0, blockers=(8, 9))], None,
         "session 1 waits for a lock for 31 s, held by 8, 9"),
        ("waits_for_lock_within_s = 2", [session(state="active", waits_s=3.0)], None,
         "session 1 waits for a lock for 3 s, held by nobody who is there any more"),
        ("", [session(state="idle in transaction", state_s=1.0, waits_s=31.0, blockers=(8,))], None,
         "session 1 waits for a lock for 31 s, held by 8"),
        ("", [session(2, state=ABORTED, state_s=99.0), session()], None, ""),
        ("", [session(), session(2, state="disabled")], own(connection(), connection(2)),
         "cannot tell (upstream): session 2: the server does not keep what it does: "
         "track_activities is off for the role app"),
        ("at_least = 2", [session(state="disabled", role=None)], None,
         "1 sessions of w.service, not 2"),
        ("", [session(state="disabled", role=None)], None,
         "cannot tell (upstream): session 1: the server does not keep what it does: "
         "track_activities is off for the role unknown"),
        ("", [session(state=None, state_s=None)], None, ""),
        ("idle_in_transaction_within_s = 0.5", [session(state="idle in transaction", state_s=None)],
         None, "cannot tell (upstream): session 1: since when it is idle in transaction"),
        ("", [session()], own(connection(), hidden="more than 500 connections"),
         "cannot tell (upstream): w.service: more than 500 connections: some of its sessions may "
         "be among them"),
        ("", [session(hidden=True)], None,
         'cannot tell (permission): the role reader may not see what sessions of others do: '
         'GRANT pg_monitor TO "reader" (or pg_read_all_stats)'),
        ("", [session(), session(2, hidden=True)], None, ""),
        ("", [session(2, hidden=True)], None,
         'cannot tell (permission): the role reader may not see what sessions of others do: '
         'GRANT pg_monitor TO "reader" (or pg_read_all_stats)'),
        ("", unclear(), None, UNCLEAR),
        ("", None, None, "cannot tell (upstream): who is connected was not asked for in this look"),
        ("", [session()], unclear(), UNCLEAR),
        ("", [session(2)], None,
         "cannot tell (upstream): w.service is connected to 10.0.0.2:5432 from port 4001, of which "
         "the server knows nothing: an address is translated in between, it is another server or "
         "database, or the connection is one of many short ones; look again"),
        ("", [session(2)], own(connection(peer_port=6379)),
         "no session of w.service (1 processes, active (running)); 1 named w of role app from "
         "10.0.0.1:4002; it is connected to 10.0.0.2:6379"),
        ("", [], own(), "no session of w.service (1 processes, active (running)); nobody is "
         "connected; it is connected to nothing"),
        ("", [session()], own(connection(), pids=()),
         "no session of w.service (0 processes, active (running)); 1 named w of role app from "
         "10.0.0.1:4001; it is connected to 10.0.0.2:5432"),
        ("", [session()], Absent("not-found"), "no session of w.service: not-found"),
        ("", [session(2)], own(hidden="they are hidden"),
         "cannot tell (permission): w.service: they are hidden: look as root, or with sudo"),
        ("", [session(address=None, port=-1)], own(unseen=True),
         "cannot tell (permission): w.service: there are sessions through a Unix socket, and what "
         "its processes hold open is not shown: look as root, or with sudo"),
        ('before = "absent"', [session(address=None, port=-1)], own(unseen=True),
         "cannot tell (permission): w.service: there are sessions through a Unix socket, and what "
         "its processes hold open is not shown: look as root, or with sudo"),
        ('before = "absent"', [session(address=None, port=-1)], own(), ""),
        ('before = "absent"', [session(2)], own(unseen=True), ""),
        ('before = "absent"', [session(2)], own(), ""),
        ('before = "absent"', [session()], None, "w.service has 1 sessions"),
        ('before = "absent"', [session()], Absent("not-found"), ""),
        ('before = "absent"', [session(2)], own(connection()),
         "cannot tell (upstream): w.service is connected to 10.0.0.2:5432 from port 4001, of which "
         "the server knows nothing: an address is translated in between, it is another server or "
         "database, or the connection is one of many short ones; look again"),
    ],
)  # fmt: skip
def test_sessions(keys: str, sessions: Any, connections: Any, expected: str) -> None:
    """That they are there, that they work, and that none hangs."""
    assert said(keys, sessions, connections) == expected


def server(started: dt.datetime | None, *units: str, **changes: Any) -> Any:
    """A host on which a unit was started then, and units listen on a port."""
    facts: dict[str, Any] = {"address": "::", "port": 8000, "family": "ipv6", "v6only": None}
    facts |= {"pids": Seen((7,)), "uid": 0, "units": Seen(units)}
    one = unit(asked="w.service", id="w.service", started=started)
    ports = changes.pop("ports", (8000,))
    listeners = Seen(tuple(Listener(**{**facts, "port": one}) for one in ports))
    return host(**{"units": {"w.service": Seen(one)}, "listeners": listeners, **changes})


WAITS = (
    "cannot tell (upstream): w.service was started {} s ago, and {}: a server may open its "
    "sessions with the first request that needs one; look again; "
)
LISTENS, NOBODY = "listens on 8000", "no session of w.service (1 processes, active (running)); "


@pytest.mark.parametrize(
    ("where", "keys", "sessions", "expected"),
    [
        (server(ago(seconds=3), "w.service"), "", [], WAITS.format(3, LISTENS) + NOBODY),
        (server(NOW + dt.timedelta(seconds=9), "w.service"), "", [], WAITS.format(0, LISTENS)),
        (server(ago(seconds=59), "x.service", "w.service"), "", [], WAITS.format(59, LISTENS)),
        (server(ago(seconds=3), "w.service"), "at_least = 2", [session()],
         WAITS.format(3, LISTENS) + "1 sessions of w.service, not 2"),
        (server(ago(seconds=3), listeners=unclear()), "", [],
         WAITS.format(3, "whether it listens is not told")),
        (server(ago(seconds=3), "w.service", ports=(8003, 8000, 8002, 8001, 8000)), "", [],
         WAITS.format(3, "listens on 8000, 8001, 8002")),
        (server(ago(seconds=60), "w.service"), "", [], NOBODY),
        (server(ago(seconds=3), "x.service"), "", [], NOBODY),
        (server(ago(seconds=3)), "", [], NOBODY),
        (server(None, "w.service"), "", [], NOBODY),
        (server(ago(seconds=3), "w.service", units={}), "", [], NOBODY),
        (server(ago(seconds=3), "w.service", units={"w.service": unclear()}), "", [], NOBODY),
        (server(ago(seconds=3), "w.service"), "", [session()], ""),
        (server(ago(seconds=3), "w.service"), "", [session(state=ABORTED)],
         f"session 1 is {ABORTED} for 5 s"),
        (server(ago(seconds=3), "w.service"), "at_least = 2", [session(state=ABORTED)],
         "1 sessions of w.service, not 2"),
        (server(ago(seconds=3), "w.service"), 'before = "absent"', [], ""),
    ],
)  # fmt: skip
def test_a_server_that_was_just_started(
    where: Any, keys: str, sessions: Any, expected: str
) -> None:
    """It may be asked for nothing yet that needs a session; a worker asks by itself."""
    given = database(sessions=Seen(Sessions(ports=(5432,), found=tuple(sessions))))
    items = {"session.x": f"{UNIT}\n{keys}", "service.w": f'{UNIT}\nstate = "active (running)"'}
    connected = own(connection()) if sessions else own()
    found = told(scene(items, {"session.x": connected}, database=given, host=where), "session.x")
    assert found.startswith(expected) if expected else found == ""


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (server(ago(seconds=3)), WAITS.format(3, "listens on /run/a, /run/b") + NOBODY),
        (server(ago(seconds=3), listeners=unclear()), WAITS.format(3, "listens on /run/a, /run/b")),
        (server(ago(seconds=60)), NOBODY),
    ],
)
def test_a_server_behind_a_unix_socket_that_was_just_started(where: Any, expected: str) -> None:
    """As one that listens on a port."""
    given = database(sessions=Seen(Sessions(ports=(5432,), found=())))
    items = {"session.x": UNIT, "service.w": f'{UNIT}\nstate = "active (running)"'}
    facts = {"session.x": own(hears=("/run/a", "/run/b"))}
    found = told(scene(items, facts, database=given, host=where), "session.x")
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (connection(peer_name="pgbouncer", peer_port=1),
         "(upstream): w is connected to pgbouncer on 10.0.0.2:1, a pooler"),
        (connection(peer_port=5433), "of which the server knows nothing"),
        (connection(peer_port=5432), "(upstream): w is connected to 10.0.0.2:5432: a pooler"),
        (connection(peer_port=5439), "(upstream): w is connected to 10.0.0.2:5439: a pooler"),
        (connection(peer_port=5440), ""),
        (connection(peer_port=6432), "a pooler, another server or database"),
        (UNIX, "(upstream): w is connected to /run/.s.PGSQL.5432: a pooler"),
        (UNIX.model_copy(update={"peer_pids": ()}),
         "(permission): w: whose socket /run/.s.PGSQL.5432 is, is not shown without rights"),
        (UNIX.model_copy(update={"peer": "/run/redis.sock", "peer_pids": ()}), ""),
        (connection(address="", port=0, peer_port=5433), "from port 0, of which"),
        (connection(peer="/x/.s.PGSQL.1", peer_port=9), ""),
    ],
)  # fmt: skip
def test_what_stands_in_between(one: Connection, expected: str) -> None:
    """Whatever may be a pooler or another server leaves open whether there is a session."""
    found = obstacle("w", own(one), Sessions(ports=(5433,), found=()), "reader")
    assert expected in found if expected else found == ""
    none = connection(peer_port=1)
    found = obstacle("w", own(none, one), Sessions(ports=(5433,), found=()), "reader")
    assert bool(found) is bool(expected)


def test_many_connections() -> None:
    """Those that a unit opened itself are kept before those of its clients: a session is opened."""
    head = ["U Id=w.service", "U ActiveState=active", "U SubState=running", "U MainPID=7", "U "]
    head.append("S /proc/7/status:PPid:\t1")
    mine = 'users:(("w",pid=7,fd=3)) ino:1'
    clients = [f"T 0 0 10.0.0.1:80 10.0.0.9:{one} {mine}" for one in range(1, 502)]
    opened = [f"T 0 0 10.0.0.1:{4000 + one} 10.0.0.2:5432 {mine}" for one in range(501)]
    for lines, ports, hidden in (
        ([*clients, opened[0]], 501, ""),
        ([*clients, *opened[:500]], 500, ""),
        ([clients[0], *opened], 502, "more than 500 connections"),
    ):
        text = "\n".join([*head, *lines, "T ended 0", "X ended 0", "Z"])
        found = read(Section(text.encode(), 0, ""), ["w.service"])["w.service"]
        assert isinstance(found, Connections)
        assert (found.hidden, len(found.found)) == (hidden, min(ports, 500))
        assert 4000 in [one.port for one in found.found]


def test_who_else_is_connected() -> None:
    """At most five roles, three names and three places of each are told."""
    many = [session(one, application="" if one < 3 else f"a{one}") for one in range(1, 8)]
    others = [session(20 + one, role=f"r{one}", address=None) for one in range(5)]
    there = where("", [*many, *others, session(40, role=None)], own(connection(90, peer_port=1)))
    head = (
        "no session of w.service (1 processes, active (running)); 2 unnamed ones and 5 named "
        "a3, a4, a5 of role app from 10.0.0.1:4001, 10.0.0.1:4002, 10.0.0.1:4003 and 4 more; "
        "1 named w of role r0 from a Unix socket or unknown; "
    )
    found = nobody("w.service", there)
    assert found.startswith(head)
    assert found.endswith("of role r3 from a Unix socket or unknown; it is connected to 10.0.0.2:1")
    four = [session(one, application="") for one in (1, 2, 3, 4)]
    assert "10.0.0.1:4003 and 1 more; it is" in nobody("w.service", where("", four, own()))
    far = own(*(connection(peer_port=one) for one in range(10001, 10030)))
    words = nobody("w.service", where("", [], far))
    assert len(words.partition("; it is connected to ")[2]) == 200
    three = [session(one, role=None, application="") for one in (1, 2, 3)]
    assert nobody("w.service", where("", three, own())).endswith(
        "; 3 unnamed ones of role unknown from 10.0.0.1:4001, 10.0.0.1:4002, 10.0.0.1:4003; it is "
        "connected to nothing"
    )
    with pytest.raises(ObservationError, match="who is connected was not asked for"):
        nobody("w.service", where("", None, own()))


def test_sessions_in_words() -> None:
    """What is promised of them, what was seen, and the row of both."""
    one = where("", [session()], own(connection()))
    said_ = finding(one, "session.x")
    assert said_.promised == (
        "at least 1 session, none idle in a transaction for 60 s, none aborted, none waiting for a "
        "lock for 30 s"
    )
    assert said_.seen == "1 sessions (1 idle), last statement 5.0 s ago"
    keys = "at_least = 2\nlast_statement_within_s = 4.5"
    more = finding(where(keys, [session()], own(connection())), "session.x")
    assert more.promised.startswith("at least 2 sessions, a statement within 4.5 s, none idle")
    assert seen_of(()) == "no session"
    several = (session(), session(state=None, statement_s=-1.0), session(state=None))
    assert seen_of(several) == "3 sessions (1 idle, 2 unknown), last statement 0.0 s ago"
    assert seen_of((session(statement_s=None),)) == "1 sessions (1 idle)"
    absent = 'before = "absent"'
    assert finding(where(absent, [session()], own(connection())), "session.x").promised == (
        "no session"
    )
    promises = one.contract.promises
    refused = kinds()["session"].references
    assert list(refused(promises["session.x"].before, promises)) == []
    assert list(refused(promises["session.x"].before, {})) == [
        "unit: no item of services.toml promises the unit 'w.service'"
    ]
    assert list(refused(promises["service.w"].before, {})) == []
    row = kinds()["session"].row
    assert row(one.contract.promise("session.x"), one)["Sessions"] == said_.seen
    lost = where("", unclear(), own(connection()))
    cell: Any = row(lost.contract.promise("session.x"), lost)["Sessions"]
    assert cell.reason == UNCLEAR


def clock(keys: str, seconds: float, **facts: Any) -> str:
    """What is said of a clock that was read so long after the gate asked; a look takes a second."""
    told_at = NOW + dt.timedelta(seconds=seconds)
    wrong = NOW - dt.timedelta(days=1)
    of_host = 'of = "host"' in keys
    server = database(**{"clock": wrong if of_host else told_at, **facts})
    near = host(identity=identity().model_copy(update={"clock": told_at if of_host else wrong}))
    there = scene({"clock.x": keys}, host=near, database=server)
    observed = there.observed.model_copy(update={"finished": NOW + dt.timedelta(seconds=1)})
    return told(scene_with(there, observed), "clock.x")


def scene_with(there: Any, observed: Any) -> Any:
    """The same of another look."""
    return dataclasses.replace(there, observed=observed)


HOST = 'of = "host"\nwithin_s = 2'
DATABASE = 'of = "database"\nwithin_s = 2'
ZONE = f'{DATABASE}\nzone = "Etc/UTC"'


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, ""),
        (1, ""),
        (3, ""),
        (1.8, ""),
        (3.1, "at least 2.1 s ahead of the gate's"),
        (-2, ""),
        (-2.1, "at least 2.1 s behind the gate's"),
        (4001, "at least 4,000.0 s ahead of the gate's"),
    ],
)
def test_a_clock(seconds: float, expected: str) -> None:
    """Beyond the time in which it was read."""
    for keys, name in ((HOST, "the host's clock"), (DATABASE, "the database server's clock")):
        small = clock(keys.replace("= 2", "= 0.5"), seconds)
        assert bool(small) is not (0 <= seconds <= 1)
        assert seconds != 1.8 or small == f"{name} is at least 0.8 s ahead of the gate's"
        assert clock(keys, seconds) == (f"{name} is {expected}" if expected else "")


@pytest.mark.parametrize(
    ("seconds", "zone", "expected"),
    [
        (0, Seen("UTC"), ""),
        (0, Seen("Asia/Kabul"), "its time zone is Asia/Kabul"),
        (9, Seen("Asia/Kabul"), "the database server's clock is at least 8.0 s ahead of the gate's; "
         "its time zone is Asia/Kabul"),
        (0, unclear(), UNCLEAR),
        (9, unclear(), "the database server's clock is at least 8.0 s ahead of the gate's"),
    ],
)  # fmt: skip
def test_a_clocks_zone(seconds: float, zone: Any, expected: str) -> None:
    """What of it cannot be told matters where nothing is broken."""
    assert clock(ZONE, seconds, zone=zone) == expected
    assert clock(DATABASE, 0, zone=zone) == ""


def test_a_clock_in_words() -> None:
    """What it told, between the gate's own times before and after."""
    kind = kinds()["clock"]
    for keys, of in ((HOST, "host"), (ZONE, "database")):
        server = database(zone=Seen("UTC"), clock=NOW if of == "database" else ago(days=1))
        own_ = identity().model_copy(update={"clock": NOW if of == "host" else ago(days=1)})
        there = scene({"clock.x": keys}, host=host(identity=own_), database=server)
        found = finding(there, "clock.x")
        zone = ", time zone Etc/UTC" if of == "database" else ""
        assert found.promised == f"within 2 s of the gate's clock{zone}"
        assert found.seen == (
            "2026-01-01 00:00:00.000 UTC, as the gate's, which went from 2026-01-01 00:00:00.000 "
            "UTC to 2026-01-01 00:00:00.000 UTC meanwhile"
        )
        assert ("timedatectl" in found.look) is (of == "host")
        assert ("TimeZone" in found.look) is (of == "database")
        promise = there.contract.promise("clock.x")
        assert kind.find(promise, there) == Seen(
            {"clock": NOW, "gate_before": NOW, "gate_after": NOW}
        )
        row = {"Clock": f"Clock of the {of}", "Time": "2026-01-01 00:00:00 UTC"}
        assert kind.row(promise, there) == row
        lost = scene_with(there, look(host=unclear(), database=unclear()))
        assert kind.find(promise, lost) == unclear()
        assert kind.row(promise, lost)["Time"] == unclear()
