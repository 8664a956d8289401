"""Items that nobody has written yet, as promises."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pydantic

from gate.contract.ids import flaw, same
from gate.contract.item import Moment
from gate.contract.model import Contract, Promise
from gate.kinds.kind import DISCOVERED, Kind, LeftOut, Recorded, Which
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.literals import literal
from gate.recorder.secrecy import holds_secret
from gate.secrets import known
from gate.sources.fact import CannotTell
from gate.target import Difference, Target
from gate.text import line
from gate.toml import place

MOMENT: Moment = "predeploy"
Notes = dict[str, dict[str, None]]
"""What is said at the head of a chapter, by chapter; each line once, in order."""


def note(notes: Notes, chapter: str, one: str | LeftOut | CannotTell) -> None:
    """Take down what a chapter does not hold."""
    if isinstance(one, CannotTell):
        text = f"cannot tell ({one.cause.value}): {one.reason}"
    else:
        text = f"left out: {one.text}" if isinstance(one, LeftOut) else one
    notes.setdefault(chapter, {})[line(known.tell(text))] = None


def withheld(kind: Kind, name: str, keys: Mapping[str, Any]) -> LeftOut | None:
    """Why an item must not be written: no name of an item, or something secret in it."""
    wrong = flaw(name)
    if wrong is not None:
        return LeftOut(f"{kind.name} {name!r}: {wrong}")
    secret = holds_secret({"name": name, **keys})
    if secret:
        return LeftOut(f"{kind.name} {known.tell(name)}: {secret}: it holds a secret")
    found = literal(keys)
    return None if found is None else LeftOut(f"{kind.name} {name}: {found[0]}: {found[1]}")


def promise(
    kind: Kind, one: Recorded, source: str, differs: Iterable[Difference] = ()
) -> Promise | LeftOut:
    """Return an item as the loader would read it on a target, or what it would say.

    Args:
        kind: Its kind.
        one: Its name and keys.
        source: Who says so.
        differs: The target's declared differences, which the loader lays over an item.
    """
    keys = {**one.keys, "source": source}
    for difference in differs:
        if difference.item == f"{kind.name}.{one.name}":
            keys |= {**difference.set, **difference.before}
    why = withheld(kind, one.name, keys)
    if why is not None:
        return why
    try:
        item = kind.model.model_validate(keys)
    except pydantic.ValidationError as error:
        return LeftOut(place(f"{kind.name} {one.name}", error, kind.model))
    return Promise(
        id=f"{kind.name}.{one.name}",
        kind=kind.name,
        chapter=kind.chapter,
        before=item,
        after=item,
        moments=kind.moments(item, False),
    )


def drafts(scene: Scene, wanted: Collection[Kind], which: Which, notes: Notes) -> list[Promise]:
    """What the kinds find on a host, each thing once, and none that the contract names already."""
    found: list[Promise] = []
    for kind in wanted:
        if kind.discover is None:
            continue
        known = {_about(one, scene.target) for one in scene.contract.at(MOMENT)}
        ids = {same(one.id) for one in scene.contract.promises.values()}
        own: list[Promise] = []
        for one in kind.discover.names(scene, which):
            draft = promise(kind, one, DISCOVERED) if isinstance(one, Recorded) else one
            if not isinstance(draft, Promise):
                note(notes, kind.chapter, draft)
            elif _about(draft, scene.target) in known:
                continue
            elif same(draft.id) in ids:
                title = getattr(draft.before, "title", draft.id)
                note(notes, kind.chapter, LeftOut(f"{title}: another item is called {draft.id}"))
            else:
                ids.add(same(draft.id))
                own.append(draft)
        found += sorted(own, key=lambda one: one.name)
    return found


def _about(one: Promise, target: Target) -> tuple[str, str]:
    """What an item is about: of two that ask the same one is enough."""
    kind = kinds()[one.kind]
    if kind.discover is not None and kind.discover.about is not None:
        return one.kind, repr(kind.discover.about(one.at(MOMENT)))
    return one.kind, repr([*kind.asks(one, MOMENT, target)])


def contract_of(contract: Contract, promises: Iterable[Promise]) -> Contract:
    """A contract with more items; what is recorded again of an item stands in its place."""
    more = {one.id: one for one in promises}
    return dataclasses.replace(contract, promises={**contract.promises, **more})
