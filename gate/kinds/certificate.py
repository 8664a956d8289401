"""Certificates, as a host serves them or keeps them: how long they are good, for whom, by whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.item import AbsolutePath, Days, Item, Name, Port, Yes
from gate.duration import number, still
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.recorded_certificates import CERTIFICATES_THERE, name_of
from gate.kinds.scene import Scene
from gate.rule import Both, Has, Not, Rule, Some, exactly_one
from gate.sources.fact import CannotTell, Cause
from gate.sources.host.certificates import (
    CERTIFICATES,
    THE_HOST,
    CertificateFacts,
    Subject,
    command,
)
from gate.target import Target

HostName = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]


class Certificate(Item):
    """A TLS certificate, as it is served on a port of the host, or as it stands in a file.

    Attributes:
        file: PEM file with the certificate first, and those that come with it; a key in it is let
            alone.
        port: TCP port that it is served on, seen from the host itself.
        name: Server name that is asked for (SNI), and that the certificate must be good for.
        address: Address of the host that it is served on.
        starttls: Protocol in which TLS is asked for, where it is not spoken from the first byte.
        days_left: For how many days it, and all that come with it, must still be good, at least,
            by the host's clock; 0.1 of one that is good for hours.
        names: Names that it must be good for, too.
        issuer: Common name of who issued it.
        sha256: Its fingerprint.
        trusted: The chain must lead to an authority that the host trusts, or that is in ca_file.
        ca_file: File of the host with the authorities that are to be trusted.
    """

    file: AbsolutePath | None = None
    port: Port | None = None
    name: HostName | None = None
    address: Annotated[str, pydantic.Field(pattern=r"^(::|[0-9A-Za-z])[0-9A-Za-z.:-]*$")] = (
        "127.0.0.1"
    )
    starttls: Literal["smtp", "pop3", "imap", "ftp", "xmpp", "ldap", "postgres", "mysql"] | None = (
        None
    )
    days_left: Days = 14
    names: tuple[Name, ...] = ()
    issuer: Name | None = None
    sha256: Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    trusted: Yes | None = None
    ca_file: AbsolutePath | None = None

    RULES = (
        exactly_one("file", "port"),
        Rule(
            Both(Has("port"), Has("name")),
            "port and name go together; what a file is good for stands in names",
        ),
        Rule(Some(Not(Has("ca_file")), Has("trusted")), "ca_file goes with trusted = true"),
    )


def _subject(item: Certificate, target: Target) -> Subject:
    whose = THE_HOST if item.trusted else ""
    if item.ca_file:
        whose = target.placed(item.ca_file)
    if item.file:
        return ("file", target.placed(item.file), 0, whose, "", "")
    port = target.port(item.port or 0)
    return ("port", item.address, port, whose, item.name or "", item.starttls or "")


def _differs(
    item: Certificate, found: CertificateFacts, scene: Scene
) -> Iterator[str | CannotTell]:
    now = scene.host.identity.clock
    for place, one in enumerate(found.chain):
        whose, left = f"{one.subject}: " if place else "", one.until - now
        if one.since > now:
            yield f"{whose}good only from {one.since:%Y-%m-%d %H:%M} UTC on"
        if left < dt.timedelta(0):
            yield f"{whose}expired {(-left).days} days ago, on {one.until:%Y-%m-%d}"
        elif left < dt.timedelta(days=item.days_left):
            yield f"{whose}good for only {still(left)}"
    names = ", ".join(found.names) or "no name"
    yield from (
        f"not good for {one}, but for {names}" for one in _wanted(item) if not found.is_for(one)
    )
    if item.issuer is not None and item.issuer != found.issuer:
        yield f"issued by {found.issuer}"
    if item.sha256 is not None and item.sha256 != found.sha256:
        yield f"its fingerprint is {found.sha256}"
    if item.trusted and not found.verified:
        yield CannotTell("openssl says nothing of the chain", Cause.UPSTREAM)
    elif item.trusted and found.verified != "ok":
        yield f"it is not to be trusted: {found.verified}"


def _wanted(item: Certificate) -> list[str]:
    return list(dict.fromkeys([*([item.name] if item.name else []), *item.names]))


def _text(found: CertificateFacts) -> str:
    names = ", ".join(found.names) or "no name"
    return f"until {found.chain[0].until:%Y-%m-%d %H:%M} UTC, for {names}, by {found.issuer}"


def _called(item: Certificate) -> str:
    return f"certificate {item.file}" if item.file else f"certificate of {item.name}:{item.port}"


def _keys(item: Certificate, found: CertificateFacts) -> Mapping[str, Any]:
    given = item.model_dump(mode="json", exclude_defaults=True, exclude={*Item.model_fields})
    return {**given, "names": list(found.names) or None, "issuer": found.issuer}


def _floor(found: CertificateFacts) -> float:
    """A sixth of the shortest life in the chain, where that is less than what is promised else.

    Those who renew by themselves do it with a third of the life left (Caddy, certbot, step-ca).
    """
    sixth = min(one.until - one.since for one in found.chain) / 6 / dt.timedelta(days=1)
    usual = float(Certificate.model_fields["days_left"].default)
    return min(usual, float(f"{sixth:.2g}"))


def _discovered(item: Certificate, found: CertificateFacts, scene: Scene) -> Mapping[str, Any]:
    """Asked for by a name of its own; with the days that are left at least, whatever they are."""
    del scene
    keys = _keys(item, found)
    return {
        **keys,
        "name": name_of(found.names) or item.name,
        "days_left": _floor(found),
        "trusted": True if found.verified == "ok" else None,
    }


KIND = HostKind(
    name="certificate",
    chapter="certificates",
    rank=25,
    model=Certificate,
    probe=CERTIFICATES,
    subject=_subject,
    called=_called,
    promised=lambda item: listed(
        good_for=f"{number(item.days_left)} more days",
        for_=_wanted(item),
        by=item.issuer,
        sha256=item.sha256,
        trusted=item.trusted,
    ),
    differs=_differs,
    text=_text,
    columns={
        "Good until": lambda one: f"{one.chain[0].until:%Y-%m-%d}",
        "Names": lambda one: ", ".join(one.names),
        "Issuer": lambda one: one.issuer,
    },
    look=lambda item, target: command(_subject(item, target)),
    keys=_keys,
    discover=CERTIFICATES_THERE,
    discovered=_discovered,
    severity="critical",
).kind
