"""Whatever a peer does, a request ends in time, in size, with its cause; and spoils no other."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpcore
import pytest

from gate.connection.obstacle import INTERRUPTED
from gate.connection.ssh import Forward
from gate.kinds.endpoint import Endpoint
from gate.sources.api import resolve
from gate.sources.api.exchange import LateError, Limits
from gate.sources.api.facts import Answer
from gate.sources.api.failure import slept_through
from gate.sources.api.look import look
from gate.sources.api.wait import wait_for
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.target import Target
from tests.selftest.peers import PEERS, serving

DEADLINE_S = 0.6
GRACE_S = 1.0
MEGABYTES = 300
"""What the whole process may take, whatever a peer sends."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the peers listen."""
    with serving() as found:
        yield found


def target(base: str) -> Target:
    """A target at an address."""
    return Target.model_validate(
        {
            "name": "t",
            "title": "T",
            "host": "local://",
            "api": {"base": base, "roles": {"r": {"user_env": "U", "password_env": "P"}}},
            "database": {"service": "none"},
            "deadlines": {"connect_s": DEADLINE_S},
        }
    )


def endpoint(path: str, **more: Any) -> Endpoint:
    """A request with a short deadline."""
    item = {"title": "t", "source": "s", "path": path, "deadline_s": DEADLINE_S, **more}
    return Endpoint.model_validate(item)


def ask(base: str, path: str, **more: Any) -> tuple[Fact[Answer], float]:
    """What a request comes to, and after how many seconds."""
    started = time.monotonic()
    found = look(target(base), {"endpoint.a": endpoint(path, **more)}, {}, {})
    assert isinstance(found, Seen)
    return found.value.answers["endpoint.a"], time.monotonic() - started


def cause(fact: Fact[Answer]) -> str:
    """Why there is no answer, or why it cannot be read."""
    if isinstance(fact, Seen):
        return fact.value.unread or fact.value.flaw
    return fact.proof if isinstance(fact, Absent) else fact.reason


CAUSES = {
    "never_answers": "within 0.6 s: waiting for the answer",
    "drips_the_status_line": "waiting for the answer (",
    "drips_headers": "waiting for the answer (",
    "drips_a_body": "reading its body (",
    "drips_chunks": "reading its body (",
    "drips_gzip": "reading its body (",
    "drips_interim_answers": "waiting for the answer (",
    "floods_interim_answers": "more than 131,072 bytes came while waiting for the answer",
    "floods_early_hints": "more than 131,072 bytes came while waiting for the answer",
    "floods_the_status_line": "RemoteProtocolError",
    "floods_headers": "RemoteProtocolError",
    "floods_one_header": "RemoteProtocolError",
    "floods_a_body": "more than 4,194,304 bytes",
    "floods_a_text": "more than 4,194,304 bytes",
    "floods_one_byte_chunks": "it came in more than 10,000 pieces",
    "floods_one_chunk": "more than 4,194,304 bytes",
    "floods_a_chunk_extension": "RemoteProtocolError",
    "floods_trailers": "RemoteProtocolError",
    "sends_a_gzip_bomb": "more than 4,194,304 bytes",
    "sends_a_deflate_bomb": "more than 4,194,304 bytes",
    "sends_a_million_values": "it may hold more than 250,000 values",
    "packs_unasked": "packed as 'br', which was not asked for",
    "breaks_gzip_off": "its gzip ends in the middle",
    "hangs_up_at_once": "RemoteProtocolError",
    "hangs_up_in_the_headers": "RemoteProtocolError",
    "hangs_up_in_the_body": "RemoteProtocolError",
    "hangs_up_in_a_chunk": "RemoteProtocolError",
    "speaks_no_http": "RemoteProtocolError",
    "speaks_binary": "RemoteProtocolError",
    "promises_two_lengths": "RemoteProtocolError",
    "switches_protocols": "RemoteProtocolError",
    "redirects_to_itself": "",
}


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_ends_in_time_with_its_cause(port: int, name: str) -> None:
    """The deadline is one for all of it: name, connection, head, interim answers, body, unpacking.

    A peer that is at work all the time is one that a time limit for a single read never ends.
    """
    # A flood is ended by its size, long before a deadline that is generous here.
    deadline = DEADLINE_S if CAUSES[name].find("(") >= 0 or name == "never_answers" else 5.0
    fact, seconds = ask(f"http://127.0.0.1:{port}", f"/{name}", deadline_s=deadline)
    assert seconds < deadline + GRACE_S
    assert CAUSES[name] in cause(fact), cause(fact)
    if not CAUSES[name]:
        assert isinstance(fact, Seen)
        assert fact.value.status == 302


@pytest.mark.parametrize("name", ["drips_headers", "drips_a_body", "drips_interim_answers"])
def test_the_login_ends_in_time(port: int, name: str) -> None:
    """What needs the login then cannot be told, and what does not is told as ever."""
    items = {
        "endpoint.login": endpoint(
            f"/{name}", method="POST", as_role="r", form={"u": "{user}", "password": "{password}"}
        ),
        "endpoint.mine": endpoint("/good", role="r"),
        "endpoint.good": endpoint("/good"),
    }
    started = time.monotonic()
    environ = {"U": "u", "P": "a password of this test"}
    found = look(target(f"http://127.0.0.1:{port}"), items, {}, environ)
    assert time.monotonic() - started < 2 * DEADLINE_S + GRACE_S
    assert isinstance(found, Seen)
    mine, good = found.value.answers["endpoint.mine"], found.value.answers["endpoint.good"]
    assert isinstance(mine, CannotTell)
    assert "logging in as r" in mine.reason
    assert isinstance(good, Seen)


@pytest.mark.parametrize(
    "name", ["never_answers", "drips_headers", "drips_a_body", "floods_a_body", "speaks_no_http"]
)
def test_the_wait_after_a_step_ends_in_time(port: int, name: str) -> None:
    """The wait's own limit is the end of its last attempt, too."""
    started = time.monotonic()
    item = endpoint(f"/{name}", status=204)
    why = wait_for(target(f"http://127.0.0.1:{port}"), item, 1.0)
    assert time.monotonic() - started < 1.0 + GRACE_S
    assert f"GET http://127.0.0.1:{port}/{name} did not answer 204" in why


def test_one_peer_spoils_no_other_item(port: int) -> None:
    """All of them at once, and the good ones between them are told."""
    items = {f"endpoint.{name}": endpoint(f"/{name}", deadline_s=3) for name in PEERS}
    items |= {f"endpoint.good{number}": endpoint("/good", deadline_s=3) for number in range(8)}
    found = look(target(f"http://127.0.0.1:{port}"), items, {}, {})
    assert isinstance(found, Seen)
    for number in range(8):
        fact = found.value.answers[f"endpoint.good{number}"]
        assert isinstance(fact, Seen)
        assert fact.value.body == {}


def test_memory(port: int) -> None:
    """Every peer at once, in a process of its own, and then the look as JSON."""
    program = textwrap.dedent(
        """
        import json, pathlib, re, sys
        from gate.kinds.endpoint import Endpoint
        from gate.sources.api.look import look
        from gate.target import Target
        names, port = json.loads(sys.argv[1]), sys.argv[2]
        target = Target.model_validate({
            "name": "t", "title": "T", "host": "local://", "database": {"service": "none"},
            "api": {"base": f"http://127.0.0.1:{port}"},
        })
        items = {
            f"endpoint.{name}{number}": Endpoint.model_validate(
                {"title": "t", "source": "s", "path": f"/{name}", "deadline_s": 2})
            for name in names for number in range(2)
        }
        found = look(target, items, {}, {})
        text = found.value.model_dump_json()
        # Not ru_maxrss: that begins with what the process that started this one has taken.
        status = pathlib.Path("/proc/self/status").read_text("ascii")
        print(len(text), re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])
        """
    )
    done = subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-c", program, json.dumps(list(PEERS)), str(port)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    kilobytes = int(done.stdout.split()[1])
    assert kilobytes < MEGABYTES * 1024, done.stdout


def test_a_tls_handshake_that_stalls() -> None:
    """The connection is taken and nothing follows: nothing is known of the endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        fact, seconds = ask(f"https://127.0.0.1:{port}", "/")
    assert seconds < DEADLINE_S + GRACE_S
    assert isinstance(fact, CannotTell)
    assert fact.cause is Cause.TIMEOUT


def test_a_peer_without_tls(port: int) -> None:
    """An https address that leads to plain HTTP."""
    fact, seconds = ask(f"https://127.0.0.1:{port}", "/good")
    assert seconds < DEADLINE_S + GRACE_S
    assert isinstance(fact, CannotTell)
    assert "SSL" in fact.reason.upper() or "TLS" in fact.reason.upper()


def test_a_resolver_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name's look-up takes no deadline: it is left behind, and neither the loop waits for it."""
    release = threading.Event()

    def hang(host: str, port: int) -> list[str] | OSError:
        del host, port
        release.wait(20)
        return ["127.0.0.1"]

    monkeypatch.setattr(resolve, "_asked", hang)
    try:
        fact, seconds = ask("http://slow.example", "/")
        assert seconds < DEADLINE_S + GRACE_S
        assert isinstance(fact, CannotTell)
        assert (fact.cause, "looking up slow.example" in fact.reason) == (Cause.TIMEOUT, True)
    finally:
        release.set()


# An interrupted look is left at once: what it leaves open is closed when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["drips_headers", "floods_one_byte_chunks", "never_answers"])
def test_an_interruption_ends_it_at_once(port: int, name: str) -> None:
    """Also within a flood."""
    interrupted = threading.Event()
    timer = threading.Timer(0.3, interrupted.set)
    timer.start()
    items = {f"endpoint.{n}": endpoint(f"/{name}", deadline_s=30) for n in range(8)}
    if name.startswith("floods"):
        items |= {"endpoint.x": endpoint("/never_answers", deadline_s=30)}
    started = time.monotonic()
    found = look(target(f"http://127.0.0.1:{port}"), items, {}, {}, interrupted=interrupted)
    assert time.monotonic() - started < 0.3 + GRACE_S
    assert found == CannotTell(INTERRUPTED, Cause.UPSTREAM)
    interrupted.clear()
    timer = threading.Timer(0.3, interrupted.set)
    timer.start()
    started = time.monotonic()
    here = target(f"http://127.0.0.1:{port}")
    assert wait_for(here, endpoint(f"/{name}", status=204), 30, None, interrupted) == INTERRUPTED
    assert time.monotonic() - started < 0.3 + GRACE_S


def test_the_end_of_a_forward_is_named_as_the_host_calls_it(tmp_path: pathlib.Path) -> None:
    """No reason names a temporary file of the gate's own."""
    way = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(way))  # nobody listens: it refuses
        forward = Forward(socket=way, leads_to="127.0.0.1:8000", log=tmp_path / "log")
        (tmp_path / "log").touch()
        here = target("http://127.0.0.1:8000")
        found = look(here, {"endpoint.a": endpoint("/")}, {}, {}, ways={"": forward})
        why = wait_for(here, endpoint("/"), 0.2, forward)
    assert isinstance(found, Seen)
    for text in (cause(found.value.answers["endpoint.a"]), why):
        assert str(way) not in text
        assert "ConnectError" in text


@pytest.mark.parametrize(
    ("error", "stood_s", "connect_s", "slept"),
    [
        (LateError("x", reached=True), 2.4, 1.0, False),
        (LateError("x", reached=True), 2.6, 1.0, True),
        (httpcore.ReadTimeout(), 2.6, 1.0, True),
        (httpcore.ConnectTimeout(), 0.4, 1.0, False),
        (httpcore.ConnectTimeout(), 0.6, 1.0, True),
        (httpcore.ConnectTimeout(), 0.9, 3.0, False),
        (httpcore.ConnectTimeout(), 1.1, 3.0, True),
        (httpcore.ConnectTimeout(), 2.4, 30.0, False),
        (httpcore.ConnectError(), 9.0, 1.0, False),
    ],
)
def test_which_deadline_was_slept_through(
    error: Exception,
    stood_s: float,
    connect_s: float,
    slept: bool,  # noqa: FBT001 - of the table
) -> None:
    """A connection has a shorter one; what was refused was not late."""
    limits = Limits(deadline_s=10.0, connect_s=connect_s, max_bytes=1)
    assert slept_through(error, stood_s, limits) is slept


def test_a_gate_that_stood_still_blames_nobody(port: int) -> None:
    """A deadline that the gate itself slept through is no silence of the target."""
    program = textwrap.dedent(
        """
        import sys
        from gate.kinds.endpoint import Endpoint
        from gate.sources.api.look import look
        from gate.target import Target
        target = Target.model_validate({
            "name": "t", "title": "T", "host": "local://", "database": {"service": "none"},
            "api": {"base": f"http://127.0.0.1:{sys.argv[1]}"},
        })
        item = Endpoint.model_validate(
            {"title": "t", "source": "s", "path": "/never_answers", "deadline_s": 1.5})
        print("asking", flush=True)
        print(look(target, {"endpoint.a": item}, {}, {}).value.answers["endpoint.a"])
        """
    )
    with subprocess.Popen(  # noqa: S603 - this very Python
        [sys.executable, "-c", program, str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as gate:
        assert gate.stdout is not None
        assert gate.stdout.readline() == "asking\n"
        time.sleep(0.5)
        gate.send_signal(signal.SIGSTOP)
        time.sleep(2)
        gate.send_signal(signal.SIGCONT)
        said = gate.stdout.read()
    assert said.startswith("CannotTell(")
    assert "the gate itself stood still for" in said
