"""Two kept looks: every difference as an item with ``before`` and ``after``, or why there is none.

What is written holds at both looks: it is compared with each of them. What does not, what no item
can say, and what could not be told at one of them, is named instead.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pydantic

from gate.contract.item import Item
from gate.contract.model import Contract, Promise
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.kind import Kind, LeftOut, Recorded, State
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.recorder.chapters import chapter_text
from gate.recorder.database import differing
from gate.recorder.drafts import Notes, contract_of, note, withheld
from gate.recorder.sides import ABSENT, both, differ, pairs
from gate.recorder.unsaid import unsaid
from gate.sources.fact import CannotTell, Seen
from gate.sources.observed import Observed
from gate.target import Target
from gate.text import line
from gate.toml import place

SIDES = ("before", "after")
SHOWN = 200
LONGEST = 400
CLOCK_SLACK_S = 5.0
"""A host's boot time is reckoned from two clocks; less than this is no reboot."""
OF_CATALOG = ("extension", "enum", "table", "column", "index")
"""Kinds of what a catalog holds; which of them differ, the catalogs say."""


def differences(
    target: Target, contract: Contract, before: Observed, after: Observed, source: str
) -> tuple[dict[str, str], list[str]]:
    """Return chapters of what differs between two looks, and what of it cannot be written.

    Args:
        target: As it was looked at.
        contract: What was asked by these looks.
        before: The earlier look.
        after: The later one.
        source: What the items name as their source.
    """
    old = Scene(contract=contract, target=target, moment="predeploy", observed=before)
    new = Scene(
        contract=contract, target=target, moment="postdeploy", observed=after, baseline=before
    )
    notes = Notes()
    named = _named(old, new)
    found: dict[str, list[tuple[Recorded, Promise]]] = {}
    for kind in kinds().values():
        for one in _of_kind(kind, old, new, notes):
            promise = two_sided(kind, one, source)
            if isinstance(promise, LeftOut):
                note(notes, kind.chapter, f"cannot be written: {promise.text}")
                continue
            name = named.get(_facts(promise, old, new), promise.id).partition(".")[2]
            called = Recorded(name, one.keys)
            as_called = dataclasses.replace(promise, id=f"{kind.name}.{name}")
            found.setdefault(kind.name, []).append((called, as_called))
    kept = _holding(found, old, new, notes)
    _unwritten(kept, old, new, notes)
    chapters: dict[str, dict[str, dict[str, Any]]] = {}
    for name, ones in kept.items():
        for one, _ in ones:
            keys = {**one.keys, "source": source}
            whole = {key: keys.pop(key) for key in ("title", "source")} | keys
            chapters.setdefault(kinds()[name].chapter, {}).setdefault(name, {})[one.name] = whole
    texts = {name: chapter_text(name, one) for name, one in chapters.items()}
    return texts, [f"{name}: {said}" for name, some in notes.items() for said in some]


Facts = tuple[str, str, str]


def _facts(promise: Promise, old: Scene, new: Scene) -> Facts:
    """What an item is about: its kind, and the facts behind it at both looks."""
    find = kinds()[promise.kind].find
    return promise.kind, repr(find(promise, old)), repr(find(promise, new))


def _named(old: Scene, new: Scene) -> Mapping[Facts, str]:
    """What the contract calls what is looked at; only what it calls by one name."""
    found: dict[Facts, list[str]] = {}
    for one in old.contract.promises.values():
        found.setdefault(_facts(one, old, new), []).append(one.id)
    return {facts: ids[0] for facts, ids in found.items() if len(ids) == 1}


def _of_kind(kind: Kind, old: Scene, new: Scene, notes: Notes) -> list[Recorded]:
    """The items of a kind that say something else of the later look."""
    catalogs = [scene.observed.database for scene in (old, new)]
    if kind.name in OF_CATALOG:
        told = [one.value.catalog for one in catalogs if isinstance(one, Seen)]
        return differing(*told)[kind.name] if len(told) == len(SIDES) else []
    try:
        sides = [
            [one for one in kind.record(scene) if isinstance(one, Recorded)] for scene in (old, new)
        ]
    except ObservationError as error:
        note(notes, kind.chapter, f"cannot be compared: {error}")
        return []
    found = (both(*_in_words(kind, *pair)) for pair in pairs(*sides))
    return [one for one in found if differ(one)]


def _in_words(
    kind: Kind, before: Recorded | None, after: Recorded | None
) -> tuple[Recorded | None, Recorded | None]:
    """The same with the later one's words for both: those of a contract are no difference."""
    if before is None or after is None:
        return before, after
    words = {*kind.model.WORDS} - {"title"}
    told = {key: one for key, one in after.keys.items() if key in words}
    kept = {key: one for key, one in before.keys.items() if key not in words}
    return Recorded(before.name, {**kept, **told}), after


def two_sided(kind: Kind, one: Recorded, source: str) -> Promise | LeftOut:
    """Return an item with two sides as the loader would read it, or what it would say."""
    why = withheld(kind, one.name, one.keys)
    if why is not None:
        return why
    common = {key: value for key, value in one.keys.items() if key not in SIDES}
    common["source"] = source
    items: list[Item] = []
    for side in SIDES:
        given = one.keys.get(side, {})
        try:
            own = {"absent": True} if given == ABSENT else given
            items.append(kind.model.model_validate({**common, **own}))
        except pydantic.ValidationError as error:
            return LeftOut(place(f"{kind.name} {one.name} {side}", error, kind.model))
    return Promise(
        id=f"{kind.name}.{one.name}",
        kind=kind.name,
        chapter=kind.chapter,
        before=items[0],
        after=items[1],
        moments=kind.moments(items[0], False),
    )


def _holding(
    found: Mapping[str, list[tuple[Recorded, Promise]]], old: Scene, new: Scene, notes: Notes
) -> dict[str, list[tuple[Recorded, Promise]]]:
    """Those that hold at both looks, all together."""
    more = [promise for ones in found.values() for _, promise in ones]
    scenes = [
        dataclasses.replace(one, contract=contract_of(one.contract, more)) for one in (old, new)
    ]
    kept: dict[str, list[tuple[Recorded, Promise]]] = {}
    for name, ones in found.items():
        for one, promise in ones:
            why = next(filter(None, (_broken(promise, scene) for scene in scenes)), "")
            if why:
                text = (
                    f"cannot be written: {promise.id}: {json.dumps(dict(one.keys))[:SHOWN]}: {why}"
                )
                note(notes, promise.chapter, text)
            else:
                kept.setdefault(name, []).append((one, promise))
    return kept


def _broken(promise: Promise, scene: Scene) -> str:
    references = kinds()[promise.kind].references
    for item in (promise.before, promise.after):
        said = next(iter(references(item, scene.contract.promises)), "")
        if said:
            return said
    if scene.moment not in promise.moments:
        return ""
    try:
        return "; ".join(compare(promise, scene).broken)
    except ObservationError as error:
        return str(error)


def _unwritten(
    kept: Mapping[str, list[tuple[Recorded, Promise]]], old: Scene, new: Scene, notes: Notes
) -> None:
    """Name what differs and no item says."""
    written = {promise.id for ones in kept.values() for _, promise in ones}
    for promise in old.contract.promises.values():
        if promise.id not in written:
            said = _lost(promise, old, new)
            if said:
                note(notes, promise.chapter, said)
    catalogs = [one.observed.database for one in (old, new)]
    told = [one.value.catalog for one in catalogs if isinstance(one, Seen)]
    if len(told) == len(SIDES):
        for one in unsaid(*told, listing="database.nothing_else" in written):
            note(notes, "database", f"cannot be written: {one}")
    hosts = [one.observed.host for one in (old, new)]
    seen = [one.value.identity for one in hosts if isinstance(one, Seen)]
    if len(seen) == len(SIDES):
        for key in ("hostname", "os", "kernel", "init"):
            was, is_ = (str(getattr(one, key)) for one in seen)
            if was != is_:
                note(notes, "host", f"cannot be written: its {key} was {was}, and is {is_}")
        if abs((seen[0].booted - seen[1].booted).total_seconds()) > CLOCK_SLACK_S:
            note(notes, "host", f"cannot be written: it was booted at {seen[1].booted}")


def _lost(promise: Promise, old: Scene, new: Scene) -> str:
    """What of an item differs, or cannot be compared; empty where nothing does."""
    kind = kinds()[promise.kind]
    was, is_ = kind.state(promise, old), kind.state(promise, new)
    for one in (was, is_):
        if isinstance(one, CannotTell):
            return f"cannot be compared: {promise.id}: {one.reason}"
    if isinstance(was, State) and isinstance(is_, State):
        if (was.text, was.parts, was.same_start) == (is_.text, is_.parts, is_.same_start):
            return ""
        return f"cannot be written: {promise.id}: it was {_words(was)}, and is {_words(is_)}"
    if repr(kind.find(promise, old)) == repr(kind.find(promise, new)):
        return ""
    # What tells of no state (a clock, a log, a query) is never twice the same: it holds, or not.
    for side, scene in zip(SIDES, (old, new), strict=True):
        if why := _broken(promise, scene):
            return f"cannot be written: {promise.id}: it does not hold {side}: {why}"[:LONGEST]
    return ""


def _words(state: State) -> str:
    parts = "; ".join(f"{key}: {one}" for key, one in state.parts.items())
    started = f", started {state.started}" if state.started else ""
    return line(f"{state.text}{started}{f' ({parts})' if parts else ''}")[:SHOWN]


def chapters_of(only: Iterable[str], found: Mapping[str, str]) -> dict[str, str]:
    """The chapters that are wanted."""
    wanted = set(only)
    return {name: text for name, text in found.items() if not wanted or name in wanted}
