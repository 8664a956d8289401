"""Certificates as a host serves them: for how long they are good, for which names, by whom issued.

A kind of promise for atum-desk-gate in one module; it uses nothing but public names of ``gate``.
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import pydantic
from cryptography import x509
from cryptography.x509.oid import NameOID

from gate.contract.item import Item, Moment, Name, Port
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    State,
    Told,
    always,
    no_references,
    not_seen,
    shown,
)
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Cause, Fact, known
from gate.sources.host.each import Block, blocks, each
from gate.sources.host.probe import AskProbe, Probe
from gate.sources.host.section import Section
from gate.target import Target

HANDSHAKE_S = 4.0
"""How long a server may take for a handshake, in seconds."""
PEM = re.compile(
    r"^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----$", re.MULTILINE
)
ERROR = re.compile(r":error:[^:]*:[^:]*:[^:]*:([^:\n]+)")
"""What OpenSSL says went wrong, in a line of its error queue."""
NOT_THERE = 127

Subject = tuple[str, int, str, str]
"""Address, port, server name, and the protocol that TLS is begun in; empty where it is at once."""


class Certificate(Item):
    """A TLS certificate as it is served on a port of the host.

    Attributes:
        port: TCP port, seen from the host itself.
        name: Server name that is asked for (SNI), and that the certificate must be good for.
        address: Address of the host that it is served on.
        starttls: Protocol in which TLS is asked for, where it is not spoken from the first byte.
        days_left: For how many days it must still be good, at least, by the host's clock.
        names: Further names that it must be good for.
        issuer: Common name of who issued it.
    """

    port: Port
    name: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
    address: Annotated[str, pydantic.Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.:-]*$")] = "127.0.0.1"
    starttls: Literal["smtp", "pop3", "imap", "ftp", "xmpp", "ldap", "postgres", "mysql"] | None = (
        None
    )
    days_left: Annotated[int, pydantic.Field(ge=1)] = 14
    names: tuple[Name, ...] = ()
    issuer: Name | None = None


class Served(pydantic.BaseModel):
    """What was served.

    Attributes:
        names: DNS names and addresses that it is good for, as the certificate has them.
        issuer: Common name of who issued it, or the whole name where it has none.
        since: First moment that it is good (UTC).
        until: Last one.
    """

    names: tuple[str, ...]
    issuer: str
    since: dt.datetime
    until: dt.datetime

    def is_for(self, name: str) -> bool:
        """Whether it is good for a name; ``*`` stands for one label, the first."""
        wanted = name.lower().rstrip(".")
        _, _, parent = wanted.partition(".")
        offered = {one.lower() for one in self.names}
        return wanted in offered or (bool(parent) and f"*.{parent}" in offered)


def script(subjects: Sequence[Subject]) -> str:
    """Shake hands with every server, side by side; nothing is sent to it but the handshake."""
    return each((command(one) for one in subjects), HANDSHAKE_S)


def command(subject: Subject) -> str:
    """The command that shows what is served; somebody can run it for himself, too."""
    address, port, name, starttls = subject
    where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    words = ["openssl", "s_client", "-connect", where, "-servername", name]
    words += ["-starttls", starttls] if starttls else []
    return f"{shlex.join(words)} </dev/null"


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, Served | Absent | CannotTell]:
    """Read what each server showed; a server of which nothing came back is left out."""
    return {one: served(one, block) for one, block in blocks(section, subjects).items()}


def served(subject: Subject, block: Block) -> Served | Absent | CannotTell:
    """What one handshake showed.

    Source:
        ``openssl s_client`` of OpenSSL 1.1.1 to 3.
    """
    where = f"{subject[0]}:{subject[1]}"
    if found := PEM.search(block.text):
        return certificate(where, found[0])
    if block.rc == NOT_THERE:
        return CannotTell("the host has no openssl to ask with", Cause.TOOL_MISSING)
    if block.late:
        return CannotTell(f"{where}: no handshake within {HANDSHAKE_S:g} s", Cause.TIMEOUT)
    errors = list(dict.fromkeys(one.strip() for one in ERROR.findall(block.text)))
    if "Connection refused" in block.text:
        return Absent(f"{where}: connection refused")
    if "wrong version number" in errors:
        return Absent(f"{where}: what answers does not speak TLS")
    said = "; ".join(errors) or f"openssl s_client exited with {block.rc} and showed none"
    return CannotTell(f"{where}: no certificate: {said}", Cause.UPSTREAM)


def certificate(where: str, pem: str) -> Served | CannotTell:
    """What a certificate says of itself."""
    try:
        one = x509.load_pem_x509_certificate(pem.encode())
        common = one.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        issuer = str(common[0].value) if common else one.issuer.rfc4514_string()
        return Served(
            names=names(one),
            issuer=issuer,
            since=one.not_valid_before_utc,
            until=one.not_valid_after_utc,
        )
    except ValueError as error:
        return CannotTell(f"{where}: its certificate cannot be read: {error}", Cause.UPSTREAM)


def names(one: x509.Certificate) -> tuple[str, ...]:
    """Names and addresses of a certificate; its common name has been none of them for long."""
    try:
        alternatives = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return (*alternatives.get_values_for_type(x509.DNSName), *map(str, addresses))


SERVED = Probe[Subject, Served](
    name="gate-certificate.served", model=Served, script=script, read=read, deadline_s=10.0
)


def subject_of(item: Certificate, target: Target) -> Subject:
    """What an item asks for."""
    return (item.address, target.port(item.port), item.name, item.starttls or "")


def find(promise: Promise, scene: Scene) -> Fact[Served]:
    """What was served for an item."""
    return scene.probed(SERVED, subject_of(scene.item(promise, Certificate), scene.target))


def compare(promise: Promise, scene: Scene) -> Finding:
    """Compare time, names and issuer."""
    item, found = scene.item(promise, Certificate), known(find(promise, scene))
    look = command(subject_of(item, scene.target))
    must = "no certificate" if item.absent else promised(item)
    if isinstance(found, Absent):
        broken = [] if item.absent else [f"no certificate: {found.proof}"]
        return Finding(promised=must, seen=found.proof, broken=tuple(broken), look=look)
    broken = ["a certificate is served"] if item.absent else differences(item, found, scene)
    return Finding(promised=must, seen=text(found), broken=tuple(broken), look=look)


def differences(item: Certificate, found: Served, scene: Scene) -> list[str]:
    """What of a certificate is not as it is promised."""
    now, left = scene.host.identity.clock, found.until - scene.host.identity.clock
    broken = []
    if found.since > now:
        broken.append(f"good only from {found.since:%Y-%m-%d %H:%M} UTC on")
    if left < dt.timedelta(0):
        broken.append(f"expired {(-left).days} days ago, on {found.until:%Y-%m-%d}")
    elif left < dt.timedelta(days=item.days_left):
        broken.append(f"good for only {left.days} more days")
    known = ", ".join(found.names) or "no name"
    wanted = dict.fromkeys((item.name, *item.names))
    broken += [f"not good for {one}, but for {known}" for one in wanted if not found.is_for(one)]
    if item.issuer is not None and item.issuer != found.issuer:
        broken.append(f"issued by {found.issuer}")
    return broken


def promised(item: Certificate) -> str:
    """The promise in short."""
    by = f", by {item.issuer}" if item.issuer else ""
    wanted = ", ".join(dict.fromkeys((item.name, *item.names)))
    return f"good for {item.days_left} more days, for {wanted}{by}"


def text(found: Served) -> str:
    """A certificate in short; it changes when another one is served, and never by itself."""
    known = ", ".join(found.names) or "no name"
    return f"until {found.until:%Y-%m-%d %H:%M} UTC, for {known}, by {found.issuer}"


def asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    """One question per item; items with the same subject share the answer."""
    item = promise.at(moment)
    return [AskProbe(SERVED, subject_of(item, target))] if isinstance(item, Certificate) else []


def fact(promise: Promise, scene: Scene) -> Found:
    """The evidence."""
    return find(promise, scene)


def state(promise: Promise, scene: Scene) -> Told:
    """What is compared from moment to moment."""
    found = find(promise, scene)
    return not_seen(found) if isinstance(found, (Absent, CannotTell)) else State(text(found.value))


def row(promise: Promise, scene: Scene) -> Cells:
    """Columns of the table in the documents."""
    item, found = scene.item(promise, Certificate), find(promise, scene)
    return {
        "Server": f"{item.name}:{scene.target.port(item.port)}",
        "Good until": shown(found, "absent", lambda one: f"{one.until:%Y-%m-%d}"),
        "Names": shown(found, "absent", lambda one: ", ".join(one.names)),
        "Issuer": shown(found, "absent", lambda one: one.issuer),
    }


KIND = Kind(
    name="handshake",
    chapter="handshakes",
    rank=25,
    model=Certificate,
    severity="critical",
    moments=always,
    asks=asks,
    find=fact,
    compare=compare,
    state=state,
    row=row,
    references=no_references,
)
