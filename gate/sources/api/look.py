"""Look at the API: log in, ask every promised request at once, then time some, one by one."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from gate.sources.api.facts import Answer, ApiFacts, PastRuns, Timing, beside_key
from gate.sources.api.failure import Silent
from gate.sources.api.gate_load import Strain
from gate.sources.api.leaving import unless
from gate.sources.api.line import Ways
from gate.sources.api.login import log_in
from gate.sources.api.promised import READING, PromisedExchange
from gate.sources.api.questions import AskBeside, AskSamples
from gate.sources.api.samples import beside, timed
from gate.sources.api.session import AT_ONCE, Session, ask
from gate.sources.api.silence import dropped
from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.target import Target
from gate.under_way import doing

NO_WAYS: Ways = MappingProxyType({})
UNTRIED = CannotTell("not tried: it writes", Cause.UPSTREAM)


def look(
    target: Target,
    endpoints: Mapping[str, PromisedExchange],
    samples: Iterable[AskSamples],
    environ: Mapping[str, str] = os.environ,
    *,
    besides: Iterable[AskBeside] = (),
    others: Callable[[], object] = lambda: None,
    ways: Ways = NO_WAYS,
    reached: Callable[[], Collection[str]] = tuple,
    interrupted: threading.Event | None = None,
    writes: bool = False,
    alone: bool = False,
) -> Fact[ApiFacts]:
    """Ask every endpoint once, and the budgeted ones again for their durations.

    Args:
        target: Where the API is and what the roles' credentials are called.
        endpoints: What to ask, by item id.
        samples: What is to be timed, and by which rules.
        environ: Where the credentials are.
        besides: What is to be asked while something slow is under way.
        others: Returns when nobody else asks the target any more: what is slow or timed waits for
            that.
        ways: The forwards to bases that are reached through the host.
        reached: Names of hosts that were reached from here otherwise, in small letters; asked where
            nothing came back from an address.
        interrupted: Set, by another thread, when there is no need to go on.
        writes: Whether what writes is sent; where it is not, no such request leaves the gate.
        alone: Whether a release is asked by itself, with nothing in front of it.

    Returns:
        Answers by item id, each three-valued. It never raises for what the target does.
    """
    sent = {
        id_: one for id_, one in endpoints.items() if writes or not _is_a_write(id_, one, target)
    }
    asking = _Asking(target, sent, tuple(samples), tuple(besides), others)
    looking = _answers(asking, environ, ways, reached)
    found = asyncio.run(unless(interrupted or threading.Event(), looking))
    if isinstance(found, CannotTell):
        return found
    wrote = any(_is_a_write(id_, one, target) for id_, one in sent.items())
    return Seen(
        ApiFacts(
            base=target.api.base,
            wrote=wrote,
            alone=alone,
            answers={id_: found.answers.get(id_, UNTRIED) for id_ in endpoints},
            past={one.budget: PastRuns(**dataclasses.asdict(one.past)) for one in asking.samples},
            beside=found.beside,
        )
    )


@dataclasses.dataclass(frozen=True)
class _Asking:
    """What is asked in one look."""

    target: Target
    endpoints: Mapping[str, PromisedExchange]
    samples: Sequence[AskSamples]
    besides: Sequence[AskBeside]
    others: Callable[[], object]

    def samples_of(self, id_: str) -> list[AskSamples]:
        """What is to be timed of an endpoint."""
        return [one for one in self.samples if one.endpoint == id_]


@dataclasses.dataclass
class _Found:
    """What was answered."""

    answers: dict[str, Fact[Answer]]
    beside: dict[str, Timing] = dataclasses.field(default_factory=dict)


def _is_a_write(id_: str, item: PromisedExchange, target: Target) -> bool:
    """Whether a request may change something; the login alone is none although it is a POST."""
    is_login = id_.removeprefix("endpoint.") in target.api.logins and id_.startswith("endpoint.")
    return item.writes or not (is_login or item.method in READING)


async def _answers(
    asking: _Asking,
    environ: Mapping[str, str],
    ways: Ways,
    reached: Callable[[], Collection[str]],
) -> _Found:
    strain, endpoints, target = Strain(), asking.endpoints, asking.target
    session = Session(
        target=target,
        environ=environ,
        ways=ways,
        gateway=asyncio.Semaphore(AT_ONCE),
        strain=strain,
    )
    async with strain.beating():
        await log_in(session, endpoints.values(), endpoints)
        quick = {id_: one for id_, one in endpoints.items() if not one.slow}
        asked = await asyncio.gather(*(ask(session, one) for one in quick.values()))
        found = _Found(dict(zip(quick, asked, strict=True)))
        slow = {id_: one for id_, one in endpoints.items() if one.slow}
        again = {id_: few for id_ in quick if (few := asking.samples_of(id_))}
        if slow or again:
            await _alone(asking.others)
        for id_, few in again.items():  # side by side they would be what slows each other down
            found.answers[id_] = await timed(session, quick[id_], found.answers[id_], few)
        for id_, one in slow.items():
            await _slow(session, asking, id_, one, found)
        if any(isinstance(one, Silent) for one in found.answers.values()):
            await _alone(reached)
            found.answers = dropped(target, endpoints, found.answers, reached())
    return found


async def _alone(others: Callable[[], object]) -> None:
    """Wait until nobody else asks the target, in a thread that nobody waits for."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def wait() -> None:
        try:
            others()
        finally:
            with contextlib.suppress(RuntimeError):  # the look was left meanwhile
                loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait, name="look-alone", daemon=True).start()
    await over.wait()


async def _slow(
    session: Session, asking: _Asking, id_: str, item: PromisedExchange, found: _Found
) -> None:
    """Ask something slow, and what is cheap meanwhile."""
    over = asyncio.Event()
    probed = [
        one.endpoint
        for one in asking.besides
        if one.slow == id_ and one.endpoint in asking.endpoints
    ]
    probes = [asyncio.ensure_future(beside(session, asking.endpoints[one], over)) for one in probed]
    try:
        with doing(id_, item.deadline_s):
            first = await ask(session, item)
        samples = asking.samples_of(id_)
        found.answers[id_] = await timed(session, item, first, samples) if samples else first
        over.set()
        for one, timing in zip(probed, await asyncio.gather(*probes), strict=True):
            found.beside[beside_key(id_, one)] = timing
    finally:
        for probe in probes:
            probe.cancel()
