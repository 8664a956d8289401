"""Certificates of a host, as they are served or stand in a file; of a key nothing is read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

import pydantic

from gate.sources.fact import Absent, CannotTell, Cause, Model
from gate.sources.host.each import Block, Bounded, blocks, each
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

HANDSHAKE_S = 4.0
"""How long a server may take for a handshake, in seconds."""
PEM = re.compile(
    r"^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----", re.MULTILINE
)
ERROR = re.compile(r":error:[^:]*:[^:]*:[^:]*:([^:\n]+)")
"""What OpenSSL says went wrong, in a line of its error queue."""
NOT_THERE = 127
NO_FILE = re.compile(r"^(?:\S*: )*.*(?:No such file or directory|Not a directory)$", re.MULTILINE)

Subject = tuple[str, str, int, str, str, str]
"""``file``, path, 0, and whose word is asked for; or ``port``, address, port, whose word, server
name, protocol. Whose word: a CA file, `THE_HOST`, or nobody's."""
THE_HOST = "the host"
"""Stands for the authorities that the host trusts."""
UNTRUSTING = "SSL_CERT_FILE=/dev/null SSL_CERT_DIR=/dev/null"
"""To read the authorities of a host takes several times as long as a handshake does: only where
somebody asks. What knows other ways to them (LibreSSL) reads them all the same."""


class Link(Model):
    """A certificate of the chain.

    Attributes:
        subject: Whose it is: its common name, or the whole name where it has none.
        since, until: First and last moment that it is good (UTC).
    """

    subject: str
    since: pydantic.AwareDatetime
    until: pydantic.AwareDatetime


class CertificateFacts(Model):
    """A certificate, with those that come with it.

    Attributes:
        names: DNS names and addresses that it is good for, as the certificate has them.
        issuer: Common name of who issued it, or the whole name where it has none.
        sha256: Its fingerprint.
        chain: Itself, and what comes with it, in order.
        verified: What OpenSSL says of the chain: ``ok``, or why not; empty where nobody asked.
    """

    names: tuple[str, ...]
    issuer: str
    sha256: str
    chain: tuple[Link, ...]
    verified: str = ""

    def is_for(self, name: str) -> bool:
        """Whether it is good for a name; ``*`` stands for one label, the first."""
        wanted = name.lower().rstrip(".")
        _, _, parent = wanted.partition(".")
        offered = {one.lower() for one in self.names}
        return wanted in offered or (bool(parent) and f"*.{parent}" in offered)


def script(subjects: Sequence[Subject]) -> str:
    """Read every file and shake hands with every server, side by side; nothing else is sent."""
    return each((_run(one) for one in subjects), HANDSHAKE_S)


def _run(subject: Subject) -> str | Bounded:
    """The command; a handshake needs no shell of its own."""
    if subject[0] == "file":
        return command(subject)
    trusting = "" if subject[3] else f"export {UNTRUSTING}; "
    return Bounded(f"{trusting}within {_handshake(subject)}")


def command(subject: Subject) -> str:
    """The command that shows a certificate; of a file that holds a key as well, no key."""
    how, place, _, whose, _, _ = subject
    if how == "file":
        file = shlex.quote(place)
        shown = f"sed -n '/^-----BEGIN CERTIFICATE/,/^-----END CERTIFICATE/p' {file}"
        if not whose:
            return shown
        verify = shlex.join(["openssl", "verify", *_trust(whose), "-untrusted", place, place])
        return f"{shown} && {{ {verify} 2>&1 | sed -n 's/^error .*: //p; s/^.*: OK$/ok/p' >&2; }}"
    return f"{'' if whose else f'{UNTRUSTING} '}{_handshake(subject)}"


def _handshake(subject: Subject) -> str:
    _, place, port, whose, name, starttls = subject
    where = f"[{place}]:{port}" if ":" in place else f"{place}:{port}"
    words = ["openssl", "s_client", "-showcerts", "-connect", where, "-servername", name]
    words += [*_trust(whose), *(["-starttls", starttls] if starttls else [])]
    return f"{shlex.join(words)} </dev/null"


def _trust(whose: str) -> list[str]:
    return ["-CAfile", whose] if whose not in ("", THE_HOST) else []


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, CertificateFacts | Absent | CannotTell]:
    """What was shown of each; one of which nothing came back is left out."""
    return {one: _shown(one, block) for one, block in blocks(section, subjects).items()}


def _shown(subject: Subject, block: Block) -> CertificateFacts | Absent | CannotTell:
    """What one command showed.

    Source:
        ``openssl s_client`` and ``openssl verify`` of OpenSSL 1.1.1 to 3.
    """
    where = subject[1] if subject[0] == "file" else f"{subject[1]}:{subject[2]}"
    text = block.text.replace("\r\n", "\n")
    if found := PEM.findall(text):
        return _read(where, found, _verified(subject[0], text) if subject[3] else "")
    if block.late:
        return CannotTell(f"{where}: no answer within {HANDSHAKE_S:g} s", Cause.TIMEOUT)
    if subject[0] == "file":
        return _no_file(where, block)
    return _unserved(where, block)


def _unserved(where: str, block: Block) -> Absent | CannotTell:
    if block.rc == NOT_THERE:
        return CannotTell("the host has no openssl to ask with", Cause.TOOL_MISSING)
    errors = list(dict.fromkeys(one.strip() for one in ERROR.findall(block.text)))
    if "Connection refused" in block.text:
        return Absent(f"{where}: connection refused")
    if "wrong version number" in errors:
        return Absent(f"{where}: what answers does not speak TLS")
    said = "; ".join(errors) or f"openssl s_client exited with {block.rc} and showed none"
    return CannotTell(f"{where}: no certificate: {said}", Cause.UPSTREAM)


def _no_file(where: str, block: Block) -> Absent | CannotTell:
    if block.rc and NO_FILE.search(block.text):
        return Absent(f"there is no file {where}")
    if "Permission denied" in block.text:
        return CannotTell(f"{where}: Permission denied", Cause.PERMISSION)
    said = block.text.strip()[:200] or "it was read, and nothing in it is a certificate"
    return CannotTell(f"{where}: {said}", Cause.UPSTREAM)


def _verified(how: str, text: str) -> str:
    rest = PEM.sub("", text)
    if how == "file":
        lines = [one.strip() for one in rest.splitlines() if one.strip()]
        return lines[0] if lines else ""
    if re.search(r"^ *Verify return code: 0 \(ok\)$", rest, re.MULTILINE):
        return "ok"
    match = re.search(r"^ *Verify return code: \d+ \((.+)\)$", rest, re.MULTILINE)
    return match[1] if match else ""


def _read(where: str, pems: Sequence[str], verified: str) -> CertificateFacts | CannotTell:
    """What certificates say of themselves."""
    # It takes longer to load than most looks do: only where a certificate is promised.
    from gate.sources.host import x509  # noqa: PLC0415

    try:
        found = [x509.Certificate(one) for one in dict.fromkeys(pems)]
    except ValueError as error:
        return CannotTell(f"{where}: a certificate cannot be read: {error}", Cause.UPSTREAM)
    chain = tuple(Link(subject=one.subject, since=one.since, until=one.until) for one in found)
    leaf = found[0]
    return CertificateFacts(
        names=leaf.names, issuer=leaf.issuer, sha256=leaf.sha256, chain=chain, verified=verified
    )


CERTIFICATES = Probe[Subject, CertificateFacts](
    name="gate.certificates", model=CertificateFacts, script=script, read=read, deadline_s=9.5
)
