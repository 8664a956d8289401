"""Look once at everything: host, database and API at the same time, then judge from memory."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

from gate.connection import forward
from gate.connection.carrier import Carrier, open_carrier
from gate.connection.obstacle import CarrierError
from gate.contract.item import Moment
from gate.plan.facts import PlanFacts
from gate.sources.api.facts import ApiFacts
from gate.sources.api.questions import AskEndpoint, AskSamples
from gate.sources.database.facts import DatabaseFacts
from gate.sources.database.questions import AskWhole, AskWork
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host import look as host
from gate.sources.host.facts import HostFacts
from gate.sources.host.questions import host_questions
from gate.sources.migrations.chain import chain
from gate.sources.migrations.facts import Chain
from gate.sources.observed import Observed
from gate.target import Target

T = TypeVar("T")


def look_at(
    target: Target,
    moment: Moment,
    asked: Sequence[object],
    *,
    carrier: Carrier | None = None,
    plan: Fact[PlanFacts] | None = None,
    version_table: str = "alembic_version",
    writes: bool = False,
) -> Observed:
    """Look at a target once, all of it through one carrier.

    Args:
        target: Where.
        moment: Which moment it is.
        asked: Questions; each source answers its own.
        carrier: The way to the target's host, where one is open already.
        plan: What was carried out just before.
        version_table: Where Alembic keeps the database's revision.
        writes: Whether requests may be sent that say that they write.

    Returns:
        Everything that was seen, absent, or could not be told.
    """
    started = dt.datetime.now(dt.timezone.utc)
    seconds: dict[str, float] = {}
    with (
        nullcontext(carrier) if carrier else open_carrier(target) as way,
        ThreadPoolExecutor(3, thread_name_prefix="look") as pool,
    ):

        def ask(name: str, act: Callable[[], T]) -> Future[T]:
            return pool.submit(_timed, name, seconds, act)

        of_host = host_questions(asked, target.deadlines.window_s)
        host_ = ask("host", lambda: host.look(target, of_host, way))
        database_ = ask("database", lambda: _database(target, asked, way, version_table))
        api_ = ask("api", lambda: _api(target, asked, way, writes=writes))
        seen_host = host_.result()
        return Observed(
            target=target.name,
            instance=target.instance,
            moment=moment,
            started=started,
            host=seen_host,
            database=database_.result(),
            api=api_.result(),
            chains=_chains(of_host.folders, seen_host),
            plan=plan or Absent("no plan was carried out by this run"),
            seconds=seconds,
            finished=dt.datetime.now(dt.timezone.utc),
        )


def _database(
    target: Target, asked: Sequence[object], carrier: Carrier, version_table: str
) -> Fact[DatabaseFacts]:
    from gate.sources.database import look as database  # noqa: PLC0415 - loaded while connecting

    if not target.database.service:
        return CannotTell("the target names no [database]", Cause.UPSTREAM)
    work = {one.id: one.work for one in asked if isinstance(one, AskWork)}
    try:
        overrides = forward.to_database(target, carrier)
        return database.look(
            target,
            work,
            overrides,
            version_table,
            whole=any(isinstance(one, AskWhole) for one in asked),
            interrupted=carrier.interrupted,
        )
    except CarrierError as error:
        return CannotTell(str(error), error.cause)


def _api(
    target: Target, asked: Sequence[object], carrier: Carrier, *, writes: bool
) -> Fact[ApiFacts]:
    from gate.sources.api import look as api  # noqa: PLC0415 - loaded while connecting

    if not target.api.base:
        return CannotTell("the target names no [api]", Cause.UPSTREAM)
    endpoints = {one.id: one.endpoint for one in asked if isinstance(one, AskEndpoint)}
    samples = {one.endpoint: one.samples for one in asked if isinstance(one, AskSamples)}
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
        writes=writes,
    )


def _chains(folders: Sequence[str], seen: Fact[HostFacts]) -> dict[str, Fact[Chain]]:
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
