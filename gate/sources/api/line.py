"""The line to a base: the socket that leads there, and how TLS is spoken on it."""

from __future__ import annotations

import dataclasses
import os
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from gate.api import Base
from gate.connection.ssh import Forward
from gate.sources.api.trust import TrustError, context, usual
from gate.sources.api.values import MissingError
from gate.sources.fact import CannotTell
from gate.target import Target

PORTS = {"http": 80, "https": 443}
Ways = Mapping[str, "Forward | CannotTell"]
"""The forwards that lead to bases, by their names; why there is none."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """How requests reach a base.

    Attributes:
        base: The base.
        forward: The way there, where it is not reached by its address.
        tls: How TLS is spoken; ``None`` where it is not.
    """

    base: Base
    forward: Forward | None = None
    tls: ssl.SSLContext | None = None

    @property
    def uds(self) -> str | None:
        """The socket that leads there."""
        return str(self.forward.socket) if self.forward else None

    @property
    def address(self) -> str:
        """What addresses begin with."""
        return self.base.base.rstrip("/")

    @property
    def origins(self) -> tuple[tuple[str, str, int], ...]:
        """What it leads to, by its address and by the name that is asked for."""
        return origin(self.base.base), origin(self.base.base, self.base.server_name)

    def placed(self, url: str) -> str:
        """An address as it is reached on this line, where it is called by another name there."""
        parts = urlsplit(url)
        if self.base.server_name is None or origin(url) != self.origins[1]:
            return url
        return parts._replace(netloc=urlsplit(self.base.base).netloc).geturl()

    @property
    def host(self) -> str:
        """What the ``Host`` header says; empty where the address says it."""
        url = urlsplit(self.base.base)
        if self.base.server_name is None:
            return ""
        port = port_of(url)
        return self.base.server_name + ("" if port == PORTS[url.scheme] else f":{port}")


def line(target: Target, name: str, ways: Ways, environ: Mapping[str, str] = os.environ) -> Line:
    """The line to a base of a target.

    Raises:
        MissingError: There is none; the text says why.
    """
    try:
        base = target.api.at(name)
    except KeyError:
        raise MissingError(no_base(target, name)) from None
    if not base.base:
        raise MissingError(no_base(target, name))
    way = ways.get(name)
    if isinstance(way, CannotTell):
        raise MissingError(way.reason, way.cause)
    try:
        return Line(base=base, forward=way, tls=context(base, target.file, environ))
    except TrustError as error:
        table = f"api.bases.{name}" if name else "api"
        raise MissingError(f"{target.file}: [{table}] {error.key}: {error}") from error


def no_base(target: Target, name: str) -> str:
    """That a target has no base of a name, and which it has."""
    known = ", ".join(target.api.bases) or "none"
    if not name:
        return f"{target.file}: [api]: names no base of its own; known by name: {known}"
    return f"{target.file}: there is no [api.bases.{name}]; known: {known}"


def beyond(url: str, target: Target, ways: Ways, environ: Mapping[str, str]) -> Line | None:
    """The line to an address that another one led to; ``None`` where the target has none.

    Nobody but the target's own bases is asked, whatever a server says; and what a base without TLS
    leads to on its own name, with TLS.
    """
    wanted = origin(url)
    for name in ("", *target.api.bases):
        base = target.api.at(name)
        if base.base and origin(base.base, base.server_name) == wanted:
            return line(target, name, ways, environ)
    for name in ("", *target.api.bases):
        base = target.api.at(name)
        plain = urlsplit(base.base)
        name_there = (base.server_name or plain.hostname or "").lower()
        secure = ("https", name_there, PORTS["https"])
        if plain.scheme == "http" and port_of(plain) == PORTS["http"] and wanted == secure:
            address = plain.netloc.removesuffix(f":{PORTS['http']}")
            there = Base(base=f"https://{address}", server_name=base.server_name)
            return Line(base=there, tls=usual())
    return None


def origin(url: str, server_name: str | None = None) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454)."""
    parts = urlsplit(url)
    return parts.scheme, (server_name or parts.hostname or "").lower(), port_of(parts)


def port_of(url: SplitResult) -> int:
    """The port of an address."""
    return url.port or PORTS.get(url.scheme, 0)
