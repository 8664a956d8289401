"""Look at a target for what there is, and let each kind write down what it can.

Recorded are the sockets that are listened on, the units that hold them, the clocks, the whole
database, and the endpoints that an OpenAPI document lists, as they answer who is not logged in; and
of the paths, units and runtimes that a contract names already, what they are. Not yet: units that
hold no socket, paths and runtimes that nobody named, budgets, work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

from gate.connection.carrier import open_carrier
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.errors import ObservationError
from gate.kinds.kind import Kind
from gate.kinds.look import questions
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.recorder import endpoints
from gate.recorder.chapters import chapter_text
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.probe import AskProbe
from gate.sources.host.questions import AskOutput, AskPackage, AskPath, AskUnit
from gate.sources.look import look_at
from gate.sources.observed import Observed
from gate.target import Target

ASKED = (AskUnit, AskPath, AskOutput, AskPackage, AskProbe)
"""Of a contract's questions those that a recorder asks: they name what nobody could list."""
MOMENT: Moment = "predeploy"


def record(
    target: Target, contract: Contract, only: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Return the chapters of what a target holds, and why there is nothing of others.

    Args:
        target: Where to look.
        contract: Names what nobody can list; empty where there is none yet.
        only: Chapters that are wanted; all where none is named.

    Raises:
        ObservationError: The host could not be looked at.
    """
    observed = _look(target, contract, asks_api=not only or "endpoints" in only)
    scene = Scene(contract=contract, target=target, moment=MOMENT, observed=observed)
    day = dt.datetime.now(dt.timezone.utc).date().isoformat()
    source = f"recorded from {target.name} on {day}"
    found: dict[str, dict[str, dict[str, Any]]] = {}
    missing: dict[str, None] = {}
    for kind in kinds().values():
        if only and kind.chapter not in only:
            continue
        try:
            items = _items(kind, scene, source)
        except ObservationError as error:
            missing[f"{kind.chapter}: {error}"] = None
            continue
        if items:
            found.setdefault(kind.chapter, {})[kind.name] = items
    return {name: chapter_text(name, one) for name, one in found.items()}, list(missing)


def _items(kind: Kind, scene: Scene, source: str) -> dict[str, Any]:
    found = {}
    for one in kind.record(scene):
        keys = dict(one.keys)
        found[one.name] = {"title": keys.pop("title"), "source": source, **keys}
    return found


def _look(target: Target, contract: Contract, *, asks_api: bool) -> Observed:
    """Look, and look again where sockets showed units, or documents paths, nobody had asked for."""
    asked: list[object] = [
        one for one in questions(contract, target, MOMENT) if isinstance(one, ASKED)
    ]
    asks_api = asks_api and target.api.is_there
    asked += endpoints.first(target, contract) if asks_api else []
    with open_carrier(target) as carrier:
        first = look_at(target, MOMENT, asked, carrier=carrier)
        if isinstance(first.host, CannotTell):
            raise ObservationError(f"the host cannot be looked at: {first.host.reason}")
        known = {one.unit for one in asked if isinstance(one, AskUnit)}
        more: list[object] = [AskUnit(one) for one in sorted(set(_holders(first)) - known)]
        more += endpoints.listed(target, contract, first) if asks_api else []
        return look_at(target, MOMENT, [*asked, *more], carrier=carrier) if more else first


def _holders(observed: Observed) -> Iterable[str]:
    """The units that hold a socket."""
    host = observed.host
    if isinstance(host, Seen) and isinstance(host.value.listeners, Seen):
        for one in host.value.listeners.value:
            if isinstance(one.units, Seen):
                yield from one.units.value
