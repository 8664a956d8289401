"""The release from before, started on the upgraded clone, and asked as ever."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping

from gate.connection.carrier import Carrier
from gate.connection.obstacle import INTERRUPTED
from gate.connection.ssh import Forward
from gate.contract.rehearsal import Alembic, Serve
from gate.errors import ObservationError
from gate.sources.api import look as api
from gate.sources.api.facts import ApiFacts
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.wait import wait_for
from gate.sources.fact import CannotTell, Cause, Fact
from gate.sources.rehearsal.alembic import address
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.fence import NoFenceError, Program, running
from gate.sources.rehearsal.tree import taken_out
from gate.target import Target

READY_S = 30.0
WRITE = "endpoint.write"
"""Under this id the request that writes is answered for."""


def smoke(
    serve: Serve,
    *,
    how: Alembic,
    target: Target,
    clone: Clone,
    carrier: Carrier,
    endpoints: Mapping[str, PromisedExchange],
) -> tuple[Fact[ApiFacts], str]:
    """Start a release on the clone, ask it, and stop it.

    Args:
        serve: What to start and what to ask.
        how: The application's environment.
        target: Where.
        clone: The upgraded clone.
        carrier: The way to the host.
        endpoints: Every endpoint of the contract before, by item id.

    Returns:
        Its answers, and what is known of the fence that it ran behind.
    """
    chosen = {f"endpoint.{one}" for one in serve.endpoints}
    asked = {
        id_: one
        for id_, one in endpoints.items()
        if not one.slow
        and (not chosen or id_ in {*chosen, f"endpoint.{target.api.login}"} or one.writes)
    }
    if serve.write:
        asked[WRITE] = PromisedExchange.model_validate({"writes": True, **serve.write})
    ask = functools.partial(
        _asked,
        asked=asked,
        how=how,
        target=target,
        clone=clone,
        carrier=carrier,
        ready=endpoints[f"endpoint.{serve.ready}"],
    )
    try:
        with taken_out(serve, target, carrier) as release:
            return _fenced(release, functools.partial(ask, release))
    except ObservationError as error:
        return CannotTell(str(error), Cause.UPSTREAM), ""


def _fenced(
    serve: Serve, ask: Callable[..., tuple[Fact[ApiFacts], str]]
) -> tuple[Fact[ApiFacts], str]:
    """Ask it behind a fence; without one only where the contract says why."""
    try:
        return ask(fenced=True)
    except NoFenceError as error:
        why = f"not fenced: {error}"
    if serve.unfenced is None:
        return CannotTell(
            f"{why}; a release whose network cannot be shut is not started: say "
            f'`unfenced = "reason"` where that does no harm',
            Cause.UPSTREAM,
        ), why
    found, _ = ask(fenced=False)
    return found, f"{why}; started all the same: {serve.unfenced}"


def _asked(
    serve: Serve,
    *,
    asked: dict[str, PromisedExchange],
    how: Alembic,
    target: Target,
    clone: Clone,
    carrier: Carrier,
    ready: PromisedExchange,
    fenced: bool,
) -> tuple[Fact[ApiFacts], str]:
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
        base = {"base": f"http://127.0.0.1:{release.port}"}
        here = target.model_copy(update={"api": target.api.model_copy(update=base)})
        _wait(ready, here, release.way, release.ended, carrier.interrupted)
        found = api.look(
            here, asked, {}, forward=release.way, interrupted=carrier.interrupted, writes=True
        )
        return found, release.fence


def _wait(
    endpoint: PromisedExchange,
    here: Target,
    way: Forward | None,
    ended: list[str],
    interrupted: threading.Event,
) -> None:
    until, why = time.monotonic() + READY_S, "nothing was asked"
    while time.monotonic() < until and not ended:
        if interrupted.is_set():
            raise ObservationError(INTERRUPTED)
        why = wait_for(here, endpoint, 0.3, way, interrupted)
        if not why:
            return
    raise ObservationError(
        f"the release from before does not come up on the clone: {' '.join(ended) or why}"
    )
