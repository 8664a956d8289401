"""A fork that does one thing: awaited for its time, and killed with all that came from it.

It is there before it is asked: while the gate looks at what the last one did, it gets its memory.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from typing import Any

from gate.sources.rehearsal.inside.hear import hear_out
from gate.sources.rehearsal.inside.pages import KNOWN, have

SUBREAPER = 36
"""``PR_SET_CHILD_SUBREAPER`` of Linux."""
LEFT_S = 2.0
"""How long what is killed may take to be gone, in seconds."""


class Fork:
    """A fork that was begun, as both see it.

    Attributes:
        asked: What the child is to do; ``None`` here, where nothing is known of that yet.
        process: The child's number.
        before: What other children there were.
        listen: Reads what the child says.
    """

    def __init__(self) -> None:
        """Fork; in the child this ends when it is told what to do, or ends it if it never is."""
        self.asked: dict[str, Any] | None = None
        _adopt()
        self.before = _children()
        self.listen, speak = os.pipe()
        hear, self._tell = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.setsid()
            os.close(self.listen)
            os.close(self._tell)
            os.dup2(speak, 1)
            os.dup2(speak, 2)
            os.close(speak)
            have()
            self.asked = _told(hear)
            return
        os.close(speak)
        os.close(hear)

    def tell(self, asked: dict[str, Any]) -> bool:
        """Tell the child what to do; whether it was there to be told."""
        try:
            with open(self._tell, "w", encoding="utf-8") as file:
                json.dump(asked, file)
        except BrokenPipeError:
            os.waitpid(self.process, 0)
            os.close(self.listen)
            return False
        return True


def _told(hear: int) -> dict[str, Any]:
    """What is to be done; ends this process where whoever could tell it is gone."""
    with open(hear, encoding="utf-8") as file:
        told = file.read()
    if not told:
        os._exit(0)
    found: dict[str, Any] = json.loads(told)
    return found


def apart(how: dict[str, Any], hear: Any) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Fork, and have that do what is asked; it is killed with its own when it is late.

    Args:
        how: Knows the folder, and how long one revision may take.
        hear: Waits for what is asked.

    Returns:
        What is asked, in the child, and nothing; here ``None``, and the child's answer.
    """
    asked: dict[str, Any] | None = None
    while True:
        fork = Fork()
        if fork.asked is not None:
            return fork.asked, {}
        asked = hear() if asked is None else asked
        answer = _awaited(how, fork, asked)
        if answer is not None:
            return None, answer


def _awaited(how: dict[str, Any], fork: Fork, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The answer; ``None`` where the fork was gone before it was told, and nothing was done."""
    found = how["folder"] + "/found"
    with open(found, "w", encoding="utf-8"):
        pass
    child, before, listen = fork.process, fork.before, fork.listen

    def killed(*_: object) -> None:
        end_all(child)
        _end_left(before)
        os._exit(143)

    signal.signal(signal.SIGTERM, killed)
    if not fork.tell(asked):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        return None
    os.set_blocking(listen, False)
    said = b""  # however much it is, neither this process nor a disk fills up with it
    many = max(1, len(asked.get("revisions", ())))
    until, pause = time.monotonic() + how["deadline_s"] * many, 0.001
    handle = _handle(child)  # tells its end at once; without one it is asked after
    ended: int | None = None
    while ended is None and time.monotonic() < until:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            ended = os.WEXITSTATUS(code) if os.WIFEXITED(code) else 128 + os.WTERMSIG(code)
            continue
        said, over = hear_out(listen, said)
        waited = [*([] if over else [listen]), *([] if handle is None else [handle])]
        select.select(waited, [], [], pause if handle is None else 0.1)
        pause = min(0.01, pause * 1.3)
    if ended is None:
        end_all(child)
        os.waitpid(child, 0)
    _end_left(before)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    said = hear_out(listen, said)[0]
    for one in (listen, handle):
        if one is not None:
            os.close(one)
    answer = _found(found)
    KNOWN[:] = answer.pop("written", KNOWN)
    return {**answer, "status": ended, "said": said.decode("utf-8", "replace")}


def _adopt() -> None:
    """Have what a child leaves behind become a child of this process, and not of nobody's."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    except Exception:  # noqa: BLE001 - where there is no such thing it stays behind
        return


def _children() -> set[int]:
    found: set[int] = set()
    try:
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                found.update(int(one) for one in file.read().split())
    except OSError:
        return found
    return found


def _end_left(before: set[int]) -> None:
    """Kill what a child started and left, daemons included, but for what was there before it."""
    until = time.monotonic() + LEFT_S
    left = _children() - before
    while left and time.monotonic() < until:
        for one in left:
            end_all(one)
            try:
                os.waitpid(one, os.WNOHANG)
            except ChildProcessError:
                continue
        left = _children() - before  # with what these have left in turn
        time.sleep(0.001)


def _handle(process: int) -> int | None:
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError):  # an old Python, or an old kernel
        return None


def _found(path: str) -> dict[str, Any]:
    """What a command found out; nothing where it ended before it had told all of it."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.loads(file.read() or "{}")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def end_all(process: int, *, itself: bool = True) -> None:
    """Kill a process with all that came from it, also one that leads no group yet."""
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:  # it is gone already
        children = []
    for kill in (os.killpg, os.kill) if itself else ():
        try:
            kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for child in children:
        end_all(int(child))
