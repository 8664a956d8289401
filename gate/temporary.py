"""Temporary folders of the gate's own: private, and those of a killed run go with the next one."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator

from gate.environment import environment
from gate.holding import held

NAME = re.compile(r"gate-(\d+)-\w+\Z")
CONTROL = "c"
"""Socket of an ssh connection that was kept open, in the folder of its carrier."""
HANG_UP_S = 2.0

_HELD: dict[pathlib.Path, int | None] = {}


def make() -> pathlib.Path:
    """Make a folder that nobody else can enter, and hold it; `remove` ends it."""
    made = pathlib.Path(tempfile.mkdtemp(prefix=f"gate-{os.getpid()}-"))
    _HELD[made] = held(made)
    return made


def remove(made: pathlib.Path) -> None:
    """Remove a folder that `make` has made."""
    shutil.rmtree(made, ignore_errors=True)
    number = _HELD.pop(made, None)
    if number is not None:
        os.close(number)


@contextlib.contextmanager
def folder() -> Iterator[pathlib.Path]:
    """A folder that nobody else can enter, gone with the context."""
    made = make()
    try:
        yield made
    finally:
        remove(made)


def sweep() -> None:
    """Remove what killed runs of this user left: folders that no living process holds.

    Links are not followed, and what is another user's is not touched.
    """
    for left in pathlib.Path(tempfile.gettempdir()).glob("gate-*"):
        found = NAME.match(left.name)
        with contextlib.suppress(OSError):
            if not found or not _is_own(left) or _lives(int(found[1])):
                continue
            number = held(left)
            if number is None:
                continue
            try:
                _hang_up(left / CONTROL)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(number)


def _is_own(left: pathlib.Path) -> bool:
    found = left.lstat()
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.geteuid()
        and stat.S_IMODE(found.st_mode) == stat.S_IRWXU
    )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _hang_up(socket: pathlib.Path) -> None:
    """End an ssh connection that outlived its gate."""
    if not socket.is_socket():
        return
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(  # noqa: S603 - words of our own
            ["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "--", "gone"],  # noqa: S607
            env=environment("ssh"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=HANG_UP_S,
        )
