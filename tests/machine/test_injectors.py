"""The drill's injectors that need a whole host: what they do is there, and undone it is gone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest

from gate.drill.fault import Fault
from gate.drill.host import Host
from gate.drill.load import scripts_of
from tests.machine.trial import Machine

DATA = "/opt/atum-desk/data"
SPACED = "/data/ATUM DESK/atum-desk/data/uploads"
UNIT = "atum-desk-sla-worker.service"
WITHIN_S = 20.0


@contextlib.contextmanager
def injected(machine: Machine, inject: dict[str, dict[str, Any]]) -> Iterator[None]:
    """Do it, prove it, and undo it, twice: once is enough."""
    target = machine.target()
    host = Host(target, f"t{os.getpid()}")
    scripts = scripts_of(Fault(title="t", chapter="c", inject=inject), target)
    assert scripts is not None
    undo = host.whole_undo("one", scripts.undo)
    try:
        assert host.do("one", scripts.do) == ""
        assert host.wait("one", scripts.ready, WITHIN_S) == ""
        yield
    finally:
        assert host.undo(undo) == ""
        assert host.undo(undo) == ""


@pytest.mark.parametrize("path", [DATA, SPACED])
@pytest.mark.parametrize(
    ("what", "fails"),
    [
        ("full", "echo some >'{path}/gate-drill-test'"),
        ("inodes", ": >'{path}/gate-drill-test'"),
        ("read-only", ": >'{path}/gate-drill-test'"),
    ],
)
def test_a_mount(machine: Machine, path: str, what: str, fails: str) -> None:
    """Nothing can be written while it lies there, and everything afterwards."""
    before = machine.run(f"stat -c '%a %U %i' '{path}'")
    with injected(machine, {"mount": {"path": path, "what": what}}):
        machine.run(f"! ( {fails.format(path=path)} ) 2>/dev/null")
    machine.run(f"! mountpoint -q '{path}'")
    machine.run(f"{fails.format(path=path)}; rm '{path}/gate-drill-test'")
    assert machine.run(f"stat -c '%a %U %i' '{path}'") == before


def test_a_mount_of_the_host_itself_stays(machine: Machine) -> None:
    """What lay there before is not taken away: not after the fault, and not instead of it."""
    there = f"findmnt -rn -o SOURCE '{DATA}'"
    machine.run(f"mount -t tmpfs -o size=1m the-hosts-own '{DATA}'")
    try:
        keys = {"path": DATA, "what": "read-only"}
        with injected(machine, {"mount": keys}):
            machine.run(f"! touch '{DATA}/gate-drill-test' 2>/dev/null")
        assert machine.run(there).split() == ["the-hosts-own"]
        target = machine.target()
        host = Host(target, f"t{os.getpid()}")
        scripts = scripts_of(Fault(title="t", chapter="c", inject={"mount": keys}), target)
        assert scripts is not None
        assert host.undo(host.whole_undo("one", scripts.undo)) == "", "it was never done"
        assert machine.run(there).split() == ["the-hosts-own"]
    finally:
        machine.run(f"umount '{DATA}'")


@pytest.mark.parametrize("restart", [False, True])
def test_a_drop_in(machine: Machine, *, restart: bool) -> None:
    """Systemd reads it, the process has it where it was started anew, and then it is gone."""
    text = "[Service]\nEnvironment=GATE_DRILL=1\n"
    environ = f"tr '\\0' '\\n' </proc/$(systemctl show -P MainPID {UNIT})/environ"
    try:
        with injected(machine, {"drop_in": {"unit": UNIT, "text": text, "restart": restart}}):
            assert "GATE_DRILL=1" in machine.run(f"systemctl show -P Environment {UNIT}")
            assert ("GATE_DRILL=1" in machine.run(environ)) is restart
        assert "GATE_DRILL" not in machine.run(f"systemctl show -P Environment {UNIT}")
        assert "GATE_DRILL" not in machine.run(environ)
        machine.run(f"[ ! -e /etc/systemd/system/{UNIT}.d ]")
    finally:
        machine.settle()
