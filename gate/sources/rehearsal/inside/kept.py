"""The moment up to which a process only reads and imports: from there on it is done apart.

What leads to the first connection, importing an application above all, is the same for every step
and may take seconds. So it is done once, in a process that stops before the first thing that
reaches outside of it or does not survive a fork, and each step goes on from there in a fork of its
own. A thread or an event loop that comes and goes on the way there, as of a library that looks
around while it is imported, is behind it, and so is what Python's own modules ask the machine.
Where the process has threads by then, connections, or files that it reads, nothing is kept, and
each step begins anew. The files of revisions are read by each step; what ``env.py`` and what it
imports computed before that moment is the same for all.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import threading
from typing import Any

REACHES = (
    ("sqlalchemy.engine.default", "DefaultDialect", "connect"),
    ("psycopg", "Connection", "connect"),
    ("psycopg", "AsyncConnection", "connect"),
    ("psycopg", "", "connect"),
    ("psycopg2", "", "_connect"),
    ("psycopg2", "", "connect"),
    ("socket", "socket", "__init__"),
    ("socket", "socket", "connect"),
    ("threading", "Thread", "start"),
    ("subprocess", "Popen", "__init__"),
    ("os", "", "system"),
    ("os", "", "fork"),
    ("asyncio", "", "run"),
    ("asyncio", "", "new_event_loop"),
    ("asyncio.runners", "", "run"),
    ("asyncio.events", "", "new_event_loop"),
    ("asyncio.events", "BaseDefaultEventLoopPolicy", "new_event_loop"),
    ("asyncio.events", "_BaseDefaultEventLoopPolicy", "new_event_loop"),
)
"""Module, class and name of what reaches outside, or leaves something that no fork takes along."""
PASSES = (
    *("threading", "asyncio", "asyncio.runners", "asyncio.events"),
    "socket.socket.__init__",
)
"""Modules of what may be over again soon, or one name: it reaches nothing outside by itself. Before
a socket is made there is nothing yet that forks would share; before it connects there is."""
ASKERS = ("ctypes.util", "platform", "uuid")
"""Python's own modules that start programs, such as ``uname``, to learn of the machine alone."""
AT: dict[str, Any] = {}
"""What is done at each of them, under ``do``, until it says that this was the last one; it is told
whether that may pass. Nothing where nobody asks."""
NAMED = 3
"""How many things are named that stand in the way of a fork."""
OWN_CARE = ("jemalloc_bg_thd",)
"""Names of threads of libraries that hold them still while a process forks."""


def watch() -> None:
    """Notice each of them, in this process and in its forks."""
    for module, owner, name in REACHES:
        try:
            found = __import__(module, fromlist=["*"])
            holder = getattr(found, owner) if owner else found
            passes = module in PASSES or f"{module}.{owner}.{name}" in PASSES
            setattr(holder, name, _noticed(holder, name, passes=passes))
        except Exception:  # noqa: BLE001, S112 - what is not there cannot be called either
            continue


def _noticed(holder: Any, name: str, *, passes: bool) -> Any:
    plain = vars(holder)[name] if name in vars(holder) else getattr(holder, name)
    if isinstance(plain, classmethod):
        return classmethod(_before(plain.__func__, passes=passes))
    return _before(plain, passes=passes)


def _before(plain: Any, *, passes: bool) -> Any:
    @functools.wraps(plain)
    def noticed(*words: Any, **named: Any) -> Any:
        reached(passes=passes or _asks(sys._getframe(1)))
        return plain(*words, **named)

    return noticed


def _asks(frame: Any) -> bool:
    """Whether a program is started by a module of Python's that learns of the machine by it."""
    while frame is not None and frame.f_globals.get("__name__") == "subprocess":
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") in ASKERS


def reached(*, passes: bool = False) -> None:
    """Do what is to be done at one of them.

    Args:
        passes: Whether it may be over again before anything reaches outside.
    """
    do = AT.pop("do", None)
    if do is not None and not do(passes=passes):
        AT["do"] = do


class Stops:
    """Where a process may stop on its way: how many were passed before the first and the last."""

    def __init__(self, before: set[str]) -> None:
        """Begin.

        Args:
            before: What the process held open at its beginning.
        """
        self.before, self.passed = before, 0
        self.found: list[int] = []
        self.unkept: list[str] = []  # what is in the way at the last one

    def note(self, *, passes: bool) -> bool:
        """Note one, where a fork of this process would be all that it is."""
        if alone(self.before):
            self.found[1:] = [self.passed]
        else:
            self.unkept[:] = [hindrance(self.before)]
        self.passed += 1
        return not passes


def held() -> set[str]:
    """What this process has open that its forks would have in common, as far as that matters.

    Connections, pipes, files that are read, whose place would move for all, and memory that is
    written to by all. What is only written to, such as a log, and devices do not matter.
    """
    found = set()
    for one in os.listdir("/proc/self/fd"):
        try:
            leads_to = os.readlink("/proc/self/fd/" + one)
            with open("/proc/self/fdinfo/" + one, encoding="ascii") as file:
                flags = int(re.findall(r"flags:\s*([0-7]+)", file.read())[0], 8)
        except OSError:  # the one that lists them
            continue
        plain = leads_to.startswith("/")
        if leads_to.startswith("/dev/") or (plain and flags & os.O_ACCMODE == os.O_WRONLY):
            continue
        if plain and os.path.isdir(leads_to):
            continue
        found.add(one + " " + leads_to)
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        found.update(line for line in file if " rw-s " in line)
    return found


def alone(before: set[str]) -> bool:
    """Whether a fork of this process is all that it is: it has no thread, and holds no more."""
    try:
        return threading.active_count() == 1 and held() <= before
    except OSError:
        return False


def hindrance(before: set[str]) -> str:
    """What a fork of this process would not have, or would have in common with it, in words.

    Empty where there is nothing of the kind.
    """
    main = threading.main_thread()
    found = ["the thread %s" % one.name for one in threading.enumerate() if one is not main]
    if not found and not unthreaded():
        found = ["a thread of a library"]
    try:
        found += sorted({_in_words(one) for one in held() - before})
    except OSError:
        found.append("what cannot be listed")
    more = ["%d more" % (len(found) - NAMED)] if len(found) > NAMED else []
    return ", ".join([*found[:NAMED], *more])


def _in_words(one: str) -> str:
    """One of what `held` finds, in words."""
    if " rw-s " in one:
        return "memory in common (%s)" % (one.split(None, 5)[5:] or ["of no file"])[0].strip()
    leads_to = one.partition(" ")[2]
    if leads_to.startswith("/"):
        return "the file %s" % leads_to
    return {"socket": "a connection", "pipe": "a pipe"}.get(leads_to.partition(":")[0], leads_to)


def unthreaded() -> bool:
    """Whether there is no thread that Python knows nothing of, either."""
    return sum(not _cared_for(one) for one in os.listdir("/proc/self/task")) == 1


def _cared_for(thread: str) -> bool:
    try:
        with open("/proc/self/task/%s/comm" % thread, encoding="utf-8", errors="replace") as file:
            return file.read().strip() in OWN_CARE
    except OSError:  # it is gone
        return True
