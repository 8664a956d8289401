"""Whether what is to be written holds: a look of its own, and what does not hold goes.

So a recorded contract is green at once, and what nobody could promise is told instead.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from gate.connection.carrier import Carrier
from gate.contract.model import Contract, Promise
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.kind import Kind, LeftOut, Recorded
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.recorder.drafts import MOMENT, Notes, contract_of, note, promise
from gate.sources.look import look_at
from gate.target import Target


@dataclasses.dataclass(frozen=True)
class Written:
    """An item as it would be written.

    Attributes:
        kind: Its kind.
        recorded: Its name and keys.
        promises: What the loader makes of it.
        without: Keys that were doubtful, and went.
    """

    kind: Kind
    recorded: Recorded
    promises: tuple[Promise, ...]
    without: tuple[str, ...] = ()


def written(kind: Kind, one: Recorded, source: str, target: Target, notes: Notes) -> list[Written]:
    """An item in every form in which it may be written: whole first, then without what is doubtful.

    Args:
        kind: Its kind.
        one: What was recorded.
        source: Who says so.
        target: Whose declared differences are laid over it.
        notes: Is told of an item that no contract can hold.
    """
    whole = promise(kind, one, source, target.differs)
    if isinstance(whole, LeftOut):
        note(notes, kind.chapter, whole)
        return []
    found = [Written(kind, one, tuple(kind.spread(whole)))]
    doubtful = [key for key in (kind.discover.doubtful if kind.discover else ()) if key in one.keys]
    for gone in (*((key,) for key in doubtful), tuple(doubtful)):
        less = {key: value for key, value in one.keys.items() if key not in gone}
        form = promise(kind, Recorded(one.name, less), source, target.differs) if gone else whole
        if gone and isinstance(form, Promise):
            kept = Recorded(one.name, less)
            found.append(Written(kind, kept, tuple(kind.spread(form)), gone))
    return found


def holding(
    items: Sequence[Sequence[Written]],
    contract: Contract,
    target: Target,
    carrier: Carrier,
    notes: Notes,
) -> list[Written]:
    """Return each item in the first form that holds, by a look of its own.

    Args:
        items: The forms of each item.
        contract: What is promised already.
        target: Where to look.
        carrier: The way to the host.
        notes: Is told of what does not hold.
    """
    forms = [form for one in items for form in one]
    asked = [
        question
        for form in forms
        for one in form.promises
        if MOMENT in one.moments
        for question in form.kind.asks(one, MOMENT, target)
    ]
    unique = list({repr(one): one for one in asked}.values())
    observed = look_at(target, MOMENT, unique, carrier=carrier)
    scene = Scene(contract=contract, target=target, moment=MOMENT, observed=observed)
    left = [list(one) for one in items]
    first: dict[int, str] = {}
    while True:
        chosen = {at: one[0] for at, one in enumerate(left) if one}
        whole = _with(scene, chosen.values())
        broken = {at: said for at, one in chosen.items() if (said := _broken(one, whole))}
        if not broken:
            break
        for at, said in broken.items():
            first.setdefault(at, said)
            left[at].pop(0)
    for at, said in first.items():
        whose = items[at][0]
        name = f"{whose.kind.name} {whose.recorded.name}"
        what = f"{', '.join(left[at][0].without)} of {name}" if left[at] else name
        note(notes, whose.kind.chapter, LeftOut(f"{what}: {said}"))
    return list(chosen.values())


def _with(scene: Scene, chosen: Iterable[Written]) -> Scene:
    promises = [one for form in chosen for one in form.promises]
    return dataclasses.replace(scene, contract=contract_of(scene.contract, promises))


def _broken(form: Written, scene: Scene) -> str:
    """Why an item does not hold, as far as it is accounted for at this moment."""
    for one in form.promises:
        said = next(iter(form.kind.references(one.before, scene.contract.promises)), "")
        if said:
            return said
        if MOMENT not in one.moments:
            continue
        try:
            found = compare(one, scene).broken
        except ObservationError as error:
            return str(error)
        if found:
            return found[0]
    return ""


def known_kinds(only: Iterable[str]) -> list[Kind]:
    """The kinds of some chapters, or all of them."""
    chapters = set(only)
    return [one for one in kinds().values() if not chapters or one.chapter in chapters]
