"""The mailbox: polled from the start on; what was read is marked as seen."""

from __future__ import annotations

import asyncio
import imaplib
import logging

from fastapi import FastAPI

from app.settings import mailbox, setting

EVERY_S = 60.0
TIMEOUT_S = 3.0
LOG = logging.getLogger("uvicorn.error")


def install(app: FastAPI) -> None:
    """Poll for as long as the application runs."""
    running: list[asyncio.Task[None]] = []

    async def begin() -> None:
        if mailbox() is not None:
            running.append(asyncio.create_task(poll()))

    async def end() -> None:
        for one in running:
            one.cancel()

    app.router.on_startup.append(begin)
    app.router.on_shutdown.append(end)


async def poll() -> None:
    """Read what is new, again and again."""
    while True:
        try:
            letters = await asyncio.to_thread(read)
        except (OSError, imaplib.IMAP4.error) as error:
            LOG.warning("the mailbox cannot be read: %r", error)
        else:
            LOG.info("mailbox: %d letters read", letters)
        await asyncio.sleep(EVERY_S)


def read() -> int:
    """Read the unseen letters, and mark them as seen; return how many."""
    host, port = mailbox() or ("", 0)
    with imaplib.IMAP4(host, port, timeout=TIMEOUT_S) as box:
        box.login(setting("IMAP_USER", "desk"), setting("IMAP_PASSWORD", "desk"))
        box.select("INBOX")
        _, found = box.search(None, "UNSEEN")
        numbers = found[0].split() if found and found[0] else []
        for number in numbers:
            box.fetch(number.decode(), "(RFC822)")
        return len(numbers)
