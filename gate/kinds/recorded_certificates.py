"""Which ports of a host serve certificates, for the recorder.

Hands are shaken only where TLS is spoken or asked for by habit, or by the target itself, or where
a web server listens: what else listens might take the first bytes of TLS for something else.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene
from gate.kinds.units_there import asks
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.census import CENSUS, UNITS
from gate.sources.host.facts import Listener

TLS = (
    *(443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2376, 4443, 5061, 5671, 6443),
    *(6514, 8443, 8883, 9443, 10443),
)
"""Ports on which TLS is spoken from the first byte."""
ASKED_FOR = {25: "smtp", 587: "smtp", 110: "pop3", 143: "imap"}
"""Ports of mail on which TLS is asked for, in which protocol."""
PLAIN = (80, 8080, 8000)
SERVERS = ("nginx", "apache2", "httpd", "haproxy", "caddy", "traefik", "envoy", "lighttpd", "h2o")
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def name_of(names: Iterable[str]) -> str:
    """A name that a certificate can be asked for by: its first one; empty where it has none."""
    for one in names:
        name = one.replace("*.", "www.", 1) if one.startswith("*.") else one
        if HOST_NAME.fullmatch(name):
            return name
    return ""


def _names(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """Each such port, asked for by the names that the target reaches it by.

    Where it names none, by the host's own: what is served tells a better one.
    """
    del which
    listeners = scene.host.listeners
    if not isinstance(listeners, Seen):
        if isinstance(listeners, CannotTell):
            yield listeners
        return
    servers, name = _servers(scene), scene.host.identity.hostname
    asked = name if HOST_NAME.fullmatch(name) else "localhost"
    named = (one.before for one in scene.contract.promises.values() if one.kind == "certificate")
    known = {getattr(one, "port", None) for one in named}
    seen: set[int] = set()
    for one in sorted(listeners.value, key=lambda one: (one.port, one.family, one.address)):
        number = one.port - scene.target.port_offset
        names = _reached_by(scene, one.port)
        starttls = {} if names or number not in ASKED_FOR else {"starttls": ASKED_FOR[number]}
        speaks = number in TLS or starttls or names or _is_served(one, servers)
        if number in seen or not number > 0 or not speaks or (number in known and not names):
            continue  # by the host's own name nobody need ask where another name is known
        seen.add(number)
        where = {} if _is_local(one) else {"address": one.address.partition("%")[0]}
        for server in names or [asked]:
            called = str(number) if server == asked else f"{server} {number}"
            title = f"The certificate on port {number} is good"
            keys = {"title": title, "port": number, "name": server, "trusted": True}
            yield Recorded(called, {**keys, **where, **starttls})


def _reached_by(scene: Scene, port: int) -> list[str]:
    """The names by which the target's bases ask a port for TLS, each once; no bare addresses."""
    found: dict[str, None] = {}
    for base in scene.target.api.named.values():
        url = urlsplit(base.base)
        name = base.server_name or url.hostname or ""
        if url.scheme == "https" and (url.port or 443) == port and _is_name(name):
            found[name] = None
    return [*found]


def _is_name(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return HOST_NAME.fullmatch(text) is not None
    return False


def _servers(scene: Scene) -> set[str]:
    fact = scene.probed(CENSUS, UNITS)
    return {
        one.unit
        for one in (fact.value.units if isinstance(fact, Seen) else ())
        if posixpath.basename(one.executable) in SERVERS
    }


def _is_served(one: Listener, servers: set[str]) -> bool:
    held = one.units.value if isinstance(one.units, Seen) else ()
    return one.port not in PLAIN and bool(servers.intersection(held))


def _is_local(one: Listener) -> bool:
    """Whether it is reached at 127.0.0.1."""
    address = ipaddress.ip_address(one.address.partition("%")[0])
    return address.is_unspecified or str(address) == "127.0.0.1"


CERTIFICATES_THERE = Discovery(asks=asks, names=_names, doubtful=("trusted", "names", "issuer"))
