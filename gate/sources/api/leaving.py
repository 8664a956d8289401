"""Leave what is under way where the run was interrupted: an answer can take a minute."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from gate.connection.obstacle import INTERRUPTED, POLL_S
from gate.sources.api.exchange import CLEAN_UP_S
from gate.sources.fact import CannotTell, Cause

T = TypeVar("T")


async def unless(interrupted: threading.Event, doing: Coroutine[Any, Any, T]) -> T | CannotTell:
    """Do something to its end, or tell that the run was interrupted meanwhile."""
    task = asyncio.create_task(doing)
    while not task.done():
        await asyncio.wait({task}, timeout=POLL_S)
        if interrupted.is_set() and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=2 * CLEAN_UP_S)
            return CannotTell(INTERRUPTED, Cause.UPSTREAM)
    return task.result()
