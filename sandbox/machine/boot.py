"""Start a machine, wait until it is ready, stop it, and leave nothing behind."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.machine import (
    access,
    cache,
    cgroup,
    client,
    command,
    contain,
    image,
    needs,
    network,
    record,
)
from sandbox.machine.error import MachineError
from sandbox.machine.recipe import Recipe
from sandbox.machine.record import Record

READY_WITHIN_S = 60.0
"""How long a machine may take from its first process to the last service; about 5 s is usual."""

_STARTED_WITHIN_S = 20.0
_STOPPED_WITHIN_S = 20.0
_POWER_OFF = signal.SIGRTMIN + 4
"""What systemd as PID 1 takes for "power off"."""

_OPTIONS = ("--boot", "--network-veth", "--notify-ready=yes", "--console=pipe", "--link-journal=no")
_SERVES = "http://127.0.0.1:8000/api/v1/health"
_HEALTHY = '\'^{"status":"healthy"\''


def up(name: str, *, sudo: str = "passwordless") -> Record:
    """Start a machine and return it when it is ready: booted, reached over SSH, API answering.

    Args:
        name: What to call it.
        sudo: One of `access.SUDO`.

    Raises:
        MachineError: This host cannot carry it, the name is in use, or it did not get ready; what
            had been started is removed again.
    """
    needs.check()
    machine = record.claim(name, sudo)
    try:
        recipe, layers = image.build()
        began = time.monotonic()
        machine = record.write(machine, layers=layers)
        with cache.locked("network"):
            taken = [other.link.address for other in record.everyone() if other.link]
            machine = record.write(machine, link=network.pick(name, taken))
        access.grant(machine, recipe)
        client.write(machine, recipe.user)
        machine = _started(machine, recipe)
        return record.write(machine, ready_s=round(time.monotonic() - began, 2))
    except BaseException:
        down(record.read(name))
        raise


def down(machine: Record) -> None:
    """Power a machine off and remove everything of it; a stale one as well.

    Raises:
        MachineError: A process of it survived, or something of it could not be removed.
    """
    if machine.alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(machine.leader, _POWER_OFF)
        deadline = time.monotonic() + _STOPPED_WITHIN_S
        while cgroup.populated(machine.name) and time.monotonic() < deadline:
            time.sleep(0.02)
    cgroup.remove(machine.name)
    if machine.link is not None:
        network.unplug(machine.link.interface)
    record.forget(machine)


def _started(machine: Record, recipe: Recipe) -> Record:
    """Start systemd-nspawn, give the machine its network, and wait until it is ready."""
    options = [*_OPTIONS, f"--hostname={recipe.hostname}"]
    argv = contain.argv(machine.name, machine.folder, machine.layers, options)
    console = machine.folder / "console.log"
    with _messages(machine.folder / "notify") as messages, console.open("w") as sink:
        subprocess.run(
            ["setsid", "--fork", *argv],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=contain.environment(NOTIFY_SOCKET=str(machine.folder / "notify")),
        )
        said = _await(machine, messages, "X_NSPAWN_LEADER_PID=", _STARTED_WITHIN_S)
        leader = int(said.partition("X_NSPAWN_LEADER_PID=")[2].split()[0])
        machine = record.write(machine, leader=leader, born=record.started_at(leader) or 0)
        if machine.link is not None:
            network.plug(machine.link, leader)
        _await(machine, messages, "READY=1", READY_WITHIN_S)
    _await_service(machine)
    return machine


@contextlib.contextmanager
def _messages(path: Path) -> Iterator[socket.socket]:
    """Listen to what systemd-nspawn says about the machine it starts, as sd_notify(3) has it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(0.2)
        yield listening
    path.unlink()


def _await(machine: Record, messages: socket.socket, wanted: str, within_s: float) -> str:
    """Return the first message that says what is wanted.

    Raises:
        MachineError: It did not come in time, or systemd-nspawn ended; quotes what it said.
    """
    began = time.monotonic()
    supervisor = machine.folder / "supervisor"
    while time.monotonic() < began + within_s:
        try:
            said = messages.recv(4096).decode()
        except TimeoutError:
            if supervisor.exists() and record.started_at(int(supervisor.read_text())) is None:
                break
            continue
        if wanted in said:
            return said
    took = time.monotonic() - began
    console = (machine.folder / "console.log").read_text(errors="replace")
    raise MachineError(
        f"machine {machine.name} did not boot: no {wanted!r} from systemd-nspawn in {took:.1f} s; "
        f"it said\n{command.tail(console)}"
    )


def _await_service(machine: Record) -> None:
    """Wait, over SSH, until the API answers and no unit has failed.

    Raises:
        MachineError: Not in time; quotes what the machine said.
    """
    loop = f"until curl --silent {_SERVES} | grep -q {_HEALTHY}; do sleep 0.1; done"
    healthy = "systemctl is-system-running || { systemctl --failed --no-legend --plain; exit 1; }"
    asked = f"timeout {READY_WITHIN_S:g} sh -c {shlex.quote(loop)} && {healthy}"
    command.output(access.ssh(machine, asked), within_s=READY_WITHIN_S + 10)
