"""Requests that write: each must say so, and is sent only where the run is told to apply."""

from __future__ import annotations

import dataclasses
import fnmatch
import pathlib
from collections.abc import Collection, Iterable, Mapping

from gate.contract.item import Item
from gate.contract.model import Promise
from gate.kinds.budget import Budget
from gate.kinds.risk import Risk
from gate.kinds.step import Step
from gate.kinds.trigger import Trigger
from gate.kinds.waiver import Waiver
from gate.sources.api.promised import READING, PromisedExchange


def check_writes(
    folder: pathlib.Path, promises: Mapping[str, Promise], logins: Collection[str]
) -> list[str]:
    """Return one sentence per request that could change something and does not say so.

    Args:
        folder: The contract's, for the text.
        promises: By id.
        logins: Names of the endpoint items that log in; they are always sent.
    """
    mistakes: dict[str, None] = {}
    for one in promises.values():
        for item in (one.before, one.after):
            for text in _of_item(one.id, item, promises, logins):
                mistakes[f"{folder / one.chapter}.toml: [{one.id}]: {text}"] = None
    return list(mistakes)


def _of_item(
    id_: str, item: Item, promises: Mapping[str, Promise], logins: Collection[str]
) -> Iterable[str]:
    is_login = id_ in {f"endpoint.{name}" for name in logins}
    named = " or ".join(f"[endpoint.{name}]" for name in sorted(logins))
    for request in requests_of(item):
        if is_login and request.writes:
            yield "writes: the target logs in with it, so it is always sent: leave it out"
        if not (is_login or request.writes or request.method in READING):
            yield (
                f"writes: a {request.method} may change something: say `writes = true`, and it is "
                f"sent to the rehearsal's clone, and to a target only with --apply "
                f"(the target's own login is {named})"
            )
    if isinstance(item, Budget) and item.samples != 1 and _writes(promises, item.endpoint):
        yield f"samples: endpoint.{item.endpoint} writes: it is sent once, so samples must be 1"
    if isinstance(item, Step) and item.answers and _writes(promises, item.answers):
        yield f"answers: endpoint.{item.answers} writes: wait for one that only reads"


def withheld(promises: Mapping[str, Promise]) -> dict[str, Promise]:
    """Return what is not accounted for where nothing may be written, by id.

    Beside the requests themselves these are their budgets, the waivers of either, and a risk or a
    trigger that nothing else guards or fires: with nothing to tell it by it would always hold.
    """
    found = {id_: one for id_, one in promises.items() if _says_so(one)}
    for id_, one in promises.items():
        if isinstance(one.before, Budget) and f"endpoint.{one.before.endpoint}" in found:
            found[id_] = one
    for id_, one in promises.items():
        if isinstance(one.before, (Risk, Trigger)):
            told_by = {other for other in promises if _tells(promises[other], one)}
            found |= {id_: one} if told_by and told_by <= found.keys() else {}
    for id_, one in promises.items():
        if isinstance(one.before, Waiver) and one.before.item in found:
            found[id_] = one
    return found


def without(promises: Mapping[str, Promise], left_out: Mapping[str, Promise]) -> dict[str, Promise]:
    """Return the promises, those that are left out with no moment of their own."""
    return {
        id_: dataclasses.replace(one, moments=()) if id_ in left_out else one
        for id_, one in promises.items()
    }


def _tells(promise: Promise, of: Promise) -> bool:
    """Whether a risk or a trigger is told by an item."""
    if isinstance(of.before, Trigger):
        return any(fnmatch.fnmatch(promise.id, pattern) for pattern in of.before.when)
    return of.id in (*promise.before.risk, *promise.after.risk)


def _writes(promises: Mapping[str, Promise], name: str) -> bool:
    found = promises.get(f"endpoint.{name}")
    return found is not None and _says_so(found)


def requests_of(item: Item) -> Iterable[PromisedExchange]:
    """The requests that an item is about: itself, or what it names as its `requests`."""
    return (item,) if isinstance(item, PromisedExchange) else getattr(item, "requests", ())


def _says_so(promise: Promise) -> bool:
    sides = (promise.before, promise.after)
    return any(request.writes for one in sides for request in requests_of(one))
