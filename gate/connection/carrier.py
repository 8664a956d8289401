"""Carry a shell script to a host and its output back: one connection, always with a deadline.

testinfra knows how a host is reached (``local``, ``ssh``, ``docker``, ``podman``, ``ansible``);
running what leads there, with a deadline and up to a size, is done here, since testinfra waits for
ever. A script is framed by a marker, so that a login shell's banner is no output and a connection
that breaks off is no end.
"""

from __future__ import annotations

import os
import pathlib
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import testinfra

from gate import temporary
from gate.connection import inventory, way
from gate.connection.exchange import Bounds, Interrupted, TooMuch, exchange
from gate.connection.frame import FRAME, GRACE_S, STOP, TIMED_OUT, Output, begin, rights
from gate.connection.obstacle import INTERRUPTED, CarrierError, unreached
from gate.connection.ssh import Connection, Forward
from gate.environment import Purpose, environment
from gate.errors import TargetError
from gate.secrets import known
from gate.sources.fact import Cause
from gate.target import Target

TRAVEL_S = 3.0
"""What is added to a script's deadline on this side, for connecting and for its killing there."""
STOP_S = 5.0
MIB = 1 << 20


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

    def run(
        self, script: str, *, deadline_s: float, to_its_end: bool = False, in_part: bool = False
    ) -> Output:
        """Run a script with ``sh``; nothing of it is left when its deadline has passed.

        Args:
            script: What to run.
            deadline_s: How long it may take, in seconds.
            to_its_end: Whether an interruption leaves it alone: it changes something.
            in_part: Whether an output that is larger than it may be is of use as far as it goes.

        Raises:
            CarrierError: The host was not reached, the deadline passed, the run was interrupted,
                it said more than it may, or the end is unknown.
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
            done = self._timed(framed.encode(), deadline_s, marker, interrupted)
        except Interrupted as left:
            self._stop(left.told, marker)
            raise CarrierError(f"{self._target.host}: {INTERRUPTED}", Cause.UPSTREAM) from None
        except TooMuch as left:
            self._stop(left.told, marker)
            return self._cut(left, marker, in_part=in_part)
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

    def start(self) -> subprocess.Popen[bytes]:
        """Start a shell on the host that reads from the process's standard input.

        Raises:
            CarrierError: The host was not reached, or the program that leads there is missing.
        """
        if self._connection is not None:
            self._connection.open()
        return _started(self._words(), self._backend.get_connection_type())

    def _words(self) -> list[str]:
        return way.words(self._backend, self._connection.command() if self._connection else ())

    def _timed(
        self, given: bytes, deadline_s: float, marker: str, interrupted: threading.Event
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the local command until the script has ended, it ends itself, or is too late."""
        limit = deadline_s + GRACE_S + TRAVEL_S
        end = f"\n{marker} end ".encode()
        most = self._target.deadlines.answer_mib * MIB
        words = self._words()
        with _started(words, self._backend.get_connection_type()) as process:
            try:
                bounds = Bounds(time.monotonic() + limit, interrupted, most)
                stdout, stderr = exchange(process, given, end, bounds)
                # What the script left in the background may hold the connection open.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE_S)
            except TimeoutError:
                raise CarrierError(
                    f"{self._target.host}: no answer within {limit:g} s", Cause.TIMEOUT
                ) from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def _stop(self, told: bytes, marker: str) -> None:
        """End on the host what an interrupted script has begun there."""
        line = begin(told, marker)
        if line:
            with suppress(CarrierError):
                script = STOP.format(parent=int(line[2]))
                self.run(script, deadline_s=STOP_S, to_its_end=True)

    def _cut(self, left: TooMuch, marker: str, *, in_part: bool) -> Output:
        """What there is of an output that was larger than it may be."""
        most = self._target.deadlines.answer_mib
        why = f"{self._target.host}: it answered more than {most} MiB: what came then was not read"
        line = begin(left.told, marker)
        if line is None or not in_part:
            raise CarrierError(why, Cause.UPSTREAM)
        return Output(
            rc=-1, stdout=left.told[line.end() :], stderr=left.said, cut=why, **rights(line)
        )

    def _unframed(
        self, done: subprocess.CompletedProcess[bytes], marker: str, deadline_s: float
    ) -> Output:
        line = begin(done.stdout, marker)
        if line is None:
            raise unreached(self._target.host, _last(done, done.stderr.strip() or done.stdout))
        end = re.search(rb"\n%s end (\d+)\n" % marker.encode(), done.stdout[line.end() - 1 :])
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
        whole = done.stdout[line.end() : line.end() - 1 + end.start()]
        return Output(rc=rc, stdout=whole, stderr=done.stderr, **rights(line))


def _started(words: list[str], purpose: Purpose) -> subprocess.Popen[bytes]:
    """Start the local command, with pipes, in a session of its own.

    Raises:
        CarrierError: There is no such program.
    """
    try:
        return subprocess.Popen(  # noqa: S603 - words that were checked, for no shell
            words,
            env=environment(purpose),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise CarrierError(f"{words[0]}: {error.strerror}", Cause.TOOL_MISSING) from error


@contextmanager
def open_carrier(target: Target, interrupted: threading.Event | None = None) -> Iterator[Carrier]:
    """Open the way to a target's host; closed at the end, whatever happens.

    Args:
        target: Where.
        interrupted: Set when the run is interrupted, by another thread.

    Raises:
        TargetError: The host spec leads nowhere.
    """
    folder = temporary.make()
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
        temporary.remove(folder)


def _backend(target: Target) -> Any:
    try:
        backend: Any = testinfra.get_host(
            target.host,
            ssh_config=_expanded(target.ssh_config),
            ssh_identity_file=_expanded(target.ssh_identity_file),
        ).backend
        if backend.get_connection_type() == "ansible":
            backend = inventory.native(backend, deadline_s=target.deadlines.host_s)
        way.check(backend)
    except (RuntimeError, ValueError, OSError) as error:
        raise TargetError(f"target {target.name}: host {target.host!r}: {error}") from error
    backend.sudo = False  # asked for once, inside the frame, and never with a prompt
    return backend


def _expanded(path: str | None) -> str | None:
    return path and str(pathlib.Path(path).expanduser())


def _last(done: subprocess.CompletedProcess[bytes], output: bytes) -> str:
    """What the way itself said: the last lines of an output of its own."""
    said = " ".join(known.tell(output.decode("utf-8", "replace")).strip().splitlines()[-3:])
    return said or f"it ended with exit status {done.returncode} and said nothing"
