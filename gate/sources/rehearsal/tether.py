"""Hold a box on the host: its shell reads from this process, and ends its work with it."""

from __future__ import annotations

import dataclasses
import os
import re
import secrets
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.connection.pipes import pipes
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Cause
from gate.sources.rehearsal import box
from gate.sources.rehearsal.shell_end import end
from gate.target import Target

BEAT_S, POLL_S, LET_GO_S = 3.0, 0.1, 3.0
TRAVEL_S = 15.0
"""What is added to a deadline on this side, for connecting and for killing there."""
MOST = 4 * box.VOICE + (1 << 16)
CHUNK = 1 << 16
LATE = (124, 137)
"""Exit statuses of what ``timeout`` ended."""


@dataclasses.dataclass(frozen=True)
class Told:
    """How a part of the work ended.

    Attributes:
        status: Its exit status.
        out: What it printed, as it came: it may hold secrets.
        err: What it complained of.
        seconds: How long it took, as seen from here.
    """

    status: int
    out: str
    err: str
    seconds: float = 0.0

    def late(self, deadline_s: float) -> bool:
        """Whether it was ended because its time was over."""
        return self.status in LATE and self.seconds >= deadline_s - 1

    def why(self, deadline_s: float) -> str:
        """Why it did not end well, in words fit to be told; its output is left out."""
        how = f"exited with {self.status}"
        if self.late(deadline_s):
            how = f"was not done within {deadline_s:g} s and was ended"
        said = known.first(self.err, 500)
        return f"{how}: {said}" if said else how


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """What is done in a box.

    Attributes:
        what: What it is called where it fails.
        begin: Shell lines; ``$box`` is a private folder.
        end: Shell lines that undo it.
        base: Folder for the box.
        begin_s: How long the beginning may take, in seconds.
        end_s: The same of the end.
        hold: Whether it stays until the block is left.
    """

    what: str
    begin: str
    end: str = ":"
    base: str
    begin_s: float
    end_s: float = 60.0
    hold: bool = True


@contextmanager
def tethered(
    work: Work, target: Target, carrier: Carrier, left: list[str], check: Callable[[], None]
) -> Iterator[Told]:
    """Have a beginning done, and its end when the block is left, whatever happens.

    Args:
        work: What is done.
        target: Where.
        carrier: The way to the host.
        left: Is told what could not be ended.
        check: Raises where there is no time to go on, or the run was interrupted.

    Raises:
        ObservationError: The beginning failed, with the reason; its end was run all the same.
    """
    token = f"gate-{secrets.token_hex(8)}"
    process = carrier.start()
    ear = _Ear(process, token)
    try:
        ear.say(
            box.script(
                work.begin, work.end, token=token, target=target, base=work.base, hold=work.hold,
                begin_s=work.begin_s, end_s=work.end_s,
            )
        )  # fmt: skip
        told = ear.hear("begun", work.begin_s + TRAVEL_S, check)
        if told.status != 0:
            raise CarrierError(
                f"{work.what} {told.why(work.begin_s)}",
                Cause.TIMEOUT if told.late(work.begin_s) else Cause.UPSTREAM,
            )
        yield told
    finally:
        ear.say("end\n")
        try:
            last = ear.hear("ended", work.end_s + TRAVEL_S, lambda: None)
            if last.status != 0:
                left.append(f"{work.what}: its end {last.why(work.end_s)}")
        except ObservationError as error:
            if not ear.closed:
                left.append(f"{work.what}: nothing is known of its end: {error}")
        finally:
            ear.close()


def done(
    work: Work, target: Target, carrier: Carrier, left: list[str], check: Callable[[], None]
) -> str:
    """Have something done that leaves nothing; return what it printed.

    Raises:
        ObservationError: It failed, with the reason.
    """
    with tethered(dataclasses.replace(work, hold=False), target, carrier, left, check) as told:
        return told.out


class _Ear:
    """Hears what the shell on the host tells, and lets it know that somebody is there."""

    def __init__(self, process: subprocess.Popen[bytes], token: str) -> None:
        self.closed = False  # no box was opened
        self._process, self._token = process, token
        self._said = bytearray()
        self._writing, self._over = threading.Lock(), threading.Event()
        threading.Thread(target=self._beat, name="box", daemon=True).start()

    def say(self, text: str) -> None:
        """Write to the shell; nothing where it is gone."""
        with self._writing, suppress(OSError, ValueError):
            stdin, _ = pipes(self._process)
            stdin.write(text.encode())
            stdin.flush()

    def hear(self, word: str, limit_s: float, check: Callable[[], None]) -> Told:
        """Wait until a part of the work has ended.

        Raises:
            ObservationError: It does not, or no box could be opened.
        """
        pattern = re.compile(
            rf"{self._token} {word} (\d+)\n(.*?)\n{self._token} err\n(.*?)\n{self._token} told\n",
            re.DOTALL,
        )
        began = time.monotonic()
        until = began + limit_s
        _, stdout = pipes(self._process)
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while True:
                text = self._said.decode("utf-8", "replace")
                found = pattern.search(text)
                if found:
                    return Told(int(found[1]), found[2], found[3], time.monotonic() - began)
                refused = re.search(rf"{self._token} closed (.*)", text)
                if refused:
                    self.closed = True
                    why = known.first(refused[1], 300)
                    raise ObservationError(f"the host lends no folder for temporary files: {why}")
                check()
                if time.monotonic() > until or len(self._said) > MOST:
                    raise CarrierError(f"no answer within {limit_s:g} s", Cause.TIMEOUT)
                if not selector.select(POLL_S):
                    continue
                chunk = os.read(stdout.fileno(), CHUNK)
                if not chunk:
                    raise CarrierError(f"the host is gone: {self._last()}", Cause.UNREACHABLE)
                self._said += chunk

    def close(self) -> None:
        """Let go; the shell ends its work by itself where it has not yet."""
        self._over.set()
        with self._writing, suppress(OSError):
            pipes(self._process)[0].close()
        end(self._process, LET_GO_S)

    def _last(self) -> str:
        return known.last(self._said.decode("utf-8", "replace"), 300) or "it said nothing"

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            self.say("\n")
