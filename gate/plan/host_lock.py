"""One gate at a time per host: a lock that a process holds there, and lets go with its gate."""

from __future__ import annotations

import os
import secrets
import selectors
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gate.connection.carrier import Carrier
from gate.connection.pipes import pipes
from gate.errors import GateError
from gate.plan.place import place
from gate.target import Target

BEAT_S, PATIENCE_S = 3.0, 12
"""How often a gate says that it is still there, and how long its lock waits for that."""
LET_GO_S = 3.0
CHUNK = 1 << 16
MOST = 4 << 20
"""Bytes of the host's journal that are read."""

OUTER = """\
as=
if [ "$(id -u)" != 0 ] && [ {sudo} = 1 ] && sudo -n true 2>/dev/null </dev/null
then as='sudo -n'; fi
exec $as sh -c {inner} 2>&1
"""
INNER = """\
if ! command -v flock >/dev/null; then echo "{token} no flock"; exit 0; fi
(umask 077; : >>"$GATE_PLACE/lock")
exec 9>>"$GATE_PLACE/lock"
tries=0
until flock -n 9; do  # a gate that was killed just now lets go within a moment
  tries=$((tries + 1))
  if [ $tries -gt 10 ]; then echo "{token} busy $(cat "$GATE_PLACE/holder" 2>/dev/null)"; exit 0; fi
  sleep 0.2
done
(umask 077; printf '%s\\n' {who}", since $(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$GATE_PLACE/holder"
 : >>"$GATE_PLACE/plan.jsonl")
echo "{token} held"
tail -n 1000 "$GATE_PLACE/plan.jsonl"
echo "{token} ready"
limit=; if command -v timeout >/dev/null; then limit='timeout {patience}'; fi
while line=$($limit sh -c 'read -r x && printf %s "$x"' 9>&-); do
  case $line in '{{'*) printf '%s\\n' "$line" >>"$GATE_PLACE/plan.jsonl" ;; esac
done
rm -f "$GATE_PLACE/holder"
"""


class HostLock:
    """A lock that is held, and the host's journal beside it.

    Attributes:
        journal: What the journal on the host said when the lock was taken.
    """

    def __init__(self, process: subprocess.Popen[bytes], journal: str) -> None:
        """Keep it: say regularly that this gate is still there."""
        self.journal = journal
        self._process = process
        self._writing = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._beat, name="plan lock", daemon=True).start()

    def check(self) -> None:
        """Make sure that it is held still.

        Raises:
            GateError: It is not: the connection broke off, or this gate slept too long.
        """
        if self._process.poll() is not None:
            raise GateError("the lock on the host is lost: another gate may be at it by now")

    def say(self, line: str) -> None:
        """Add a line to the journal on the host; nothing where the lock is lost."""
        stdin, _ = pipes(self._process)
        with self._writing, suppress(OSError, ValueError):
            stdin.write(line.encode() + b"\n")
            stdin.flush()

    def close(self) -> None:
        """Let go."""
        self._ended.set()
        with self._writing, suppress(OSError):
            pipes(self._process)[0].close()
        _end(self._process)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_S):
            self.say("")


@contextmanager
def host_lock(target: Target, carrier: Carrier, who: str) -> Iterator[HostLock | None]:
    """Hold the lock on a target's host; ``None`` where the host has no `flock`.

    It is held by a process on the host that reads from this one: it ends, and lets go, when this
    gate does, when the connection breaks off, or when it has not heard of the gate for a while.

    Raises:
        GateError: Another gate holds it; the text says who, from where, and since when. Or the
            host was not reached, or has no place for it.
    """
    token = f"gate-lock-{secrets.token_hex(8)}"
    inner = place(target) + INNER.format(token=token, who=shlex.quote(who), patience=PATIENCE_S)
    script = OUTER.format(sudo=int(target.sudo), inner=shlex.quote(inner))
    process = carrier.start()
    try:
        said = _greeting(process, script, token, target)
        _, _, told = said.partition(f"{token} ")
        if told.startswith("no flock"):
            yield None
            return
        if told.startswith("busy"):
            holder = told.removeprefix("busy").strip()
            raise GateError(
                f"another gate is moving {target.name}: {holder or 'it ended just now; try again'}"
            )
        if not told.startswith("held"):
            words = f"{said.strip()} {_complaint(process)}".strip() or "no answer"
            raise GateError(f"{target.host}: no lock on the host: {words}")
        journal = told.removeprefix("held\n").partition(f"{token} ready")[0]
        lock = HostLock(process, journal)
        try:
            yield lock
        finally:
            lock.close()
    finally:
        _end(process)


def _greeting(process: subprocess.Popen[bytes], script: str, token: str, target: Target) -> str:
    """Send the script and read what it says before it begins to wait, or to its end."""
    stdin, stdout = pipes(process)
    with suppress(OSError):
        stdin.write(script.encode())
        stdin.flush()
    said, until = bytearray(), time.monotonic() + target.deadlines.host_s
    ready = f"{token} ready\n".encode()
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while ready not in said[-len(ready) - 64 :] and len(said) < MOST:
            if not selector.select(max(0.0, until - time.monotonic())):
                raise GateError(
                    f"{target.host}: no answer about the lock within {target.deadlines.host_s:g} s"
                )
            chunk = os.read(stdout.fileno(), CHUNK)
            if not chunk:
                break
            said += chunk
    return said.decode("utf-8", "replace")


def _complaint(process: subprocess.Popen[bytes]) -> str:
    """What the way itself said, once it has ended."""
    with suppress(OSError):
        pipes(process)[0].close()
    try:
        process.wait(LET_GO_S)
    except subprocess.TimeoutExpired:
        return ""
    return process.stderr.read(1000).decode("utf-8", "replace").strip() if process.stderr else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
        with suppress(OSError):
            pipe.close()
    try:
        process.wait(LET_GO_S)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
