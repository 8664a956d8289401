"""What goes wrong on purpose with every answer, by a word in FAULT_FILE; nothing without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.settings import fault

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
PAGE = b"<html><body><h1>We are back soon</h1></body></html>"
DRIP_S = 0.5


class Wrong:
    """Stands between the server and the application."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        """Take the application."""
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as the fault has it, or as the application does."""
        word, _, value = fault().partition(":")
        if scope["type"] != "http" or word not in WORDS:
            await self._app(scope, receive, send)
            return
        where, _, value = value.partition("=")
        method, _, prefix = where.rpartition(" ")
        if not scope["path"].startswith(prefix) or method not in ("", scope["method"]):
            await self._app(scope, receive, send)
            return
        await WORDS[word](self._app, scope, receive, send, value)


async def _page(_app: Any, _scope: Message, _receive: Receive, send: Send, _value: str) -> None:
    """An error page with status 200."""
    await _answer(send, 200, PAGE, b"text/html")


async def _status(_app: Any, _scope: Message, _receive: Receive, send: Send, value: str) -> None:
    """Another status."""
    await _answer(send, int(value), json.dumps({"detail": "on purpose"}).encode())


async def _body(_app: Any, _scope: Message, _receive: Receive, send: Send, value: str) -> None:
    """Another body, with status 200."""
    await _answer(send, 200, value.encode())


async def _slow(app: Any, scope: Message, receive: Receive, send: Send, value: str) -> None:
    """The right answer, later."""
    await asyncio.sleep(float(value))
    await app(scope, receive, send)


async def _short(_app: Any, _scope: Message, _receive: Receive, send: Send, _value: str) -> None:
    """A body that ends before the length that was announced."""
    await send(_start(200, b"application/json", 1000))
    await send({"type": "http.response.body", "body": b'{"status"', "more_body": True})
    raise ConnectionResetError


async def _drip(_app: Any, _scope: Message, receive: Receive, send: Send, _value: str) -> None:
    """A byte now and then, for as long as somebody listens."""
    await send(_start(200, b"application/json", None))
    while True:
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        try:
            message = await asyncio.wait_for(receive(), DRIP_S)
        except asyncio.TimeoutError:
            continue
        if message["type"] == "http.disconnect":
            return


async def _flood(_app: Any, _scope: Message, _receive: Receive, send: Send, _value: str) -> None:
    """More than anybody wants to read."""
    await send(_start(200, b"application/json", None))
    for _ in range(512):
        await send({"type": "http.response.body", "body": b" " * (1 << 20), "more_body": True})


async def _type(app: Any, scope: Message, receive: Receive, send: Send, value: str) -> None:
    """The right body under another content type."""

    async def other(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [one for one in message["headers"] if one[0].lower() != b"content-type"]
            message = {**message, "headers": [*kept, (b"content-type", value.encode())]}
        await send(message)

    await app(scope, receive, other)


async def _answer(send: Send, status: int, body: bytes, kind: bytes = b"application/json") -> None:
    await send(_start(status, kind, len(body)))
    await send({"type": "http.response.body", "body": body})


def _start(status: int, kind: bytes, length: int | None) -> Message:
    headers = [(b"content-type", kind)]
    headers += [(b"content-length", str(length).encode())] if length is not None else []
    return {"type": "http.response.start", "status": status, "headers": headers}


WORDS = {
    "page": _page,
    "status": _status,
    "body": _body,
    "slow": _slow,
    "short": _short,
    "drip": _drip,
    "flood": _flood,
    "type": _type,
}
"""``page:/path``, ``status:/path=500``, ``body:GET /path={}``, ``slow:/path=2``, and others."""
