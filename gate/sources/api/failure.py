"""What a request without an answer tells: of the host, or only of the way there."""

from __future__ import annotations

import errno

import httpcore

from gate.connection.ssh import Forward
from gate.secrets import known
from gate.sources.api.exchange import LateError
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


def unanswered(
    item: PromisedExchange, base: str, error: Exception, forward: Forward | None
) -> Absent | CannotTell:
    """Say what is known of an endpoint whose request failed.

    Args:
        item: What was asked.
        base: Where, for the text.
        error: One of `FAILURES`.
        forward: The way there.

    Returns:
        Absent where the host itself was seen not to answer: it refused, hung up, answered with
        what is no HTTP, or did not come to an end in time.
    """
    what = f"{item.method} {item.path}"
    obstacle = forward.obstacle() if forward else None
    if obstacle is not None:
        return CannotTell(f"{what}: {obstacle[1]}", obstacle[0])
    if forward is not None and forward.refused():
        return Absent(f"{what}: the host refuses connections to {forward.leads_to}")
    if isinstance(error, LateError):
        reason = f"no answer to {what} within {item.deadline_s:g} s: {error}"
        return Absent(reason) if error.reached else CannotTell(reason, Cause.TIMEOUT)
    if isinstance(error, TooMuchError):
        return CannotTell(f"{what}: {error}", Cause.UPSTREAM)
    reason = f"{what}: {type(error).__name__} at {base}: {details(error, forward)}"
    if _is_seen(error):
        return Absent(reason)
    late = isinstance(error, httpcore.TimeoutException)
    return CannotTell(reason, Cause.TIMEOUT if late else Cause.UNREACHABLE)


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
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno is not None:
            return seen.errno
        group = getattr(seen, "exceptions", None)
        seen = group[0] if group else (seen.__cause__ or seen.__context__)
    return None
