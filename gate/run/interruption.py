"""Signals: SIGTERM and SIGHUP end a run as Ctrl-C does; a second one breaks no clean-up."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """What is to be done when a signal comes.

    The first one is raised in the main thread as `KeyboardInterrupt`, which pytest and the gate
    end by: no further step, a look that is left, what was started taken down, and a verdict that
    says so. Every later one is only taken note of. Where something must not be cut in two, the
    first one waits, too.

    Attributes:
        name: Of the first signal that came; empty before.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.name = ""
        self._waits = False
        self._raised = False
        self._terminals = {os.fstat(one).st_rdev for one in (1, 2) if os.isatty(one)}

    def install(self) -> None:
        """Heed the signals from now on, but for those that whoever started this run ignores.

        So ``nohup`` stays what it is, and a shell's background job is left alone by Ctrl-C.
        """
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._come)

    def _come(self, number: int, _frame: FrameType | None) -> None:
        if self.name:
            return
        self.name = signal.Signals(number).name
        if not self._waits:
            self._raise()

    def _raise(self) -> None:
        self._raised = True
        raise KeyboardInterrupt(self.name)

    @contextlib.contextmanager
    def later(self) -> Iterator[None]:
        """Have a signal wait until the body is done."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
        if self.name and not self._raised:
            self._raise()

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """Have a first signal raise again while the body runs, which can be left at any time."""
        was, self._waits = self._waits, False
        try:
            yield
        finally:
            self._waits = was

    def leave_closed_terminals(self) -> None:
        """Write to nowhere where the terminal hung up: its errors would break the clean-up."""
        if not self._terminals:
            return
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - names are what is wanted
            with contextlib.suppress(OSError):
                if os.fstat(number).st_rdev in self._terminals and not os.isatty(number):
                    os.dup2(nowhere, number, inheritable=os.get_inheritable(number))
        os.close(nowhere)

    def ignore(self) -> None:
        """Raise nothing any more: the run is at its end by itself, or is ending."""
        self._waits = True
