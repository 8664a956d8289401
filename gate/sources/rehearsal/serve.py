"""A release, started on the upgraded clone, asked, and let write."""

from __future__ import annotations

import dataclasses
import functools
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from gate.connection.carrier import Carrier
from gate.connection.obstacle import INTERRUPTED
from gate.contract.rehearsal import Alembic
from gate.contract.release import Serve
from gate.errors import ObservationError
from gate.sources.api import look as api
from gate.sources.api.facts import ApiFacts
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.wait import wait_for
from gate.sources.canary.facts import Flight
from gate.sources.canary.flight import fly
from gate.sources.canary.place import Place
from gate.sources.canary.promised import PromisedCanary
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.rehearsal.address import address
from gate.sources.rehearsal.cause import cause, is_shut_out
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.fence import NoFenceError, Program, Running, running
from gate.sources.rehearsal.tree import taken_out
from gate.target import Target

READY_S = 30.0
WRITE = "endpoint.write"
"""Under this id the request that writes is answered for."""
NOT_STARTED = (125, 126)
"""With these it was never started: a variable or its folder is missing, or its fence."""


class EndedError(ObservationError):
    """It ended by itself before it answered."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """What is to be tried with a release.

    Attributes:
        who: What it is called.
        serve: What to start and what to ask.
        endpoints: Every endpoint of the contract at its side, by item id.
        besides: Requests that are asked whatever `Serve.endpoints` says, by item id.
        canaries: What flies there, by item id.
    """

    who: str
    serve: Serve
    endpoints: Mapping[str, PromisedExchange]
    besides: Mapping[str, PromisedExchange]
    canaries: Mapping[str, PromisedCanary]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Served:
    """What came of it.

    Attributes:
        answers: By item id; absent: it ended by itself.
        fence: What is known of the fence that it ran behind.
        log: The last of what it said.
        flights: What came of canaries.
    """

    answers: Fact[ApiFacts]
    fence: str = ""
    log: str = ""
    flights: dict[str, Fact[Flight]] = dataclasses.field(default_factory=dict)


def smoke(trial: Trial, *, how: Alembic, target: Target, clone: Clone, carrier: Carrier) -> Served:
    """Start a release on the clone, ask it, let canaries fly, and stop it.

    Args:
        trial: The release, and what is tried with it.
        how: The application's environment.
        target: Where.
        clone: The upgraded clone.
        carrier: The way to the host.
    """
    asked = _requests(trial, {f"endpoint.{name}" for name in target.api.logins})
    ask = functools.partial(
        _asked, trial, asked=asked, how=how, target=target, clone=clone, carrier=carrier
    )
    try:
        with taken_out(trial.serve, target, carrier) as release:
            return _fenced(release, functools.partial(ask, release))
    except EndedError as error:
        return Served(answers=Absent(str(error)))
    except ObservationError as error:
        return Served(answers=CannotTell(str(error), Cause.UPSTREAM))


def _requests(trial: Trial, logins: Collection[str]) -> dict[str, PromisedExchange]:
    """What is asked of it."""
    chosen = {f"endpoint.{one}" for one in trial.serve.endpoints}

    def by_itself(one: PromisedExchange) -> bool:
        """What is asked of another base, or led on, may be answered in front of the release."""
        in_front = bool(one.base or one.redirects)
        return not in_front and (not chosen or one.writes)

    asked = {
        id_: one
        for id_, one in trial.endpoints.items()
        if not one.slow and not one.closed and (id_ in {*chosen, *logins} or by_itself(one))
    }
    if trial.serve.write:
        asked[WRITE] = PromisedExchange.model_validate({"writes": True, **trial.serve.write})
    return {**asked, **trial.besides}


def _fenced(serve: Serve, ask: Callable[..., Served]) -> Served:
    """Ask it behind a fence; without one only where the contract says why."""
    try:
        return ask(fenced=True)
    except NoFenceError as error:
        why = f"not fenced: {error}"
    if serve.unfenced is None:
        reason = (
            f"{why}; a release whose network cannot be shut is not started: say "
            f'`unfenced = "reason"` where that does no harm'
        )
        return Served(answers=CannotTell(reason, Cause.UPSTREAM), fence=why)
    fence = f"{why}; started all the same: {serve.unfenced}"
    return dataclasses.replace(ask(fenced=False), fence=fence)


def _asked(
    trial: Trial,
    serve: Serve,
    *,
    asked: dict[str, PromisedExchange],
    how: Alembic,
    target: Target,
    clone: Clone,
    carrier: Carrier,
    fenced: bool,
) -> Served:
    """Have the release run, and ask it."""
    there = clone.way.there
    at = ("127.0.0.1", int(there["port"])) if fenced else None
    program = Program(
        command=serve.command,
        folder=target.placed(serve.folder),
        environment=serve.environment or how.environment,
        own=address(how, clone, at),
        clone={**{key: there[key] for key in ("host", "port", "user")}, "database": clone.name},
        may_reach=serve.may_reach,
    )
    with running(program, target, carrier, fenced=fenced) as release:
        here = target.model_copy(update={"api": target.api.served(release.port)})
        ways = dict.fromkeys(("", *here.api.bases), release.way) if release.way else {}
        _wait(trial, here, release, carrier.interrupted)
        found = api.look(
            here, asked, {}, ways=ways, interrupted=carrier.interrupted, writes=True, alone=True
        )
        place = Place(
            target=here,
            logins=trial.endpoints,
            open=lambda _: _reading(clone),
            ways=ways,
            carrier=None,
            works=False,
            interrupted=carrier.interrupted,
        )
        flights: dict[str, Fact[Flight]] = {
            id_: Seen(fly(one, place)) for id_, one in trial.canaries.items()
        }
    log = "".join(release.ended)
    return Served(answers=found, fence=release.fence, log=log, flights=flights)


@contextmanager
def _reading(clone: Clone) -> Iterator[psycopg.Connection[Any]]:
    """A session on the clone that can only read."""
    with clone.connect("canary") as connection:
        connection.execute("SET default_transaction_read_only = on")
        yield connection


def _wait(trial: Trial, here: Target, release: Running, interrupted: threading.Event) -> None:
    """Wait until it answers.

    Raises:
        EndedError: It ended by itself, and not for lack of what its fence shuts out.
        ObservationError: It does not come up.
    """
    ready = trial.endpoints[f"endpoint.{trial.serve.ready}"]
    until, why = time.monotonic() + READY_S, "nothing was asked"
    while time.monotonic() < until and not release.ended:
        if interrupted.is_set():
            raise ObservationError(INTERRUPTED)
        why = wait_for(here, ready, 0.3, release.way, interrupted)
        if not why:
            return
    said = "".join(release.ended)
    text = f"{trial.who} does not come up on the clone"
    if release.status and release.status[0] not in NOT_STARTED and not is_shut_out(said):
        raise EndedError(f"{text}: it ended with exit status {release.status[0]}: {cause(said)}")
    hint = ": what it needs from outside is named in may_reach" if is_shut_out(said) else ""
    raise ObservationError(f"{text}: {cause(said) or why}{hint}")
