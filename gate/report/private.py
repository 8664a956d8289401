"""Folders and files of one's own: private unless told otherwise, never through a foreign link."""

from __future__ import annotations

import contextlib
import os
import pathlib
import stat
import time
from collections.abc import Iterator

from gate.errors import GateError
from gate.holding import held
from gate.target import Readers

MODES: dict[Readers, tuple[int, int]] = {
    "owner": (0o700, 0o600),
    "group": (0o750, 0o640),
    "all": (0o755, 0o644),
}
"""Of folders and of files, by who may read them."""

LOCK_WITHIN_S = 5.0
"""A folder of runs is locked for milliseconds; a holder that was stopped is not waited for."""


def own_folder(path: pathlib.Path, readers: Readers) -> None:
    """Have a real folder: made where it is missing, and never followed where it is a link.

    Raises:
        GateError: Something else is there.
        OSError: It cannot be made.
    """
    mode = MODES[readers][0]
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        what = "a symbolic link, which is not followed" if path.is_symlink() else "no folder"
        raise GateError(f"{path}: reports cannot be written here: it is {what}")
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)


def write(file: pathlib.Path, content: bytes, readers: Readers) -> None:
    """Write a file whole or not at all; a reader sees all of it, or the one before.

    Raises:
        OSError: It cannot be written; nothing is left of it.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb") as opened:
            opened.write(content)
            os.fchmod(opened.fileno(), MODES[readers][1])
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def seal(folder: pathlib.Path, readers: Readers) -> None:
    """Give everything below a folder its mode, links left alone."""
    of_folder, of_file = MODES[readers]
    for root, _, files in os.walk(folder):
        os.chmod(root, of_folder)  # noqa: PTH101 - there are thousands
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                if not os.path.islink(f"{root}/{name}"):  # noqa: PTH114
                    os.chmod(f"{root}/{name}", of_file)  # noqa: PTH101


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> Iterator[bool]:
    """Be the only gate that orders this folder; the value says whether that could be had."""
    until = time.monotonic() + LOCK_WITHIN_S
    number = held(folder)
    while number is None and time.monotonic() < until:
        time.sleep(0.01)
        number = held(folder)
    try:
        yield number is not None
    finally:
        if number is not None:
            os.close(number)
