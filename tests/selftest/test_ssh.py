"""The one connection by ssh: opened once, forwards behind it, and an end to every wait.

What is called ``ssh`` here is a program of the test's: what OpenSSH itself does is tried on a whole
machine.
"""

from __future__ import annotations

import os
import pathlib
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from gate.connection import ssh
from gate.connection.obstacle import INTERRUPTED, LED_TO, CarrierError, first_line
from gate.connection.ssh import Connection, Forward
from gate.sources.fact import Cause
from gate.target import Target
from tests.selftest.hosts import target

Make = Callable[..., Connection]
OLD = "channel 1: open failed: connect failed: No route to host"
NEW = "channel 2: open failed: connect failed: Connection refused"
SHUT = "channel 3: open failed: administratively prohibited: open failed"


@pytest.fixture
def make(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a connection whose ``ssh`` is a script; it writes down its words in ``said``."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "own").mkdir()
    program = tmp_path / "bin/ssh"
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=os.pathsep)

    def one(script: str, deadline_s: float = 5.0, **backend: Any) -> Connection:
        program.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/said\n{script}\n', "utf-8")
        program.chmod(0o755)
        host = SimpleNamespace(name="hera", user=None, port=None)
        keys = {"host": host, "ssh_extra_args": None, "ssh_config": None, "ssh_identity_file": None}
        place = target("ssh://hera")
        place = place.model_copy(
            update={"deadlines": place.deadlines.model_copy(update={"connect_s": deadline_s})}
        )
        given = SimpleNamespace(**{**keys, **backend})
        return Connection(place, given, tmp_path / "own", threading.Event())

    return one


def said(folder: pathlib.Path) -> list[str]:
    """What ssh was called with, line by line."""
    return (folder / "said").read_text("utf-8").splitlines()


def test_it_is_opened_once(make: Make, tmp_path: pathlib.Path) -> None:
    """And hung up where there is a master; nothing is asked of one that there is not."""
    connection = make("exit 0")
    connection.close()
    connection.open()
    connection.open()
    (tmp_path / "own/c").touch()
    connection.close()
    assert [line.split(" -T ")[0] for line in said(tmp_path)] == [
        f"-M -N -f -E {tmp_path}/own/log -o LogLevel=INFO",
        "-O exit",
    ]


@pytest.mark.parametrize(
    ("script", "words", "cause"),
    [
        ("echo 'eve@hera: Permission denied' >&2; exit 255", "Permission", Cause.PERMISSION),
        ("echo 'Connection timed out' >&2; exit 255", "timed out", Cause.TIMEOUT),
        ("echo 'No route to host' >\"$5\"; exit 255", "No route to host", Cause.UNREACHABLE),
        ("exit 255", "ssh ended with exit status 255", Cause.UNREACHABLE),
    ],
)  # fmt: skip
def test_a_host_that_is_not_reached_is_not_tried_twice(
    script: str, words: str, cause: Cause, make: Make, tmp_path: pathlib.Path
) -> None:
    """The reason is ssh's own, from wherever it says it, and the same again and again."""
    connection = make(script)
    for do in (connection.open, connection.open, lambda: connection.forward("h:1", "x")):
        with pytest.raises(CarrierError) as told:
            do()
        assert f"ssh://hera could not be asked: {words}" in str(told.value) or words in str(
            told.value
        )
        assert told.value.cause is cause
    assert len(said(tmp_path)) == 1


def test_a_host_that_says_nothing_has_its_time(
    make: Make, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then ssh is ended."""
    monkeypatch.setattr(ssh, "SLACK_S", 0.2)
    connection = make(f"echo $$ >{tmp_path}/pid; exec sleep 60", 0.2)
    with pytest.raises(CarrierError, match=r"ssh://hera: no answer within 0\.4 s") as told:
        connection.open()
    assert told.value.cause is Cause.TIMEOUT
    begun = tmp_path / "pid"
    if begun.exists():
        assert not pathlib.Path("/proc", begun.read_text("ascii").strip()).exists()


def test_a_master_that_cannot_be_told_to_end_spoils_nothing(
    make: Make, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at was looked at; the master ends itself."""
    monkeypatch.setattr(ssh, "SLACK_S", 0.2)
    connection = make("exec sleep 60", 0.2)
    (tmp_path / "own/c").touch()
    connection.close()


def test_a_run_that_is_interrupted_does_not_wait(make: Make) -> None:
    """For a host that says nothing."""
    connection = make("exec sleep 60", 60.0)
    threading.Timer(0.2, connection._interrupted.set).start()  # noqa: SLF001 - by another thread
    began = time.monotonic()
    with pytest.raises(CarrierError, match=INTERRUPTED):
        connection.open()
    assert time.monotonic() - began < 30


def test_a_forward_is_made_once(make: Make, tmp_path: pathlib.Path) -> None:
    """Each in a folder of its own; what its socket leads to is told in its place."""
    connection = make("exit 0")
    one, two = connection.forward("127.0.0.1:80", "80"), connection.forward("/run/x", "x")
    assert connection.forward("127.0.0.1:80", "80") is one
    assert one.socket.parent != two.socket.parent
    assert {oct(found.socket.parent.stat().st_mode & 0o777) for found in (one, two)} == {"0o700"}
    assert sum("-O forward" in line for line in said(tmp_path)) == 2
    assert f"-O forward -L {one.socket}:127.0.0.1:80 " in said(tmp_path)[1]
    error = OSError(f'connection to server on socket "{one.socket}" failed')
    assert first_line(error) == "connection to server on 127.0.0.1:80 on the host failed"
    LED_TO.pop(str(one.socket), None)
    LED_TO.pop(str(two.socket), None)


def test_a_forward_that_is_refused_is_no_ones_obstacle(make: Make) -> None:
    """Whoever needs another one, or the same again, is told of that one alone."""
    refuses = "case $* in *' forward '*80\\ *) echo 'Port forwarding failed' >&2; exit 255; esac"
    connection = make(refuses)
    for _ in range(2):
        with pytest.raises(CarrierError, match=r"no forward to .*:80: Port forwarding failed"):
            connection.forward("127.0.0.1:80", "80")
    found = connection.forward("127.0.0.1:81", "81")
    assert found.leads_to == "127.0.0.1:81"
    LED_TO.pop(str(found.socket), None)


def words_of(connection: Connection) -> str:
    """The command line."""
    return " ".join(connection.command("-v"))


def test_the_command_line(make: Make, tmp_path: pathlib.Path) -> None:
    """Own words first, the inventory's behind: of two settings ssh takes the first."""
    bare = words_of(make("exit 0"))
    assert bare.startswith("ssh -v -T -o BatchMode=yes -o StrictHostKeyChecking=yes ")
    assert f"-o ControlPath={tmp_path}/own/c " in bare
    assert bare.endswith(" -- hera")
    for absent in ("UserKnownHostsFile", "-F", "-i ", "User=", "Port="):
        assert absent not in bare
    full = make(
        "exit 0",
        host=SimpleNamespace(name="hera", user="eve", port=2222),
        ssh_extra_args="-o LogLevel=DEBUG",
        ssh_config="/etc/c",
        ssh_identity_file="/k",
    )
    told = words_of(full)
    assert told.endswith(
        "-o LogLevel=ERROR -o LogLevel=DEBUG -F /etc/c -o User=eve -o Port=2222 -i /k -- hera"
    )
    known = Target.model_validate({**target("ssh://hera").model_dump(), "ssh_known_hosts": "/a b"})
    backend = SimpleNamespace(
        host=SimpleNamespace(name="hera", user=None, port=None),
        ssh_extra_args=None, ssh_config=None, ssh_identity_file=None,
    )  # fmt: skip
    one = Connection(known, backend, tmp_path, threading.Event())
    assert 'UserKnownHostsFile="/a b"' in one.command()


@pytest.mark.parametrize(
    ("log", "there", "obstacle", "refused"),
    [
        (None, True, None, False),
        ("debug1: something", True, None, False),
        (NEW, True, None, True),
        (f"{OLD}\n{NEW}", True, None, True),
        (f"{NEW}\n{OLD}", True, (Cause.UNREACHABLE, "No route to host"), False),
        (SHUT, True, (Cause.PERMISSION, "prohibited"), False),
        (None, False, (Cause.UNREACHABLE, "the forward to h:1 is gone"), False),
        (NEW, False, (Cause.UNREACHABLE, "the forward to h:1 is gone"), True),
    ],
)
def test_why_a_forward_leads_nowhere(
    log: str | None,
    there: bool,  # noqa: FBT001 - a case
    obstacle: tuple[Cause, str] | None,
    refused: bool,  # noqa: FBT001 - a case
    tmp_path: pathlib.Path,
) -> None:
    """What the other end refuses itself is its own answer; anything else is nobody's."""
    if log is not None:
        (tmp_path / "log").write_text(f"{log}\n\n", "utf-8")
    if there:
        (tmp_path / "socket").touch()
    one = Forward(tmp_path / "socket", "h:1", tmp_path / "log")
    found = one.obstacle()
    assert one.refused() is refused
    if obstacle is None:
        assert found is None
    else:
        assert found is not None
        assert found[0] is obstacle[0]
        assert obstacle[1] in found[1]
