"""What all workers share: one kept connection, a cycle, a clean end."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg

from app.settings import asyncpg_url, worker_poll_s

BRACKETS = "%(asctime)s [%(levelname)s] %(name)s: %(message)s"
DASHES = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
BACK_OFF_S = (0.5, 1.0, 2.0, 5.0)
LOG = logging.getLogger("worker")
AWAY = (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""How it shows that the database is away."""


async def work(cycle: Callable[[asyncpg.Connection], Awaitable[bool]], every_s: float) -> None:
    """Run a worker's cycles until SIGTERM.

    Args:
        cycle: Does one piece of work and tells whether there may be more at once.
        every_s: How long it rests where there is no more.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    LOG.info("Worker started")
    failures = 0
    while not stopped.is_set():
        try:
            connection = await asyncpg.connect(asyncpg_url(), timeout=3)
            failures = 0
            await _cycles(connection, cycle, stopped, every_s)
        except AWAY as error:  # noqa: PERF203 - a worker goes on
            LOG.error("Worker crashed: %r; connecting again", error)  # noqa: TRY400 - one line per event
            await _pause(stopped, BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
            failures += 1
    LOG.info("Worker stopped")


async def _cycles(
    connection: asyncpg.Connection,
    cycle: Callable[[asyncpg.Connection], Awaitable[bool]],
    stopped: asyncio.Event,
    every_s: float,
) -> None:
    try:
        while not stopped.is_set():
            if not await cycle(connection):
                await _pause(stopped, every_s)
    finally:
        with suppress(*AWAY):
            await connection.close(timeout=1)


async def _pause(stopped: asyncio.Event, seconds: float) -> None:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(stopped.wait(), seconds)


def main(
    cycle: Callable[[asyncpg.Connection], Awaitable[bool]],
    form: str = BRACKETS,
    every_s: float | None = None,
) -> None:
    """Run a worker as a program; its log goes to standard error in a form of Python's logging."""
    logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(work(cycle, worker_poll_s() if every_s is None else every_s))
