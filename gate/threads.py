"""Work in threads that is waited for whatever interrupts it.

Whether it has ended is never asked of a thread: a signal that comes while one is begun or joined
makes Python 3.11 and older take it for ended, and what it still takes back would be left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

POLL_S = 0.2


def at_once(
    works: Iterable[Callable[[], object]],
    cancelled: threading.Event,
    name: str,
    *,
    daemon: bool = False,
) -> bool:
    """Do each in a thread of its own, and wait for all of them.

    Interrupted by Ctrl-C, they are told to end, and waited for still; a second one is raised.

    Args:
        works: What is done; none raises.
        cancelled: Is set where they have to end.
        name: Of the threads.
        daemon: Whether they end with the process; without it, the process waits for them.

    Returns:
        Whether it was interrupted; one may not have begun then.
    """
    begun: list[tuple[threading.Thread, threading.Event]] = []
    try:
        for work in works:
            end = threading.Event()
            thread = threading.Thread(target=_then, args=(work, end), name=name, daemon=daemon)
            begun.append((thread, end))
            thread.start()
        _wait(begun)
    except KeyboardInterrupt:
        cancelled.set()
        time.sleep(POLL_S)  # one that was just being begun has its number by then
        _wait(begun)
        return True
    return False


def _then(work: Callable[[], object], end: threading.Event) -> None:
    try:
        work()
    finally:
        end.set()


def _wait(begun: Iterable[tuple[threading.Thread, threading.Event]]) -> None:
    for thread, end in begun:
        while thread.ident is not None and not end.wait(POLL_S):
            pass
