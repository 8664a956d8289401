"""Look at a target for what there is, and let each kind write down what it can.

First each kind asks what there is (its `discover`), then a second look tells what that is like, and
a third one whether what is to be written holds. Not recorded are budgets, work, canaries, plans and
whatever else a look cannot make up by itself.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from gate.connection.carrier import Carrier, open_carrier
from gate.contract.model import Contract, Promise
from gate.errors import ObservationError
from gate.kinds.kind import DISCOVERED, Kind, LeftOut, Recorded, Which
from gate.kinds.look import questions
from gate.kinds.scene import Scene
from gate.kinds.units_there import some
from gate.recorder import endpoints
from gate.recorder.authored import risks_of, words_of
from gate.recorder.chapters import chapter_text
from gate.recorder.drafts import MOMENT, Notes, contract_of, drafts, note
from gate.recorder.proof import Written, holding, known_kinds, written
from gate.sources.database.questions import AskWhole
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.probe import AskProbe
from gate.sources.host.questions import AskOutput, AskPackage, AskPath, AskUnit
from gate.sources.look import look_at
from gate.sources.observed import Observed
from gate.target import Target

ASKED = (AskUnit, AskPath, AskOutput, AskPackage, AskProbe)
"""Of a contract's questions those that a recorder asks again."""
NOTHING = "there is nothing of it here that a look can write down"
HEAD = "{source}: what was there then. Delete what nobody has to promise."


def record(
    target: Target,
    contract: Contract,
    only: Collection[str] = (),
    which: Which = "usual",
    *,
    elsewhere: bool = False,
) -> tuple[dict[str, str], list[str]]:
    """Return the chapters of what a target holds, and why there is nothing of others.

    What is written holds: it was looked at once more, and what did not hold was left out and said.

    Args:
        target: Where to look.
        contract: Names what nobody can list; empty where there is none yet.
        only: Chapters that are wanted; all where none is named.
        which: Whether what most people would never promise is wanted, too.
        elsewhere: Whether it is for a contract of its own, to which the risks that are named have
            to come along.

    Raises:
        ObservationError: The host could not be looked at.
    """
    day = dt.datetime.now(dt.timezone.utc).date().isoformat()
    source = f"recorded from {target.name} on {day}"
    wanted, notes = known_kinds(only), Notes()
    with open_carrier(target) as carrier:
        scene = _look(target, contract, carrier, wanted=wanted, which=which, notes=notes)
        forms = [
            form
            for kind in wanted
            for one in _recorded(kind, scene, notes)
            if (form := written(kind, one, source, target, notes))
        ]
        kept = holding(forms, contract, target, carrier, notes)
    found = _chapters(wanted, kept, source, contract)
    items = [one for some in found.values() for kind in some.values() for one in kind.values()]
    risks = risks_of(contract, items) if elsewhere or not only or "risks" in only else {}
    if risks:
        found["risks"] = {"risk": {id_.partition(".")[2]: one for id_, one in risks.items()}}
    stays = {id_: one for id_, one in contract.promises.items() if id_ not in risks}
    _stays(dataclasses.replace(contract, promises=stays), wanted, kept, notes)
    head = f"# {HEAD.format(source=source[0].upper() + source[1:])}\n"
    texts = {
        name: chapter_text(name, one, head + "".join(f"# {said}\n" for said in notes.get(name, ())))
        for name, one in found.items()
    }
    missing = [
        f"{name}: {said}" for name, some in notes.items() if name not in found for said in some
    ]
    missing += [f"{one}: {NOTHING}" for one in only if one not in found and one not in notes]
    return texts, missing


def _recorded(kind: Kind, scene: Scene, notes: Notes) -> Sequence[Recorded]:
    """What a kind writes down; what was found and cannot be told is said."""
    try:
        told = list(kind.record(scene))
    except ObservationError as error:
        note(notes, kind.chapter, str(error))
        return []
    for left in told:
        if isinstance(left, LeftOut):
            note(notes, kind.chapter, left)
    found = [one for one in told if isinstance(one, Recorded)]
    names = {one.name for one in found}
    for one in scene.contract.at(MOMENT):
        if one.kind == kind.name and one.name not in names and _is_asked(kind, one):
            fact = kind.find(one, scene)
            if isinstance(fact, CannotTell):
                note(notes, kind.chapter, LeftOut(f"{kind.name} {one.name}: {fact.reason}"))
    return found


def _is_asked(kind: Kind, one: Promise) -> bool:
    """Whether the recorder asks for it: what was found, and what a look of the host tells."""
    return one.before.source == DISCOVERED or kind.discover is not None


def _stays(
    contract: Contract, wanted: Iterable[Kind], kept: Iterable[Written], notes: Notes
) -> None:
    """Say what the contract has and is not written anew, where nothing else is said of it."""
    written_ = {f"{one.kind.name}.{one.recorded.name}" for one in kept}
    for kind in wanted:
        said = "".join(notes.get(kind.chapter, ()))
        names = [
            one.name
            for one in contract.at(MOMENT)
            if one.kind == kind.name
            and one.id not in written_
            and f"{kind.name} {one.name}: " not in said
        ]
        if names:
            what = f"{kind.name} {some(names)}: not written anew, take it from the contract"
            note(notes, kind.chapter, LeftOut(what))


def _chapters(
    wanted: Iterable[Kind], kept: Iterable[Written], source: str, contract: Contract
) -> dict[str, dict[str, dict[str, Any]]]:
    """Items by kind, by chapter, with what their author said of them; in the order of the kinds."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    items = list(kept)
    for kind in wanted:
        for one in items:
            if one.kind is kind:
                keys = {**one.recorded.keys, "source": source}
                id_ = f"{kind.name}.{one.recorded.name}"
                for own in (promise for promise in one.promises if promise.id == id_):
                    keys |= words_of(contract, own)
                whole = {key: keys.pop(key) for key in ("title", "source")} | keys
                found.setdefault(kind.chapter, {}).setdefault(kind.name, {})
                found[kind.chapter][kind.name][one.recorded.name] = whole
    return found


def _look(
    target: Target,
    contract: Contract,
    carrier: Carrier,
    *,
    wanted: Sequence[Kind],
    which: Which,
    notes: Notes,
) -> Scene:
    """Ask what there is, then what that is like."""
    asked: list[object] = [
        one for one in questions(contract, target, MOMENT) if isinstance(one, ASKED)
    ]
    for kind in wanted:
        asked += kind.discover.asks(target) if kind.discover else []
    asks_api = target.api.is_there and any(one.chapter == "endpoints" for one in wanted)
    asked += endpoints.first(target, contract) if asks_api else []
    asked += [AskWhole()] if target.database.service else []
    first = look_at(target, MOMENT, _once(asked), carrier=carrier)
    if isinstance(first.host, CannotTell):
        raise ObservationError(f"the host cannot be looked at: {first.host.reason}")
    scene = Scene(contract=contract, target=target, moment=MOMENT, observed=first)
    found = drafts(scene, wanted, which, notes)
    asked += [
        question
        for one in found
        for kind in wanted
        if kind.name == one.kind
        for question in kind.asks(one, MOMENT, target)
    ]
    asked += [AskUnit(one) for one in sorted(set(_holders(first)))]
    asked += endpoints.listed(target, contract, first) if asks_api else []
    second = look_at(target, MOMENT, _once(asked), carrier=carrier)
    return dataclasses.replace(scene, observed=second, contract=contract_of(contract, found))


def _once(asked: Iterable[object]) -> list[object]:
    return list({repr(one): one for one in asked}.values())


def _holders(observed: Observed) -> Iterable[str]:
    """The units that hold a socket."""
    host = observed.host
    if isinstance(host, Seen) and isinstance(host.value.listeners, Seen):
        for one in host.value.listeners.value:
            if isinstance(one.units, Seen):
                yield from one.units.value
