"""The gate itself, as its reports name it."""

from __future__ import annotations

import functools
import importlib.metadata

NAME = "atum-desk-gate"


@functools.cache
def version() -> str:
    """The installed version, or ``uninstalled`` where it runs from a bare folder."""
    try:
        return importlib.metadata.version(NAME)
    except importlib.metadata.PackageNotFoundError:
        return "uninstalled"
