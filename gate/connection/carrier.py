"""Carry a shell script to a host and its output back: one connection, always with a deadline.

testinfra's backend knows how a host is reached (``local``, ``ssh``, ``docker``, ``podman``,
``ansible``); running the resulting command with a deadline is done here, since testinfra waits for
ever. A script is framed by a marker, so that a login shell's banner is no output and a connection
that breaks off is no end.
"""

from __future__ import annotations

import copy
import dataclasses
import os
import pathlib
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import testinfra

from gate.connection import inventory
from gate.connection.exchange import Interrupted, exchange
from gate.connection.obstacle import INTERRUPTED, CarrierError, unreached
from gate.connection.ssh import Connection, Forward
from gate.errors import TargetError
from gate.sources.fact import Cause
from gate.target import Target

Privileges = Literal["root", "sudo", "user"]

GRACE_S = 1.0
"""Between asking a script to end and killing it."""
TRAVEL_S = 3.0
"""What is added to a script's deadline on this side, for connecting and for its killing there."""
CONTAINERS = ("docker", "podman", "kubectl")
"""Ways whose ``exec`` passes no script on without ``-i``."""
TIMED_OUT = (124, 137)
"""Exit statuses of coreutils' ``timeout``: ended by TERM, or by KILL."""

FRAME = """\
limit=; as=; who=user; why=
if [ "$(id -u)" = 0 ]; then who=root
elif [ {sudo} = 1 ]; then
  if why=$(sudo -n true 2>&1 </dev/null); then as='sudo -n'; who=sudo; fi
fi
if command -v timeout >/dev/null 2>&1; then limit='timeout -k {grace} {limit}'; fi
printf '\\n%s begin %s %s %s\\n' {marker} $who $$ "$(printf %s "$why" | tr '\\n' ' ')"
$as $limit sh <<'{marker} script'
{{
{script}
}} </dev/null
{marker} script
printf '\\n%s end %s\\n' {marker} $?
"""
STOP_S = 5.0
STOP = """\
for stat in /proc/[0-9]*/stat; do
  read -r pid _ _ parent _ <$stat && [ "$parent" = {parent} ] && kill "$pid"
done 2>/dev/null
:
"""
"""Ends the children of a frame's shell: ``timeout``, or ``sudo`` before it, pass it on."""


@dataclasses.dataclass(frozen=True)
class Output:
    """How a script ended.

    Attributes:
        rc: Exit status.
        privileges: With what rights it ran.
        no_sudo: Why ``sudo -n`` could not be had, where it was asked for.
    """

    rc: int
    stdout: bytes
    stderr: bytes
    privileges: Privileges = "user"
    no_sudo: str = ""


class Carrier:
    """Runs POSIX shell scripts on one host; made by `open_carrier`.

    Attributes:
        interrupted: Set when the run was interrupted: what is under way ends at once.
    """

    def __init__(
        self,
        target: Target,
        backend: Any,
        connection: Connection | None,
        interrupted: threading.Event,
    ) -> None:
        """Take over a backend of testinfra.

        Args:
            target: Where it leads, for messages; its ``sudo`` decides about rights.
            backend: Builds the local command that leads there.
            connection: What the command goes through, where it goes by ssh.
            interrupted: Set from another thread.
        """
        self.interrupted = interrupted
        self._target = target
        self._backend = backend
        self._connection = connection

    def run(self, script: str, *, deadline_s: float, to_its_end: bool = False) -> Output:
        """Run a script with ``sh``; nothing of it is left when its deadline has passed.

        Args:
            script: What to run.
            deadline_s: How long it may take, in seconds.
            to_its_end: Whether an interruption leaves it alone: it changes something.

        Raises:
            CarrierError: The host was not reached, the deadline passed, the run was interrupted,
                or the end is unknown.
        """
        interrupted = threading.Event() if to_its_end else self.interrupted
        if self._connection is not None:
            self._connection.open()
        marker = f"gate-{secrets.token_hex(8)}"
        framed = FRAME.format(
            sudo=int(self._target.sudo),
            grace=f"{GRACE_S:g}",
            limit=f"{deadline_s:.3f}",
            marker=marker,
            script=script,
        )
        try:
            done = self._send(framed, deadline_s, marker, interrupted)
        except Interrupted:
            raise CarrierError(f"{self._target.host}: {INTERRUPTED}", Cause.UPSTREAM) from None
        return self._unframed(done, marker, deadline_s)

    def forward(self, leads_to: str, name: str) -> Forward:
        """Have a unix socket here that leads to an address of the host; closed with the carrier.

        Args:
            leads_to: ``host:port`` or the path of a unix socket, as seen from the host.
            name: What the socket is called.

        Raises:
            CarrierError: The host was not reached, ssh refuses, or this is no way by ssh.
        """
        if self._connection is None:
            raise CarrierError(
                f"{self._target.host}: only a way by ssh can forward to {leads_to}: leave "
                f"`forward` out of the target file",
                Cause.UPSTREAM,
            )
        return self._connection.forward(leads_to, name)

    def _send(
        self, framed: str, deadline_s: float, marker: str, interrupted: threading.Event
    ) -> subprocess.CompletedProcess[bytes]:
        done: list[subprocess.CompletedProcess[bytes]] = []

        def run_local(command: str, *args: str) -> Any:
            if self._backend.get_connection_type() in CONTAINERS:
                command = command.replace(" exec ", " exec -i ", 1)
            line = command % tuple(map(shlex.quote, args)) if args else command
            done.append(self._timed(line, framed.encode(), deadline_s, marker, interrupted))
            return self._backend.result(
                done[-1].returncode, line.encode(), done[-1].stdout, done[-1].stderr
            )

        backend = copy.copy(self._backend)  # scripts may be under way at the same time
        backend.run_local = run_local
        try:
            backend.run("sh")
        except RuntimeError:
            # testinfra's word for ssh's exit status 255; what ssh said is in `done`
            if not done:
                raise
        return done[-1]

    def _timed(
        self,
        line: str,
        given: bytes,
        deadline_s: float,
        marker: str,
        interrupted: threading.Event,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the local command until the script has ended, it ends itself, or is too late."""
        limit = deadline_s + GRACE_S + TRAVEL_S
        end = f"\n{marker} end ".encode()
        with subprocess.Popen(  # noqa: S602 - testinfra quotes for a shell
            line,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                until = time.monotonic() + limit
                stdout, stderr = exchange(process, given, until, end, interrupted)
                # What the script left in the background may hold the connection open.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE_S)
            except Interrupted as left:
                self._stop(left.told, marker)
                raise
            except TimeoutError:
                raise CarrierError(
                    f"{self._target.host}: no answer within {limit:g} s", Cause.TIMEOUT
                ) from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(line, process.returncode, stdout, stderr)

    def _stop(self, told: bytes, marker: str) -> None:
        """End on the host what an interrupted script has begun there."""
        begin = _begin(told, marker)
        if begin:
            with suppress(CarrierError):
                script = STOP.format(parent=int(begin[2]))
                self.run(script, deadline_s=STOP_S, to_its_end=True)

    def _unframed(
        self, done: subprocess.CompletedProcess[bytes], marker: str, deadline_s: float
    ) -> Output:
        begin = _begin(done.stdout, marker)
        if begin is None:
            raise unreached(self._target.host, _last(done, done.stderr.strip() or done.stdout))
        end = re.search(rb"\n%s end (\d+)\n" % marker.encode(), done.stdout[begin.end() - 1 :])
        if end is None:
            raise CarrierError(
                f"{self._target.host}: the connection broke off in the middle: "
                f"{_last(done, done.stderr)}",
                Cause.UNREACHABLE,
            )
        rc = int(end[1])
        if rc in TIMED_OUT:
            raise CarrierError(
                f"{self._target.host}: not done within {deadline_s:g} s; it was ended there",
                Cause.TIMEOUT,
            )
        found = {b"root": "root", b"sudo": "sudo"}.get(begin[1], "user")
        privileges: Privileges = found  # type: ignore[assignment] # one of the three
        return Output(
            rc=rc,
            stdout=done.stdout[begin.end() : begin.end() - 1 + end.start()],
            stderr=done.stderr,
            privileges=privileges,
            no_sudo=begin[3].decode("utf-8", "replace").strip() if found == "user" else "",
        )


def _begin(told: bytes, marker: str) -> re.Match[bytes] | None:
    """The line before a script's output: its rights, its shell's process, why there is no sudo."""
    line = rb"^%s begin (root|sudo|user) (\d+) (.*)\n" % marker.encode()
    return re.search(line, told, re.MULTILINE)


@contextmanager
def open_carrier(target: Target, interrupted: threading.Event | None = None) -> Iterator[Carrier]:
    """Open the way to a target's host; closed at the end, whatever happens.

    Args:
        target: Where.
        interrupted: Set when the run is interrupted, by another thread.

    Raises:
        TargetError: The host spec leads nowhere.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gate-"))
    interrupted = interrupted or threading.Event()
    try:
        backend = _backend(target)
        name = backend.get_connection_type()
        connection = Connection(target, backend, folder, interrupted) if name == "ssh" else None
        try:
            yield Carrier(target, backend, connection, interrupted)
        finally:
            if connection is not None:
                connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _backend(target: Target) -> Any:
    try:
        backend: Any = testinfra.get_host(
            target.host,
            ssh_config=_expanded(target.ssh_config),
            ssh_identity_file=_expanded(target.ssh_identity_file),
        ).backend
        if backend.get_connection_type() == "ansible":
            backend = inventory.native(backend, deadline_s=target.deadlines.host_s)
    except (RuntimeError, ValueError, OSError) as error:
        raise TargetError(f"target {target.name}: host {target.host!r}: {error}") from error
    backend.sudo = False  # asked for once, inside the frame, and never with a prompt
    return backend


def _expanded(path: str | None) -> str | None:
    return path and str(pathlib.Path(path).expanduser())


def _last(done: subprocess.CompletedProcess[bytes], output: bytes) -> str:
    """What the way itself said: the last lines of an output of its own."""
    said = " ".join(output.decode("utf-8", "replace").strip().splitlines()[-3:])
    return said or f"it ended with exit status {done.returncode} and said nothing"
