"""Stays in Alembic's own interpreter on the host, and forks for each thing that is asked of it.

It is sent there as text, and needs nothing but Alembic. What is slow, importing, happens once; what
an ``env.py`` does to its process happens in a process of its own each time.
"""

from __future__ import annotations

import gc
import json
import os
import select
import shutil
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import Any, NoReturn

from gate.sources.rehearsal.inside.ahead import read, read_twice
from gate.sources.rehearsal.inside.apart import apart, end_all
from gate.sources.rehearsal.inside.command import stands_in
from gate.sources.rehearsal.inside.hear import KEPT, hear
from gate.sources.rehearsal.inside.kept import AT, Stops, alone, held, hindrance, unthreaded, watch
from gate.sources.rehearsal.inside.steps import CALLED, TAKEN, UNSUITED, do, taken

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What keeps libraries for numbers from starting threads as they are loaded."""
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def serve(how: dict[str, Any]) -> None:
    """Answer what is asked through two pipes in a folder, until killed.

    Args:
        how: ``folder`` holds the pipes ``ask`` and ``answer``; ``words`` are Alembic's own options,
            such as ``-c file.ini`` or ``-n section``; ``application`` is a command line that calls
            Alembic, instead; ``installed`` says whether the program is a script, which does not
            look for modules here; ``variable`` names what leads to the database, ``database`` is
            its name, and ``option`` what of the ini file is to be set to it; ``deadline_s`` is for
            one revision.
    """
    folder: str = how["folder"]
    if not how["installed"] and not how["application"]:
        sys.path.insert(0, os.getcwd())
    import alembic.config  # noqa: F401 - slow, and the same for every command
    import sqlalchemy.dialects.postgresql  # noqa: F401
    from alembic import command

    for name in TAKEN if how["application"] else ():
        if hasattr(command, name):  # an old Alembic has not all of them
            setattr(command, name, stands_in(getattr(command, name), taken))
    watch()
    _tell_pid(folder)
    threading.Thread(target=_leave_with_the_gate, args=(folder,), daemon=True).start()
    tried, unkept = False, ""
    while True:
        asked, answer = apart(how, lambda: _asked(folder))
        if asked is not None:
            _end_child(how, asked)
        stops, modules = answer.pop("stops", ()), answer.pop("modules", ())
        _answer(folder, {**answer, "unkept": [unkept]} if unkept else answer)
        if stops and not tried:
            # It imports what it needs by itself, in its own order. As far as it came the first time
            # it need not come again, where threads are about.
            tried, until = True, time.monotonic() + how["deadline_s"]
            for passed in dict.fromkeys(reversed(stops)):
                _keep_one(how, passed, until)
            with suppress(OSError), open(folder + "/unkept", encoding="utf-8") as file:
                unkept = file.read()
        for name in modules:
            try:
                __import__(name)
            except BaseException:  # noqa: BLE001, S112 - it is imported where it is needed, then
                continue


def _asked(folder: str) -> dict[str, Any]:
    with open(folder + "/ask", encoding="utf-8") as file:
        found: dict[str, Any] = json.loads(file.read() or "{}")
    return found


def _answer(folder: str, answer: dict[str, Any]) -> None:
    with open(folder + "/answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


def _tell_pid(folder: str) -> None:
    with open(folder + "/pid.new", "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    os.rename(folder + "/pid.new", folder + "/pid")


def _keep_one(how: dict[str, Any], passed: int, until: float) -> None:
    """Have a process that is as far as it can be for all, and let it serve in place of this one.

    Returns where it does not come to that: then this one goes on. Ends with it otherwise.

    Args:
        how: As ``serve`` has it.
        passed: How many places to stop at it goes past.
        until: When it is too late, by ``time.monotonic``: who asks next does not wait for ever.
    """
    folder, parent = how["folder"], os.getpid()
    child = os.fork()
    if child == 0:
        before = held()
        _voice(folder + "/begun", os.O_TRUNC | os.O_CREAT)
        single = {name: "1" for name in THREADS if name not in os.environ}
        os.environ.update(single)
        asked: dict[str, Any] = {}
        way = Stops(before)

        def stop(*, passes: bool) -> bool:
            if way.passed < passed and passes:
                way.passed += 1
                return False
            _take_over(how, asked, before, parent, single)
            return True

        AT["do"] = stop
        _end_child(how, asked, UNSUITED)

    def ended_too(*_: object) -> None:
        end_all(child)
        os._exit(143)

    signal.signal(signal.SIGTERM, ended_too)
    ended = 0
    while not ended and not os.path.exists(folder + "/kept") and time.monotonic() < until:
        ended, _ = os.waitpid(child, os.WNOHANG)
        time.sleep(0.005)
    if not ended and os.path.exists(folder + "/kept"):
        os.waitpid(child, 0)
        os._exit(1)
    if not ended:
        end_all(child)
        os.waitpid(child, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _take_over(
    how: dict[str, Any], asked: dict[str, Any], before: set[str], parent: int, single: Any
) -> None:
    """Serve from here on; returns in a fork, to go on with what is asked."""
    folder = how["folder"]
    if not alone(before) or not unthreaded():
        with open(folder + "/unkept", "w", encoding="utf-8") as file:
            file.write(hindrance(before))
        os._exit(UNSUITED)
    for name in single:
        os.environ.pop(name, None)
    if _can_read_ahead(before):
        read(CALLED["script"])
        if not alone(before) or not unthreaded():
            os._exit(UNSUITED)
    gc.collect()
    gc.freeze()  # what a fork does not look at again stays shared
    CALLED["kept"] = True
    sys.stdout.flush()
    sys.stderr.flush()
    with open(folder + "/begun", "rb") as voice:
        begun = voice.read()[-KEPT:].decode("utf-8", "replace")
    given_back = _put_off()
    _tell_pid(folder)
    with open(folder + "/kept", "w", encoding="ascii"):
        pass

    def hear_it() -> dict[str, Any]:
        told = _asked(folder)
        if not told or os.getppid() != parent:
            os._exit(1)
        return told

    while True:
        told, answer = apart(how, hear_it)
        if told is not None:
            given_back()
            asked.update(told)
            return
        _answer(folder, {**answer, "said": begun + answer["said"]})


def _put_off() -> Any:
    """Have no alarm, and end when told to; what is returned has a fork as the application was.

    An alarm that was set is not for the process that waits, and a fork has none.
    """
    alarms = {one: signal.setitimer(one, 0) for one in (0, 1, 2)}
    handlers = {one: signal.signal(one, signal.SIG_DFL) for one in ENDING}

    def given_back() -> None:
        for end, handler in handlers.items():
            signal.signal(end, signal.SIG_DFL if handler is None else handler)
        for one, left in alarms.items():
            signal.setitimer(one, *left)

    return given_back


def _can_read_ahead(before: set[str]) -> bool:
    """Whether the files of all revisions can be read, and each once more; tried out in a fork."""
    if "script" not in CALLED:
        return False
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = UNSUITED
        try:
            _voice(os.devnull)
            AT["do"] = lambda **_: os._exit(UNSUITED)
            read_twice(CALLED["script"])
            status = 0 if alone(before) and unthreaded() else UNSUITED
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _leave_with_the_gate(folder: str) -> None:
    """End with everything that was begun when nobody reads on descriptor 3 any more.

    That is the way back to the gate: a gate that was killed does not come to end this process.
    """
    reader = select.poll()
    try:
        os.fstat(3)
        reader.register(3, 0)
    except OSError:
        return
    reader.poll()
    try:
        end_all(os.getpid(), itself=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)


def _voice(path: str, flags: int = 0) -> None:
    """Have all that is said from here on in a file."""
    out = os.open(path, os.O_WRONLY | os.O_APPEND | flags, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)


def _end_child(how: dict[str, Any], asked: dict[str, Any], status: int = 1) -> NoReturn:
    """Do what is asked, and end with its status."""
    way = Stops(held())
    hear()
    if status == 1:
        CALLED["stops"], CALLED["unkept"] = way.found, way.unkept
        AT["do"] = way.note
    try:
        done = do(how, asked, how["folder"] + "/found")
        status = done if asked else status
    except SystemExit as end:
        if asked:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it is, it is the answer
        status = 1 if asked else status
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status & 255)
