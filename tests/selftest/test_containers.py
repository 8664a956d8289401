"""Containers are asked on standard input, and have no units to tell where there is no systemd."""

from __future__ import annotations

import pathlib

import pytest

from gate.connection.carrier import open_carrier
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.facts import Identity, Listener
from gate.sources.host.processes import Table
from gate.sources.host.section import Section
from gate.sources.host.sockets import read_sockets
from tests.selftest.hosts import identity, target

# Like `docker exec`: without -i nothing is passed on to what it runs.
PROGRAM = """#!/bin/sh
[ "$1" = exec ] && shift || exit 2
[ "$1" = -i ] && shift || exec </dev/null
[ "$1" = -u ] && user=$2 && shift 2
echo "$1 ${{user:-root}}" > '{asked}'
shift
exec "$@"
"""
LONG = 200_000
"""More than a word of a command line may hold."""
NOTHING = Section(b"", 0, "")
BOX = identity(hostname="box", user="root", init="sleep")
LINE = b'LISTEN 0 128 127.0.0.1:7100 0.0.0.0:* users:(("python3",pid=6,fd=3)) cgroup:%s\n'
OUTSIDE = "/system.slice/docker-4f2a.scope"


@pytest.mark.parametrize("way", ["docker", "podman"])
@pytest.mark.parametrize(("spec", "asked"), [("box", "box root"), ("navi@box", "box navi")])
def test_script_goes_in_whole(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, way: str, spec: str, asked: str
) -> None:
    """A script of any length runs in the container that is named, as the user that is named."""
    program, mark = tmp_path / way, tmp_path / "asked"
    program.write_text(PROGRAM.format(asked=mark))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with open_carrier(target(f"{way}://{spec}")) as carrier:
        output = carrier.run(f": {'x' * LONG}\necho whole", deadline_s=10)
    assert (output.rc, output.stdout) == (0, b"whole\n")
    assert mark.read_text() == f"{asked}\n"


def listener(host: Identity, line: bytes = LINE % OUTSIDE.encode()) -> Listener:
    """What is made of a listener whose process stands in a control group of a scope."""
    groups = Section(f"/proc/6/cgroup:0::{OUTSIDE}\n".encode(), 0, "")
    answers = {"stats": NOTHING, "cgroups": groups, "links": NOTHING, "commands": NOTHING}
    table = Table(answers, host, 100)
    section = Section(line, 0, "")
    untold = dict.fromkeys(("kernel", "kernel.2"), Section(b"", 1, ""))
    found = read_sockets({"listeners": section, **untold}, [], table, host).listeners
    assert isinstance(found, Seen)
    (one,) = found.value
    assert isinstance(one.pids, CannotTell) or one.pids == Seen((6,))
    return one


def test_units_of_the_world_outside_own_nothing() -> None:
    """In a container the control groups are those of its host; there are no units to tell."""
    units = listener(BOX).units
    assert isinstance(units, CannotTell)
    assert units.reason.startswith("PID 1 is sleep, not systemd: port 7100")


def test_units_of_a_host_are_its_control_groups() -> None:
    """Where PID 1 is systemd, a control group is a unit."""
    host = BOX.model_copy(update={"init": "systemd"})
    assert listener(host).units == Seen(("docker-4f2a.scope",))


@pytest.mark.parametrize(
    ("line", "units"),
    [
        (LINE.replace(b'users:(("python3",pid=6,fd=3)) ', b"") % b"/init.scope", None),
        (LINE.replace(b'users:(("python3",pid=6,fd=3)) ', b"") % b"/a/app.service", "app.service"),
    ],
)
def test_a_socket_that_systemd_passed_on(line: bytes, units: str | None) -> None:
    """Without root it is told by whom it was opened, and not who has it now."""
    host = BOX.model_copy(update={"init": "systemd", "user": "navi", "privileges": "user"})
    found = listener(host, line).units
    if units:
        assert found == Seen((units,))
    else:
        assert isinstance(found, CannotTell)
        assert found.reason == "systemd opened port 7100; for whom is not shown to the user navi"
