"""Host specs such as ``ssh://navi@hera``, taken apart: no piece of one can be a command."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

WAYS: dict[str, frozenset[str]] = {
    "local": frozenset(),
    "ssh": frozenset({"ssh_config", "ssh_identity_file"}),
    "docker": frozenset(),
    "podman": frozenset(),
    "ansible": frozenset({"ansible_inventory", "ssh_config", "ssh_identity_file"}),
    "kubectl": frozenset({"container", "namespace", "kubeconfig", "context"}),
}
"""The ways there are, each with what may stand behind its ``?``."""

ODD = re.compile(r"[\s'\"`$;&<>|(){}]")
"""What a shell could take for more than a word, on any way that ends in one."""
CONTAINER = re.compile(r"[A-Za-z0-9][\w.-]*")
POD = re.compile(r"(?:[a-z][a-z.]*/)?[A-Za-z0-9][\w.-]*")
"""Of kubectl: a pod's name, or ``deployment/name``."""


def check(spec: str) -> None:
    """Refuse a host spec that leads nowhere, or whose pieces are more than names.

    Raises:
        ValueError: The text says what is wrong with it.
    """
    way, sep, rest = spec.partition("://")
    if not sep or way not in WAYS:
        raise ValueError(
            "is no host spec: local://, ssh://user@host, docker://name, podman://name, "
            "kubectl://pod, ansible://host-or-group?ansible_inventory=file"
        )
    if not spec.isprintable():
        raise ValueError("holds characters that cannot be seen")
    if re.search(r"//[^/@:]*:[^/@]*@", spec):
        raise ValueError("holds a password: use an ssh key or agent")
    query = parse_qs(urlsplit(spec).query, keep_blank_values=True)
    for key in sorted(set(query) - WAYS[way]):
        known = ", ".join(sorted(WAYS[way])) or "nothing"
        raise ValueError(f"says {key!r} behind its '?': known of {way}:// is {known}")
    place = rest.partition("?")[0].rstrip("/")
    if way == "ssh":
        user, at, host = place.rpartition("@")
        name, port = _host_and_port(host)
        reach(unquote(name), unquote(user) if at else None, port)
    elif way == "ansible":
        if place.startswith("-"):
            raise ValueError(f"names the host {place!r}")
    elif way != "local":
        user, at, name = place.rpartition("@")
        container(unquote(name), unquote(user) if at else None, pods=way == "kubectl")


def reach(host: str, user: str | None, port: str | None) -> None:
    """Refuse a host's name, user or port that is more than that, wherever it was read.

    Raises:
        ValueError: The text names the piece.
    """
    if not host or host.startswith("-") or ODD.search(host) or "\\" in host or "," in host:
        raise ValueError(f"names the host {host!r}")
    _user(user)
    if port is not None and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 1 << 16):
        raise ValueError(f"names the port {port!r}")


def container(name: str, user: str | None, *, pods: bool = False) -> None:
    """Refuse a container's name or user that is more than that, wherever it was read.

    Raises:
        ValueError: The text names the piece.
    """
    if not (POD if pods else CONTAINER).fullmatch(name):
        raise ValueError(f"names the container {name!r}")
    _user(user)


def _user(user: str | None) -> None:
    if user is not None and (
        not user or user.startswith("-") or ODD.search(user) or user.endswith("\\")
    ):
        raise ValueError(f"names the user {user!r}")


def _host_and_port(text: str) -> tuple[str, str | None]:
    """``name:port``; an IPv6 address stands in brackets."""
    if text.startswith("["):
        name, bracket, behind = text[1:].partition("]")
        if not bracket or (behind and not behind.startswith(":")):
            raise ValueError(f"names the host {text!r}")
        return name, behind[1:] if behind else None
    name, colon, port = text.partition(":")
    return name, port if colon else None
