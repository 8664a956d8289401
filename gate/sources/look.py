"""Look once at everything: host, database and API at the same time, then judge from memory."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

from gate.connection import forward
from gate.connection.carrier import Carrier, open_carrier
from gate.connection.obstacle import CarrierError
from gate.contract.kinds import (
    Budget,
    Endpoint,
    KeyPath,
    Migration,
    Moment,
    Rehearsal,
    Runtime,
    Service,
    Step,
    Work,
)
from gate.contract.model import Contract
from gate.plan.facts import PlanFacts
from gate.sources.api.facts import ApiFacts
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, CannotTell, Fact, Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts, HostQuestions
from gate.sources.migrations.chain import chain
from gate.sources.migrations.facts import Chain
from gate.sources.observed import Observed
from gate.target import Target

T = TypeVar("T")


def look(
    contract: Contract,
    target: Target,
    moment: Moment,
    *,
    carrier: Carrier | None = None,
    plan: Fact[PlanFacts] | None = None,
) -> Observed:
    """Look at a target once, all of it through one carrier.

    Args:
        contract: What is promised decides what is asked.
        target: Where.
        moment: Which moment it is.
        carrier: The way to the target's host, where one is open already.
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
    with (
        nullcontext(carrier) if carrier else open_carrier(target) as way,
        ThreadPoolExecutor(3, thread_name_prefix="look") as pool,
    ):

        def ask(name: str, act: Callable[[], T]) -> Future[T]:
            return pool.submit(_timed, name, seconds, act)

        asked = questions(contract, target, moment)
        host_ = ask("host", lambda: host.look(target, asked, way))
        database_ = ask("database", lambda: _database(contract, target, moment, way))
        api_ = ask("api", lambda: _api(contract, target, endpoints, samples, way))
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
        folders=_folders(contract, moment),
        window_s=target.deadlines.window_s,
    )


def _folders(contract: Contract, moment: Moment) -> tuple[str, ...]:
    """Folders of revisions that something is promised of."""
    promised = [one.folder for one in contract.of(Migration, moment).values() if one.folder]
    rehearsed = (
        [contract.alembic.versions] if contract.of(Rehearsal, moment) and contract.alembic else []
    )
    return _unique([*promised, *rehearsed])


def _unique(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _database(
    contract: Contract, target: Target, moment: Moment, carrier: Carrier
) -> Fact[DatabaseFacts]:
    from gate.sources.database import look as database  # noqa: PLC0415 - loaded while the host is connected to

    work = contract.of(Work, moment)
    try:
        overrides = forward.to_database(target, carrier)
        return database.look(target, work, overrides, contract.version_table)
    except CarrierError as error:
        return CannotTell(str(error), error.cause)


def _api(
    contract: Contract,
    target: Target,
    endpoints: Mapping[str, Endpoint],
    samples: Mapping[str, int],
    carrier: Carrier,
) -> Fact[ApiFacts]:
    from gate.sources.api import look as api  # noqa: PLC0415 - loaded while the host is connected to

    try:
        way = forward.to_api(target, carrier)
    except CarrierError as error:
        return CannotTell(str(error), error.cause)
    return api.look(
        target,
        endpoints,
        samples,
        forward=way,
        interrupted=carrier.interrupted,
        writes=not contract.withheld,
    )


def _chains(contract: Contract, moment: Moment, seen: Fact[HostFacts]) -> dict[str, Fact[Chain]]:
    folders = _folders(contract, moment)
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
