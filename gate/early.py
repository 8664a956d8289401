"""Signals that come before a run has begun: there is nothing to take down, and no verdict."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 2
"""Exit status of a run that was ended before it was through, as pytest has it."""
SAID = "gate: ended by {} before anything was looked at\n"


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """End as interrupted where a signal comes, up to where a run has its own way to end.

    One that is ignored stays so. What has its own way by the end of the body keeps it.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is _end:
                signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _end(number: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        os.write(2, SAID.format(signal.Signals(number).name).encode())
    os._exit(INTERRUPTED)
