"""Look at the API: log in, ask every promised request at once, time some, the slow ones alone."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Mapping
from typing import Any

from gate.connection.obstacle import INTERRUPTED, POLL_S
from gate.connection.ssh import Forward
from gate.sources.api.exchange import CLEAN_UP_S
from gate.sources.api.facts import Answer, ApiFacts
from gate.sources.api.gate_load import Strain
from gate.sources.api.login import log_in
from gate.sources.api.promised import READING, PromisedExchange
from gate.sources.api.samples import timed
from gate.sources.api.session import AT_ONCE, Session, ask
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.target import Target

UNTRIED = CannotTell("not tried: it writes", Cause.UPSTREAM)


def look(
    target: Target,
    endpoints: Mapping[str, PromisedExchange],
    samples: Mapping[str, int],
    environ: Mapping[str, str] = os.environ,
    *,
    forward: Forward | None = None,
    interrupted: threading.Event | None = None,
    writes: bool = False,
) -> Fact[ApiFacts]:
    """Ask every endpoint once, and the budgeted ones again for their durations.

    Args:
        target: Where the API is and what the roles' credentials are called.
        endpoints: What to ask, by item id.
        samples: How many timed repetitions, by item id; none for what is not named.
        environ: Where the credentials are.
        forward: The way to an API that is reached through the host.
        interrupted: Set, by another thread, when there is no need to go on.
        writes: Whether what writes is sent; where it is not, no such request leaves the gate.

    Returns:
        Answers by item id, each three-valued. It never raises for what the target does.
    """
    sent = {
        id_: one for id_, one in endpoints.items() if writes or not _is_a_write(id_, one, target)
    }
    looking = _answers(target, sent, samples, environ, forward)
    found = asyncio.run(_unless(interrupted or threading.Event(), looking))
    if isinstance(found, CannotTell):
        return found
    wrote = any(_is_a_write(id_, one, target) for id_, one in sent.items())
    answers = {id_: found.get(id_, UNTRIED) for id_ in endpoints}
    return Seen(ApiFacts(base=target.api.base, wrote=wrote, answers=answers))


def _is_a_write(id_: str, item: PromisedExchange, target: Target) -> bool:
    """Whether a request may change something; the login alone is none although it is a POST."""
    is_login = id_ == f"endpoint.{target.api.login}"
    return item.writes or not (is_login or item.method in READING)


async def _unless(
    interrupted: threading.Event, looking: Coroutine[Any, Any, dict[str, Fact[Answer]]]
) -> dict[str, Fact[Answer]] | CannotTell:
    """Look, and leave it where the run was interrupted: an answer can take a minute."""
    task = asyncio.create_task(looking)
    while not task.done():
        await asyncio.wait({task}, timeout=POLL_S)
        if interrupted.is_set() and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=2 * CLEAN_UP_S)
            return CannotTell(INTERRUPTED, Cause.UPSTREAM)
    return task.result()


async def _answers(
    target: Target,
    endpoints: Mapping[str, PromisedExchange],
    samples: Mapping[str, int],
    environ: Mapping[str, str],
    forward: Forward | None,
) -> dict[str, Fact[Answer]]:
    strain = Strain()
    session = Session(
        target=target,
        environ=environ,
        forward=forward,
        gateway=asyncio.Semaphore(AT_ONCE),
        strain=strain,
    )
    async with strain.beating():
        await log_in(session, endpoints, endpoints.get(f"endpoint.{target.api.login}"))
        quick = {id_: one for id_, one in endpoints.items() if not one.slow}
        asked = await asyncio.gather(*(ask(session, one) for one in quick.values()))
        answers: dict[str, Fact[Answer]] = dict(zip(quick, asked, strict=True))
        counts = {id_: count for id_, count in samples.items() if id_ in quick and count > 1}
        again = await asyncio.gather(
            *(timed(session, quick[id_], answers[id_], count) for id_, count in counts.items())
        )
        answers.update(zip(counts, again, strict=True))
        for id_, one in endpoints.items():
            if one.slow:
                answers[id_] = await ask(session, one)
    return answers
