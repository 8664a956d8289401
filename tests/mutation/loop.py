"""Each change against the tests that come by it, in a process forked from one that collected them.

mutmut would begin a session of pytest for each change; here one session collects, runs every test
once to see that all hold and which functions each goes through, and forks for each change. What
noticed the most changes of a function is asked first.
"""

from __future__ import annotations

import collections
import gc
import math
import mmap
import os
import pathlib
import resource
import sys
import time
from collections.abc import Collection, Mapping, Sequence

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.format_utils import mangled_name_from_mutant_name as function_of

KILLED, SURVIVED, LATE, UNTESTED = "killed", "survived", "timeout", "no tests"
CPU_S = 10
"""Beyond twice what its tests take: a change that makes a loop endless is noticed by that."""


Child = tuple[str, Sequence[pytest.Item], mmap.mmap]
"""A change that is tried, by which tests, and where the number of the one that noticed is told."""


class Loop:
    """A plugin of pytest in the place of its loop over the tests."""

    def __init__(self, mutants: Collection[str], at_once: int) -> None:
        """Take the names of the changes, and how many are tried at a time."""
        self.statuses: dict[str, str] = {}
        self._mutants, self._at_once = mutants, at_once
        self._noticed: dict[str, collections.Counter[str]] = collections.defaultdict(
            collections.Counter
        )

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try all of them, the quickest to be told first."""
        if session.testsfailed:
            raise session.Interrupted("not all tests were collected")
        code = sys.modules["gate"].__file__ or ""
        if not pathlib.Path(code).parent.samefile("gate"):
            raise session.Interrupted(f"the tests are of {code}, which is not what was changed")
        by_function, seconds = _trace(session.items)
        children: dict[int, Child] = {}
        gc.freeze()  # what is there is shared with every fork, and need not be copied for it
        for name in self._mutants:
            tests = by_function.get(function_of(name))
            if not tests:
                self.statuses[name] = UNTESTED
                continue
            if len(children) >= self._at_once:
                self._end_of_one(children)
            noticed = self._noticed[function_of(name)]
            tests = sorted(tests, key=lambda one: -noticed[one.nodeid])
            limit = CPU_S + 2 * math.ceil(sum(seconds[one.nodeid] for one in tests))
            told = mmap.mmap(-1, 4)
            children[_forked(name, tests, limit, told)] = (name, tests, told)
        while children:
            self._end_of_one(children)
        return True

    def _end_of_one(self, children: dict[int, Child]) -> None:
        pid, status = os.wait()
        ended = {0: SURVIVED, 1: KILLED}.get(os.waitstatus_to_exitcode(status), LATE)
        name, tests, told = children.pop(pid)
        self.statuses[name] = ended
        number = int.from_bytes(told[:4], "little")
        if number:
            self._noticed[function_of(name)][tests[number - 1].nodeid] += 1
        told.close()
        with pathlib.Path("../told").open("a", encoding="utf-8") as file:
            file.write(f"{ended}\t{name}\n")  # what is known where the run is ended early


def _trace(
    items: Sequence[pytest.Item],
) -> tuple[Mapping[str, list[pytest.Item]], Mapping[str, float]]:
    """The tests by the functions that they go through, the quickest first; their CPU seconds.

    Raises:
        pytest.UsageError: One does not hold as it is.
    """
    set_mutant_under_test("stats")
    seconds: dict[str, float] = {}
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        state()._stats.clear()  # noqa: SLF001 - mutmut's own way
        began = time.process_time()
        if not _holds(item) and not _holds(item):  # a busy machine is forgiven once
            raise pytest.UsageError(f"{item.nodeid} does not hold without any change")
        seconds[item.nodeid] = time.process_time() - began
        for function in state()._stats:  # noqa: SLF001 - as above
            found.setdefault(function, []).append(item)
    for ones in found.values():
        ones.sort(key=lambda one: seconds[one.nodeid])
    return found, seconds


def _holds(item: pytest.Item) -> bool:
    return all(not one.failed for one in runtestprotocol(item, log=False, nextitem=None))


def _forked(name: str, tests: Sequence[pytest.Item], limit: int, told: mmap.mmap) -> int:
    """A process in which a change is tried; it ends with 1 where a test notices it.

    Args:
        name: The change.
        tests: Those that may notice it.
        limit: How many seconds of a processor they may take.
        told: Where the number of the test that notices it is written, from 1 on.
    """
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        set_mutant_under_test(name)
        found = next((number for number, one in enumerate(tests, 1) if not _holds(one)), 0)
        told[:4] = found.to_bytes(4, "little")
        status = 1 if found else 0
    finally:
        os._exit(status)
