"""Releases on the new schema: what they answer, what they write, and what broke them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable

from gate.contract.item import Item
from gate.contract.model import Promise
from gate.contract.rehearsal import Rehearsal
from gate.contract.release import Serve
from gate.errors import ObservationError
from gate.kinds.canary import Canary, judged
from gate.kinds.finding import Finding
from gate.kinds.judge import compare
from gate.kinds.kind import Promises
from gate.kinds.scene import Scene
from gate.sources.api.facts import ApiFacts
from gate.sources.canary.facts import Flight
from gate.sources.fact import Absent, CannotTell, Seen, known, require
from gate.sources.rehearsal.cause import causes
from gate.sources.rehearsal.facts import RehearsalFacts

SHOWN = 6
"""What is told of one release; the report's evidence has it all."""


def serves(item: Rehearsal, facts: RehearsalFacts, promise: Promise, scene: Scene) -> Finding:
    """Judge a release's answers as the live one's are judged, and its canaries."""
    serve, old = item.serves or item.new_release, item.serves is not None
    if serve is None:
        raise TypeError(f"{promise.id} starts no release")
    who = "the release from before" if old else "the release that is to be deployed"
    if promise.id not in facts.serves:
        require(facts.receipts, "downgrade")
        raise ObservationError(f"cannot tell: {who} was not reached")
    api, flights = known(facts.serves[promise.id]), facts.flights.get(promise.id, {})
    if isinstance(api, Absent):
        return Finding(promised=f"{who} comes up", seen="it does not", broken=(api.proof,))
    there = dataclasses.replace(
        scene,
        moment="predeploy" if old else "postdeploy",
        observed=scene.observed.model_copy(update={"api": Seen(api)}),
    )
    broken, unknown = _asked(api, there)
    broken += _written(serve, api)
    for id_, fact in flights.items():
        canary = scene.contract.promises[id_].at(there.moment)
        if isinstance(canary, Canary):
            _note(id_, functools.partial(_flown, canary, fact), broken, unknown)
    if unknown and not broken:
        raise ObservationError(f"cannot tell: {'; '.join(unknown[:SHOWN])}")
    count, wrong = len(api.answers) + len(flights), len(broken)
    log = [f"its log: {one}" for one in causes(facts.logs.get(promise.id, ""))] if broken else []
    fence = facts.fences.get(promise.id, "")
    more = [f"and {wrong - SHOWN} more"] if wrong > SHOWN else []
    canaries = f" and {len(flights)} canaries" if flights else ""
    return Finding(
        promised=f"{len(api.answers)} requests{canaries} come to what is promised "
        f"{'before' if old else 'after'} the deployment",
        seen=f"{count - wrong - len(unknown)} do; {fence}",
        broken=(*broken[:SHOWN], *more, *log),
        warnings=(fence,) if fence.startswith("not fenced") else (),
    )


def _flown(canary: Canary, flight: Seen[Flight] | Absent | CannotTell) -> Finding:
    return judged(canary, require(flight, "flight"))


def _asked(api: ApiFacts, there: Scene) -> tuple[list[str], list[str]]:
    """What of the answers is broken, and what cannot be told."""
    broken: list[str] = []
    unknown: list[str] = []
    for id_ in api.answers:
        if id_ in there.contract.promises:
            one = there.contract.promises[id_]
            _note(id_, functools.partial(compare, one, there), broken, unknown)
    return broken, unknown


def _note(id_: str, judge: Callable[[], Finding], broken: list[str], unknown: list[str]) -> None:
    """Judge one, and keep what it came to."""
    try:
        finding = judge()
    except ObservationError as error:
        unknown.append(f"{id_}: {error}")
        return
    if not finding.holds:
        broken.append(f"{id_}: {'; '.join(finding.broken)}")


def _written(serve: Serve, api: ApiFacts) -> list[str]:
    """What is wrong with the request that writes, where there is one."""
    if not serve.write:
        return []
    answer, wanted = known(api.answers["endpoint.write"]), serve.write.get("status", 200)
    if isinstance(answer, Absent):
        return [f"writing: {answer.proof}"]
    if answer.status == wanted:
        return []
    return [f"writing ({serve.write.get('path')}) answered {answer.status}, not {wanted}"]


def references(item: Item, promises: Promises) -> Iterable[str]:
    """What a release is to be asked, that no item says."""
    serve = (item.serves or item.new_release) if isinstance(item, Rehearsal) else None
    if serve is None or not isinstance(item, Rehearsal):
        return
    key = "serves" if item.serves else "new_release"
    rows = {one.name.rpartition(".")[0] for one in promises.values() if one.kind == "access"}
    for name in (serve.ready, *serve.endpoints):
        if f"endpoint.{name}" not in promises:
            yield f"{key}: there is no item 'endpoint.{name}' in endpoints.toml"
    for name in serve.access:
        if name not in rows:
            yield f"{key}.access: there is no item 'access.{name}' in access.toml"
    for name in serve.canaries or ():
        if f"canary.{name}" not in promises:
            yield f"{key}.canaries: there is no item 'canary.{name}' in canaries.toml"
