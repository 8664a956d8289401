"""What packages from outside add by entry points."""

from __future__ import annotations

import functools
import sys
from importlib import metadata
from typing import Any


def named(group: str) -> tuple[metadata.EntryPoint, ...]:
    """The entry points of a group, in the order of the installed packages."""
    return tuple(_installed(tuple(sys.path)).select(group=group))


@functools.lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> Any:
    """Those of every group on a path: to find them, files of every package there are read."""
    del path
    return metadata.entry_points()
