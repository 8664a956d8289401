"""Who holds a folder: a lock on the folder itself, which the system lets go of with the process."""

from __future__ import annotations

import fcntl
import os
import pathlib


def held(folder: pathlib.Path) -> int | None:
    """Hold a folder as its living owner, until the returned descriptor is closed.

    The system lets go of it when the process ends, whatever ends it.

    Returns:
        ``None`` where a living process holds it, or where nobody can tell.
    """
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        return None
    return number
