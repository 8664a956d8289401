"""The network of one request: every byte that comes is counted, and so is the time to connect.

httpx and httpcore limit the time of a single read; a peer that sends one byte a second never
exceeds that, and no limit of theirs counts bytes. What limits the whole is `exchange.exchange`.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from gate.sources.api.resolve import addresses

HEAD_LIMIT = 128 * 1024
"""Bytes of an answer's status line and headers, of all interim (1xx) answers before it, and beyond
the body's own, of what frames it."""
READ_AT_ONCE = 16 * 1024
"""The loop is asked between two reads, so that many small pieces do not keep it for long."""

Option = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class TooMuchError(Exception):
    """The peer sent more than is read of one answer; the text says of what."""


class Meter:
    """What one request has come to.

    Attributes:
        phase: What is under way, for the reason where it ends there.
        reached: Whether the peer took the connection (with TLS where it is due).
        came: Bytes that came so far.
        allowed: Bytes that may come; more when the head is through.
        body_began: When the first byte of the body came, by `time.perf_counter`; 0 before.
    """

    def __init__(self, connect_s: float) -> None:
        """Begin; so many seconds are left for the name, the connection and TLS."""
        self.phase = "connecting"
        self.reached = False
        self.came = 0
        self.allowed = HEAD_LIMIT
        self.body_began = 0.0
        self._connected_by = time.monotonic() + connect_s

    def to_connect(self) -> float:
        """Seconds that are left for connecting; never none, so that the reason is a time-out."""
        return max(0.001, self._connected_by - time.monotonic())

    def connected(self) -> None:
        """The peer is there; what comes next is its answer."""
        self.phase, self.reached = "waiting for the answer", True

    def count(self, size: int) -> None:
        """Count what came.

        Raises:
            TooMuchError: It is more than allowed.
        """
        self.came += size
        if self.came > self.allowed:
            raise TooMuchError(f"more than {self.allowed:,} bytes came while {self.phase}")

    def body_comes(self) -> None:
        """Something of the body is there."""
        self.body_began = self.body_began or time.perf_counter()

    def head_is_through(self, max_bytes: int) -> None:
        """From now on the body comes."""
        self.phase = "reading its body"
        self.allowed = self.came + max_bytes + HEAD_LIMIT


class Network(httpcore.AsyncNetworkBackend):
    """Connects as httpcore does, within the meter's time and with its count."""

    def __init__(self, meter: Meter) -> None:
        """Count on a meter."""
        self._meter = meter
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Option] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a name that takes the connection."""
        del timeout
        self._meter.phase = f"looking up {host}"
        try:
            found = await addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for number, address in enumerate(found):
            self._meter.phase = f"connecting to {address} port {port}"
            left = self._meter.to_connect() / (len(found) - number)
            try:
                stream = await self._inner.connect_tcp(
                    address, port, left, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            self._meter.connected()
            return Counted(stream, self._meter)
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Option] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a socket of this machine."""
        del timeout
        stream = await self._inner.connect_unix_socket(
            path, self._meter.to_connect(), socket_options
        )
        self._meter.connected()
        return Counted(stream, self._meter)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)


class Counted(httpcore.AsyncNetworkStream):
    """A stream whose incoming bytes are counted."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, meter: Meter) -> None:
        """Count another stream's bytes."""
        self._inner, self._meter = inner, meter

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        data = await self._inner.read(min(max_bytes, READ_AT_ONCE), timeout)
        self._meter.count(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Go on with TLS, within what is left for connecting."""
        del timeout
        self._meter.phase, self._meter.reached = "the TLS handshake", False
        left = self._meter.to_connect()
        stream = await self._inner.start_tls(ssl_context, server_hostname, left)
        self._meter.connected()
        return Counted(stream, self._meter)

    def get_extra_info(self, info: str) -> Any:
        """What the inner stream says of itself."""
        return self._inner.get_extra_info(info)
