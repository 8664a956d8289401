"""One request and its answer, within a deadline and a number of bytes, whatever the peer does."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Coroutine
from typing import TypeVar
from urllib.parse import urlsplit

import httpcore
import httpx

from gate.sources.api.inflate import Inflater
from gate.sources.api.line import Line, port_of
from gate.sources.api.wire import Meter, Network, TooMuchError

T = TypeVar("T")

CLEAN_UP_S = 0.7
"""How long a request that is given up may take to close its connection."""
PIECES = 10_000
"""Pieces that a body may come in; each costs time, however small it is."""
AT_ONCE = 256
"""After so many pieces others have their turn: one read may bring ten thousand of a byte each."""


class _OverError(Exception):
    """The time of something was over."""


class LateError(Exception):
    """The deadline was over.

    Attributes:
        reached: Whether the peer had taken the connection.
    """

    def __init__(self, phase: str, *, reached: bool) -> None:
        """Keep what was under way."""
        super().__init__(phase)
        self.reached = reached


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may take.

    Attributes:
        deadline_s: Seconds from its begin to the last byte.
        connect_s: Of these for the name, the connection and TLS.
        max_bytes: Of the body, as it comes and unpacked.
    """

    deadline_s: float
    connect_s: float
    max_bytes: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reply:
    """What a request was answered with.

    Attributes:
        headers: In their order, names in lower case.
        body: Unpacked.
        unread: Why the body is not whole; empty where it is.
        elapsed_s: Seconds from the begin to the last byte.
        first_byte_s: The same to the first byte of the body; to its last where it has none.
        http_version: That was spoken, such as ``1.1``.
        certificate: That was served, in DER; empty where TLS was not spoken.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    unread: str
    elapsed_s: float
    first_byte_s: float = 0.0
    http_version: str = ""
    certificate: bytes = b""

    def header(self, name: str) -> str:
        """The first header of a name; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")


async def exchange(request: httpx.Request, limits: Limits, line: Line) -> Reply:
    """Send a request on a connection of its own, and read its answer.

    A kept connection may be closed by the server just as it is used again, which would look like a
    broken endpoint; and with a server without TCP_NODELAY every answer on it waits 40 ms for this
    side's delayed acknowledgement.

    Args:
        request: What to send.
        limits: What it may take.
        line: The line to the base that it is sent to.

    Raises:
        LateError: The deadline was over before the last byte came.
        TooMuchError: The head alone was more than is read.
        httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError: As they say.
    """
    meter, started = Meter(min(limits.connect_s, limits.deadline_s)), time.perf_counter()
    try:
        reply = await _within(_exchange(request, limits, line, meter), limits.deadline_s)
    except _OverError:
        came = f" ({meter.came:,} bytes had come)" if meter.came else ""
        raise LateError(meter.phase + came, reached=meter.reached) from None
    elapsed = time.perf_counter() - started
    first = meter.body_began - started if meter.body_began else elapsed
    return dataclasses.replace(reply, elapsed_s=elapsed, first_byte_s=first)


async def connected(address: str, limits: Limits) -> None:
    """Connect to an address, and send nothing.

    Raises:
        LateError: The deadline was over.
        httpcore.ConnectError, httpcore.ConnectTimeout: Nobody took the connection.
    """
    meter, url = Meter(min(limits.connect_s, limits.deadline_s)), urlsplit(address)

    async def connect() -> None:
        stream = await Network(meter).connect_tcp(url.hostname or "", port_of(url))
        await stream.aclose()

    try:
        await _within(connect(), limits.deadline_s)
    except _OverError:
        raise LateError(meter.phase, reached=meter.reached) from None


async def _within(doing: Coroutine[object, object, T], seconds: float) -> T:
    """Do something, and leave it when the time is over, also where it does not end when told to.

    Raises:
        _OverError: The time was over.
    """
    task = asyncio.ensure_future(doing)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
        raise _OverError
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CLEAN_UP_S)


async def _exchange(request: httpx.Request, limits: Limits, line: Line, meter: Meter) -> Reply:
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    connection = httpcore.AsyncHTTPConnection(
        url.origin,
        ssl_context=line.tls,
        http2=line.base.http2,
        uds=line.uds,
        network_backend=Network(meter),
    )
    try:
        response = await connection.handle_async_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.content,
                extensions={"sni_hostname": line.base.server_name} if line.base.server_name else {},
            )
        )
        spoken = response.extensions.get("http_version", b"HTTP/1.1").decode("ascii", "replace")
        served = _certificate(response)
        meter.head_is_through(limits.max_bytes)
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in response.headers
        )
        body, unread = await _body(response, headers, limits.max_bytes, meter)
    finally:
        await connection.aclose()
    return Reply(
        url=str(request.url),
        status=response.status,
        headers=headers,
        body=body,
        unread=unread,
        elapsed_s=0,
        http_version=spoken.removeprefix("HTTP/"),
        certificate=served,
    )


def _certificate(response: httpcore.Response) -> bytes:
    """The certificate that a peer has served; empty where it speaks no TLS."""
    stream = response.extensions.get("network_stream")
    session = stream.get_extra_info("ssl_object") if stream is not None else None
    return (session.getpeercert(binary_form=True) or b"") if session is not None else b""


async def _body(
    response: httpcore.Response,
    headers: tuple[tuple[str, str], ...],
    max_bytes: int,
    meter: Meter,
) -> tuple[bytes, str]:
    """Read a body; the text says why it is not whole."""
    inflater = Inflater(headers, max_bytes)
    pieces = 0
    try:
        async for piece in response.aiter_stream():
            pieces += 1
            meter.body_comes()
            if pieces > PIECES:
                return b"", f"it came in more than {PIECES:,} pieces"
            if not inflater.feed(piece):
                break
            if pieces % AT_ONCE == 0:
                await asyncio.sleep(0)
    except TooMuchError:
        return b"", f"more than {max_bytes:,} bytes"
    finally:
        await response.aclose()
    return inflater.end()
