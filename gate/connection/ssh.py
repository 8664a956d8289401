"""One multiplexed OpenSSH connection: opened once, everything goes through it, then hung up.

The master authenticates, goes to the background and ends itself when nothing has used it for a
while, so that a gate that was killed leaves nothing for long. Forwards are unix sockets in a folder
that nobody else may enter: what listens on the host's loopback is lent to this process alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import os
import pathlib
import re
import shlex
import signal
import subprocess
import threading
import time
from typing import Any

from gate.connection.obstacle import INTERRUPTED, LED_TO, POLL_S, CarrierError, unreached
from gate.environment import environment
from gate.secrets import known
from gate.sources.fact import Cause
from gate.target import Target

IDLE_S = 60
"""A master that nobody uses ends itself after this time."""
SLACK_S = 3.0
"""What is added to the connect timeout: for the key exchange and the login."""
QUOTED = 3
"""Lines of ssh's own words that are kept."""


@dataclasses.dataclass(frozen=True)
class Forward:
    """A way to an address of the host, for as long as its carrier is open.

    Attributes:
        socket: Unix socket to connect to here.
        leads_to: What is at the other end, as the host calls it.
        log: What ssh says of the connections that go through.
    """

    socket: pathlib.Path
    leads_to: str
    log: pathlib.Path

    def obstacle(self) -> tuple[Cause, str] | None:
        """Why connections through it were closed, as far as that was not the other end's doing.

        Returns:
            Nothing where the other end closed them, or refused them itself.
        """
        said = _lines(self.log, r"open failed")
        if said and not self.refused():
            cause = Cause.PERMISSION if "prohibited" in said else Cause.UNREACHABLE
            return cause, f"the forward to {self.leads_to}: {said}"
        if not self.socket.exists():
            return Cause.UNREACHABLE, f"the forward to {self.leads_to} is gone"
        return None

    def refused(self) -> bool:
        """Whether the host itself refused the newest connection that failed."""
        return _lines(self.log, r"open failed").endswith("Connection refused")


class Connection:
    """The connection of one carrier to one host."""

    def __init__(
        self, target: Target, backend: Any, folder: pathlib.Path, interrupted: threading.Event
    ) -> None:
        """Prepare it; nothing is connected yet.

        Args:
            target: Its deadlines hold.
            backend: testinfra's ssh backend; its later commands go through this connection.
            folder: Private to this process; sockets are made here.
            interrupted: Set, by another thread, when there is no need to connect any more.
        """
        self._interrupted = interrupted
        self._target = target
        self._backend = backend
        self._folder = folder
        self._lock = threading.Lock()
        self._opened = False
        self._failed: CarrierError | None = None
        self._forwards: dict[str, Forward] = {}
        self._tried = itertools.count()
        own = [f"-o {shlex.quote(f'{key}={one}')}" for key, one in self._options().items()]
        # An inventory's own arguments stand behind: of two settings ssh takes the first.
        backend.ssh_extra_args = " ".join(["-T", *own, backend.ssh_extra_args or ""]).strip()

    def open(self) -> None:
        """Connect, where that was not done before.

        Raises:
            CarrierError: The host is not reached, or does not let this user in; again and again
                for the same reason, since it is not tried twice.
        """
        with self._lock:
            if self._failed is not None:
                raise self._failed
            if self._opened:
                return
            try:
                self._dial()
            except CarrierError as error:
                self._failed = error
                raise
            self._opened = True

    def forward(self, leads_to: str, name: str) -> Forward:
        """Have a unix socket here that leads to an address of the host.

        Args:
            leads_to: ``host:port`` or the path of a unix socket, as seen from the host.
            name: What the socket is called.

        Raises:
            CarrierError: There is no connection, or ssh refuses.
        """
        self.open()
        with self._lock:
            if leads_to not in self._forwards:
                place = self._folder / f"forward-{next(self._tried)}"
                place.mkdir(mode=0o700)
                found = Forward(place / name, leads_to, self._log)
                done = self._timed(["-O", "forward", "-L", f"{found.socket}:{leads_to}"])
                if done.returncode != 0:
                    raise CarrierError(
                        f"{self._target.host}: no forward to {leads_to}: {_said(done.stderr)}",
                        Cause.UPSTREAM,
                    )
                self._forwards[leads_to] = found
                LED_TO[str(found.socket)] = f"{leads_to} on the host"
            return self._forwards[leads_to]

    def close(self) -> None:
        """Hang up; every forward is closed with it.

        A master that does not hear of it ends itself, when nothing has used it for a while.
        """
        if (self._folder / "c").exists():
            with contextlib.suppress(CarrierError):
                self._timed(["-O", "exit"])

    @property
    def _log(self) -> pathlib.Path:
        return self._folder / "log"

    def _dial(self) -> None:
        master = ["-M", "-N", "-f", "-E", str(self._log), "-o", "LogLevel=INFO"]
        done = self._timed(master, self._interrupted)
        if done.returncode != 0:
            said = _said(done.stderr) or _lines(self._log, "")
            raise unreached(
                self._target.host, said or f"ssh ended with exit status {done.returncode}"
            )

    def _timed(
        self, words: list[str], interrupted: threading.Event | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run an ssh that carries no command; its output goes to files, since it may stay."""
        limit = self._target.deadlines.connect_s + SLACK_S
        complaints = self._folder / "complaints"
        with complaints.open("w+", encoding="utf-8", errors="replace") as sink:
            process = subprocess.Popen(  # noqa: S603 - ssh with words of our own
                self.command(*words),
                env=environment("ssh"),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
            try:
                status = _ended(process, limit, interrupted or threading.Event())
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise CarrierError(
                    f"{self._target.host}: no answer within {limit:g} s", Cause.TIMEOUT
                ) from None
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            sink.seek(0)
            return subprocess.CompletedProcess(process.args, status, "", sink.read())

    def command(self, *words: str) -> list[str]:
        """The ssh that goes through here, with own words first: of two settings the first counts.

        What stands behind it is run on the host.
        """
        backend = self._backend
        found = ["ssh", *words, *shlex.split(backend.ssh_extra_args)]
        found += ["-F", backend.ssh_config] if backend.ssh_config else []
        found += ["-o", f"User={backend.host.user}"] if backend.host.user else []
        found += ["-o", f"Port={backend.host.port}"] if backend.host.port else []
        found += ["-i", backend.ssh_identity_file] if backend.ssh_identity_file else []
        return [*found, "--", backend.host.name]

    def _options(self) -> dict[str, str]:
        """Multiplexed, never asking, never trusting a key that is not known."""
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ControlMaster": "no",
            "ControlPersist": str(IDLE_S),
            "ControlPath": str(self._folder / "c"),
            "ConnectTimeout": str(max(1, math.ceil(self._target.deadlines.connect_s))),
            "ServerAliveInterval": "5",
            "ServerAliveCountMax": "2",
            "ForwardAgent": "no",
            "ForwardX11": "no",
            "LogLevel": "ERROR",
        }
        if self._target.ssh_known_hosts:
            known = pathlib.Path(self._target.ssh_known_hosts).expanduser()
            options["UserKnownHostsFile"] = f'"{known}"'
        return options


def _ended(process: subprocess.Popen[bytes], limit_s: float, interrupted: threading.Event) -> int:
    """Wait for a process; return its exit status.

    Raises:
        CarrierError: The run was interrupted.
        subprocess.TimeoutExpired: It took too long.
    """
    until = time.monotonic() + limit_s
    while True:
        left = until - time.monotonic()
        try:
            return process.wait(max(0.0, min(left, POLL_S)))
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise
        if interrupted.is_set():
            raise CarrierError(INTERRUPTED, Cause.UPSTREAM)


def _lines(log: pathlib.Path, pattern: str) -> str:
    """The last lines of a log that match, in one line; empty where there are none."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    return " ".join([one for one in lines if one and re.search(pattern, one)][-QUOTED:])


def _said(text: str) -> str:
    return " ".join(known.tell(text).strip().splitlines()[-QUOTED:])
