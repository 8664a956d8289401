"""Wait until an endpoint answers: each attempt has a deadline of its own, and all have one."""

from __future__ import annotations

import asyncio
import os
import threading
import time

from gate.connection.obstacle import INTERRUPTED, POLL_S
from gate.connection.ssh import Forward
from gate.sources.api.exchange import CLEAN_UP_S, LateError, Limits, exchange
from gate.sources.api.failure import FAILURES, details
from gate.sources.api.line import line
from gate.sources.api.promised import READING, PromisedExchange
from gate.sources.api.request import build
from gate.sources.api.values import MissingError
from gate.sources.fact import CannotTell
from gate.target import Target


def wait_for(
    target: Target,
    endpoint: PromisedExchange,
    limit_s: float,
    way: Forward | CannotTell | None = None,
    interrupted: threading.Event | None = None,
) -> str:
    """Wait until an endpoint that needs no login answers with its promised status.

    Args:
        target: Where the API is.
        endpoint: What to ask; it only reads, since it is asked again and again.
        limit_s: How long, in seconds.
        way: The forward to its base, where that is reached through the host.
        interrupted: Set, by another thread, when there is no need to go on.

    Returns:
        Nothing, or what it answered last when the time was over.
    """
    if endpoint.writes or endpoint.method not in READING:
        return f"{endpoint.method} {endpoint.path} writes: it is not asked again and again"
    until = time.monotonic() + limit_s
    stop = interrupted or threading.Event()
    while True:
        last = asyncio.run(_attempt(target, endpoint, until, way, stop))
        if last == str(endpoint.status):
            return ""
        if stop.is_set():
            return INTERRUPTED
        if time.monotonic() >= until:
            url = target.api.at(endpoint.base).base + endpoint.path
            return f"{endpoint.method} {url} did not answer {endpoint.status}: {last}"
        stop.wait(POLL_S)


async def _attempt(
    target: Target,
    endpoint: PromisedExchange,
    until: float,
    way: Forward | CannotTell | None,
    stop: threading.Event,
) -> str:
    """One attempt; the status, or why there was none."""
    left = min(target.deadlines.connect_s, max(POLL_S, until - time.monotonic()))
    limits = Limits(deadline_s=left, connect_s=left, max_bytes=endpoint.max_bytes)
    try:
        to = line(target, endpoint.base, {endpoint.base: way} if way is not None else {})
        asking = exchange(build(endpoint, target, os.environ, line=to), limits, to)
        task = asyncio.ensure_future(asking)
        while not task.done():
            await asyncio.wait({task}, timeout=POLL_S)
            if stop.is_set() and not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=2 * CLEAN_UP_S)
                return INTERRUPTED
        return str(task.result().status)
    except LateError as error:
        return f"no answer within {left:.3g} s: {error}"
    except FAILURES as error:
        return (
            f"{type(error).__name__}: {details(error, way if isinstance(way, Forward) else None)}"
        )
    except MissingError as error:
        return str(error)
