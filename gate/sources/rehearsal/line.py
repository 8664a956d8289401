"""A line to a process on the host that stays: one shell passes on what is asked, and the answer."""

from __future__ import annotations

import os
import secrets
import selectors
import shlex
import time
from contextlib import suppress

from typing_extensions import Self

from gate.connection.carrier import Carrier
from gate.connection.obstacle import INTERRUPTED, CarrierError
from gate.connection.pipes import pipes
from gate.sources.fact import Cause
from gate.sources.rehearsal.shell_end import end

BEAT_S = 0.2
"""How often it is looked whether the run was interrupted."""
CHUNK = 1 << 16
# The greeting is told in two halves: where what is typed is echoed, that is not it.
# Who opens a pipe waits for the other end: each in its turn, and both for so long.
RELAY = """\
printf '%s%s\\n' {halves}
while IFS= read -r line; do
  printf %s "$line" >{folder}/ask && cat {folder}/answer; echo
done
"""
OUTER = """\
as=; [ {sudo} = 0 ] || [ "$(id -u)" = 0 ] || ! sudo -n true 2>/dev/null </dev/null || as='sudo -n'
exec $as sh -c {inner}
"""
START_S, STOP_S = 20.0, 2.0


class Line:
    """The shell that passes on; closed at the end."""

    def __init__(self, folder: str, carrier: Carrier, *, sudo: bool) -> None:
        """Begin it.

        Args:
            folder: On the host, with the pipes ``ask`` and ``answer``.
            carrier: The way there.
            sudo: Whether the folder was made with more rights, where they can be had.

        Raises:
            CarrierError: The host was not reached.
        """
        self._carrier = carrier
        self._process = carrier.start()
        one, other = secrets.token_hex(8), secrets.token_hex(8)
        inner = RELAY.format(folder=shlex.quote(folder), halves=f"{one} {other}")
        self._said = bytearray()
        until = time.monotonic() + START_S
        try:
            self._write(OUTER.format(sudo=int(sudo), inner=shlex.quote(inner)).encode())
            # A login shell may have said something before, whatever it is.
            while not self._read(until).endswith((one + other).encode()):
                continue
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The line itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def ask(self, text: str, limit_s: float) -> str:
        """Pass on one line, and wait for the one that answers it.

        Raises:
            CarrierError: The host is gone, it took too long, or the run was interrupted.
        """
        self._write(text.encode() + b"\n")
        return self._read(time.monotonic() + limit_s).decode("utf-8", "replace")

    def close(self) -> None:
        """End the shell: it reads no more; the connection is cut where it does not end by that."""
        with suppress(OSError):
            pipes(self._process)[0].close()
        end(self._process, STOP_S)

    def _write(self, told: bytes) -> None:
        stdin, _ = pipes(self._process)
        try:
            stdin.write(told)
            stdin.flush()
        except OSError as error:
            raise CarrierError(
                f"the line to the host broke off: {error}", Cause.UNREACHABLE
            ) from None

    def _read(self, until: float) -> bytes:
        """The next line, without its end."""
        _, stdout = pipes(self._process)
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while b"\n" not in self._said:
                if self._carrier.interrupted.is_set():
                    raise CarrierError(INTERRUPTED, Cause.UPSTREAM)
                if time.monotonic() > until:
                    raise CarrierError("no answer within its time", Cause.TIMEOUT)
                if not selector.select(BEAT_S):
                    continue
                chunk = os.read(stdout.fileno(), CHUNK)
                if not chunk:
                    raise CarrierError("the line to the host broke off", Cause.UNREACHABLE)
                self._said += chunk
        line, _, rest = bytes(self._said).partition(b"\n")
        self._said = bytearray(rest)
        return line
