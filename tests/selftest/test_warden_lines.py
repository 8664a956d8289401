"""What passes the fence: sessions of the clone alone, byte for byte, and their end."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import socket
import struct
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command as alembic

from gate.sources.rehearsal.inside import command
from gate.sources.rehearsal.warden import lines

CLONE = b"gate_clone"
SSL, GSS, CANCEL = 80877103, 80877104, 80877102


def message(code: int, rest: bytes = b"", length: int | None = None) -> bytes:
    """The first message of a session."""
    return struct.pack("!II", len(rest) + 8 if length is None else length, code) + rest


def begin(**given: str) -> bytes:
    """The beginning of a session, as libpq writes it."""
    words = b"\0".join(word.encode() for pair in given.items() for word in pair)
    return message(3 << 16, words + b"\0\0")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a line."""
    one, two = socket.socketpair()
    for end in (one, two):
        end.settimeout(10)
    with contextlib.closing(one), contextlib.closing(two):
        yield one, two


@pytest.mark.parametrize(
    ("sent", "passes", "answer"),
    [
        (begin(user="app", database="gate_clone"), True, b""),
        (begin(database="gate_clone", user="app", options="-c x=1"), True, b""),
        # Without a database it is the one that is called as the user.
        (begin(user="gate_clone"), True, b""),
        (begin(user="app"), False, b"E"),
        (begin(user="gate_clone", database="live"), False, b"E"),
        (begin(user="app", database="gate_clone_other"), False, b"E"),
        (begin(user="app", database="gate_clone", replication="database"), False, b"E"),
        (begin(user="app", database="gate_clone", replication="true"), False, b"E"),
        (message(SSL) + begin(user="app", database="gate_clone"), True, b"N"),
        (message(GSS) + message(SSL) + begin(user="gate_clone"), True, b"NN"),
        (message(SSL) + begin(user="app", database="live"), False, b"NE"),
        (message(CANCEL, b"12345678"), True, b""),
        (message(3 << 16, length=7), False, b""),
        (message(3 << 16, length=1 << 30), False, b""),
    ],
)
def test_sessions_of_the_clone_alone(
    sent: bytes,
    passes: bool,  # noqa: FBT001 - a case
    answer: bytes,
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """What passes is passed on as it came; whoever wants another database is told that."""
    client, warden = pair
    client.sendall(sent)
    found = lines.admitted(warden, CLONE)
    assert (found is not None) is passes
    if found is not None:
        assert sent.endswith(found)
        assert struct.unpack("!I", found[:4])[0] == len(found)
    warden.shutdown(socket.SHUT_WR)
    told = client.recv(65536) if answer else b""
    assert told[: len(answer)] == answer
    if answer.endswith(b"E"):
        assert b"only the rehearsal's clone is reached from here" in told


@pytest.mark.parametrize("sent", [b"", b"\0\0\0", message(3 << 16, b"user\0", length=100)])
def test_a_session_that_breaks_off_is_none(
    sent: bytes, pair: tuple[socket.socket, socket.socket]
) -> None:
    """In the middle of its first message."""
    client, warden = pair
    client.sendall(sent)
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(OSError, match="closed"):
        lines.admitted(warden, CLONE)


def test_bytes_are_carried_to_their_end() -> None:
    """And the end itself; one that is gone ends the way."""
    (one, near), (far, two) = socket.socketpair(), socket.socketpair()
    with contextlib.ExitStack() as stack:
        for end in (one, near, far, two):
            stack.enter_context(contextlib.closing(end))
            end.settimeout(10)
        one.sendall(b"x" * 60_000)
        one.shutdown(socket.SHUT_WR)
        carrying = threading.Thread(target=lines.pump, args=(near, far), daemon=True)
        carrying.start()
        data = b""
        while more := two.recv(65536):
            data += more
        carrying.join(10)
        assert data == b"x" * 60_000
        two.sendall(b"back")
        assert far.recv(4) == b"back", "the other way is open still"
        two.close()
        lines.pump(two, far)


def test_a_way_by_a_folder_or_an_address(tmp_path: pathlib.Path) -> None:
    """PostgreSQL's socket in a folder has its port in its name; a knock tells whether it is one."""
    with socket.socket(socket.AF_UNIX) as server, lines.listen("127.0.0.1") as listener:
        path = tmp_path / ".s.PGSQL.5432"
        server.bind(str(path))
        server.listen(4)
        port = listener.getsockname()[1]
        for line in (lines.connect(str(tmp_path), 5432), lines.connect("127.0.0.1", port)):
            assert line.gettimeout() is None
            line.close()
        assert str(path) in lines.sockets()
        assert lines.knock("unix", str(path))
        assert lines.knock("tcp", ["127.0.0.1", port])
    assert not lines.knock("tcp", ["127.0.0.1", 1])
    assert not lines.knock("unix", str(tmp_path / "nosuch"))


class Script:
    """A folder of revisions, as Alembic's command line has it."""

    def get_revision(self, name: str) -> Any:
        """What it comes after."""
        downs = {"a": None, "b": "a", "m": ("b", "c")}
        return SimpleNamespace(down_revision=downs[name])


@pytest.mark.parametrize(
    ("asked", "does", "to"),
    [
        ({"do": "up", "revisions": ["a", "b"]}, alembic.upgrade, "b"),
        ({"do": "down", "revisions": ["b"]}, alembic.downgrade, "a"),
        ({"do": "down", "revisions": ["a"]}, alembic.downgrade, "base"),
        ({"do": "down", "revisions": ["m"]}, alembic.downgrade, "b"),
    ],
)
def test_an_env_py_sees_the_command_that_the_step_is(asked: Any, does: Any, to: str) -> None:
    """Where it looks at the options of the command line; the others are as they were given."""
    given = argparse.Namespace(cmd="current", revision="x", name="section", x=["a=b"])
    options = command.Options(given, Script(), asked)
    assert options.cmd == (does, ["revision"], ["sql", "tag"])
    assert (options.revision, options.name, options.x) == (to, "section", ["a=b"])


@pytest.mark.parametrize("asked", [{}, {"do": "plan"}])
def test_an_env_py_sees_what_was_given_where_no_step_is_done(asked: Any) -> None:
    """Nothing is known of a step yet, or nothing is migrated."""
    given = argparse.Namespace(cmd="current", revision="x")
    options = command.Options(given, Script(), asked)
    assert (options.cmd, options.revision) == ("current", "x")


@pytest.mark.parametrize("options", [True, False])
def test_an_env_py_that_asks_where_it_begins(options: bool) -> None:  # noqa: FBT001 - a case
    """Has the ends of the step, then; a configuration without a command line stays as it is."""
    cmd_opts = SimpleNamespace(cmd="current") if options else SimpleNamespace()
    context: Any = SimpleNamespace(
        script=Script(),
        context_opts={"x": 1},
        config=SimpleNamespace(cmd_opts=cmd_opts),
        get_revision_argument=lambda: "plain",
        get_starting_revision_argument=lambda: "begin",
    )
    command.tell(context, {"do": "down", "revisions": ["b"]})
    assert isinstance(context.config.cmd_opts, command.Options) is options
    assert context.context_opts == {"x": 1}
    assert (context.get_revision_argument(), context.get_starting_revision_argument()) == (
        "plain",
        "begin",
    )
    assert context.context_opts == {"x": 1, "starting_rev": None, "destination_rev": "a"}
