"""Sessions: a unit is connected to the database, and none of its sessions hangs."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Annotated

import pydantic

from gate.contract.item import Item, Moment, Name, Seconds
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding, Here
from gate.kinds.kind import (
    Cells,
    Found,
    Kind,
    Promises,
    always,
    no_state,
)
from gate.kinds.pasted import on_host, psql
from gate.kinds.port import no_such_unit
from gate.kinds.scene import Scene
from gate.kinds.sessions_of import nobody, questions_of, sessions_of, young
from gate.sources.database.sessions import SessionFacts
from gate.sources.fact import CannotTell, Cause
from gate.sources.host.connections import CONNECTIONS
from gate.target import Target

ABORTED = "idle in transaction (aborted)"
IDLE = "idle in transaction"
DISABLED = "disabled"
ABORTED_S = 1.0
"""Between the error and its rollback a session is in this state, too."""


class Session(Item):
    """The database sessions of a unit: found by the sockets of all of its processes.

    They are matched with ``pg_stat_activity`` by address and port, or by the server's process at
    the other end of a Unix socket; `application_name` does not matter. One that is in a transaction
    that failed (``idle in transaction (aborted)``) is never right.

    Attributes:
        unit: Its systemd unit.
        at_least: How many sessions it must have.
        last_statement_within_s: How long ago the newest statement of all of them may be.
        idle_in_transaction_within_s: For how long one may be idle within a transaction.
        waits_for_lock_within_s: For how long one may wait for a lock.
    """

    unit: Name
    at_least: Annotated[int, pydantic.Field(ge=1)] = 1
    last_statement_within_s: Seconds | None = None
    idle_in_transaction_within_s: Seconds = 60.0
    waits_for_lock_within_s: Seconds = 30.0


def session(promise: Promise, scene: Scene) -> Finding:
    """Compare a unit's sessions."""
    item = scene.item(promise, Session)
    look = Here(
        on_host(f"systemctl status {shlex.quote(item.unit)}; ss -tnp", scene)
        + "; "
        + psql("TABLE pg_stat_activity", scene)
    )
    found = sessions_of(item.unit, scene)
    if item.absent:
        there = (f"{item.unit} has {len(found)} sessions",) if found else ()
        seen = f"{len(found)} sessions"
        return Finding(promised="no session", seen=seen, broken=there, look=look)
    broken = tuple(_broken(item, found, scene))
    few = len(found) < item.at_least
    if few and len(broken) == 1 and (why := young(item.unit, scene)):
        raise ObservationError(f"cannot tell {why}; {broken[0]}")
    why = next(filter(None, map(_untold, found)), "")
    if why and not broken:
        raise ObservationError(f"cannot tell (upstream): {why}")
    return Finding(promised=_promised(item), seen=seen_of(found), broken=broken, look=look)


def _broken(item: Session, found: tuple[SessionFacts, ...], scene: Scene) -> Iterable[str]:
    if not found:
        yield nobody(item.unit, scene)
        return
    if len(found) < item.at_least:
        yield f"{len(found)} sessions of {item.unit}, not {item.at_least}"
    yield from hanging(found, item.idle_in_transaction_within_s, item.waits_for_lock_within_s)
    if item.last_statement_within_s is not None:
        age_s = last_statement_s(found)
        if age_s > item.last_statement_within_s:
            within = f"not within {item.last_statement_within_s:g} s"
            yield f"the last statement of {item.unit} was {age_s:.0f} s ago, {within}"


def _untold(one: SessionFacts) -> str:
    """Why it cannot be told whether a session hangs; empty where it can."""
    if one.state == DISABLED:
        role = one.role or "unknown"
        off = f"track_activities is off for the role {role}"
        return f"session {one.pid}: the server does not keep what it does: {off}"
    if one.state in (IDLE, ABORTED) and one.state_s is None:
        return f"session {one.pid}: since when it is {one.state}"
    return ""


def last_statement_s(found: Iterable[SessionFacts]) -> float:
    """How long ago the newest statement of some sessions began or ended, in seconds.

    Raises:
        ObservationError: That is not told.
    """
    ages = [one.statement_s for one in found if one.statement_s is not None]
    if not ages:
        raise ObservationError("cannot tell (upstream): the sessions' statements bear no time")
    return max(0.0, min(ages))


def hanging(found: Iterable[SessionFacts], idle_s: float, waits_s: float) -> Iterable[str]:
    """Sessions that hang: in a failed transaction, idle within one, waiting for a lock.

    Args:
        found: Sessions.
        idle_s: For how long one may be idle within a transaction, in seconds.
        waits_s: For how long one may wait for a lock, in seconds.
    """
    for one in found:
        age_s, who = one.state_s or 0.0, f"session {one.pid}"
        if one.state == ABORTED and age_s > ABORTED_S:
            yield f"{who} is {ABORTED} for {age_s:.0f} s: it failed, and was not rolled back"
        elif one.state == IDLE and age_s > idle_s:
            yield f"{who} is {IDLE} for {age_s:.0f} s, longer than {idle_s:g} s"
        elif one.waits_s is not None and one.waits_s > waits_s:
            by = ", ".join(map(str, one.blockers)) or "nobody who is there any more"
            yield f"{who} waits for a lock for {one.waits_s:.0f} s, held by {by}"


def _promised(item: Session) -> str:
    if item.absent:
        return "no session"
    words = [f"at least {item.at_least} session{'s' if item.at_least > 1 else ''}"]
    if item.last_statement_within_s is not None:
        words.append(f"a statement within {item.last_statement_within_s:g} s")
    words.append(f"none idle in a transaction for {item.idle_in_transaction_within_s:g} s, none")
    words[-1] += f" aborted, none waiting for a lock for {item.waits_for_lock_within_s:g} s"
    return ", ".join(words)


def seen_of(found: tuple[SessionFacts, ...]) -> str:
    """Sessions in short."""
    if not found:
        return "no session"
    states: dict[str, int] = {}
    for one in found:
        states[one.state or "unknown"] = states.get(one.state or "unknown", 0) + 1
    words = [f"{number} {state}" for state, number in sorted(states.items())]
    ages = [one.statement_s for one in found if one.statement_s is not None]
    last = f", last statement {max(0.0, min(ages)):.1f} s ago" if ages else ""
    return f"{len(found)} sessions ({', '.join(words)}){last}"


def _asks(promise: Promise, moment: Moment, target: Target) -> Iterable[object]:
    del target
    item = promise.at(moment)
    return questions_of(item.unit) if isinstance(item, Session) else []


def _find(promise: Promise, scene: Scene) -> Found:
    return scene.probed(CONNECTIONS, scene.item(promise, Session).unit)


def _row(promise: Promise, scene: Scene) -> Cells:
    item = scene.item(promise, Session)
    told: str | CannotTell
    try:
        told = seen_of(sessions_of(item.unit, scene))
    except ObservationError as error:
        told = CannotTell(str(error), Cause.UPSTREAM)
    return {"Unit": item.unit, "Sessions": told}


def _references(item: Item, promises: Promises) -> Iterable[str]:
    if isinstance(item, Session):
        yield from no_such_unit("unit", item.unit, promises)


KIND = Kind(
    name="session",
    chapter="sessions",
    rank=91,
    model=Session,
    severity="critical",
    moments=always,
    asks=_asks,
    find=_find,
    compare=session,
    state=no_state,
    row=_row,
    references=_references,
)
