"""What a request without an answer tells: of the host, or only of the way there."""

from __future__ import annotations

import dataclasses
import errno
import ssl
from typing import TypeVar
from urllib.parse import urlsplit

import httpcore

from gate.connection.ssh import Forward
from gate.secrets import known
from gate.sources.api.exchange import LateError, Limits
from gate.sources.api.line import Line
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.wire import TooMuchError
from gate.sources.fact import Absent, CannotTell, Cause

FAILURES = (
    LateError,
    TooMuchError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
"""Every way in which `exchange` ends without a reply."""

LATE = (LateError, httpcore.TimeoutException)
"""Those of them that a deadline brought about."""
STOOD_STILL, STOOD_STILL_S = 0.25, 1.0
"""A deadline of which the gate itself slept through that share and so many seconds (on a machine
that was paused, say) tells nothing of the target."""
MOST = 0.5
"""Nor does the shorter one of a connection of which it slept through that share."""


NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT)
"""What a firewall that says no comes to, as well as a way that is down."""
STRANGERS = (18, 19, 20, 21)
"""OpenSSL's words for a chain that leads to nobody who is trusted."""


@dataclasses.dataclass(frozen=True)
class Silent(CannotTell):
    """Nothing came back from an address: it is dropped on the way, or the way is down."""


def slept_through(error: Exception, stood_s: float, limits: Limits) -> bool:
    """Whether a deadline tells nothing, since the gate itself stood still for too much of it.

    Args:
        error: One of `FAILURES`; what no deadline brought about tells what it tells.
        stood_s: Seconds for which the gate stood still meanwhile.
        limits: What the request might take: a connection has a deadline of its own.
    """
    if not isinstance(error, LATE):
        return False
    if not isinstance(error, httpcore.ConnectTimeout):
        return stood_s > max(limits.deadline_s * STOOD_STILL, STOOD_STILL_S)
    limit_s = min(limits.deadline_s, limits.connect_s)
    return stood_s > max(limit_s * STOOD_STILL, min(limit_s * MOST, STOOD_STILL_S))


def unanswered(item: PromisedExchange, error: Exception, line: Line) -> Absent | CannotTell:
    """Say what is known of an endpoint whose request failed.

    Args:
        item: What was asked.
        error: One of `FAILURES`.
        line: The line to its base.

    Returns:
        Absent where the host itself was seen not to answer: it refused, hung up, answered with
        what is no HTTP or no TLS, or did not come to an end in time; or its certificate is not good
        for it.
    """
    forward = line.forward
    what = f"{item.method} {item.path}"
    obstacle = forward.obstacle() if forward else None
    if obstacle is not None:
        return CannotTell(f"{what}: {obstacle[1]}", obstacle[0])
    if forward is not None and forward.refused():
        return Absent(f"{what}: the host refuses connections to {forward.leads_to}")
    if isinstance(error, LateError):
        return _late(f"no answer to {what} within {item.deadline_s:g} s: {error}", error, line)
    if isinstance(error, TooMuchError):
        return CannotTell(f"{what}: {error}", Cause.UPSTREAM)
    tls = _caused_by(error, ssl.SSLError)
    if tls is not None:
        return _of_tls(what, tls, line)
    return _of_network(what, error, line)


def _of_network(what: str, error: Exception, line: Line) -> Absent | CannotTell:
    """Whoever refused, or hung up in the middle, was seen to; silence tells nothing by itself."""
    forward = line.forward
    reason = f"{what}: {type(error).__name__} at {line.address}: {details(error, forward)}"
    if _is_seen(error):
        return Absent(reason)
    late = isinstance(error, httpcore.TimeoutException)
    silent = forward is None and (late or _errno(error) in NO_WAY)
    cause = Cause.TIMEOUT if late else Cause.UNREACHABLE
    return (Silent if silent else CannotTell)(reason, cause)


def _late(reason: str, error: LateError, line: Line) -> Absent | CannotTell:
    """Whoever had taken the connection did not answer; where nobody did, it may be the way."""
    if error.reached:
        return Absent(reason)
    silent = line.forward is None and str(error).startswith("connecting to")
    return (Silent if silent else CannotTell)(reason, Cause.TIMEOUT)


def _of_tls(what: str, error: ssl.SSLError, line: Line) -> Absent | CannotTell:
    """Whoever serves a certificate that is not good, or no TLS, was seen to do so.

    A chain that leads to nobody who is trusted proves that only where it is said whom to trust.
    """
    name = line.base.server_name or urlsplit(line.base.base).hostname
    if isinstance(error, ssl.SSLCertVerificationError):
        said = known.first(error.verify_message, 200)
        reason = f"{what}: the certificate at {line.address} is not good for {name}: {said}"
        if error.verify_code in STRANGERS and line.base.ca_file is None:
            return CannotTell(
                f"{reason}: its issuer is no public authority: name it as ca_file beside the base",
                Cause.UPSTREAM,
            )
        return Absent(reason)
    said = (error.reason or str(error)).replace("_", " ").lower()
    return Absent(f"{what}: no TLS with {line.address}: {known.first(said, 200)}")


F = TypeVar("F", bound=BaseException)


def _caused_by(error: BaseException, kind: type[F]) -> F | None:
    """The error of a kind behind another one."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kind):
        group = getattr(seen, "exceptions", None)
        seen = group[0] if group else (seen.__cause__ or seen.__context__)
    return seen


def details(error: Exception, forward: Forward | None) -> str:
    """What an error says; the end of a forward is called as the host calls it, not by its file."""
    text = str(error)
    if forward is not None:
        text = text.replace(repr(str(forward.socket)), f"{forward.leads_to} on the host")
        text = text.replace(str(forward.socket), f"{forward.leads_to} on the host")
    return known.first(text, 200) or "no details"


def _is_seen(error: Exception) -> bool:
    """Whether the host itself gave this answer: it refused, or hung up in the middle."""
    if isinstance(error, httpcore.ConnectError):
        return _errno(error) == errno.ECONNREFUSED
    return isinstance(
        error, (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)
    )


def _errno(error: BaseException) -> int | None:
    """The operating system's error number behind an error."""
    seen = _caused_by(error, OSError)
    while seen is not None and seen.errno is None:
        inner = seen.__cause__ or seen.__context__
        seen = _caused_by(inner, OSError) if inner is not None else None
    return seen.errno if seen is not None else None
