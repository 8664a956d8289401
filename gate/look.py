"""Look once at everything: host, database and API at the same time, then judge from memory."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gate.contract.kinds import (
    Budget,
    Endpoint,
    KeyPath,
    Migration,
    Moment,
    Runtime,
    Service,
    Step,
    Work,
)
from gate.contract.model import Contract
from gate.facts.fact import Absent, Fact, Seen
from gate.facts.host import HostFacts, HostQuestions
from gate.facts.migrations import Chain
from gate.facts.observed import Observed
from gate.facts.plan import PlanFacts
from gate.observe import api, database, host
from gate.observe.carrier import open_carrier
from gate.observe.migrations import chain
from gate.target import Target

T = TypeVar("T")


def look(
    contract: Contract,
    target: Target,
    moment: Moment,
    *,
    plan: Fact[PlanFacts] | None = None,
) -> Observed:
    """Look at a target once.

    Args:
        contract: What is promised decides what is asked.
        target: Where.
        moment: Which moment it is.
        plan: What was carried out just before.

    Returns:
        Everything that was seen, absent, or could not be told.
    """
    started = dt.datetime.now(dt.timezone.utc)
    seconds: dict[str, float] = {}
    endpoints = contract.of(Endpoint, moment)
    samples = {
        f"endpoint.{one.endpoint}": one.samples for one in contract.of(Budget, moment).values()
    }
    with ThreadPoolExecutor(3, thread_name_prefix="look") as pool:
        host_ = pool.submit(_timed, "host", seconds, lambda: _host(contract, target, moment))
        database_ = pool.submit(
            _timed,
            "database",
            seconds,
            lambda: database.look(target, contract.of(Work, moment)),
        )
        api_ = pool.submit(_timed, "api", seconds, lambda: api.look(target, endpoints, samples))
        seen_host = host_.result()
        return Observed(
            target=target.name,
            instance=target.instance,
            moment=moment,
            started=started,
            host=seen_host,
            database=database_.result(),
            api=api_.result(),
            chains=_chains(contract, moment, seen_host),
            plan=plan or Absent("no plan was carried out by this run"),
            seconds=seconds,
            finished=dt.datetime.now(dt.timezone.utc),
        )


def questions(contract: Contract, target: Target, moment: Moment) -> HostQuestions:
    """What the contract wants to know of the host."""
    runtimes = contract.of(Runtime, moment)
    return HostQuestions(
        units=_unique(
            [one.unit for one in contract.of(Service, moment).values()]
            + [one.unit for one in contract.of(Work, moment).values()]
        ),
        paths=_unique([one.path for one in contract.of(KeyPath, moment).values()]),
        outputs={
            id_: tuple(
                target.placed(word) if word.startswith("/") else word for word in one.command
            )
            for id_, one in runtimes.items()
            if one.command
        },
        packages={
            id_: (target.placed(one.package[0]), one.package[1])
            for id_, one in runtimes.items()
            if one.package
        },
        tools=_unique([tool for one in contract.of(Step, moment).values() for tool in one.tools]),
        folders=_unique(
            [one.folder for one in contract.of(Migration, moment).values() if one.folder]
        ),
        window_s=target.deadlines.window_s,
    )


def _unique(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _host(contract: Contract, target: Target, moment: Moment) -> Fact[HostFacts]:
    with open_carrier(target) as carrier:
        return host.look(target, questions(contract, target, moment), carrier)


def _chains(contract: Contract, moment: Moment, seen: Fact[HostFacts]) -> dict[str, Fact[Chain]]:
    folders = _unique([one.folder for one in contract.of(Migration, moment).values() if one.folder])
    if not isinstance(seen, Seen):
        return dict.fromkeys(folders, seen)
    found: dict[str, Fact[Chain]] = {}
    for folder in folders:
        files = seen.value.files[folder]
        found[folder] = Seen(chain(folder, files.value)) if isinstance(files, Seen) else files
    return found


def _timed(name: str, seconds: dict[str, float], act: Callable[[], T]) -> T:
    started = time.perf_counter()
    try:
        return act()
    finally:
        seconds[name] = round(time.perf_counter() - started, 3)
