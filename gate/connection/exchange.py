"""Talk with a process: write to it and read from it at the same time, with a deadline."""

from __future__ import annotations

import dataclasses
import os
import selectors
import subprocess
import threading
import time
from contextlib import suppress
from typing import IO

from gate.connection.obstacle import POLL_S

CHUNK = 1 << 16


class Interrupted(Exception):  # noqa: N818 - nothing went wrong
    """The run was interrupted while the process was at work.

    Attributes:
        told: What it had said until then.
    """

    def __init__(self, told: bytes) -> None:
        """Keep it."""
        super().__init__()
        self.told = told


class TooMuch(Exception):  # noqa: N818 - told by whoever knows what was asked
    """The process said more than it may.

    Attributes:
        told: What was kept of its output.
        said: What was kept of its complaints.
    """

    def __init__(self, told: bytes, said: bytes) -> None:
        """Keep it."""
        super().__init__()
        self.told, self.said = told, said


@dataclasses.dataclass
class Bounds:
    """How far an exchange goes.

    Attributes:
        until: The deadline, by `time.monotonic`.
        interrupted: Set, by another thread, when there is no need to go on.
        most: How many bytes the process may say, output and complaints together.
    """

    until: float
    interrupted: threading.Event
    most: int


def exchange(
    process: subprocess.Popen[bytes], given: bytes, end: bytes, bounds: Bounds
) -> tuple[bytes, bytes]:
    """Write to a process and read from it, up to the line that starts ``end``.

    Args:
        process: With pipes for its input, output and complaints.
        given: What to write.
        end: What the last line of the output begins with; what comes with it is still read.
        bounds: When to leave it.

    Returns:
        Its output and its complaints.

    Raises:
        Interrupted: The run was.
        TimeoutError: The deadline passed.
        TooMuch: It said more than it may; it is still at work.
    """
    pipes = (process.stdin, process.stdout, process.stderr)
    stdin, stdout, stderr = (one for one in pipes if one is not None)
    read = {stdout.fileno(): bytearray(), stderr.fileno(): bytearray()}
    told, said = read[stdout.fileno()], read[stderr.fileno()]
    rest, until, searched = memoryview(given), bounds.until, 0
    with selectors.DefaultSelector() as selector:
        for number in read:
            selector.register(number, selectors.EVENT_READ)
        os.set_blocking(stdin.fileno(), False)
        selector.register(stdin.fileno(), selectors.EVENT_WRITE)
        while set(read) & set(selector.get_map()):
            ready = _wait(selector, until, bounds.interrupted)
            if bounds.interrupted.is_set() and until:
                raise Interrupted(bytes(told))
            if not ready:
                if until:
                    raise TimeoutError
                break
            for number in ready:
                if number not in read:
                    rest = _write(selector, stdin, rest)
                elif not _read(number, read[number]):
                    selector.unregister(number)
            if len(told) + len(said) > bounds.most:
                raise TooMuch(bytes(told[: bounds.most]), bytes(said[-CHUNK:]))
            until, searched = _ended(told, end, until, searched)
    return bytes(told), bytes(said)


def _ended(told: bytearray, end: bytes, until: float, searched: int) -> tuple[float, int]:
    """When to leave, which is at once after the last line; and where to search on from."""
    found = told.find(end, searched)
    if found < 0:
        return until, max(0, len(told) - len(end))
    return (0.0 if told.find(b"\n", found + 1) >= 0 else until), found


def _wait(
    selector: selectors.BaseSelector, until: float, interrupted: threading.Event
) -> list[int]:
    """Wait for pipes that are ready; none are when the time is over, or the run interrupted."""
    while True:
        left = max(0.0, until - time.monotonic())
        ready = selector.select(min(left, POLL_S))
        if ready or not left or interrupted.is_set():
            return [key.fd for key, _ in ready]


def _read(number: int, into: bytearray) -> bool:
    """Read what is there; return whether there can be more."""
    chunk = os.read(number, CHUNK)
    into += chunk
    return bool(chunk)


def _write(selector: selectors.BaseSelector, stdin: IO[bytes], rest: memoryview) -> memoryview:
    """Write what fits; return what is left, and close the pipe after the last of it."""
    with suppress(BrokenPipeError):
        rest = rest[os.write(stdin.fileno(), rest) :] if rest else rest
        if rest:
            return rest
    selector.unregister(stdin.fileno())
    with suppress(BrokenPipeError):
        stdin.close()
    return rest
