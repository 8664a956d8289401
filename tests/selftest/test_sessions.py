"""Sessions of a unit: a real server, real processes, and what the kernel says of their sockets."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.kinds.sessions_of import obstacle
from gate.sources.database.questions import AskSessions
from gate.sources.database.sessions import SessionFacts, Sessions
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.connections import CONNECTIONS, Connection, Connections, plain, read, script
from gate.sources.host.probe import AskProbe
from gate.sources.host.questions import AskUnit
from gate.sources.host.section import Section
from gate.sources.look import look_at
from gate.target import Deadlines, Target
from tests.selftest.databases import target

__all__ = ["target"]

UNIT = "worker.service"
SYSTEMCTL = """#!/bin/sh
printf 'Id=%s\\nNames=%s\\nLoadState=loaded\\n' worker.service worker.service
printf 'ActiveState=active\\nSubState=running\\nMainPID={pid}\\nControlGroup=\\n'
"""
WORKER = """
import subprocess, sys
conninfo, statements = sys.argv[1], sys.argv[2:]
if statements[:1] == ["--child"]:  # the session is a child's, and not the main process's
    subprocess.run([sys.executable, "-c", open("/proc/self/cmdline").read().split(chr(0))[2],
                    conninfo, *statements[1:]], stdin=sys.stdin)
    sys.exit()
import psycopg
if "--late" in statements:  # as a pool does: nothing is opened before somebody asks
    print("ready", flush=True)
    sys.stdin.readline()
connection = psycopg.connect(conninfo)
connection.autocommit = "--transaction" not in statements
for one in statements:
    try:
        if not one.startswith("--"):
            connection.execute(one)
    except psycopg.errors.UndefinedTable:
        pass
print("ready", flush=True)
sys.stdin.read()
"""
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def worker(tmp_path: pathlib.Path, database: str) -> Iterator[Start]:
    """Start the unit's main process, which is connected until the test is over."""
    with contextlib.ExitStack() as stack:

        def start(*words: str, waits: bool = True) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-c", WORKER, database, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            stack.callback(process.wait, 10)
            stack.callback(process.kill)
            tool = tmp_path / "systemctl"
            tool.write_text(SYSTEMCTL.format(pid=process.pid), "utf-8")
            tool.chmod(0o755)
            assert process.stdout is not None
            assert process.stdin is not None
            stack.enter_context(process.stdout)
            stack.enter_context(process.stdin)
            if waits:
                assert process.stdout.readline() == b"ready\n"
            return process

        yield start


def judge(folder: pathlib.Path, target: Target, promises: str = "", **changes: object) -> str:
    """What does not hold of the unit's sessions; ``?`` in front of what cannot be told."""
    here = target.model_copy(update={"path": (str(folder),)})
    asked = (AskProbe(CONNECTIONS, UNIT), AskSessions(), AskUnit(UNIT))
    found = look_at(here, "predeploy", asked)
    assert isinstance(found.database, Seen), found.database
    value = found.database.value.model_copy(update=changes)
    contract = folder / "contract"
    contract.mkdir(exist_ok=True)
    item = f'title = "t"\nsource = "s"\nunit = "{UNIT}"\n{promises}'
    service = '[service.w]\ntitle = "t"\nsource = "s"\nstate = "active (running)"\n'
    (contract / "sessions.toml").write_text(f"[session.w]\n{item}", "utf-8")
    (contract / "services.toml").write_text(f'{service}unit = "{UNIT}"\n', "utf-8")
    scene = Scene(
        contract=load_contract(contract),
        target=here,
        moment="predeploy",
        observed=found.model_copy(update={"database": Seen(value)}),
    )
    try:
        return "; ".join(compare(scene.contract.promises["session.w"], scene).broken)
    except ObservationError as error:
        return f"? {error}"


def granted(database: str, statement: str) -> None:
    """Give the role that looks a right, or take it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def seeing(target: Target, database: str) -> Iterator[Target]:
    """A target whose role may see what sessions do."""
    granted(database, "GRANT pg_monitor TO gate_reader")
    yield target
    granted(database, "REVOKE pg_monitor FROM gate_reader")


def test_a_session_of_the_units_own(seeing: Target, worker: Start, tmp_path: pathlib.Path) -> None:
    """It is found by the socket of a child, and through a Unix socket, without any name."""
    worker("--child", "SELECT 1")
    assert judge(tmp_path, seeing, "last_statement_within_s = 60") == ""
    assert "1 sessions of worker.service, not 2" in judge(tmp_path, seeing, "at_least = 2")


def test_a_session_that_is_opened_meanwhile(
    seeing: Target, worker: Start, tmp_path: pathlib.Path
) -> None:
    """A pool that nobody asked yet is empty: it counts that it was filled within the window."""
    process = worker("--late", "SELECT 1")
    assert process.stdin is not None
    patient = seeing.model_copy(update={"deadlines": Deadlines(window_s=3.0)})
    asked = threading.Timer(1.0, lambda: (process.stdin.write(b"now\n"), process.stdin.flush()))  # type: ignore[union-attr]
    asked.start()
    found = judge(tmp_path, patient)
    asked.join()
    assert found == ""


def test_a_statement_of_long_ago(seeing: Target, worker: Start, tmp_path: pathlib.Path) -> None:
    """A session that sends nothing proves nothing."""
    worker("SELECT 1")
    time.sleep(0.2)
    found = judge(tmp_path, seeing, "last_statement_within_s = 0.1")
    assert "the last statement of worker.service was" in found


def test_a_transaction_that_failed(seeing: Target, worker: Start, tmp_path: pathlib.Path) -> None:
    """It stays connected, and will never do anything again."""
    worker("--transaction", "SELECT * FROM nowhere")
    deadline = time.monotonic() + 20
    while not (found := judge(tmp_path, seeing)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "is idle in transaction (aborted) for" in found


def test_idle_in_a_transaction(seeing: Target, worker: Start, tmp_path: pathlib.Path) -> None:
    """For longer than is promised."""
    worker("--transaction", "SELECT 1")
    time.sleep(0.2)
    promised = "idle_in_transaction_within_s = 0.1"
    assert "is idle in transaction for" in judge(tmp_path, seeing, promised)
    assert judge(tmp_path, seeing) == ""


def test_waiting_for_a_lock(
    seeing: Target, worker: Start, tmp_path: pathlib.Path, database: str
) -> None:
    """Who holds it is said."""
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE tickets")
        worker("SELECT * FROM tickets", waits=False)
        promised, found = "waits_for_lock_within_s = 0.1", ""
        deadline = time.monotonic() + 20
        while "waits for a lock" not in found and time.monotonic() < deadline:
            found = judge(tmp_path, seeing, promised)
        assert f"held by {other.info.backend_pid}" in found


def test_nobody_is_connected(seeing: Target, tmp_path: pathlib.Path, database: str) -> None:
    """What else is connected is said."""
    tool = tmp_path / "systemctl"
    with (
        psycopg.connect(database),
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as idle,
    ):
        tool.write_text(SYSTEMCTL.format(pid=idle.pid), "utf-8")
        tool.chmod(0o755)
        found = judge(tmp_path, seeing)
        assert idle.stdin is not None
        idle.stdin.close()
    assert "no session of worker.service (1 processes, active (running)); 1 unnamed ones" in found
    assert "it is connected to nothing" in found


@pytest.mark.parametrize("of", ["t", "x"])
def test_a_list_of_connections_that_ended_early(
    seeing: Target, worker: Start, tmp_path: pathlib.Path, of: str
) -> None:
    """What was printed of it is not all there is: neither few nor none are told by it."""
    worker("SELECT 1")
    tool = tmp_path / "ss"
    tool.write_text(
        f'#!/bin/sh\ncase $1 in -H{of}*) exit 1 ;; esac\nexec {shutil.which("ss")} "$@"\n'
    )
    tool.chmod(0o755)
    for promises in ("", "at_least = 2", "absent = true"):
        assert "ss did not end well" in judge(tmp_path, seeing, promises), promises


def test_a_role_that_may_not_see(target: Target, worker: Start, tmp_path: pathlib.Path) -> None:
    """Whose the sessions are is not told, rather than told wrong."""
    worker("SELECT 1")
    hidden = "? cannot tell (permission): the role gate_reader may not see"
    assert judge(tmp_path, target).startswith(hidden)
    remote = Sessions(ports=(5432,), found=(session(hidden=True),))
    found = judge(tmp_path, target, sessions=Seen(remote))
    assert found.startswith(hidden)


def session(**changes: object) -> SessionFacts:
    """A session of somebody."""
    given: dict[str, object] = {"pid": 1, "role": "app", "application": "", "address": "10.0.0.9"}
    given |= {"port": 40000, "state": "idle", "hidden": False, "statement_s": 1.0, "state_s": 1.0}
    return SessionFacts.model_validate({**given, "waits_s": None, **changes})


def answer(*lines: str, unit: str = "MainPID=7\nControlGroup=\n") -> Connections | CannotTell:
    """What is made of an answer."""
    own = f"Id={UNIT}\nNames={UNIT}\nLoadState=loaded\nActiveState=active\nSubState=running\n{unit}"
    head = [f"U {one}" for one in own.splitlines()] + ["S /proc/7/status:PPid:\t1"]
    text = "\n".join([*head, "M net:[1]", *lines, "T ended 0", "X ended 0", "Z"]) + "\n"
    found = read(Section(text.encode(), 0, ""), [UNIT])[UNIT]
    assert isinstance(found, (Connections, CannotTell))
    return found


def test_both_ends_of_a_connection() -> None:
    """A control group's socket counts without any process that is shown; IPv4 is IPv4."""
    lines = (
        'T 0 0 [::ffff:127.0.0.1]:40000 [::ffff:127.0.0.1]:6432 users:(("w",pid=7,fd=3)) ino:1',
        'T 0 0 127.0.0.1:6432 127.0.0.1:40000 users:(("pgbouncer",pid=9,fd=3)) ino:2',
        "T 0 0 10.0.0.1:40001 10.0.0.2:5432 ino:3 sk:1 cgroup:/system.slice/worker.service/x <->",
        'X u_str ESTAB 0 0 * 11 * 12 users:(("w",pid=7,fd=4)) <->',
        'X u_str ESTAB 0 0 /run/.s.PGSQL.5432 12 * 11 users:(("postgres",pid=8,fd=4)) <->',
    )
    group = "MainPID=7\nControlGroup=/system.slice/worker.service\n"
    found = answer(*lines, "G /proc/7/cgroup:0::/system.slice/worker.service", unit=group)
    assert isinstance(found, Connections)
    local, remote, unix = found.found
    assert (local.address, local.port, local.peer_name) == ("127.0.0.1", 40000, "pgbouncer")
    assert (remote.peer, remote.peer_pids) == ("10.0.0.2", ())
    assert (unix.peer, unix.peer_pids) == ("/run/.s.PGSQL.5432", (8,))
    assert plain("fe80::1%eth0") == "fe80::1"


@pytest.mark.parametrize(
    ("lines", "hidden", "unseen"),
    [
        (("H 7", "T 0 0 10.0.0.1:40001 10.0.0.2:5432 ino:3"), True, True),
        (("H 7", "T 0 0 10.0.0.1:40001 10.0.0.2:5432 ino:3 cgroup:/x <->"), False, True),
        (("H 7", 'T 0 0 10.0.0.1:40001 10.0.0.2:5432 users:(("x",pid=9,fd=3))'), False, True),
        (("H 7", 'X u_str ESTAB 0 0 * 11 * 12 users:(("w",pid=9,fd=4)) <->'), False, True),
        (("H 7",), True, True),
        ((), True, False),
        (("H 9", 'T 0 0 10.0.0.1:1 10.0.0.2:2 users:(("x",pid=9,fd=3))'), False, False),
    ],
)
def test_whose_sockets_are_shown(lines: tuple[str, ...], hidden: bool, unseen: bool) -> None:  # noqa: FBT001 - of the table
    """What is nobody's may be the unit's, where what its processes hold open is not shown."""
    found = answer(*lines)
    assert isinstance(found, Connections)
    assert (bool(found.hidden), found.unseen, found.found) == (hidden, unseen, ())


@pytest.mark.skipif(os.getuid() != 0, reason="takes rights to give them up")
def test_processes_of_somebody_else(worker: Start, tmp_path: pathlib.Path) -> None:
    """Whoever may not see what they hold open is told so, whatever he sees of his own."""
    worker()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        shutil.copy(tmp_path / "systemctl", folder)
        for who, unseen in (([], False), (["setpriv", "--reuid=65534", "--clear-groups"], True)):
            asked = [*who, "sh", "-c", script([UNIT])]
            path = {"PATH": f"{folder}:{os.environ['PATH']}"}
            said = subprocess.run(asked, env=path, stdout=subprocess.PIPE, timeout=20, check=False)  # noqa: S603 - our own words
            found = read(Section(said.stdout, said.returncode, ""), [UNIT])[UNIT]
            assert isinstance(found, Connections)
            assert found.unseen is unseen
            assert bool(found.found) is not unseen


def test_a_network_of_its_own() -> None:
    """What is in another network namespace is not on this host's list."""
    found = answer("N 7 net:[2]")
    assert isinstance(found, CannotTell)
    assert "a network of its own" in found.reason


@pytest.mark.parametrize(
    ("section", "cause"),
    [
        (Section(b"", 127, "sh: ss: not found"), Cause.TOOL_MISSING),
        (Section(b"T 0 0 1:1 2:2\n", 124, ""), Cause.TIMEOUT),
        (Section(b"\xff", 0, ""), Cause.UPSTREAM),
        (Section(b"T 0 0 1:1 2:2\nT ended 124\nX ended 0\nZ\n", 0, ""), Cause.UPSTREAM),
        (Section(b"T ended 0\nX 0 0 / 1 * 2ended 1\nZ\n", 0, ""), Cause.UPSTREAM),
    ],
)
def test_an_answer_that_is_not_whole(section: Section, cause: Cause) -> None:
    """No connection in it is not no connection."""
    found = read(section, [UNIT])[UNIT]
    assert isinstance(found, CannotTell)
    assert found.cause is cause


@pytest.mark.parametrize(
    ("peer", "word"),
    [
        ({"peer_port": 6432, "peer_name": "pgbouncer"}, "pgbouncer on 10.1.1.1:6432, a pooler"),
        ({"peer_port": 5432}, "of which the server knows nothing"),
        ({"peer_port": 6543}, "a pooler, another server or database"),
        ({"peer_port": 6379}, ""),
    ],
)
def test_what_stands_in_between(peer: dict[str, object], word: str) -> None:
    """A pooler, a translated address: cannot tell; Redis: there is no session."""
    one = Connection.model_validate(
        {"address": "10.0.0.1", "port": 4, "peer": "10.1.1.1", "peer_port": 1, **peer}
    )
    own = Connections(state="active (running)", pids=(7,), found=(one,))
    found = obstacle(UNIT, own, Sessions(ports=(5432,), found=(session(),)), "gate")
    assert (word in found) if word else found == ""
